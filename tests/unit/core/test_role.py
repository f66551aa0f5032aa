"""Roles of desk callers, and the grant that a requester relies on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.running import pension_grant

from node.core.deciding.grant import Grant, GrantState
from node.core.own_grant import covering_grant
from node.core.role import AUDITOR, CLERK, OFFICER, OPERATOR, SYSTEM, Caller, RoleRule, Roles, require
from node.errors import NodeError, Reason

ROLES = Roles(
    {
        CLERK: RoleRule(("pension-insurance/is-*", "*/name-matches"), ("social-insurance/pension",)),
        SYSTEM: RoleRule(("*/*",), ()),
    }
)


def _refusal(role: str, dataset: str, question: str, purpose: str) -> Reason | None:
    try:
        ROLES.check_ask(Caller(role), dataset, question, purpose)
    except NodeError as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("role", "dataset", "question", "purpose", "expected"),
    [
        (CLERK, "pension-insurance", "is-enrolled", "social-insurance/pension", None),
        (CLERK, "pension-insurance", "is-enrolled", "social-insurance/pension/deferral", None),
        (CLERK, "diploma", "name-matches", "social-insurance/pension", None),
        (
            CLERK,
            "pension-insurance",
            "contribution-band",
            "social-insurance/pension",
            Reason.QUESTION_NOT_ALLOWED,
        ),
        (CLERK, "pension", "is-enrolled", "social-insurance/pension", Reason.QUESTION_NOT_ALLOWED),
        (CLERK, "pension-insurance", "is-enrolled", "social-insurance", Reason.PURPOSE_NOT_ALLOWED),
        (CLERK, "pension-insurance", "is-enrolled", "social-insurance/pensions", Reason.PURPOSE_NOT_ALLOWED),
        (CLERK, "pension-insurance", "is-enrolled", "", Reason.PURPOSE_NOT_ALLOWED),
        (SYSTEM, "anything", "at-all", "any/purpose", None),
        (
            OFFICER,
            "pension-insurance",
            "is-enrolled",
            "social-insurance/pension",
            Reason.QUESTION_NOT_ALLOWED,
        ),
        (
            AUDITOR,
            "pension-insurance",
            "is-enrolled",
            "social-insurance/pension",
            Reason.QUESTION_NOT_ALLOWED,
        ),
        ("", "pension-insurance", "is-enrolled", "social-insurance/pension", Reason.QUESTION_NOT_ALLOWED),
        ("root", "pension-insurance", "is-enrolled", "social-insurance/pension", Reason.QUESTION_NOT_ALLOWED),
        (OPERATOR, "anything", "at-all", "any/purpose", None),
    ],
)
def test_role_asks_what_its_rule_names(
    role: str, dataset: str, question: str, purpose: str, expected: Reason | None
) -> None:
    assert _refusal(role, dataset, question, purpose) is expected


def test_role_that_is_not_named_is_not_enough() -> None:
    require(Caller(OPERATOR))
    require(Caller(CLERK), CLERK, SYSTEM)
    for role, roles in ((AUDITOR, (OFFICER,)), (CLERK, ()), ("", (CLERK,))):
        with pytest.raises(NodeError) as refused:
            require(Caller(role), *roles)
        assert refused.value.reason is Reason.QUESTION_NOT_ALLOWED


# --- the own grant ---

NOW = datetime.now(UTC)
GRANT = replace(pension_grant(), id="g-1")


def _covering(*grants: Grant, purpose: str = "social-insurance/pension/deferral") -> Grant:
    return covering_grant(grants, "pension-insurance", "is-enrolled", purpose, NOW, CLERK)


def _missing(*grants: Grant) -> tuple[Reason, str]:
    with pytest.raises(NodeError) as refused:
        _covering(*grants)
    return refused.value.reason, refused.value.metadata["clause"]


def test_first_grant_that_covers_everything_is_used() -> None:
    ended = replace(GRANT, id="g-0", valid_until=NOW - timedelta(seconds=1))
    assert _covering(ended, GRANT, replace(GRANT, id="g-2")) is GRANT


@pytest.mark.parametrize(
    ("changes", "reason", "clause"),
    [
        ({"dataset": "other"}, Reason.NO_GRANT, "grant"),
        ({"questions": frozenset({"other"})}, Reason.QUESTION_NOT_ALLOWED, "grant.questions"),
        ({"roles": (SYSTEM, OPERATOR)}, Reason.QUESTION_NOT_ALLOWED, "grant.roles"),
        ({"purposes": ("tax",)}, Reason.PURPOSE_NOT_ALLOWED, "grant.purposes"),
        ({"valid_until": NOW}, Reason.GRANT_EXPIRED, "grant.validity"),
        ({"valid_from": NOW + timedelta(seconds=1)}, Reason.GRANT_EXPIRED, "grant.validity"),
        ({"state": GrantState.REVOKED}, Reason.GRANT_EXPIRED, "grant.validity"),
        ({"state": GrantState.SUSPENDED}, Reason.SUSPENDED, "grant.state"),
    ],
)
def test_what_the_nearest_grant_lacks_is_the_reason(
    changes: dict[str, object], reason: Reason, clause: str
) -> None:
    lacking = replace(GRANT, **changes)  # type: ignore[arg-type]
    assert _missing(lacking) == (reason, clause)
    farther = replace(GRANT, dataset="other")
    assert _missing(farther, lacking, farther) == (reason, clause)


def test_without_any_grant_there_is_none() -> None:
    assert _missing() == (Reason.NO_GRANT, "grant")


def test_of_grants_that_lack_the_question_the_one_for_the_purpose_is_named() -> None:
    counts = replace(GRANT, id="g-counts", questions=frozenset({"other"}), purposes=("city-planning",))
    nearer = replace(GRANT, id="g-nearer", questions=frozenset({"another"}))
    for grants in ((counts, nearer), (nearer, counts)):
        with pytest.raises(NodeError) as refused:
            _covering(*grants)
        assert refused.value.metadata["grant"] == "g-nearer"
