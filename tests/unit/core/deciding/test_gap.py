"""A time that is lost, and what is counted over it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.deciding.budget import ALWAYS, Debit, Period, exhausted
from node.core.deciding.cost import Cost, Day, Link
from node.core.deciding.gap import NO_GAPS, Gap, Gaps

times = st.integers(0, 100)
periods = st.tuples(times, times).map(sorted).map(lambda pair: Period(pair[0], pair[1] + 1))
gaps = st.lists(periods.map(lambda period: Gap(*period)), max_size=3).map(lambda found: Gaps(tuple(found)))


def moments(period: tuple[int, int]) -> set[int]:
    return set(range(*period))


@given(gaps, periods)
def test_time_that_has_a_moment_in_common_with_a_gap_is_shut(found: Gaps, period: Period) -> None:
    common = any(moments(gap) & moments(period) for gap in found.gaps)
    assert found.shut(period) is common
    assert found.shut_accounts("a", period) is common
    assert found.shut(ALWAYS) is bool(found)


@given(gaps, times)
def test_nothing_is_lost_of_what_comes_after_the_clock_was_set_back(found: Gaps, back: int) -> None:
    now = replace(found, reopened={"a": back, "b": back + 1}).set_back(back)
    assert now.end_ms == min(found.end_ms, back)
    assert not now.may_repeat(back)
    later = found.end_ms > back
    assert dict(now.reopened) == ({"a": back} if later else {"a": back, "b": back + 1})
    for moment in range(back):
        assert now.may_repeat(moment) is found.may_repeat(moment)


@given(gaps, periods, times)
def test_period_that_goes_on_is_as_shut_as_before(found: Gaps, period: Period, back: int) -> None:
    """Of what is counted when the clock is set back."""
    if period.from_ms < back < period.until_ms and found.shut(period):
        assert found.set_back(back).shut(period)


@given(gaps, periods, times)
def test_account_that_was_opened_is_shut_by_later_gaps_alone(found: Gaps, period: Period, end: int) -> None:
    reopened = Gaps(found.gaps, {"a": end})
    later = Gaps(tuple(gap for gap in found.gaps if gap.until_ms > end))
    assert reopened.shut_accounts("a", period) is later.shut(period)
    assert reopened.shut_accounts("b", period) is found.shut(period)
    assert reopened.shut_accounts("ab", period) is found.shut(period)
    assert reopened.shut(period) is found.shut(period)


COUNTERS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), periods), max_size=6)


@given(gaps, COUNTERS)
def test_counter_is_used_up_if_and_only_if_its_time_is_shut(
    found: Gaps, counters: list[tuple[int, int, Period]]
) -> None:
    debits = tuple(
        Debit("rule.subject", f"k{place}", 1, limit, 0, place, period)
        for place, (_, limit, period) in enumerate(counters)
    )
    balances = {f"k{place}": used for place, (used, _, _) in enumerate(counters)}
    before = dict(balances)
    cost = Cost((), debits, ())
    refused = {debit.subject for debit in exhausted(debits, cost.with_gaps(found, balances))}
    spent = {debit.subject for debit in exhausted(debits, balances)}
    assert refused == spent | {debit.subject for debit in debits if found.shut(debit.period)}
    assert balances == before


@given(gaps, periods, st.integers(0, 20))
def test_combination_is_completed_if_its_window_is_shut(found: Gaps, window: Period, day: int) -> None:
    link = Link(0, "mark", (("other", "older"),), 10, 12, 0, window)
    balances = {"older": day}
    counted = Cost((), (), (), (link,)).with_gaps(found, balances)
    assert link.completes(counted) is (day >= 10 or found.shut(window))


def test_without_a_gap_balances_are_what_they_are() -> None:
    balances = {"k": 1}
    cost = Cost((Debit("rule.day", "k", 1, 5),), (), ())
    assert cost.with_gaps(NO_GAPS, balances) is balances


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")])
@pytest.mark.parametrize("days", [1, 2, 30, 366])
def test_last_days_begin_at_a_midnight_and_end_with_the_day(zone: ZoneInfo, days: int) -> None:
    moment = datetime(2026, 11, 23, 15, 30, tzinfo=zone)
    day = Day.of(moment)
    last = day.last(days)
    first = datetime.fromtimestamp(last.from_ms / 1000, zone)
    assert (first.hour, first.minute) == (0, 0)
    assert first.date() == moment.date() - timedelta(days=days - 1)
    assert last.until_ms == day.period.until_ms


def test_intent_from_before_the_end_of_a_gap_may_be_a_repeat() -> None:
    found = Gaps((Gap(0, 50), Gap(60, 70)))
    assert [found.may_repeat(at) for at in (0, 69, 70, 71)] == [True, True, False, False]
    assert not NO_GAPS.may_repeat(0)
