"""A clock that is doubted: what other departments and officers can do about it, what stands in the log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from support.doubting import CODE, DAY, HOUR, MINUTE, OFFICERS, SECOND, Office

from node.core.clock import Standing, Told
from node.core.deciding.gap import Gap, Gaps
from node.core.directory.spelling import moment_text
from node.core.log.usage import CLOCK_SET, StepBack, first_since
from node.core.milliseconds import from_ms, to_ms
from node.core.role import Caller
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob
from node.exchange.second_look import ASKED, BELIEVED
from node.exchange.shut_budgets import REOPENED
from node.exchange.watch import Unwatched

YEAR = 365 * DAY


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    office = Office(tmp_path)
    await office.record()
    await office.wait(2 * SECOND)
    yield office
    assert office.findings() == ()
    await office.close()


class Losing(Unwatched):
    """Goes along with a log of which records are lost."""

    def __init__(self, gaps: Gaps) -> None:
        self._gaps = gaps

    def gaps(self) -> Gaps:
        return self._gaps


def standing(office: Office) -> Standing:
    return office.clock.look()[0].standing


def told(office: Office) -> Told:
    return office.clock.look()[0].told


async def refused(office: Office) -> Reason:
    with pytest.raises(NodeError) as error:
        await office.record()
    return error.value.reason


def times(office: Office) -> list[int]:
    return [record.time_ms for record in office.records()]


# --- while the node runs ---


@pytest.mark.parametrize("jump", [YEAR, -YEAR, 2 * MINUTE])
async def test_records_go_on_by_the_time_that_ran(office: Office, jump: timedelta) -> None:
    office.machine.moved = jump
    await office.wait(HOUR)
    await office.record()
    assert times(office)[-1] == to_ms(office.machine.true)
    assert standing(office) is Standing.HELD


@pytest.mark.parametrize("jump", [10 * MINUTE, YEAR])
async def test_jump_that_two_departments_confirm_is_taken_and_recorded(
    office: Office, jump: timedelta
) -> None:
    office.machine.moved = jump
    office.others.say(jump, jump + SECOND)
    before = office.machine.true
    await office.wait(SECOND)
    assert standing(office) is Standing.AGREED
    last = office.records()[-1]
    assert (last.admin.action, last.time_ms) == (BELIEVED, to_ms(before + jump + SECOND))
    assert last.admin.clock.last_record_ms == times(office)[-2]
    assert last.admin.clock.node_ms == to_ms(before + SECOND)
    assert last.admin.clock.system_ms == to_ms(before + jump + SECOND)
    assert office.changed == 1


@pytest.mark.parametrize(
    ("off", "said"),
    [
        ((), Told.NOTHING),
        ((None, None, None), Told.NOTHING),
        ((YEAR,), Told.NOTHING),
        ((YEAR, None), Told.NOTHING),
        ((YEAR, timedelta()), Told.NOTHING),
        ((YEAR, YEAR, timedelta(), timedelta()), Told.NOTHING),
        ((YEAR, timedelta(), MINUTE), Told.OWN),
        ((timedelta(), MINUTE, YEAR, None), Told.OWN),
        ((40 * DAY, 40 * DAY), Told.OTHER),
    ],
    ids=[
        "nobody",
        "none reached",
        "one",
        "one reached",
        "two that differ",
        "two against two",
        "one liar",
        "one liar and one away",
        "two who say neither",
    ],
)
async def test_what_others_say_otherwise_leaves_the_node_its_own_time(
    office: Office, off: tuple[timedelta | None, ...], said: Told
) -> None:
    office.machine.moved = YEAR
    office.others.say(*off)
    await office.wait(SECOND)
    assert (standing(office), told(office)) == (Standing.HELD, said)
    await office.record()
    assert times(office)[-1] == to_ms(office.machine.true)


async def test_few_departments_are_asked_at_once_and_no_more_than_once_a_minute(office: Office) -> None:
    office.machine.moved = YEAR
    office.others.say(*[None] * 40)
    await office.wait(SECOND)
    for _ in range(29):
        await office.wait(2 * SECOND)
    assert len(office.others.asked) == ASKED
    await office.wait(2 * SECOND)
    assert len(office.others.asked) == 2 * ASKED


async def test_nobody_is_asked_while_there_is_no_doubt(office: Office) -> None:
    office.others.say(timedelta(), timedelta())
    for _ in range(10):
        await office.wait(HOUR)
    assert office.others.asked == []


async def test_what_cannot_be_recorded_is_not_taken(office: Office) -> None:
    office.machine.moved = YEAR
    office.others.say(YEAR, YEAR)
    office.faults.fail("commit")
    with pytest.raises(NodeError):
        await office.wait(SECOND)
    assert standing(office) is Standing.HELD
    office.faults.fail()
    await office.wait(MINUTE)
    assert standing(office) is Standing.AGREED


# --- after a start ---


async def test_last_time_is_known_over_a_restart_also_without_records(office: Office) -> None:
    await office.wait(30 * DAY)
    await office.restart(HOUR)
    assert standing(office) is Standing.AGREED


@pytest.mark.parametrize("away", [DAY + MINUTE, 7 * DAY])
async def test_start_after_a_long_time_waits_for_two_departments(office: Office, away: timedelta) -> None:
    await office.restart(away)
    assert standing(office) is Standing.WAITING
    assert await refused(office) is Reason.CLOCK_SKEWED
    assert office.commit.problem is None  # the clock tells its own
    office.others.say(timedelta(), None)
    await office.wait(SECOND)
    assert standing(office) is Standing.WAITING
    office.others.say(timedelta(), MINUTE, None)
    await office.wait(10 * SECOND)
    assert standing(office) is Standing.AGREED
    assert office.records()[-1].admin.action == BELIEVED
    await office.record()


@pytest.mark.parametrize("moved", [-YEAR, YEAR, -50 * YEAR])
async def test_start_with_a_wrong_clock_goes_on_by_what_two_departments_say(
    office: Office, moved: timedelta
) -> None:
    office.machine.moved = moved
    await office.restart(HOUR)
    assert await refused(office) is Reason.CLOCK_SKEWED
    office.others.say(SECOND, SECOND, moved)
    await office.wait(SECOND)
    assert (standing(office), told(office)) == (Standing.HELD, Told.OWN)
    await office.wait(DAY)
    await office.record()
    assert times(office)[-1] == to_ms(office.machine.true + SECOND)


async def test_clock_that_is_set_right_while_the_node_waits_is_believed_and_recorded(office: Office) -> None:
    office.machine.moved = -YEAR
    await office.restart(HOUR)
    office.machine.moved = timedelta()
    await office.wait(SECOND)
    last = office.records()[-1]
    assert (last.admin.action, last.time_ms) == (BELIEVED, to_ms(office.machine.true))
    assert last.admin.clock.node_ms < last.time_ms
    assert office.changed == 1


# --- a log that lies in the future ---


@pytest.fixture
async def ahead(office: Office) -> Office:
    """It was started with a clock that was wrong by twenty hours, and has recorded by it."""
    office.machine.moved = 20 * HOUR
    await office.restart(MINUTE)
    await office.record()
    office.machine.moved = timedelta()
    await office.wait(SECOND)
    assert standing(office) is Standing.HELD
    return office


async def test_departments_alone_do_not_take_the_log_back(ahead: Office) -> None:
    ahead.others.say(timedelta(), timedelta(), timedelta())
    await ahead.wait(MINUTE)
    assert (standing(ahead), told(ahead)) == (Standing.WAITING, Told.SYSTEM)
    assert await refused(ahead) is Reason.CLOCK_SKEWED
    await ahead.restart()
    await ahead.wait(SECOND)
    assert await refused(ahead) is Reason.CLOCK_SKEWED
    await ahead.wait(20 * HOUR)  # the time has come
    await ahead.record()
    assert times(ahead) == sorted(times(ahead))


@pytest.mark.parametrize("restarted", [False, True])
async def test_two_officers_take_the_log_back_with_a_record_that_names_both_times(
    ahead: Office, restarted: bool
) -> None:
    if restarted:
        await ahead.restart(MINUTE)
    before = times(ahead)
    index = await ahead.set_by_order()
    assert standing(ahead) is Standing.AGREED
    record = ahead.records()[index]
    assert (record.admin.action, tuple(record.admin.approved)) == (CLOCK_SET, OFFICERS)
    assert (record.time_ms, record.admin.clock.last_record_ms) == (to_ms(ahead.machine.true), before[-1])
    await ahead.record()
    assert times(ahead)[index:] == [to_ms(ahead.machine.true)] * 2
    await ahead.restart(MINUTE)
    await ahead.record()
    assert times(ahead)[-1] == to_ms(ahead.machine.true)


async def test_what_is_recorded_at_the_same_moment_goes_by_the_new_time(ahead: Office) -> None:
    size = ahead.commit.head.size
    works = [ahead.record(), ahead.set_by_order(), *(ahead.record() for _ in range(5))]
    await asyncio.gather(*works)
    now = to_ms(ahead.machine.true)
    assert times(ahead)[size] > now
    assert times(ahead)[size + 1 :] == [now] * 6


@pytest.mark.parametrize("at_a_start", [False, True])
async def test_nothing_is_forgotten_by_a_time_that_officers_took_forward_before_others_confirm_it(
    office: Office, at_a_start: bool
) -> None:
    before = office.machine.true
    office.machine.moved = 40 * DAY
    if at_a_start:
        await office.restart()
    await office.wait(MINUTE)
    await office.set_by_order()
    await office.wait(2 * MINUTE)
    assert from_ms(office.clock.now_ms()) == office.machine.true + 40 * DAY
    assert before <= from_ms(office.clock.certain_ms()) <= office.machine.true
    for _ in range(3):  # nor is it by starting again
        await office.restart(MINUTE)
        await office.wait(2 * MINUTE)
        assert before <= from_ms(office.clock.certain_ms()) <= office.machine.true
    office.others.say(40 * DAY, 40 * DAY)
    await office.wait(2 * MINUTE)
    assert office.clock.certain_ms() == office.clock.now_ms()
    await office.restart(MINUTE)
    assert office.clock.certain_ms() == office.clock.now_ms()


async def test_what_was_certain_is_so_still_when_the_clock_is_taken_back(office: Office) -> None:
    office.machine.moved = 40 * DAY
    await office.wait(MINUTE)
    await office.set_by_order()
    office.machine.moved = timedelta()
    await office.wait(MINUTE)
    await office.set_by_order()
    assert office.clock.certain_ms() == office.clock.now_ms() == to_ms(office.machine.true)


async def test_times_of_a_log_that_went_back_can_be_searched(ahead: Office) -> None:
    index = await ahead.set_by_order()
    now = to_ms(ahead.machine.true)
    await ahead.restart()
    assert ahead.memory.steps() == [StepBack(index, now)]
    size = ahead.commit.head.size

    def since(time_ms: int) -> int:
        return first_since(
            lambda each: ahead.store.leaves(each, 1)[0][1], size, time_ms, ahead.memory.steps()
        )

    assert since(now + 1) == size  # nothing lies in the future any more
    assert since(to_ms(ahead.machine.true - 10 * MINUTE)) == 0


async def test_what_was_lost_ends_when_the_log_goes_back(ahead: Office) -> None:
    now = to_ms(ahead.machine.true)
    gap, opened = Gap(now - 1000, times(ahead)[-1]), {"early": now - 500, "late": now + 500}
    job = AdminJob(CODE, Caller("operator"), "order.accept-state", "d0", "", gap=gap)
    await ahead.commit.run(job)
    for name, until in opened.items():
        ahead.store.set_fact(REOPENED + name, str(until))
    gaps = Gaps((gap,), opened)
    with mock.patch.object(ahead.commit, "_watch", Losing(gaps)):
        await ahead.set_by_order()
    assert ahead.store.gaps() == [Gap(now - 1000, now)]
    assert ahead.store.facts(REOPENED) == {"early": str(now - 500), "late": "0"}


async def test_log_that_went_back_is_cosigned_anew(ahead: Office) -> None:
    ahead.commit.replace_keys(ahead.commit._keys)
    index = await ahead.set_by_order()
    assert ahead.commit.head.cosigned_size == index + 1


async def test_glitch_of_years_is_left_by_an_order(office: Office) -> None:
    """As a node of an earlier version could have recorded it."""
    office.machine.moved = 3 * YEAR
    await office.set_by_order()
    await office.record()
    office.machine.moved = timedelta()
    await office.restart(MINUTE)
    office.others.say(timedelta(), timedelta())
    await office.wait(SECOND)
    assert await refused(office) is Reason.CLOCK_SKEWED
    await office.set_by_order()
    await office.record()
    assert times(office)[-1] == to_ms(office.machine.true)


# --- orders ---


async def test_there_is_nothing_to_decide_about_a_clock_that_is_believed(office: Office) -> None:
    for about, reason in (("", Reason.NOT_FOUND), ("other", Reason.QUERY_INVALID)):
        with pytest.raises(NodeError) as error:
            office.order.facts(about)
        assert error.value.reason is reason
    with pytest.raises(NodeError):
        await office.set_by_order()


@pytest.mark.parametrize("jump", [YEAR, -YEAR])
async def test_facts_of_an_order_hold_while_both_clocks_run(office: Office, jump: timedelta) -> None:
    office.machine.moved = jump
    facts = office.order.facts("")
    assert facts == {
        "system_clock": f"{'+' if jump > timedelta() else '-'}365d 00:00:00",
        "last_known": moment_text(office.machine.true),
    }
    await office.wait(3 * DAY)
    assert office.order.facts("") == facts


async def test_facts_of_an_order_hold_while_the_node_waits(office: Office) -> None:
    office.machine.moved = 3 * DAY
    await office.restart()
    facts = office.order.facts("")
    assert set(facts) == {"system_clock", "last_known"}
    office.others.say(YEAR, YEAR)
    await office.wait(2 * DAY)
    assert office.order.facts("") == facts


async def test_order_is_not_good_for_another_jump_of_the_same_length(office: Office) -> None:
    """Its own times do not count, so one that was never carried out would be good whenever it fits."""
    office.machine.moved = YEAR
    facts = office.order.facts("")
    office.machine.moved = timedelta()
    await office.wait(MINUTE)
    assert standing(office) is Standing.AGREED
    office.machine.moved = YEAR
    again = office.order.facts("")
    assert again["system_clock"] == facts["system_clock"]
    assert again != facts


async def test_clock_that_was_moved_since_the_order_was_written_is_another(office: Office) -> None:
    office.machine.moved = YEAR
    facts = office.order.facts("")
    office.machine.moved = YEAR + 2 * MINUTE
    assert office.order.facts("") != facts


async def test_order_that_cannot_be_recorded_changes_nothing(ahead: Office) -> None:
    ahead.faults.fail("commit")
    with pytest.raises(NodeError):
        await ahead.set_by_order()
    assert standing(ahead) is Standing.HELD
    ahead.faults.fail()
    await ahead.set_by_order()
    assert standing(ahead) is Standing.AGREED
