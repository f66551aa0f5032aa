"""What a requester is told about the clause that denied it.

A verdict names the clause, not the values that it compared: they are the provider's. `clause_texts` words
the same for who has the policy at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from node.core.deciding.clauses import CHECKS, RULE_CHECKS
from node.core.deciding.cost import BUDGET_SHORT, SHORT
from node.core.deciding.terms import NO_TERMS, Terms
from node.core.outage import Outage
from node.errors import Reason
from node.texts.message import Message, Value

_REASON_OF: Final[Mapping[str, Reason]] = {
    **{check.name: check.reason for check in CHECKS},
    **{check.name: check.reason for check in RULE_CHECKS},
    **{clause: reason for reason, clause in (*SHORT.values(), BUDGET_SHORT)},
    "clock": Reason.CLOCK_SKEWED,
    "age": Reason.CLOCK_SKEWED,
    "rules": Reason.QUESTION_NOT_ALLOWED,
    "subjects": Reason.QUERY_INVALID,
    "exchange_id": Reason.REQUEST_REPLAYED,
    "log": Reason.LOG_DIFFERS,
    "records": Reason.REQUEST_REPLAYED,
    "source": Reason.SOURCE_UNAVAILABLE,
    **dict.fromkeys(Outage, Reason.SOURCE_UNAVAILABLE),
    Outage.BUSY: Reason.SOURCE_BUSY,
}
"""The reason that goes with each clause; what a provider denies for beside its policies is named here."""
REQUEST: Final = "request"
"""The clause of what is wrong with a request itself, for which there are several reasons."""
REQUEST_REASONS: Final = frozenset(
    {
        Reason.QUERY_INVALID,
        Reason.ENVELOPE_INVALID,
        Reason.PROOF_INVALID,
        Reason.CLOCK_SKEWED,
        Reason.REQUEST_REPLAYED,
        Reason.NOT_SHARED,
    }
)
DENIAL_CLAUSES: Final = frozenset(_REASON_OF)


_SOURCE: Final = frozenset({"source", *Outage})
"""The clauses of a data source that gives no answer: some are charged like an answer, others are not."""


def denial_wording(
    reason: Reason, clause: str, terms: Terms = NO_TERMS, *, charged: bool | None = None
) -> Message | None:
    """What is wrong and what to do next, with the terms that were told; None where only the reason is known.

    `charged` is whether a try at a data source cost what an answer costs, None if that is not known. Where
    looking at a clause failed, the clause is not what is wrong.
    """
    if reason is Reason.INTERNAL:
        return Message("denial.failed.what")
    if clause == REQUEST and reason in REQUEST_REASONS:
        return Message(f"denial.request.{reason.name}")
    if _REASON_OF.get(clause) is not reason:
        return None
    args = _args(terms)
    if charged is not None and clause in _SOURCE:
        args = {"charge": Message(f"denial.charge.{'counted' if charged else 'free'}")}
    return Message(f"denial.{clause}.told", args) if args else Message(f"denial.{clause}.what")


def _args(terms: Terms) -> Mapping[str, Value]:
    if terms.limit:
        return {"limit": terms.limit}
    if terms.hours is not None:
        return {"hours": str(terms.hours)}
    first, last = terms.days.first, terms.days.last
    if first is not None and last is not None:
        both = {"first": first.isoformat(), "last": last.isoformat()}
        return {"days": Message("denial.days.between", both)}
    if first is not None:
        return {"days": Message("denial.days.from", {"first": first.isoformat()})}
    return {} if last is None else {"days": Message("denial.days.until", {"last": last.isoformat()})}
