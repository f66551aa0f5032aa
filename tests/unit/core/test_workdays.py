"""Working days against the published arrangements, and hours.

Sources: General Office of the State Council, Guobanfa Mingdian [2024] No. 12 (holidays of 2025) and
Guobanfa Mingdian [2025] No. 7 (holidays of 2026).
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from node.core.reading.holidays import read_holidays
from node.core.workdays import LAST_KNOWN_YEAR, MAX_WORKDAYS, Calendar, day, parse_hours

ZONE = timezone(timedelta(hours=8))
CHINA = Calendar(ZONE)
ONE_DAY = timedelta(days=1)

# The notices, day by day: spans off, and weekend days that are worked.
PUBLISHED = {
    2025: (
        ["01-01/01-01", "01-28/02-04", "04-04/04-06", "05-01/05-05", "05-31/06-02", "10-01/10-08"],
        ["01-26", "02-08", "04-27", "09-28", "10-11"],
    ),
    2026: (
        [
            *("01-01/01-03", "02-15/02-23", "04-04/04-06", "05-01/05-05", "06-19/06-21", "09-25/09-27"),
            "10-01/10-07",
        ],
        ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
    ),
}


def _days(year: int, span: str) -> list[date]:
    first, last = (date.fromisoformat(f"{year}-{end}") for end in span.split("/"))
    return [first + ONE_DAY * ahead for ahead in range((last - first).days + 1)]


def _year(year: int) -> list[date]:
    return _days(year, "01-01/12-31")


@pytest.mark.parametrize("year", PUBLISHED)
def test_every_day_of_a_published_year_is_as_the_notice_says(year: int) -> None:
    spans, made_up = PUBLISHED[year]
    off = {each for span in spans for each in _days(year, span)}
    worked = {date.fromisoformat(f"{year}-{each}") for each in made_up}
    assert all(each.weekday() >= 5 for each in worked)
    for each in _year(year):
        found = day(each)
        assert found.workday is (each in worked or (each.weekday() < 5 and each not in off)), each
        assert not found.provisional
        assert bool(found.title) is (each in worked | off), each


@pytest.mark.parametrize(
    ("start", "workdays", "end"),
    [
        # Before the Spring Festival of 2026: 14 February, a Saturday, is worked, then nine days are off.
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 13), 2, date(2026, 2, 24)),
        # Ten working days of a reply (Art. 21) over the National Day of 2026: 20 September and
        # 10 October are worked.
        (date(2026, 9, 18), 10, date(2026, 10, 9)),
        (date(2026, 9, 30), 10, date(2026, 10, 20)),
        # One working day over the National Day and Mid-Autumn Festival of 2025.
        (date(2025, 9, 30), 1, date(2025, 10, 9)),
        (date(2025, 9, 30), 3, date(2025, 10, 11)),
        # A term that begins on a day off.
        (date(2026, 5, 3), 1, date(2026, 5, 6)),
    ],
)
def test_a_term_leaves_out_its_first_day_and_counts_make_up_days(
    start: date, workdays: int, end: date
) -> None:
    term = CHINA.add_workdays(start, workdays)
    assert (term.end, term.provisional) == (end, False)
    assert CHINA.workdays_between(start, end).workdays == workdays
    assert CHINA.workdays_between(end, start).workdays == -workdays


def test_the_published_years_have_as_many_working_days_as_counted_by_hand() -> None:
    # Each has 261 days from Monday to Friday. 2025: 18 of them off, 5 days made up; 2026: 19 off, 6 made up.
    for year, workdays in ((2025, 248), (2026, 248)):
        assert sum(day(each).workday for each in _year(year)) == workdays


def test_a_term_into_a_year_that_is_not_known_is_provisional() -> None:
    last = date(LAST_KNOWN_YEAR, 12, 31)
    assert CHINA.known_until == last
    assert not CHINA.workdays_between(last - ONE_DAY * 9, last).provisional
    assert CHINA.workdays_between(last - ONE_DAY * 9, last + ONE_DAY).provisional
    assert CHINA.add_workdays(last, 1).provisional
    assert not CHINA.workdays_between(last + ONE_DAY, last).workdays > 0


@pytest.mark.parametrize("workdays", [0, -1, MAX_WORKDAYS + 1])
def test_terms_have_bounds(workdays: int) -> None:
    with pytest.raises(ValueError, match="working days"):
        CHINA.add_workdays(date(2026, 1, 1), workdays)
    with pytest.raises(ValueError, match="days apart"):
        CHINA.workdays_between(date(2000, 1, 1), date(2090, 1, 1))


def _first_monday(year: int) -> date:
    return next(day for each in range(1, 8) if (day := date(year, 3, each)).weekday() == 0)


def test_an_operators_days_stand_above_the_published_and_the_week() -> None:
    monday = _first_monday(LAST_KNOWN_YEAR + 1)
    span = f"{monday}/{monday + 3 * ONE_DAY}"
    text = f"days_off:\n  2026-11-20: 停电\n  {span}: 停工\nworking_days: {{2026-10-05: 值班}}\n"
    calendar = Calendar(ZONE, read_holidays("holidays.yaml", text.encode()))
    closed, duty, holiday, unlisted = (
        calendar.on(each)
        for each in (date(2026, 11, 20), date(2026, 10, 5), monday + ONE_DAY, monday + 4 * ONE_DAY)
    )
    assert (closed.workday, closed.title) == (False, "停电")
    assert (duty.workday, duty.title) == (True, "值班")
    assert (holiday.workday, holiday.provisional) == (False, False)
    assert (unlisted.workday, unlisted.provisional) == (True, True)
    assert CHINA.on(date(2026, 11, 20)).workday
    assert calendar.day(datetime(2026, 11, 20, 2, tzinfo=UTC)) == closed


def test_a_complete_year_is_no_longer_provisional_but_one_behind_a_gap_is_not_the_end_of_what_is_known() -> (
    None
):
    next_year = LAST_KNOWN_YEAR + 1
    text = f"complete: [{next_year}, {next_year + 2}]\ndays_off:\n"
    text += f"  {next_year}-10-01/{next_year}-10-07: 国庆节\n  {next_year + 2}-10-01: 国庆节\n"
    calendar = Calendar(ZONE, read_holidays("holidays.yaml", text.encode()))
    assert calendar.known_until == date(next_year, 12, 31)
    assert not any(calendar.on(each).provisional for each in _year(next_year))
    assert calendar.on(date(next_year + 1, 3, 3)).provisional
    assert not calendar.on(date(next_year + 2, 3, 3)).provisional


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
