"""Decides a request in every way that there is: they agree, and each denial says what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from support.policy_samples import (
    CALENDAR,
    GRANT,
    REQUEST,
    build,
)

from node.core.deciding.evaluator import Decision, decide
from node.core.deciding.explain import explain
from node.core.deciding.grant import Grant
from node.core.policy.policy import Policies
from node.core.policy.request import Request
from node.core.text.explanation import advice_of
from node.errors import Reason

POLICIES = build()
Why = tuple[Reason | None, str, str]
PENSION = "social-insurance/pension"
OFFICE = replace(REQUEST, purpose=PENSION, case_number="DG-2026")


def decided(request: Request, grant: Grant | None = GRANT, policies: Policies = POLICIES) -> Decision:
    def grants(_: str) -> Grant | None:
        return grant

    decision = decide(policies, grants, request, CALENDAR)
    assert explain(policies, grants, request, CALENDAR).decision == decision
    assert decision.permit is (decision.reason is None)
    if not decision.permit:
        advice = advice_of(decision, "en")
        assert advice[0].islower()
        assert not advice.endswith(".")
    return decision


def why(request: Request, grant: Grant | None = GRANT, policies: Policies = POLICIES) -> Why:
    decision = decided(request, grant, policies)
    return decision.reason, decision.rule, decision.clause


class BrokenZone(tzinfo):
    """A time zone that fails."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        raise RuntimeError("secret detail")

    def dst(self, _: datetime | None) -> timedelta:
        raise RuntimeError("secret detail")

    def tzname(self, _: datetime | None) -> str:
        raise RuntimeError("secret detail")
