"""The clocks of Art. 17: when an entry has to be updated after a cause, and reviewed after its update.

- Update: within 10 working days of the day on which a law, a decision of the State Council or the
  department's duties changed; within 15 if the authority consented to an extension. It is done when the head
  approves a version of the entry on that day or later, and so hands it in.
- Review: within 2 working days of that approval. It is done when the authority approves the same version.

The day that a term begins on does not count (`node.core.workdays`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from node.core.directory.spelling import Moment, OneLine
from node.core.json_text import canonical_json, malformed_at
from node.core.policy.approval import Approval, ApprovalRole, DatasetName
from node.core.workdays import MAX_WORKDAYS, Calendar
from node.errors import NodeError, Reason

UPDATE_DAYS: Final = 10
EXTENSION_DAYS: Final = 5
REVIEW_DAYS: Final = 2
MAX_BYTES: Final = 8 << 20
MAX_CAUSES: Final = 10_000
_FIRST, _LAST = date(2000, 1, 1), date(2100, 12, 31)
_FORMAT: Final = "dxnode/catalogue-causes/1"
_SHAPE = ConfigDict(extra="forbid", strict=True)


Line = Annotated[str, StringConstraints(min_length=1, max_length=500), OneLine]


@dataclass(frozen=True, slots=True)
class Extension:
    """The authority's consent to five more working days, in the officer's words, and when it was noted."""

    __pydantic_config__ = _SHAPE

    consent: Line
    noted: Moment


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an entry has to be updated: on which day, and by which law, decision or change of duties."""

    __pydantic_config__ = _SHAPE

    dataset: DatasetName
    on: Annotated[date, Field(strict=False, ge=_FIRST, le=_LAST)]
    basis: Line
    noted: Moment
    extension: Extension | None = None


@dataclass(frozen=True, slots=True)
class _Causes:
    __pydantic_config__ = _SHAPE

    format: Annotated[str, StringConstraints(pattern=rf"\A{_FORMAT}\z")]
    causes: Annotated[tuple[Cause, ...], Field(max_length=MAX_CAUSES)]


_CAUSES = TypeAdapter(_Causes)


class ClockKind(StrEnum):
    """What a clock runs for."""

    UPDATE = "update"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Deadline:
    """One term: since when, until when, and when it was met.

    `left` are the working days left, negative once overdue, 0 on the last day and when it is done.
    `provisional` says that holidays within the term are not published yet, so that `due` may move.
    """

    dataset: str
    kind: ClockKind
    since: date
    basis: str
    extended: bool
    due: date
    provisional: bool
    done: date | None
    left: int

    @property
    def overdue(self) -> bool:
        """Whether the last day went by without it."""
        return self.left < 0

    @property
    def late(self) -> bool:
        """Whether it was done, but after the last day."""
        return self.done is not None and self.done > self.due


def clocks(
    causes: Iterable[Cause], approvals: Iterable[Approval], calendar: Calendar, today: date
) -> tuple[Deadline, ...]:
    """All clocks, the most urgent first, those that are done last. `approvals` are those that count."""
    given = list(approvals)
    found = [*_updates(causes, given, calendar, today), *_reviews(given, calendar, today)]
    return tuple(sorted(found, key=lambda clock: (clock.done is not None, clock.due, clock.dataset)))


def parse_causes(content: bytes) -> tuple[Cause, ...]:
    """The causes in a file. Raises NodeError(CONFIG_INVALID), saying where."""
    try:
        return _CAUSES.validate_json(content).causes
    except ValidationError as error:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.catalogue.file-causes-malformed",
            malformed_at=malformed_at(error),
        ) from None


def render_causes(causes: Sequence[Cause]) -> bytes:
    """The content of a file of causes, by dataset and day. Raises NodeError(CONFIG_INVALID) for bad ones."""
    ordered = tuple(sorted(causes, key=lambda cause: (cause.dataset, cause.on)))
    content = canonical_json(_CAUSES, _Causes(_FORMAT, ordered))
    parse_causes(content)
    return content


def with_cause(causes: Sequence[Cause], cause: Cause) -> tuple[Cause, ...]:
    """The causes and one more. Raises NodeError(CONFIG_INVALID) when there is one of that day."""
    if any((each.dataset, each.on) == (cause.dataset, cause.on) for each in causes):
        raise NodeError(Reason.CONFIG_INVALID, "error.catalogue.cause-noted-already")
    return (*causes, replace(cause, noted=cause.noted.replace(microsecond=0)))


def with_extension(
    causes: Sequence[Cause], dataset: str, on: date, consent: str, now: datetime
) -> tuple[Cause, ...]:
    """The causes with the term of one extended, once. Raises NodeError(CONFIG_INVALID)."""
    extended = next((each for each in causes if (each.dataset, each.on) == (dataset, on)), None)
    if extended is None:
        raise NodeError(Reason.CONFIG_INVALID, "error.catalogue.cause-missing")
    if extended.extension is not None:
        raise NodeError(Reason.CONFIG_INVALID, "error.catalogue.cause-extended-already")
    extension = Extension(consent, now.replace(microsecond=0))
    return tuple(replace(each, extension=extension) if each is extended else each for each in causes)


def _updates(
    causes: Iterable[Cause], approvals: Sequence[Approval], calendar: Calendar, today: date
) -> Iterator[Deadline]:
    handed_in: dict[str, list[date]] = {}
    for each in approvals:
        if each.role is ApprovalRole.HEAD:
            handed_in.setdefault(each.dataset, []).append(calendar.local(each.at).date())
    for cause in causes:
        extended = cause.extension is not None
        days = UPDATE_DAYS + (EXTENSION_DAYS if extended else 0)
        done = min((day for day in handed_in.get(cause.dataset, ()) if day >= cause.on), default=None)
        yield _clock(
            cause.dataset, ClockKind.UPDATE, cause.on, cause.basis, extended, days, done, calendar, today
        )


def _reviews(approvals: Sequence[Approval], calendar: Calendar, today: date) -> Iterator[Deadline]:
    """One for each version that was handed in, unless a later one took its place before it was reviewed."""
    reviewed = {
        (each.dataset, each.entry): calendar.local(each.at).date()
        for each in approvals
        if each.role is ApprovalRole.AUTHORITY
    }
    handed_in = [each for each in approvals if each.role is ApprovalRole.HEAD]
    newest: dict[str, datetime] = {}
    for each in handed_in:
        newest[each.dataset] = max(each.at, newest.get(each.dataset, each.at))
    for each in handed_in:
        done = reviewed.get((each.dataset, each.entry))
        if done is None and each.at < newest[each.dataset]:
            continue
        since = calendar.local(each.at).date()
        yield _clock(
            each.dataset, ClockKind.REVIEW, since, each.note, False, REVIEW_DAYS, done, calendar, today
        )


def _clock(
    dataset: str,
    kind: ClockKind,
    since: date,
    basis: str,
    extended: bool,
    days: int,
    done: date | None,
    calendar: Calendar,
    today: date,
) -> Deadline:
    term = calendar.add_workdays(since, days)
    left = 0 if done is not None else _left(calendar, today, term.end)
    return Deadline(dataset, kind, since, basis, extended, term.end, term.provisional, done, left)


def _left(calendar: Calendar, today: date, due: date) -> int:
    try:
        left = calendar.workdays_between(today, due).workdays
    except ValueError:  # decades off: more than can be counted
        left = MAX_WORKDAYS if today < due else -MAX_WORKDAYS
    return min(left, -1) if today > due else left  # overdue on a day off too
