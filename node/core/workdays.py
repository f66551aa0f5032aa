"""Working days: the published holiday arrangements, and weekends only beyond them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from functools import lru_cache
from types import MappingProxyType

from chinese_calendar.constants import holidays, workdays  # type: ignore[import-untyped]  # ships no types

_HOLIDAYS: Mapping[date, object] = MappingProxyType(holidays)
_MAKE_UP_DAYS: Mapping[date, object] = MappingProxyType(workdays)
FIRST_KNOWN_YEAR = min(_HOLIDAYS).year
LAST_KNOWN_YEAR = max(_HOLIDAYS).year


@dataclass(frozen=True, slots=True)
class Day:
    """A local date: is it worked, and is that final?

    `provisional` marks a year whose holidays the State Council had not published when the calendar
    was made: only weekends are taken off then.
    """

    date: date
    workday: bool
    provisional: bool


@lru_cache(maxsize=1024)
def day(local: date) -> Day:
    """Look one local date up."""
    weekday = local.weekday() < 5
    if not FIRST_KNOWN_YEAR <= local.year <= LAST_KNOWN_YEAR:
        return Day(local, weekday, provisional=True)
    worked = local in _MAKE_UP_DAYS or (weekday and local not in _HOLIDAYS)
    return Day(local, worked, provisional=False)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working days and the wall clock of one time zone."""

    zone: tzinfo

    def local(self, moment: datetime) -> datetime:
        """Wall-clock time of an aware `moment`; ValueError for a naive one, which has no meaning here."""
        if moment.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return moment.astimezone(self.zone)

    def day(self, moment: datetime) -> Day:
        """The local day of an aware `moment`."""
        return day(self.local(moment).date())


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
