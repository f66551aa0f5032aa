"""Reads an operator's holiday file: days off and make-up working days, on top of the published ones.

The shape of the file, all keys optional; a key of `days_off` and `working_days` is a date, or the first and
the last date of a span (an ISO 8601 interval):

    complete: [2027]
    days_off:
      2027-02-05/2027-02-11: 春节
    working_days:
      2027-02-13: 春节调休上班
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from node.core.reading.document import Document, read
from node.core.reading.place import Path
from node.core.reading.scalars import Title, read_integer, read_text
from node.core.reading.shape import parse
from node.core.text.problem import Problem
from node.core.words import shorten
from node.core.workdays import Holidays, day, published
from node.errors import NodeError, Reason

MAX_ENTRIES = 1_000
MAX_SPAN = 31
_FIRST_YEAR, _LAST_YEAR = 2000, 2100


def _read_span(value: object) -> str:
    text = read_text(value)
    if not _dates(text):
        raise PydanticCustomError("holidays.date", "date", {"limit": str(MAX_SPAN)})
    return text


_Span = Annotated[str, BeforeValidator(_read_span), WithJsonSchema({"type": "string"})]
_Year = Annotated[int, Field(ge=_FIRST_YEAR, le=_LAST_YEAR), BeforeValidator(read_integer)]
_Days = Annotated[dict[_Span, Title], Field(max_length=MAX_ENTRIES)]


class HolidaysPart(BaseModel):
    """The holidays of an operator's file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, title="dxnode holidays")

    complete: Annotated[list[_Year], Field(max_length=100)] = []
    days_off: _Days = {}
    working_days: _Days = {}


@dataclass(frozen=True, slots=True)
class CheckedHolidays:
    """What a file holds, None if there are problems."""

    holidays: Holidays | None
    problems: tuple[Problem, ...]


def check_holidays(file: str, content: bytes) -> CheckedHolidays:
    """Read one holiday file; never raises for what is in it. All problems at once, by place."""
    document = read(file, content)
    part = parse(document, HolidaysPart, {}) if document.root is not None else None
    holidays = build_holidays(document, part, sha256(content).digest()) if part is not None else None
    if document.problems or holidays is None:
        return CheckedHolidays(
            None, tuple(sorted(document.problems, key=lambda each: (each.line, each.column)))
        )
    return CheckedHolidays(holidays, ())


def read_holidays(file: str, content: bytes) -> Holidays:
    """The holidays of a file. Raises NodeError(CONFIG_INVALID) with the place of the first problem."""
    checked = check_holidays(file, content)
    if checked.holidays is not None:
        return checked.holidays
    first, count = checked.problems[0], len(checked.problems)
    raise NodeError(
        Reason.CONFIG_INVALID,
        "error.reading.holiday-problems",
        count=count,
        problem=first.wording,
        hint=first.advice,
        file=first.file,
        line=str(first.line),
        column=str(first.column),
    )


def build_holidays(document: Document, part: HolidaysPart, digest: bytes, at: Path = ()) -> Holidays:
    """The holidays that stand at a place of a document; adds what is wrong to the document's problems."""
    seen: dict[date, str] = {}
    days_off = _listed(document, (*at, "days_off"), part.days_off, seen)
    working_days = _listed(document, (*at, "working_days"), part.working_days, seen)
    for each in working_days:
        if day(each).workday:
            key = _key(part.working_days, each)
            document.problems.append(
                document.key_problem("holidays.worked-anyway", (*at, "working_days", key), date=str(each))
            )
    years = {each.year for each in seen}
    for index, year in enumerate(part.complete):
        if year not in years and not published(year):
            document.problems.append(
                document.problem("holidays.nothing-listed", (*at, "complete", index), year=str(year))
            )
    return Holidays(days_off, working_days, frozenset(part.complete), digest)


def _listed(
    document: Document, section: Path, entries: Mapping[str, str], seen: dict[date, str]
) -> Mapping[date, str]:
    found: dict[date, str] = {}
    for key, title in entries.items():
        twice = [each for each in _dates(key) if each in seen]
        if twice:
            document.problems.append(
                document.key_problem(
                    "holidays.twice", (*section, key), date=str(twice[0]), other=shorten(seen[twice[0]])
                )
            )
        for each in _dates(key):
            found[each] = title
            seen.setdefault(each, key)
    return MappingProxyType(found)


def _key(entries: Mapping[str, str], wanted: date) -> str:
    return next(key for key in entries if wanted in _dates(key))


def _dates(text: str) -> list[date]:
    """The dates of one entry; none if it is misspelled, runs backwards, is too long or lies too far off."""
    first_text, slash, last_text = text.partition("/")
    try:
        first = _date(first_text)
        last = _date(last_text) if slash else first
    except ValueError:
        return []
    count = (last - first).days + 1
    return [first + timedelta(days=ahead) for ahead in range(count)] if count <= MAX_SPAN else []


def _date(text: str) -> date:
    found = date.fromisoformat(text)
    if str(found) != text or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ValueError("no date, or none of this century")
    return found
