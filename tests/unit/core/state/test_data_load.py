"""Loads of data have numbers that tell nothing of the data."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.milliseconds import to_ms
from node.core.state.data_load import DataLoad, KeptLoad, next_load

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 23, 12, tzinfo=ZONE)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=ZONE)
DAY = timedelta(days=1)


def test_first_load_has_number_one_and_its_time() -> None:
    assert next_load(None, "a", False, NOON) == KeptLoad(1, to_ms(NOON), "a")


def test_what_was_not_touched_is_no_new_load() -> None:
    first = next_load(None, "a", False, NOON)
    assert next_load(first, "a", False, NOON + 400 * DAY) is first
    assert first.at(NOON + 400 * DAY) == DataLoad(1, to_ms(NOON), as_of_ms=to_ms(NOON))


def test_each_touch_is_a_new_load_also_back_to_what_was_there_before() -> None:
    marks, loads = ["a", "b", "a", "b"], []
    last: KeptLoad | None = None
    for mark in marks:
        last = next_load(last, mark, False, NOON)
        loads.append(last.number)
    assert loads == [1, 2, 3, 4]


def test_live_database_has_one_load_a_day_from_its_midnight() -> None:
    first = next_load(None, "a", True, NOON)
    assert first.at(NOON) == DataLoad(1, to_ms(MIDNIGHT), as_of_ms=to_ms(NOON))
    assert first.at(MIDNIGHT + DAY - timedelta(milliseconds=1)).number == 1
    assert first.at(MIDNIGHT + DAY)[:2] == (2, to_ms(MIDNIGHT + DAY))
    assert first.at(NOON + 10 * DAY)[:2] == (11, to_ms(MIDNIGHT + 10 * DAY))


def test_restart_on_a_later_day_gives_the_load_that_the_day_had_anyway() -> None:
    first = next_load(None, "a", True, NOON)
    again = next_load(first, "a", True, NOON + 3 * DAY)
    assert again.at(NOON + 3 * DAY) == first.at(NOON + 3 * DAY)


def test_another_table_is_a_new_load_on_the_same_day() -> None:
    first = next_load(None, "a", True, NOON)
    other = next_load(first, "b", True, NOON + 2 * DAY)
    assert other.at(NOON + 2 * DAY).number == first.at(NOON + 2 * DAY).number + 1


def test_file_in_place_of_a_database_goes_on_counting() -> None:
    first = next_load(None, "a", True, NOON)
    assert next_load(first, "a", False, NOON + 5 * DAY).number == 7


def test_clock_that_was_set_back_brings_no_other_load() -> None:
    first = next_load(None, "a", True, NOON)
    assert first.at(NOON - 5 * DAY)[:2] == first.at(NOON)[:2]


def test_day_that_was_a_mistake_of_the_clock_does_not_last_until_it_comes() -> None:
    wrong = next_load(None, "a", True, NOON + 365 * DAY)
    again = next_load(wrong, "a", True, NOON)
    assert again.at(NOON)[:2] == (2, to_ms(MIDNIGHT))
    assert again.at(NOON + DAY).number == 3


@given(st.lists(st.tuples(st.sampled_from("ab"), st.booleans(), st.integers(0, 3)), min_size=1, max_size=20))
def test_numbers_never_fall_and_no_two_loads_share_number_and_time(
    steps: list[tuple[str, bool, int]],
) -> None:
    now, last = NOON, None
    seen: dict[tuple[int, int], tuple[str, bool, object]] = {}
    before = 0
    for mark, daily, days in steps:
        now += days * DAY
        last = next_load(last, mark, daily, now)
        load = last.at(now)
        assert load.number >= before
        before = load.number
        what = (mark, daily, now.date() if daily else last.time_ms)
        assert seen.setdefault((load.number, load.time_ms), what) == what


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_day_begins_at_midnight_also_when_clocks_change(zone: str) -> None:
    zoned = ZoneInfo(zone)
    first = next_load(None, "a", True, datetime(2026, 10, 31, 12, tzinfo=zoned))
    after = datetime(2026, 11, 2, 0, 30, tzinfo=zoned)
    assert first.at(after)[:2] == (3, to_ms(datetime(2026, 11, 2, tzinfo=zoned)))


def test_data_of_a_file_are_as_of_its_last_change_and_no_later_than_its_load() -> None:
    loaded = next_load(None, "a", False, NOON)
    written = NOON - 30 * DAY

    assert loaded.at(NOON).as_of_ms == to_ms(NOON), "what does not say when it was changed is as of its load"
    assert replace(loaded, changed_ms=to_ms(written)).at(NOON + DAY).as_of_ms == to_ms(written)
    assert replace(loaded, changed_ms=to_ms(NOON + 9 * DAY)).at(NOON + DAY).as_of_ms == to_ms(NOON)


def test_data_are_never_as_of_a_time_that_is_still_to_come() -> None:
    loaded = next_load(None, "a", False, NOON)

    assert loaded.at(NOON - DAY).as_of_ms == to_ms(NOON - DAY), "the clock was set back"


def test_data_of_a_live_database_are_as_of_the_moment() -> None:
    load = next_load(None, "a", True, NOON)

    for moment in (NOON, NOON + 3 * DAY, NOON - 2 * DAY):
        assert load.at(moment).as_of_ms == to_ms(moment)
