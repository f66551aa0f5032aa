"""Explanations: every clause with its value, and what would have to change."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from support.policy_samples import CALENDAR, GRANT, REQUEST, at, build

from node.core.deciding.clauses import CHECKS, RULE_CHECKS
from node.core.deciding.explain import Clause, Explanation, explain
from node.core.deciding.grant import Grant, GrantState
from node.core.policy.request import Request
from node.core.text.explanation import advice_of, change_of, changes_of
from node.errors import Reason
from node.texts.wording import LANGUAGES, placeholders, table, worded

POLICIES = build()


def _explain(request: Request, grant: Grant | None = GRANT) -> Explanation:
    return explain(POLICIES, lambda _: grant, request, CALENDAR)


def _clause(explanation: Explanation, rule: str, name: str) -> Clause:
    clauses = next(each.clauses for each in explanation.rules if each.rule == rule)
    return next(each for each in clauses if each.name == name)


def test_something_has_to_change_for_every_denial_and_nothing_for_a_permit() -> None:
    purposes = ("social-insurance/pension/deferral", "social-insurance/pension", "tax")
    grants = (GRANT, None, replace(GRANT, state=GrantState.SUSPENDED), replace(GRANT, questions=frozenset()))
    permits = 0
    for question, purpose, case, hour, subjects, grant in product(
        ("is-enrolled", "enrolled-by-region", "nothing"), purposes, ("", "DG-2026"), (10, 20), (0, 1), grants
    ):
        request = replace(at(hour), question=question, purpose=purpose, case_number=case, subjects=subjects)
        explanation = _explain(request, grant)
        decision = explanation.decision
        for lang in ("en", "zh"):
            assert bool(changes_of(explanation, lang)) is not decision.permit
        assert not decision.rule or decision.rule == explanation.closest
        permits += decision.permit
    assert permits


def test_a_permit_shows_every_clause_that_holds() -> None:
    explanation = _explain(REQUEST)
    assert explanation.decision.permit
    assert [each.name for each in explanation.checks] == [check.name for check in CHECKS]
    assert all(each.holds for each in explanation.checks)
    assert [(each.rule, each.permits) for each in explanation.rules] == [
        ("tax-deferral", True),
        ("office", False),
    ]
    assert advice_of(explanation.decision, "en") == ""


def test_all_clauses_that_fail_are_shown_not_only_the_first() -> None:
    explanation = _explain(replace(at(20, day=22), purpose="social-insurance/pension"))
    failing = [each.name for each in explanation.rules[1].clauses if each.holds is False]
    assert failing == ["when.case_number", "when.workdays", "when.hours"]
    assert explanation.decision.clause == "when.case_number"


def test_a_clause_tells_its_value_and_what_it_needs_in_both_languages() -> None:
    night = _explain(replace(at(20), purpose="social-insurance/pension", case_number="DG-2026"))
    clause = _clause(night, "office", "when.hours")
    assert (clause.holds, clause.value, clause.needed) == (False, "20:00", "08:30-17:30")
    assert change_of(clause, "en") == "the rule 'office' holds from 08:30-17:30 only: ask within these hours"
    assert change_of(clause, "zh") == "规则“office”仅在 08:30-17:30 适用：请在此时段内再问"
    assert advice_of(night.decision, "en") == change_of(clause, "en")


def test_what_hangs_on_something_missing_is_not_looked_at() -> None:
    explanation = _explain(REQUEST, None)
    looked = {each.name: each.holds for each in explanation.checks}
    assert looked["grant.exists"] is False
    assert looked["grant.validity"] is None
    assert looked["question.exists"] is True
    nothing = _explain(replace(REQUEST, dataset="nothing"))
    assert {each.name: each.holds for each in nothing.checks}["question.exists"] is None
    assert nothing.rules == ()
    assert nothing.decision.reason is Reason.NOT_SHARED


def test_days_beyond_the_known_calendar_are_marked_provisional() -> None:
    request = replace(REQUEST, purpose="social-insurance/pension", at=REQUEST.at.replace(year=2044))
    value = _clause(_explain(request), "office", "when.workdays").value
    assert worded(value, "en").endswith("(provisional)")
    assert worded(value, "zh").endswith("（暂定）")


def test_every_clause_has_words_in_both_languages() -> None:
    names = {check.name for check in CHECKS} | {check.name for check in RULE_CHECKS} | {"rules", "failed"}
    keys = {f"{name}.{part}" for name in names for part in ("label", "advice")} | {"provisional"}
    for lang in LANGUAGES:
        assert table("clause", lang).keys() == keys
    for key in keys:
        used = [placeholders(table("clause", lang)[key]) for lang in LANGUAGES]
        assert used[0] == used[1], key
