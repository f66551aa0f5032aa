"""Claims about the time that a node goes by, whatever the clock of its system does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.told import english

from node.core.clock import (
    Clock,
    ClockBounds,
    Reading,
    Standing,
    Told,
    agreed,
    clock_problem,
    heard,
    looked,
    most_say,
    span_text,
    started,
)

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
BOUNDS = ClockBounds(jump=MINUTE, away=DAY, skew=5 * MINUTE)


@dataclass
class Machine:
    """A machine whose clock can be set, and a node on it."""

    moved: timedelta = timedelta()
    ran: timedelta = timedelta()
    clock: Clock | None = None

    def start(self, known: datetime | None = NOW) -> Clock:
        """The node starts, and last knew this time."""
        self.clock = started(self.reading(), known, BOUNDS)
        return self.clock

    def reading(self) -> Reading:
        return Reading(NOW + self.ran + self.moved, self.ran)

    def look(self, after: timedelta = timedelta()) -> Clock:
        assert self.clock is not None
        self.ran += after
        self.clock = looked(self.clock, self.reading(), BOUNDS)
        return self.clock

    def hear(self, said: datetime, last_record: datetime | None = NOW) -> Clock:
        assert self.clock is not None
        self.clock = heard(self.clock, self.reading(), said, last_record, BOUNDS)
        return self.clock

    @property
    def true(self) -> datetime:
        return NOW + self.ran

    @property
    def time(self) -> datetime:
        assert self.clock is not None
        return self.clock.time(self.reading())

    @property
    def problem(self) -> str:
        assert self.clock is not None
        return english(clock_problem(self.clock, self.reading()))


@pytest.fixture
def machine() -> Machine:
    machine = Machine()
    machine.start()
    machine.look(2 * SECOND)
    return machine


# --- while the node runs ---


@pytest.mark.parametrize("jump", [61 * SECOND, HOUR, 365 * DAY, -61 * SECOND, -HOUR, -20 * 365 * DAY])
def test_a_jump_is_not_believed_and_the_node_goes_on(machine: Machine, jump: timedelta) -> None:
    machine.moved = jump
    assert machine.look(SECOND).standing is Standing.HELD
    machine.look(10 * HOUR)
    assert machine.time == machine.true
    assert span_text(jump) in machine.problem


@pytest.mark.parametrize("step", [59 * SECOND, -59 * SECOND])
def test_a_small_step_is_taken(machine: Machine, step: timedelta) -> None:
    machine.moved = step
    assert machine.look(SECOND).standing is Standing.AGREED
    assert machine.time == machine.true + step
    assert machine.problem == ""


def test_the_clock_is_believed_again_when_it_is_set_right(machine: Machine) -> None:
    machine.moved = 400 * DAY
    machine.look(SECOND)
    machine.moved = timedelta()
    assert machine.look(DAY).standing is Standing.AGREED
    assert (machine.time, machine.problem) == (machine.true, "")


@pytest.mark.parametrize("direction", [1, -1])
def test_slow_drift_is_followed_for_good(machine: Machine, direction: int) -> None:
    for _ in range(2000):
        machine.moved += direction * timedelta(milliseconds=20)
        assert machine.look(30 * SECOND).standing is Standing.AGREED
        assert machine.time == machine.true + machine.moved


def test_many_small_steps_are_a_jump(machine: Machine) -> None:
    for _ in range(10):
        machine.moved += 20 * SECOND
        machine.look(10 * SECOND)
    assert machine.clock is not None
    assert machine.clock.standing is Standing.HELD
    assert machine.time - machine.true <= 61 * SECOND


def test_many_small_steps_are_a_jump_though_each_is_taken_back_for_a_moment(machine: Machine) -> None:
    for _ in range(20):
        machine.moved += 20 * SECOND
        machine.look(SECOND)
        here, machine.moved = machine.moved, 400 * DAY
        machine.look(SECOND)
        machine.moved = here
        machine.look(SECOND)
    assert machine.time - machine.true <= 62 * SECOND


def test_two_departments_confirm_a_jump(machine: Machine) -> None:
    machine.moved = 10 * MINUTE  # the machine stood still, and its clock was set when it woke
    machine.look(SECOND)
    assert machine.hear(machine.true + 10 * MINUTE).standing is Standing.AGREED
    assert (machine.time, machine.problem) == (machine.true + 10 * MINUTE, "")


def test_two_departments_confirm_the_nodes_own_time(machine: Machine) -> None:
    machine.moved = 365 * DAY
    machine.look(SECOND)
    clock = machine.hear(machine.true + 10 * SECOND)
    assert (clock.standing, clock.told) == (Standing.HELD, Told.OWN)
    assert machine.time == machine.true
    assert "set it" in machine.problem


@pytest.mark.parametrize(("said", "standing"), [(5, Standing.HELD), (115, Standing.AGREED)])
def test_of_two_times_that_both_may_be_the_nearer_is_taken(
    machine: Machine, said: int, standing: Standing
) -> None:
    machine.moved = 2 * MINUTE  # the departments may be off by more
    machine.look(SECOND)
    assert machine.hear(machine.true + timedelta(seconds=said)).standing is standing


def test_departments_that_say_neither_change_nothing(machine: Machine) -> None:
    machine.moved = 365 * DAY
    machine.look(SECOND)
    clock = machine.hear(machine.true + 40 * DAY)
    assert (clock.standing, clock.told) == (Standing.HELD, Told.OTHER)
    assert machine.time == machine.true


def test_what_was_said_of_a_jump_does_not_count_for_the_next(machine: Machine) -> None:
    machine.moved = 365 * DAY
    machine.look(SECOND)
    machine.hear(machine.true)
    machine.moved = -365 * DAY
    assert machine.look(SECOND).told is Told.NOTHING


def test_a_confirmed_clock_that_is_behind_the_log_stops_the_node_until_then(machine: Machine) -> None:
    """It had been ahead when the node started, and records were written by it."""
    last = machine.true
    machine.moved = -40 * MINUTE
    machine.look(SECOND)
    clock = machine.hear(machine.reading().wall, last)
    assert (clock.standing, clock.told) == (Standing.WAITING, Told.SYSTEM)
    assert "the last record is of" in machine.problem
    assert machine.look(38 * MINUTE).standing is Standing.WAITING
    assert machine.look(MINUTE).standing is Standing.AGREED


# --- after a start ---


@pytest.mark.parametrize("away", [timedelta(), -59 * SECOND, 3 * HOUR, DAY])
def test_a_start_after_a_short_time_is_believed(away: timedelta) -> None:
    machine = Machine(moved=away)
    assert machine.start().standing is Standing.AGREED
    assert machine.time == NOW + away


@pytest.mark.parametrize("away", [DAY + SECOND, 365 * DAY, -3 * MINUTE, -20 * 365 * DAY])
def test_a_start_far_from_the_last_time_waits(away: timedelta) -> None:
    machine = Machine(moved=away)
    assert machine.start().standing is Standing.WAITING
    assert machine.look(MINUTE).standing is Standing.WAITING
    assert machine.time == NOW + MINUTE
    assert span_text(away) in machine.problem


def test_a_new_node_believes_its_system() -> None:
    machine = Machine(moved=400 * DAY)
    assert machine.start(known=None).standing is Standing.AGREED


@pytest.mark.parametrize("away", [7 * DAY, -7 * DAY])
def test_a_clock_that_is_set_while_the_node_waits_ends_the_waiting(away: timedelta) -> None:
    machine = Machine(moved=away)
    machine.start()
    machine.look(MINUTE)
    machine.moved = timedelta()
    assert machine.look(SECOND).standing is Standing.AGREED


def test_departments_that_agree_with_the_system_end_the_waiting() -> None:
    machine = Machine(moved=7 * DAY)
    machine.start()
    assert machine.hear(machine.reading().wall - MINUTE).standing is Standing.AGREED
    assert machine.time == machine.reading().wall


@pytest.mark.parametrize("moved", [-20 * 365 * DAY, 365 * DAY])
def test_departments_say_what_time_it_is_when_the_system_is_wrong(moved: timedelta) -> None:
    machine = Machine(moved=moved)
    machine.start()
    assert machine.hear(NOW + 20 * HOUR).standing is Standing.HELD
    machine.look(HOUR)
    assert machine.time == NOW + 21 * HOUR
    assert "set it" in machine.problem
    machine.moved = 20 * HOUR
    assert machine.look(SECOND).standing is Standing.AGREED


@pytest.mark.parametrize("moved", [-20 * 365 * DAY, 3 * DAY])
def test_departments_who_lie_together_take_a_node_no_further_than_a_start_would(moved: timedelta) -> None:
    machine = Machine(moved=moved)
    machine.start()
    clock = machine.hear(NOW + 365 * DAY)
    assert (clock.standing, clock.told) == (Standing.WAITING, Told.OTHER)
    assert "2027-11-23 10:00:00+08:00: nothing is asked or answered until it is set" in machine.problem


@pytest.mark.parametrize("moved", [-300 * DAY, 3 * DAY, timedelta()])
def test_departments_alone_do_not_take_a_node_behind_its_last_record(moved: timedelta) -> None:
    machine = Machine(moved=moved - 365 * DAY)
    machine.start()
    clock = machine.hear(NOW - 365 * DAY)
    assert clock.standing is Standing.WAITING
    assert "until officers sign an order" in machine.problem


@pytest.mark.parametrize(("moved", "told"), [(7 * DAY, True), (-7 * DAY, False)])
def test_a_node_that_waits_tells_others_its_systems_time_unless_that_cannot_be(
    moved: timedelta, told: bool
) -> None:
    machine = Machine(moved=moved)
    clock = machine.start()
    assert (clock.shown_to_others(machine.reading()) is not None) is told


def test_a_node_that_holds_its_own_time_tells_others_that(machine: Machine) -> None:
    machine.moved = 365 * DAY
    assert machine.look(SECOND).shown_to_others(machine.reading()) == machine.true


# --- what is certain ---


def test_time_that_nothing_confirms_is_not_certain() -> None:
    machine = Machine(moved=20 * HOUR)
    clock = machine.start()
    assert clock.wants_second_look()
    machine.look(HOUR)
    assert machine.clock is not None
    assert machine.clock.certain_time(machine.reading()) == NOW + HOUR
    clock = machine.hear(machine.reading().wall)
    assert not clock.wants_second_look()
    assert clock.certain_time(machine.reading()) == machine.reading().wall


def test_time_that_others_contradict_is_told_and_stays_uncertain() -> None:
    machine = Machine(moved=20 * HOUR)
    machine.start()
    clock = machine.hear(NOW)
    assert (clock.standing, clock.told) == (Standing.AGREED, Told.OTHER)
    assert clock.certain_time(machine.reading()) == NOW
    assert "check the system's clock" in machine.problem


@given(
    st.lists(
        st.tuples(
            st.timedeltas(min_value=-400 * DAY, max_value=400 * DAY),
            st.timedeltas(min_value=timedelta(), max_value=2 * DAY),
        ),
        max_size=20,
    )
)
def test_whatever_the_system_does_alone_the_time_is_never_far_off(
    steps: list[tuple[timedelta, timedelta]],
) -> None:
    machine = Machine()
    machine.start()
    for moved, ran in steps:
        machine.moved = moved
        machine.look(ran)
        assert abs(machine.time - machine.true) <= 2 * BOUNDS.jump
        machine.look(SECOND)


@given(st.data())
def test_certain_time_is_never_after_the_time(data: st.DataObject) -> None:
    spans = st.timedeltas(min_value=-40 * DAY, max_value=40 * DAY)
    machine = Machine(moved=data.draw(spans))
    machine.start()
    for _ in range(5):
        machine.moved = data.draw(spans)
        machine.look(data.draw(st.timedeltas(min_value=timedelta(), max_value=DAY)))
        if data.draw(st.booleans()):
            machine.hear(NOW + data.draw(spans))
        assert machine.clock is not None
        assert machine.clock.certain_time(machine.reading()) <= machine.time


# --- what most departments say ---


def _times(*minutes: float) -> list[datetime]:
    return [NOW + minute * MINUTE for minute in minutes]


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        ((), None),
        ((0,), None),
        ((0, 1), 1),
        ((0, 6), None),
        ((0, 1, 500), 1),
        ((0, 500, 1000), None),
        ((0, 1, 500, 501), None),
        ((0, 1, 2, 500, 501), 1),
        ((-9, -8, 0, 0.1, 9), None),
        ((0, 4, 8), 4),
        ((0, 6, 12), None),
        ((0, 3, 4), 4),
    ],
)
def test_two_departments_and_most_of_all_have_to_agree(
    minutes: tuple[float, ...], said: float | None
) -> None:
    expected = None if said is None else NOW + said * MINUTE
    assert most_say(_times(*minutes), BOUNDS.skew) == expected


@given(st.lists(st.floats(-3000, 3000), max_size=4), st.lists(st.floats(-2, 2), min_size=5, max_size=9))
def test_liars_who_are_fewer_than_half_do_not_move_the_time(liars: list[float], honest: list[float]) -> None:
    said = most_say(_times(*liars, *honest), 4 * MINUTE)
    assert said is not None
    assert abs(said - NOW) <= 6.01 * MINUTE


def test_spans_are_the_same_in_every_language() -> None:
    assert span_text(7 * DAY + 3 * HOUR + 2 * MINUTE + 11 * SECOND) == "+7d 03:02:11"
    assert span_text(-timedelta(seconds=61.4)) == "-0d 00:01:01"


def test_a_clock_that_is_accepted_is_certain() -> None:
    clock = agreed(Machine().reading())
    assert replace(clock, told=Told.SYSTEM).wants_second_look() is False
