"""Warnings on policies that are valid but odd, and notes on what could not be analysed.

A warning keeps nothing from being loaded. What is searched for: rules that never apply or that an
earlier rule takes everything from, overlaps with different limits, conditions on what is shared
unconditionally (Decree 809, Art. 15), personal data without limits, questions that no rule allows,
choices that give a value away, and budgets that cannot be met. Nothing is passed over in silence: what was
not compared has a note.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from math import prod

from node.analysis.lint import rules as policy_lint_rules
from node.analysis.lint.account import account_differs
from node.analysis.lint.asked import asked
from node.analysis.lint.condition import conditions
from node.analysis.lint.finding import Finding, finding, settle
from node.analysis.lint.oracle import MANY_CHOICES, narrowing
from node.analysis.lint.reach import reach
from node.analysis.lint.unlimited import unlimited
from node.core.directory.directory import Directory
from node.core.identity import LEVEL_DIGITS, region_digits
from node.core.policy.dataset import Sharing
from node.core.policy.definitions import Definitions
from node.core.policy.policy import Policy, PolicyFile
from node.core.policy.question_kind import QuestionKind
from node.core.policy.rule import NO_LIMITS, Rule
from node.core.purpose import purpose_line
from node.core.reading.build import Checked, check_files
from node.core.reading.combination import absent
from node.core.reading.definitions import is_definitions
from node.core.reading.document import MAX_PROBLEMS, Document, read
from node.core.reading.place import Path
from node.core.text.problem import Problem
from node.core.words import closest, listed


def lint(
    files: Iterable[PolicyFile], checked: Checked, today: date, members: Directory | None = None
) -> tuple[Problem, ...]:
    """Warnings and notes, by file and place; `checked` is what `check_files` made of the same files.

    `today` is the local date: a rule whose last day has passed never applies again. With `members`,
    requesters that the directory does not have are found. Files with errors are not analysed, which a note
    says.
    """
    given = sorted(files, key=lambda file: file.name)
    broken = {problem.file for problem in checked.problems}
    if checked.policies is None:
        checked = check_files(file for file in given if file.name not in broken)
        broken = broken if checked.policies is not None else {file.name for file in given}
    policies = checked.policies
    by_digest = {policy.dataset.digest: policy for policy in policies.datasets.values()} if policies else {}
    found: list[Problem] = []
    told = bool(broken)
    for file in given:
        policy = by_digest.get(file.digest)
        document = read(file.name, file.content)
        if document.root is None:
            document = Document(file.name)  # nothing to point at
        findings: list[Finding] = []
        if file.name in broken:
            findings = [Finding("lint.file-skipped", ())]
        elif policy is not None and policies is not None:
            if policies.purposes is None and policy.rules and not told:
                told = True
                findings.append(Finding("lint.no-purposes", ("rules",), on_key=True))
            findings += _of_policy(policy, document, today, members)
            findings += unlimited(policy, policies.purposes)
            findings += account_differs(policy, policies.datasets)
        elif policies is not None and not broken and is_definitions(document):
            findings = list(_absent(checked.definitions, policies.datasets))
        if policy is not None:  # only a policy can accept what is found in it
            findings = settle(document, policy.accepted, findings)
        found += _placed(document, findings)
    return tuple(found)


def _absent(definitions: Definitions, datasets: Collection[str]) -> Iterator[Finding]:
    """Datasets of combinations that are not here: misspelled, or of another node."""
    for place, name in absent(definitions.forbidden_together, datasets):
        guess = closest(name, datasets)
        key = "lint.combination-misspelled" if guess else "lint.combination-absent"
        yield finding(key, place, name=name, closest=guess)


def _placed(document: Document, findings: Sequence[Finding]) -> list[Problem]:
    every = [each.problem(document) for each in findings]
    every.sort(key=lambda problem: (problem.line, problem.column))
    if len(every) <= MAX_PROBLEMS:
        return every
    more = document.problem("lint.more", (), count=str(len(every) - MAX_PROBLEMS))
    return [*every[:MAX_PROBLEMS], more]


def _of_policy(policy: Policy, document: Document, today: date, members: Directory | None) -> list[Finding]:
    return [
        *_questions(policy),
        *conditions(policy, document),
        *_oracles(policy),
        *asked(policy, today),
        *(each for rule in policy.rules for each in _rule(policy, rule, today)),
        *_compared(policy.rules),
        *reach(policy, document, members),
        *_budget(policy),
    ]


def _questions(policy: Policy) -> Iterator[Finding]:
    allowed = {name for rule in policy.rules for name in rule.allow}
    for name in policy.questions:
        if name not in allowed:
            yield finding("lint.question-unused", ("questions", name), on_key=True, name=name)


def _oracles(policy: Policy) -> Iterator[Finding]:
    dataset = policy.dataset
    for question in policy.questions.values():
        path: Path = ("questions", question.name, "parameters")
        for found in narrowing(dataset, question):
            if found.pins:
                yield finding("lint.oracle-pins", path, on_key=True, field=found.field, asks=str(found.asks))
            elif found.choices >= MANY_CHOICES:
                yield finding(
                    "lint.oracle-many",
                    path,
                    on_key=True,
                    field=found.field,
                    count=str(found.choices),
                    asks=str(found.asks),
                    limit=str(MANY_CHOICES),
                )
            elif found.open:
                yield finding("lint.domain-open", path, on_key=True, field=found.field, name=question.name)


def _rule(policy: Policy, rule: Rule, today: date) -> Iterator[Finding]:
    path: Path = ("rules", rule.order)
    if policy.dataset.sharing is Sharing.UNCONDITIONAL:
        for key, there in (
            ("to", not rule.to.anyone),
            ("when", bool(rule.when.text())),
            ("scope", rule.own_region),
        ):
            if there:
                yield finding("lint.unconditional", (*path, key), on_key=True, rule=rule.id, part=key)
    if rule.effective.last is not None and rule.effective.last < today:
        last = rule.effective.last.isoformat()
        yield finding("lint.rule-ended", (*path, "effective"), on_key=True, rule=rule.id, last=last)
    yield from _requesters(policy, rule, path)
    for index, purpose in enumerate(rule.purposes):
        outer = next((each for each in purpose_line(purpose)[1:] if each in rule.purposes), None)
        if outer is None and purpose in rule.purposes[:index]:
            outer = purpose
        if outer is not None:
            yield finding("lint.purpose-covered", (*path, "for", index), inner=purpose, outer=outer)
    yield from _idle_limits(policy, rule, (*path, "limits", "per_subject_per_day"))


def _requesters(policy: Policy, rule: Rule, path: Path) -> Iterator[Finding]:
    for index, code in enumerate(rule.to.listed):
        if code == policy.dataset.provider:
            yield finding("lint.rule-self", (*path, "to", "departments", index))
    levels, regions = rule.to.levels, rule.to.regions
    if levels and regions:
        digits = max(LEVEL_DIGITS[level] for level in levels)
        if all(len(region_digits(region)) > digits for region in regions):
            yield finding(
                "lint.rule-level",
                (*path, "to"),
                on_key=True,
                rule=rule.id,
                levels=listed(levels),
                regions=listed(regions),
            )


def _idle_limits(policy: Policy, rule: Rule, path: Path) -> Iterator[Finding]:
    each = rule.limits.per_subject_per_day
    if each is None:
        return
    kinds = {policy.questions[name].kind for name in rule.allow if name in policy.questions}
    if kinds == {QuestionKind.STATISTIC}:
        yield finding("lint.limit-statistic", path, on_key=True)
    elif rule.limits.per_day is not None and each > rule.limits.per_day:
        yield finding("lint.limit-idle", path, on_key=True, per_day=str(rule.limits.per_day))


def _compared(rules: Sequence[Rule]) -> Iterator[Finding]:
    compared = policy_lint_rules.compare(rules)
    for shadow in compared.shadows:
        path: Path = ("rules", shadow.rule.order)
        if shadow.whole:
            (earlier, _), *_ = Counter(rule.id for rule in shadow.earlier.values()).most_common(1)
            yield finding("lint.rule-shadowed", (*path, "id"), rule=shadow.rule.id, earlier=earlier)
            continue
        for question, rule in shadow.earlier.items():
            yield finding(
                "lint.question-shadowed", (*path, "allow"), on_key=True, name=question, earlier=rule.id
            )
    for overlap in compared.overlaps:
        key = "id" if overlap.rule.limits == NO_LIMITS else "limits"
        yield finding(
            "lint.limits-overlap",
            ("rules", overlap.rule.order, key),
            on_key=key == "limits",
            questions=listed(overlap.questions),
            earlier=overlap.earlier.id,
            own=policy_lint_rules.bounds_text(overlap.rule),
            other=policy_lint_rules.bounds_text(overlap.earlier),
        )
    for undecided in compared.undecided:
        yield finding(
            "lint.shadow-unknown",
            ("rules", undecided.rule.order, "id"),
            rule=undecided.rule.id,
            earlier=undecided.earlier.id,
            what=undecided.what,
        )
    if compared.stopped is not None:
        yield finding("lint.too-much", ("rules", compared.stopped.order, "id"), rule=compared.stopped.id)


def _budget(policy: Policy) -> Iterator[Finding]:
    budget = policy.budget
    if budget is None:
        return
    path: Path = ("privacy", "budget")
    statistics = [question for question in policy.questions.values() if question.statistic is not None]
    if not statistics:
        yield finding("lint.budget-unused", ("privacy",), on_key=True)
    scopes = (
        ("dataset", budget.dataset_micros),
        ("organisation", budget.organisation_micros),
        ("requester", budget.requester_micros),
    )
    for (outer, most), (scope, micros) in pairwise(scopes):
        if micros > most:
            yield finding(
                "lint.budget-order", (*path, scope), own=_epsilon(micros), other=_epsilon(most), outer=outer
            )
    least = min(micros for _, micros in scopes)
    yield from _all_releases(policy, least)
    for question in statistics:
        count = prod(len(parameter.choices) for parameter in question.parameters.values())
        price = count * (question.statistic.epsilon_micros if question.statistic is not None else 0)
        if count > 1 and price > least:
            yield finding(
                "lint.budget-choices",
                ("questions", question.name, "parameters"),
                on_key=True,
                question=question.name,
                count=str(count),
                price=_epsilon(price),
                budget=_epsilon(least),
            )


def _all_releases(policy: Policy, least: int) -> Iterator[Finding]:
    """Whether the least budget pays for one release of every statistic that a rule allows."""
    allowed = {name for rule in policy.rules for name in rule.allow}
    prices = [
        question.statistic.epsilon_micros
        for name, question in policy.questions.items()
        if question.statistic is not None and name in allowed
    ]
    if sum(prices) > least:
        yield finding(
            "lint.budget-all",
            ("privacy", "budget"),
            on_key=True,
            count=str(len(prices)),
            price=_epsilon(sum(prices)),
            budget=_epsilon(least),
        )


def _epsilon(micros: int) -> str:
    """Micro-epsilon as a decimal."""
    return f"{micros / 1_000_000:.6f}".rstrip("0").rstrip(".")
