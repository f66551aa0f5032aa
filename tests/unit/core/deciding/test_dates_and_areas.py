"""Rules that hold on some days, or within the own area of who asks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.policy_samples import (
    CALENDAR,
    GRANT,
    REQUEST,
    at,
    build,
    rule,
)

from node.core.deciding.evaluator import Evaluator, decide
from node.core.policy.policy import Policies
from node.errors import Reason


def _policy_with(part: str) -> Policies:
    body = "id: r, allow: [is-enrolled], to: {any: true}, for: [social-insurance]"
    return build(rule(f"{body}, {part}"))


@pytest.mark.parametrize(
    ("dates", "day", "permitted"),
    [
        ("from: 2026-11-23", 22, False),
        ("from: 2026-11-23", 23, True),
        ("until: 2026-11-23", 23, True),
        ("until: 2026-11-23", 24, False),
        ("from: 2026-11-23, until: 2026-11-23", 23, True),
    ],
)
def test_rule_holds_on_its_days_alone_both_ends_included(dates: str, day: int, permitted: bool) -> None:
    policies = _policy_with(f"effective: {{{dates}}}")
    for request in (at(0, 0, day), at(23, 59, day)):  # local time: in UTC the first is the day before
        decision = decide(policies, lambda _: GRANT, request, CALENDAR)
        assert (decision.permit, decision.clause) == (permitted, "" if permitted else "effective")


def test_remembered_rule_ends_with_its_last_day() -> None:
    evaluator = Evaluator(_policy_with("effective: {until: 2026-11-23}"), CALENDAR)
    assert evaluator.decide(lambda _: GRANT, at(23, 59, 23)).permit
    assert evaluator.decide(lambda _: GRANT, at(0, 0, 24)).clause == "effective"


@pytest.mark.parametrize(
    ("granted", "own", "answered"),
    [
        ("", "441900003", "441900003"),
        ("441900", "441900003", "441900003"),
        ("441900003", "441900", "441900003"),
        ("441900003", "000000", "441900003"),
        ("441900", "441900", "441900"),
    ],
)
def test_rule_for_the_own_area_answers_within_the_narrower_region(
    granted: str, own: str, answered: str
) -> None:
    policies, grant = _policy_with("scope: own-region"), replace(GRANT, region=granted)
    request = replace(REQUEST, requester=replace(REQUEST.requester, region=own))
    decision = decide(policies, lambda _: grant, request, CALENDAR)
    assert (decision.permit, decision.region) == (True, answered)


@pytest.mark.parametrize(("granted", "own"), [("441900004", "441900003"), ("450000", "441900"), ("", "")])
def test_rule_for_the_own_area_denies_where_no_area_is_in_common(granted: str, own: str) -> None:
    policies, grant = _policy_with("scope: own-region"), replace(GRANT, region=granted)
    request = replace(REQUEST, requester=replace(REQUEST.requester, region=own))
    decision = decide(policies, lambda _: grant, request, CALENDAR)
    assert (decision.reason, decision.clause) == (Reason.CONDITION_NOT_MET, "scope")


def test_rule_for_the_own_area_denies_where_subjects_have_no_region() -> None:
    policies = _policy_with("scope: own-region")
    policy = policies.datasets["pension-insurance"]
    dataset = replace(policy.dataset, subject=replace(policy.dataset.subject, region_field=""))
    without = replace(policies, datasets={"pension-insurance": replace(policy, dataset=dataset)})
    decision = decide(without, lambda _: GRANT, REQUEST, CALENDAR)
    assert (decision.reason, decision.clause) == (Reason.CONDITION_NOT_MET, "scope")
