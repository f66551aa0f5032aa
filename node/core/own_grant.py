"""Finds, among the grants that a department was given, the one that covers what it wants to ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from node.core.deciding.grant import Grant, GrantState
from node.errors import NodeError, Reason


def covering_grant(
    grants: Sequence[Grant], dataset: str, question: str, purpose: str, now: datetime, role: str
) -> Grant:
    """The grant that allows a caller of that role the question for the purpose now.

    Raises NodeError for the requirement that the nearest grant misses: NO_GRANT, QUESTION_NOT_ALLOWED,
    PURPOSE_NOT_ALLOWED, QUESTION_NOT_ALLOWED for the role, GRANT_EXPIRED, SUSPENDED, in this order. Of grants
    that miss the same, one for the purpose is nearer.
    """
    nearest = NodeError(
        Reason.NO_GRANT,
        "error.deciding.no-own-grant",
        clause="grant",
    )
    distance = (0, False)
    for grant in grants:
        if grant.dataset != dataset:
            continue
        checks = (
            (
                grant.covers_question(question),
                Reason.QUESTION_NOT_ALLOWED,
                "error.deciding.own-grant-question",
                "questions",
            ),
            (
                grant.covers_purpose(purpose),
                Reason.PURPOSE_NOT_ALLOWED,
                "error.deciding.own-grant-purpose",
                "purposes",
            ),
            (
                grant.covers_role(role),
                Reason.QUESTION_NOT_ALLOWED,
                "error.deciding.own-grant-role",
                "roles",
            ),
            (
                grant.state is not GrantState.REVOKED and grant.valid_at(now),
                Reason.GRANT_EXPIRED,
                "error.deciding.own-grant-validity",
                "validity",
            ),
            (
                grant.state is not GrantState.SUSPENDED,
                Reason.SUSPENDED,
                "error.deciding.own-grant-suspended",
                "state",
            ),
        )
        for passed, (holds, reason, key, clause) in enumerate(checks, 1):
            if not holds:
                near = (passed, grant.covers_purpose(purpose))
                if near > distance:
                    distance = near
                    nearest = NodeError(reason, key, grant=grant.id, clause=f"grant.{clause}")
                break
        else:
            return grant
    raise nearest
