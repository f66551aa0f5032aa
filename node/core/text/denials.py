"""What a requester is told about the clause that denied it.

A verdict names the clause, not the values that it compared: they are the provider's. `clause_texts` words
the same for who has the policy at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from node.errors import Reason
from node.texts.message import Message

_REASON_OF: Final[Mapping[str, Reason]] = {
    "requester.suspended": Reason.SUSPENDED,
    "dataset.sharing": Reason.NOT_SHARED,
    "grant.exists": Reason.NO_GRANT,
    "grant.revoked": Reason.GRANT_EXPIRED,
    "grant.suspended": Reason.SUSPENDED,
    "grant.validity": Reason.GRANT_EXPIRED,
    "question.exists": Reason.QUESTION_NOT_ALLOWED,
    "grant.questions": Reason.QUESTION_NOT_ALLOWED,
    "purpose.known": Reason.PURPOSE_NOT_ALLOWED,
    "grant.purposes": Reason.PURPOSE_NOT_ALLOWED,
    "grant.roles": Reason.QUESTION_NOT_ALLOWED,
    "grant.region": Reason.CONDITION_NOT_MET,
    "question.kind": Reason.QUERY_INVALID,
    "question.subjects": Reason.QUERY_INVALID,
    "mode": Reason.CONDITION_NOT_MET,
    "question.parameters": Reason.QUERY_INVALID,
    "question.claims": Reason.QUERY_INVALID,
    "request": Reason.QUERY_INVALID,
    "rules": Reason.QUESTION_NOT_ALLOWED,
    "to.departments": Reason.QUESTION_NOT_ALLOWED,
    "to.levels": Reason.QUESTION_NOT_ALLOWED,
    "to.regions": Reason.QUESTION_NOT_ALLOWED,
    "for": Reason.PURPOSE_NOT_ALLOWED,
    "scope": Reason.CONDITION_NOT_MET,
    "effective": Reason.CONDITION_NOT_MET,
    "when.case_number": Reason.CONDITION_NOT_MET,
    "when.workdays": Reason.CONDITION_NOT_MET,
    "when.hours": Reason.CONDITION_NOT_MET,
    "limits.per_day": Reason.QUOTA_EXHAUSTED,
    "scope.subjects_per_day": Reason.QUOTA_EXHAUSTED,
    "limits.per_subject_per_day": Reason.QUOTA_EXHAUSTED,
    "claims.wrong_tries_per_subject": Reason.QUOTA_EXHAUSTED,
    "forbidden_together": Reason.CONDITION_NOT_MET,
    "privacy.budget": Reason.BUDGET_EXHAUSTED,
    "exchange_id": Reason.REQUEST_REPLAYED,
    "log": Reason.LOG_DIFFERS,
    "records": Reason.REQUEST_REPLAYED,
    "source": Reason.SOURCE_UNAVAILABLE,
    "source.busy": Reason.SOURCE_BUSY,
}
DENIAL_CLAUSES: Final = frozenset(_REASON_OF)


def denial_wording(reason: Reason, clause: str) -> Message | None:
    """What is wrong and what to do next; None where only the reason is known.

    Where looking at a clause failed, the clause is not what is wrong.
    """
    return Message(f"denial.{clause}.what") if _REASON_OF.get(clause) is reason else None
