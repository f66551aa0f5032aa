"""The time of a log never goes back but where two officers ordered it, whatever clocks and departments do."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from support.doubting import BOUNDS, DAY, HOUR, MINUTE, SECOND, Office
from support.examples import examples

from node.core.clock import Standing
from node.core.log.usage import CLOCK_SET
from node.core.milliseconds import to_ms
from node.errors import NodeError, Reason
from node.exchange.second_look import BELIEVED

_OFF = st.one_of(
    st.just(timedelta()),
    st.sampled_from([MINUTE / 2, 20 * HOUR, 3 * DAY, 365 * DAY]),
    st.timedeltas(min_value=-2 * MINUTE, max_value=2 * MINUTE),
    st.timedeltas(min_value=-3 * DAY, max_value=3 * DAY),
    st.timedeltas(min_value=-400 * DAY, max_value=400 * DAY),
)
_SPAN = st.one_of(
    st.timedeltas(min_value=timedelta(), max_value=5 * SECOND),
    st.timedeltas(min_value=timedelta(), max_value=3 * DAY),
)


@dataclass(frozen=True)
class Wait:
    span: timedelta


@dataclass(frozen=True)
class Jump:
    off: timedelta


@dataclass(frozen=True)
class Record:
    pass


@dataclass(frozen=True)
class Restart:
    after: timedelta


@dataclass(frozen=True)
class Say:
    off: tuple[timedelta | None, ...]


@dataclass(frozen=True)
class Agree:
    """Three departments tell what the system's clock says, or the true time."""

    with_system: bool


@dataclass(frozen=True)
class Glitch:
    """The node is started and records while the clock is off, which is set right then."""

    off: timedelta


@dataclass(frozen=True)
class Fail:
    step: str


@dataclass(frozen=True)
class Decide:
    pass


_STEPS = st.lists(
    st.one_of(
        st.builds(Wait, _SPAN),
        st.builds(Jump, _OFF),
        st.just(Record()),
        st.just(Record()),
        st.builds(Restart, _SPAN),
        st.builds(Say, st.lists(st.one_of(st.none(), _OFF), max_size=5).map(tuple)),
        st.builds(Agree, st.booleans()),
        st.builds(Glitch, st.timedeltas(min_value=MINUTE, max_value=DAY)),
        st.builds(Fail, st.sampled_from(["begin", "write", "commit", "late"])),
        st.just(Decide()),
    ),
    max_size=25,
)
_EXPECTED = frozenset({Reason.CLOCK_SKEWED, Reason.STORE_UNAVAILABLE, Reason.NOT_FOUND})
Step = Wait | Jump | Record | Restart | Say | Agree | Glitch | Fail | Decide


async def _do(office: Office, step: Step) -> None:
    match step:
        case Wait(span):
            await office.wait(span)
        case Jump(off):
            office.machine.moved = off
        case Record():
            await office.record()
        case Restart(after):
            await office.restart(after)
        case Say(off):
            office.others.say(*off)
        case Agree(with_system):
            office.others.say(*[office.machine.moved if with_system else timedelta()] * 3)
            await office.wait(MINUTE)
        case Glitch(off):
            office.machine.moved = off
            await office.restart()
            try:
                await office.record()
            finally:
                office.machine.moved = timedelta()
        case Fail(name):
            office.faults.fail(name)
            try:
                await office.record()
            finally:
                office.faults.fail()
        case Decide():
            await office.set_by_order()


def _check(office: Office, step: Step, before: int, failed: NodeError | None) -> None:
    records = office.records()
    for earlier, later in pairwise(records):
        assert earlier.time_ms <= later.time_ms or (
            later.admin.action == CLOCK_SET and later.admin.clock.last_record_ms == earlier.time_ms
        )
    assert office.findings() == ()
    clock, reading = office.clock.look()
    if clock.standing is Standing.WAITING:
        assert not isinstance(step, Record) or failed is not None
        assert office.clock.shown_ms() in (0, to_ms(reading.wall))
    elif isinstance(step, Record):
        assert failed is None
    # The log gets a time of its own choice only where that is recorded as such.
    if isinstance(step, Record) and failed is None:
        new = records[-1]
        assert new.time_ms == max(to_ms(clock.time(reading)), records[-2].time_ms if before else 0)
        assert new.admin.action not in (CLOCK_SET, BELIEVED)


@examples(50)
@given(_STEPS)
@example([Glitch(20 * HOUR), Agree(with_system=True), Record()])
@example([Glitch(2 * MINUTE), Agree(with_system=True), Record(), Wait(MINUTE / 4), Record()])
@example([Glitch(20 * HOUR), Wait(SECOND), Decide(), Record(), Restart(MINUTE), Record()])
@example([Jump(365 * DAY), Agree(with_system=False), Record(), Restart(HOUR), Record()])
def test_time_in_the_log_goes_back_by_order_alone(steps: list[Step]) -> None:
    async def run(folder: Path) -> None:
        office = Office(folder)
        try:
            await office.record()
            for step in steps:
                before, failed = len(office.records()), None
                try:
                    await _do(office, step)
                except NodeError as error:
                    failed = error
                assert failed is None or failed.reason in _EXPECTED
                _check(office, step, before, failed)
        finally:
            with contextlib.suppress(NodeError):
                await office.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))


@examples(25)
@given(_STEPS, st.timedeltas(min_value=-400 * DAY, max_value=400 * DAY))
def test_every_state_of_the_clock_is_left_by_setting_it_or_by_an_order(
    steps: list[Step], moved: timedelta
) -> None:
    async def run(folder: Path) -> None:
        office = Office(folder)
        try:
            await office.record()
            for step in steps:
                with contextlib.suppress(NodeError):
                    await _do(office, step)
            office.machine.moved = moved
            office.others.say()
            if office.clock.look()[0].standing is not Standing.AGREED:
                await office.set_by_order()
            await office.record()
            last = office.records()[-1].time_ms
            assert abs(last - to_ms(office.machine().wall)) <= 3 * BOUNDS.jump / timedelta(milliseconds=1)
            assert office.findings() == ()
        finally:
            await office.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(Path(folder)))
