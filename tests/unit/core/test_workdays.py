"""Working days against the published arrangements, and hours.

Sources: General Office of the State Council, Guobanfa Mingdian [2024] No. 12 (holidays of 2025) and
Guobanfa Mingdian [2025] No. 7 (holidays of 2026).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from node.core.workdays import LAST_KNOWN_YEAR, Calendar, day, parse_hours

CHINA = Calendar(timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2025, 1, 28), date(2025, 2, 4)),
        (date(2025, 4, 4), date(2025, 4, 6)),
        (date(2025, 5, 1), date(2025, 5, 5)),
        (date(2025, 5, 31), date(2025, 6, 2)),
        (date(2025, 10, 1), date(2025, 10, 8)),
        (date(2026, 1, 1), date(2026, 1, 3)),
        (date(2026, 2, 15), date(2026, 2, 23)),
        (date(2026, 4, 4), date(2026, 4, 6)),
        (date(2026, 5, 1), date(2026, 5, 5)),
        (date(2026, 6, 19), date(2026, 6, 21)),
        (date(2026, 9, 25), date(2026, 9, 27)),
        (date(2026, 10, 1), date(2026, 10, 7)),
    ],
)
def test_published_holidays_are_no_working_days(first: date, last: date) -> None:
    each = first
    while each <= last:
        assert not day(each).workday, each
        each += timedelta(days=1)


@pytest.mark.parametrize(
    "made_up",
    [
        *[date(2025, 1, 26), date(2025, 2, 8), date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11)],
        *[date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20)],
        date(2026, 10, 10),
    ],
)
def test_make_up_days_at_weekends_are_working_days(made_up: date) -> None:
    assert made_up.weekday() >= 5
    assert day(made_up).workday


def test_known_years_are_final_and_later_ones_provisional() -> None:
    assert not day(date(LAST_KNOWN_YEAR, 12, 31)).provisional
    beyond = day(date(LAST_KNOWN_YEAR + 1, 10, 1))
    assert beyond.provisional
    assert beyond.workday is (beyond.date.weekday() < 5)


def test_the_day_is_that_of_the_zone() -> None:
    sunday_evening_in_utc = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
    assert CHINA.day(sunday_evening_in_utc).date == date(2026, 11, 23)
    assert CHINA.day(sunday_evening_in_utc).workday


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        CHINA.day(datetime(2026, 11, 23))  # noqa: DTZ001  # what is refused


def test_hours_include_their_start_and_not_their_end() -> None:
    hours = parse_hours("08:30-17:30")
    assert hours is not None
    assert str(hours) == "08:30-17:30"
    held = {
        minute
        for minute in range(24 * 60)
        if hours.holds(datetime(2026, 1, 1, *divmod(minute, 60), 59, tzinfo=UTC))
    }
    assert held == set(range(8 * 60 + 30, 17 * 60 + 30))


def test_a_day_may_run_to_its_end() -> None:
    hours = parse_hours("00:00-24:00")
    assert hours is not None
    assert hours.holds(datetime(2026, 1, 1, 23, 59, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "08:30",
        "8:30-17:30",
        "17:30-08:30",
        "08:30-08:30",
        "08:60-09:00",
        "24:01-25:00",
        "00:00-24:01",
        "０８:30-17:30",
        "08:30-17:30\n",
        "08:30 - 17:30",
    ],
)
def test_other_hours_are_refused(text: str) -> None:
    assert parse_hours(text) is None
