"""When data are older than their catalogue entry says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from node.core.milliseconds import to_ms
from node.core.reading.format import Update
from node.core.state.data_age import DAYS, is_overdue

ZONE = ZoneInfo("Asia/Shanghai")
EXPORT = datetime(2026, 11, 23, 2, 0, tzinfo=ZONE)


@pytest.mark.parametrize(("update", "days"), DAYS.items())
def test_data_may_be_as_old_as_the_entry_says_and_a_day_later_are_overdue(update: str, days: int) -> None:
    last_minute = (EXPORT + timedelta(days=days)).replace(hour=23, minute=59)

    assert not is_overdue(to_ms(EXPORT), update, last_minute)
    assert is_overdue(to_ms(EXPORT), update, last_minute + timedelta(minutes=1))


def test_every_word_for_updates_is_known() -> None:
    assert {*DAYS, "once"} == set(get_args(Update))


def test_what_is_supplied_once_is_never_overdue() -> None:
    assert not is_overdue(to_ms(EXPORT), "once", EXPORT + timedelta(days=9999))


def test_data_are_not_old_for_a_clock_that_was_set_back() -> None:
    assert not is_overdue(to_ms(EXPORT), "daily", EXPORT - timedelta(days=400))


def test_days_are_those_of_the_place() -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=ZONE)
    assert not is_overdue(to_ms(late), "daily", late + timedelta(hours=24))
    assert is_overdue(to_ms(late), "daily", late + timedelta(hours=24, minutes=31))
