"""When data are older than their catalogue entry says."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from node.core.milliseconds import to_ms
from node.core.reading.format import Update
from node.core.state.data_age import DAYS, dated, is_overdue
from node.core.state.data_load import KeptLoad
from node.core.workdays import Calendar, Holidays

ZONE = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar(ZONE)
EXPORT = datetime(2026, 11, 23, 2, 0, tzinfo=ZONE)


# From 2026-11-23, a Monday, each of these ends on a day that is worked.
@pytest.mark.parametrize(
    ("update", "days"),
    [("realtime", 1), ("daily", 1), ("weekly", 7), ("monthly", 31), ("quarterly", 92), ("yearly", 366)],
)
def test_data_may_be_as_old_as_the_entry_says_and_a_day_later_are_overdue(update: str, days: int) -> None:
    assert DAYS[update] == days
    last_minute = (EXPORT + timedelta(days=days)).replace(hour=23, minute=59)

    assert not overdue(EXPORT, update, last_minute)
    assert overdue(EXPORT, update, last_minute + timedelta(minutes=1))


def overdue(as_of: datetime, update: str, moment: datetime, calendar: Calendar = CALENDAR) -> bool:
    return is_overdue(to_ms(as_of), update, moment, calendar)


def day(month: int, number: int, hour: int = 9) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("as_of", "update", "last"),
    [
        (day(11, 27), "daily", day(11, 30)),  # Friday's export holds until the end of Monday
        (day(11, 28), "daily", day(11, 30)),  # so does one of Saturday
        (day(9, 30), "daily", day(10, 8)),  # over the National Day holiday
        (day(9, 18), "daily", day(9, 20)),  # until a Sunday that is worked in place of a day of the holiday
        (day(9, 28), "weekly", day(10, 8)),
        (day(11, 27), "realtime", day(11, 30)),
    ],
)
def test_newer_data_may_come_until_the_end_of_a_working_day(
    as_of: datetime, update: str, last: datetime
) -> None:
    assert not overdue(as_of, update, last.replace(hour=23, minute=59))
    assert overdue(as_of, update, last + timedelta(days=1))


def test_nobody_is_told_on_a_day_off_or_on_the_morning_after_it() -> None:
    friday = day(11, 27, 18)
    for morning in (day(11, 28), day(11, 29), day(11, 30)):
        assert not overdue(friday, "daily", morning)


def test_days_off_are_those_of_the_operator_too() -> None:
    tuesday = {date(2026, 11, 24): "a flood"}
    closed = Holidays(MappingProxyType(tuesday), MappingProxyType({}), frozenset())

    assert overdue(EXPORT, "daily", day(11, 25))
    assert not overdue(EXPORT, "daily", day(11, 25), Calendar(ZONE, closed))


def test_every_word_for_updates_is_known() -> None:
    assert {*DAYS, "once"} == set(get_args(Update))


def test_what_is_supplied_once_is_never_overdue() -> None:
    assert not overdue(EXPORT, "once", EXPORT + timedelta(days=9999))


def test_data_are_not_old_for_a_clock_that_was_set_back() -> None:
    assert not overdue(EXPORT, "daily", EXPORT - timedelta(days=400))


def test_days_are_those_of_the_place() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=ZONE)
    assert not overdue(late, "daily", late + timedelta(hours=24))
    assert overdue(late, "daily", late + timedelta(hours=24, minutes=31))


def test_what_changes_all_the_time_is_as_of_when_it_was_last_read() -> None:
    live = KeptLoad(1, to_ms(EXPORT), "mark", daily=True)
    silent_since = day(11, 24)

    now = dated(live, "daily", day(11, 26), CALENDAR)
    silent = dated(live, "daily", day(11, 26), CALENDAR, to_ms(silent_since))

    assert (now.as_of_ms, now.overdue) == (to_ms(day(11, 26)), False)
    assert (silent.as_of_ms, silent.overdue) == (to_ms(silent_since), True)
    assert silent[:2] == now[:2], "it is no other load for that"


def test_data_are_as_of_no_time_that_is_to_come_however_they_are_read() -> None:
    for daily in (True, False):
        load = dated(KeptLoad(1, to_ms(EXPORT), "m", daily), "daily", EXPORT, CALENDAR, to_ms(day(12, 24)))
        assert load.as_of_ms == to_ms(EXPORT)
