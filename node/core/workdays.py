"""Working days: the published holiday arrangements, an operator's own on top, weekends only beyond them.

A term of n working days (Decree 809, Art. 16-26) leaves out the day it begins on and ends with the n-th
working day after that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from types import MappingProxyType

from chinese_calendar.constants import Holiday, holidays, workdays  # type: ignore[import-untyped]  # ships no types

_HOLIDAYS: Mapping[date, object] = MappingProxyType(holidays)
_MAKE_UP_DAYS: Mapping[date, object] = MappingProxyType(workdays)
_CHINESE: Mapping[object, str] = MappingProxyType({each.value: each.chinese for each in Holiday})
FIRST_KNOWN_YEAR = min(_HOLIDAYS).year
LAST_KNOWN_YEAR = max(_HOLIDAYS).year


MAX_WORKDAYS = 5_000
"""The longest term that is counted: some twenty years."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class Holidays:
    """What an operator's holiday file says on top of the published arrangements; equal to itself only.

    `days_off` and `working_days` say what each date is; `complete` are the years whose arrangement stands
    in the file in full. `digest` names the file, empty without one.
    """

    days_off: Mapping[date, str]
    working_days: Mapping[date, str]
    complete: frozenset[int]
    digest: bytes = b""

    def known(self, year: int) -> bool:
        """Whether the holidays of a year are known in full."""
        return published(year) or year in self.complete


NO_HOLIDAYS = Holidays(MappingProxyType({}), MappingProxyType({}), frozenset())


@dataclass(frozen=True, slots=True)
class Day:
    """A local date: is it worked, is that final, and what is it called, if it has a name, in both languages?

    `provisional` marks a date whose holidays were not known when the calendar was made: only weekends are
    taken off then.
    """

    date: date
    workday: bool
    provisional: bool
    title: str = ""
    title_en: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A number of working days between two dates, the last one included; negative for dates that run back.

    `provisional` says that a date within is not known yet, so that the end, or the number, may change.
    """

    start: date
    end: date
    workdays: int
    provisional: bool


def published(year: int) -> bool:
    """Whether the State Council's arrangement of a year is part of this program."""
    return FIRST_KNOWN_YEAR <= year <= LAST_KNOWN_YEAR


@lru_cache(maxsize=4096)
def day(local: date, holidays: Holidays = NO_HOLIDAYS) -> Day:
    """Look one local date up: the operator's file first, then the published arrangements, then the week."""
    if (title := holidays.days_off.get(local)) is not None:
        return Day(local, workday=False, provisional=False, title=title)
    if (title := holidays.working_days.get(local)) is not None:
        return Day(local, workday=True, provisional=False, title=title)
    weekday = local.weekday() < 5
    if not published(local.year):
        return Day(local, weekday, provisional=local.year not in holidays.complete)
    if local in _MAKE_UP_DAYS:
        return _named(local, _MAKE_UP_DAYS[local], workday=True)
    if local in _HOLIDAYS:
        return _named(local, _HOLIDAYS[local], workday=False)
    return Day(local, weekday, provisional=False)


def _named(local: date, holiday: object, *, workday: bool) -> Day:
    return Day(local, workday, provisional=False, title=_CHINESE[holiday], title_en=str(holiday))


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days and the wall clock of one time zone."""

    zone: tzinfo
    holidays: Holidays = NO_HOLIDAYS

    @property
    def known_until(self) -> date:
        """The last date that is not provisional, nor any before it since the first published year."""
        year = LAST_KNOWN_YEAR
        while self.holidays.known(year + 1):
            year += 1
        return date(year, 12, 31)

    def local(self, moment: datetime) -> datetime:
        """Wall-clock time of an aware `moment`; ValueError for a naive one, which has no meaning here."""
        if moment.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return moment.astimezone(self.zone)

    def day(self, moment: datetime) -> Day:
        """The local day of an aware `moment`."""
        return day(self.local(moment).date(), self.holidays)

    def on(self, local: date) -> Day:
        """A local date."""
        return day(local, self.holidays)

    def add_workdays(self, start: date, workdays: int) -> Term:
        """The term of so many working days that begins on `start`, which does not count itself.

        Raises ValueError unless there are 1 to MAX_WORKDAYS.
        """
        if not 1 <= workdays <= MAX_WORKDAYS:
            raise ValueError(f"a term has 1 to {MAX_WORKDAYS} working days")
        end, left, provisional = start, workdays, False
        while left:
            end += _DAY
            found = self.on(end)
            provisional |= found.provisional
            left -= found.workday
        return Term(start, end, workdays, provisional)

    def workdays_between(self, start: date, end: date) -> Term:
        """The working days after `start` up to and including `end`; negative if `end` is earlier.

        Raises ValueError for dates further apart than terms can be.
        """
        first, last = sorted((start, end))
        if (last - first).days > 2 * MAX_WORKDAYS:
            raise ValueError(f"the dates are more than {2 * MAX_WORKDAYS} days apart")
        days = [self.on(first + _DAY * ahead) for ahead in range(1, (last - first).days + 1)]
        count = sum(each.workday for each in days)
        return Term(start, end, count if start <= end else -count, any(each.provisional for each in days))


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of a day: minutes from midnight, `start` included, `end` (at most 1440) excluded."""

    start: int
    end: int

    def holds(self, local: datetime) -> bool:
        """Whether a wall-clock time lies within."""
        return self.start <= local.hour * 60 + local.minute < self.end

    def __str__(self) -> str:
        return f"{self.start // 60:02}:{self.start % 60:02}-{self.end // 60:02}:{self.end % 60:02}"


_HOURS = re.compile(r"([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])")


def parse_hours(text: str) -> Hours | None:
    """Hours from "08:30-17:30"; None if misspelled, empty, or running past midnight."""
    match = _HOURS.fullmatch(text)
    if match is None:
        return None
    start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    return Hours(start, end) if start < end <= 24 * 60 else None
