"""What a requester is told about the clause that denied it.

A verdict names the clause, not the values that it compared: they are the provider's. `clause_texts` words
the same for who has the policy at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from node.core.deciding.terms import NO_TERMS, Terms
from node.errors import Reason
from node.texts.message import Message, Value

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


def denial_wording(reason: Reason, clause: str, terms: Terms = NO_TERMS) -> Message | None:
    """What is wrong and what to do next, with the terms that were told; None where only the reason is known.

    Where looking at a clause failed, the clause is not what is wrong.
    """
    if _REASON_OF.get(clause) is not reason:
        return None
    args = _args(terms)
    return Message(f"denial.{clause}.told", args) if args else Message(f"denial.{clause}.what")


def _args(terms: Terms) -> Mapping[str, Value]:
    if terms.limit:
        return {"limit": terms.limit}
    if terms.hours is not None:
        return {"hours": str(terms.hours)}
    first, last = terms.days.first, terms.days.last
    if first is not None and last is not None:
        return {
            "days": Message("denial.days.between", {"first": first.isoformat(), "last": last.isoformat()})
        }
    if first is not None:
        return {"days": Message("denial.days.from", {"first": first.isoformat()})}
    return {} if last is None else {"days": Message("denial.days.until", {"last": last.isoformat()})}
