"""The terms of a denial in a verdict, written and read; only those of the clause that denied count."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from node.core.deciding.terms import LIMITS, NO_TERMS, Terms
from node.core.policy.rule import Effective
from node.core.workdays import Hours
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as pb

_DAY_ZERO: Final = date(1970, 1, 1)
_MOST_DAYS: Final = (date(9999, 12, 31) - _DAY_ZERO).days
_MINUTES: Final = 24 * 60
MAX_LIMIT: Final = 2**53


def terms_to_message(terms: Terms) -> pb.DenialTerms | None:
    """The terms as a verdict holds them; None where there are none that it can hold."""
    if terms == NO_TERMS:  # as of every permit
        return None
    message = pb.DenialTerms(limit=terms.limit)
    if terms.hours is not None:
        message.from_minute, message.until_minute = terms.hours.start, terms.hours.end
    message.first_day, message.last_day = map(_number, (terms.days.first, terms.days.last))
    return message if message.ByteSize() else None


def terms_of(verdict: pb.Verdict) -> Terms:
    """The terms in a verdict. Raises NodeError(PROOF_INVALID) for what its clause cannot have."""
    if not verdict.HasField("terms"):
        return NO_TERMS
    message, clause = verdict.terms, verdict.clause
    terms = NO_TERMS
    if clause in LIMITS and 0 < message.limit <= MAX_LIMIT:
        terms = Terms(limit=message.limit)
    elif clause == "when.hours" and message.from_minute < message.until_minute <= _MINUTES:
        terms = Terms(hours=Hours(message.from_minute, message.until_minute))
    elif clause == "effective" and _are_days(message.first_day, message.last_day):
        terms = Terms(days=Effective(_day(message.first_day), _day(message.last_day)))
    if terms == NO_TERMS or terms_to_message(terms) != message:
        raise NodeError(Reason.PROOF_INVALID, "error.messages.denial-terms")
    return terms


def _are_days(first: int, last: int) -> bool:
    return max(first, last) <= _MOST_DAYS and not 0 < last < first


def _number(day: date | None) -> int:
    """Days since 1970-01-01; a day before that is told as none, which for a beginning is as good."""
    return 0 if day is None else max(0, (day - _DAY_ZERO).days)


def _day(number: int) -> date | None:
    return _DAY_ZERO + timedelta(days=number) if number else None
