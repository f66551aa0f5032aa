"""Tables of tests: no text makes them crash, and a mutant is what is decided under the changed policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import places
from support.examples import examples
from support.policy_samples import CALENDAR

from node.analysis.tests.parts import (
    BUDGET,
    PER_DAY,
    PER_SUBJECT,
    TOGETHER,
    TRIES,
    Mutant,
    Mutation,
    mutants_of,
    without_item,
)
from node.analysis.tests.run import mutated, run_table
from node.analysis.tests.table import Table, check_table
from node.cli.policy.files import read_file, read_files
from node.core.policy.policy import Policy, PolicyFile
from node.core.policy.rule import ALWAYS, Rule, RuleIndex
from node.core.reading.build import build_policies

FOLDER = places.POLICIES
POLICIES = build_policies(read_files([FOLDER]))
TEXTS = {name: (FOLDER / f"{name}.test.yaml").read_text("utf-8") for name in POLICIES.datasets}
_WORDS = st.sampled_from(
    [
        *("permit", "deny", "for", "by", "at", "used", "after", "grant", "case", "expect", "rule", "ask"),
        *("0", "-1", "1000000", "9" * 30, "1e9", "0.5", "true", "null", "~", "''", "[]", "{}", "*x", "\0"),
        *("2026-11-23T10:00", "0001-01-01T00:00", "9999-12-31T23:59+00:01", "2026-13-01T00:00", "2026-11-23"),
        *("99", "441900", "11441900000000035L", "tax/inspection", "is-enrolled", "other/is-enrolled", "："),
        *("NOT_SHARED", "limits.per_day", "privacy.budget", "forbidden_together", "mode", "none", "revoked"),
    ]
)
_EDITS = st.tuples(st.integers(0, 10_000), _WORDS)


@examples(300)
@given(st.sampled_from(sorted(TEXTS)), st.lists(_EDITS, min_size=1, max_size=4))
def test_no_table_makes_the_check_or_the_run_crash(name: str, edits: list[tuple[int, str]]) -> None:
    words = TEXTS[name].replace(",", " ,").replace("}", " }").replace("{", "{ ").split(" ")
    for place, word in edits:
        words[place % len(words)] = word
    file = PolicyFile("x.test.yaml", " ".join(words).encode())
    checked = check_table(file, POLICIES.datasets[name], CALENDAR.zone)
    assert (checked.table is None) is bool(checked.problems)
    for problem in checked.problems:
        assert problem.render("en") != problem.render("zh")
    if checked.table is not None:
        run_table(checked.table, POLICIES, CALENDAR)


def _changed(policy: Policy, mutant: Mutant) -> Policy | None:
    """The policy that an officer would have after the change; None for what cannot be written."""
    part = mutant.part
    if mutant.change is Mutation.NEGATED or part.clause == BUDGET or (part.clause == "for" and not part.item):
        return None
    if part.rule:
        rules = [each for rule in policy.rules if (each := _rule(rule, mutant)) is not None]
    else:
        rules = list(policy.rules)
    questions = dict(policy.questions)
    for name, question in policy.questions.items():
        if part.clause == TOGETHER:
            kept = tuple(each for each in question.combinations if each.id != part.item)
            questions[name] = replace(question, combinations=kept)
        if part.clause == TRIES and name == part.item:
            many = {
                key: replace(claim, wrong_tries_per_subject=10**9) for key, claim in question.claims.items()
            }
            questions[name] = replace(question, claims=many)
    memberships = next(iter(policy.index.values())).memberships
    index = {
        name: RuleIndex.build(allowing, memberships)
        for name in questions
        if (allowing := [rule for rule in rules if name in rule.allow])
    }
    return replace(policy, questions=questions, rules=tuple(rules), index=index)


def _rule(rule: Rule, mutant: Mutant) -> Rule | None:
    part = mutant.part
    if part.rule != rule.id:
        return rule
    if not part.clause:
        return replace(rule, allow=rule.allow - {part.item}) if part.item else None
    if part.item:
        return without_item(rule, part.clause, part.item)
    to, when, limits = rule.to, rule.when, rule.limits
    return {
        "to.departments": lambda: replace(rule, to=replace(to, listed=(), groups=())),
        "to.levels": lambda: replace(rule, to=replace(to, levels=())),
        "to.regions": lambda: replace(rule, to=replace(to, regions=())),
        "scope": lambda: replace(rule, own_region=False),
        "effective": lambda: replace(rule, effective=ALWAYS),
        "when.case_number": lambda: replace(rule, case_format=None),
        "when.workdays": lambda: replace(rule, when=replace(when, workdays=False)),
        "when.hours": lambda: replace(rule, when=replace(when, hours=None)),
        PER_DAY: lambda: replace(rule, limits=replace(limits, per_day=None)),
        PER_SUBJECT: lambda: replace(rule, limits=replace(limits, per_subject_per_day=None)),
    }[part.clause]()


def _table(name: str) -> Table:
    policy = POLICIES.datasets[name]
    table = check_table(read_file(FOLDER / f"{name}.test.yaml"), policy, CALENDAR.zone).table
    assert table is not None
    return table


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_mutant_is_what_is_decided_under_the_changed_policy(name: str) -> None:
    policy, table = POLICIES.datasets[name], _table(name)
    ran = run_table(table, POLICIES, CALENDAR)
    for mutant in mutants_of(policy):
        changed = _changed(policy, mutant)
        if changed is None:
            continue
        policies = replace(POLICIES, datasets={**POLICIES.datasets, name: changed})
        expected = [each.outcome for each in run_table(table, policies, CALENDAR)]
        assert [mutated(each, mutant) for each in ran] == expected, mutant
