"""What is remembered from one request to the next permits nothing else, and has a bound."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.explained import OFFICE, PENSION, POLICIES, BrokenZone, decided
from support.policy_samples import (
    CALENDAR,
    GRANT,
    MEDICAL,
    MONDAY,
    REQUEST,
    at,
    build,
)

from node.core.deciding.evaluator import Evaluator
from node.core.deciding.grant import Grant, GrantState
from node.core.policy.question_kind import QuestionKind
from node.core.policy.request import Request
from node.core.workdays import Calendar
from node.errors import Reason

NIGHT = replace(at(20), purpose=PENSION, case_number="DG-2026")


@pytest.mark.parametrize(
    "grant",
    [
        None,
        replace(GRANT, state=GrantState.SUSPENDED),
        replace(GRANT, state=GrantState.REVOKED),
        replace(GRANT, questions=frozenset({"months-at-least"})),
        replace(GRANT, valid_until=MONDAY),
        replace(GRANT, requester=MEDICAL),
    ],
)
def test_permit_is_not_remembered_beyond_its_grant(grant: Grant | None) -> None:
    evaluator = Evaluator(POLICIES, CALENDAR)
    assert evaluator.decide(lambda _: GRANT, REQUEST).permit
    assert evaluator.decide(lambda _: GRANT, REQUEST).permit
    assert evaluator.decide(lambda _: grant, REQUEST) == decided(REQUEST, grant)
    assert not evaluator.decide(lambda _: grant, REQUEST).permit


@pytest.mark.parametrize(
    "other",
    [
        NIGHT,
        replace(OFFICE, case_number="none"),
        replace(OFFICE, subjects=0),
        replace(OFFICE, parameters=(("months", "12"),)),
        replace(OFFICE, claims=frozenset({"name"})),
        replace(OFFICE, requester=replace(OFFICE.requester, suspended=True)),
        replace(OFFICE, purpose="tax"),
        replace(OFFICE, question="months-at-least"),
        replace(OFFICE, dataset="other"),
    ],
)
def test_what_is_remembered_permits_nothing_else(other: Request) -> None:
    evaluator = Evaluator(POLICIES, CALENDAR)
    assert evaluator.decide(lambda _: GRANT, OFFICE).rule == "office"
    assert evaluator.decide(lambda _: GRANT, other) == decided(other)
    assert not evaluator.decide(lambda _: GRANT, other).permit
    assert evaluator.decide(lambda _: GRANT, OFFICE).rule == "office"


def test_memory_of_decisions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.core.deciding.evaluator._MOST_REMEMBERED", 4)
    evaluator = Evaluator(POLICIES, CALENDAR)
    for number in range(10):
        assert evaluator.decide(lambda _: GRANT, replace(REQUEST, grant_id=f"g-{number}")).permit
    assert len(evaluator._fitting) <= 4


def test_error_with_what_is_remembered_is_a_denial_with_its_place() -> None:
    evaluator = Evaluator(POLICIES, CALENDAR)
    assert evaluator.decide(lambda _: GRANT, OFFICE).permit
    evaluator.calendar = Calendar(BrokenZone())
    broken = evaluator.decide(lambda _: GRANT, OFFICE)
    assert (broken.reason, broken.rule, broken.clause) == (Reason.INTERNAL, "office", "when.workdays")


def test_what_is_remembered_of_one_role_or_kind_permits_no_other() -> None:
    evaluator = Evaluator(build(), CALENDAR)
    grant = replace(GRANT, roles=("clerk",))
    asked = replace(REQUEST, kind=QuestionKind.VERIFY)
    for _ in range(2):
        assert evaluator.decide(lambda _: grant, asked).permit
    assert evaluator.decide(lambda _: grant, replace(asked, role="system")).clause == "grant.roles"
    assert (
        evaluator.decide(lambda _: grant, replace(asked, kind=QuestionKind.FIELD)).clause == "question.kind"
    )
