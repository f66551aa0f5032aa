"""What the node does about a clock that it doubts: asks others, lets officers decide, records the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from node.core.clock import Clock, Line, Reading, Standing, heard, most_say, ordered, span_text
from node.core.directory.spelling import moment_text
from node.core.log import usage
from node.core.log.commit import AnsweredExchange, Append
from node.core.log.usage import CLOCK_SET, ClockTimes, StepBack
from node.core.milliseconds import from_ms, to_ms
from node.core.role import Caller
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob
from node.exchange.group import GroupCommit
from node.exchange.job import Moment, Recorded
from node.exchange.ledger import Ledger
from node.exchange.node_clock import NodeClock
from node.exchange.shut_budgets import REOPENED

ASKED = 5
"""Departments that are asked for the time at once."""
BELIEVED = "clock.believed"
"""The action of a record by which the node takes another time without an order."""
_SOON, _LATER = timedelta(seconds=10), timedelta(seconds=60)
"""How often others are asked: while nothing can be answered, and else."""
_REMEMBERED = timedelta(seconds=60)
_LATEST_MS = 1 << 47
"""No clock says a later time (the year 6429): sums of times stay within what a calendar has."""
_KNOWN = "clock.known"
_CERTAIN = "clock.certain"
_STEPS = "clock.steps"


@dataclass(slots=True)
class ClockJob:
    """The record of what the node had to choose between, and of the time that it goes on by: its own."""

    admin: AdminJob
    node_ms: int
    system_ms: int
    last_record_ms: Callable[[], int]
    steps: Sequence[StepBack]
    certain_ms: int = 0
    """What has certainly come, where that is less than the time that the node goes by; else 0."""

    counters: Sequence[str] = ()
    exchange: tuple[str, bytes] | None = None

    def repeat(self, earlier: AnsweredExchange, recorded: Recorded, opening: bytes) -> int | None:
        """Never."""
        return None

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        """The record; what the node remembers of the time goes back with the log."""
        admin, last = self.admin, self.last_record_ms()
        leaf = usage.admin_record(
            time_ms,
            admin.department,
            admin.caller,
            admin.action,
            admin.target,
            admin.note,
            admin.approved,
            ClockTimes(last, self.node_ms, self.system_ms),
        )
        facts = [*admin.facts, (_KNOWN, str(time_ms)), (_CERTAIN, str(self.certain_ms))]
        if time_ms >= last:
            return Append(leaf=leaf, facts=tuple(facts))
        facts.append((_STEPS, _steps_text([*self.steps, StepBack(index, time_ms)])))
        open_still = ledger.gaps.set_back(time_ms).reopened
        facts += [(REOPENED + name, "0") for name in ledger.gaps.reopened if name not in open_still]
        return Append(leaf=leaf, facts=tuple(facts), lost_until_ms=time_ms)

    def finish(self, append: Append, recorded: Recorded) -> tuple[Append, int]:
        """Where it stands."""
        return append, recorded.index


class ClockMemory:
    """What a node remembers of the time over restarts."""

    def __init__(self, fact: Callable[[str], str | None], set_fact: Callable[[str, str], None]) -> None:
        self._fact = fact
        self._set_fact = set_fact

    def known(self, last_record_ms: int) -> datetime | None:
        """The last time that the node knew, None before there was one."""
        known = max(int(self._fact(_KNOWN) or 0), last_record_ms)
        return from_ms(known) if known else None

    def certain(self) -> datetime | None:
        """What had certainly come, where that is less than the last time that the node knew."""
        certain = int(self._fact(_CERTAIN) or 0)
        return from_ms(certain) if certain else None

    def remember(self, time_ms: int, certain_ms: int) -> None:
        """Keep this time, durably, and what has certainly come, 0 for no less.

        Raises NodeError(STORE_UNAVAILABLE).
        """
        self._set_fact(_CERTAIN, str(certain_ms))
        self._set_fact(_KNOWN, str(time_ms))

    def steps(self) -> list[StepBack]:
        """Where the time of the log went back, the oldest first."""
        pairs = (step.split(":") for step in (self._fact(_STEPS) or "").split())
        return [StepBack(int(index), int(time_ms)) for index, time_ms in pairs]


class ClockKeeper:
    """Looks at the clock again and again. Used in one event loop."""

    def __init__(
        self,
        *,
        department: str,
        clock: NodeClock,
        commit: GroupCommit,
        memory: ClockMemory,
        others: Callable[[], Sequence[str]],
        ask: Callable[[str], Awaitable[int]],
        choose: Callable[[Sequence[str], int], Sequence[str]],
        in_worker: Callable[[Callable[[], None]], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        """`others` are departments that can be asked, `ask` gives the time that one tells (ms, 0 for none).

        `choose` takes so many of them by chance; `changed` hears that the node goes by another time.
        """
        self._department = department
        self._clock = clock
        self._commit = commit
        self._memory = memory
        self._others = others
        self._ask = ask
        self._choose = choose
        self._in_worker = in_worker
        self._changed = changed
        first, _ = clock.look()
        self._waiting = first if first.standing is Standing.WAITING else None
        self._asked: timedelta | None = None
        self._remembered: timedelta | None = None

    async def tick(self) -> None:
        """To be called every few seconds. Raises NodeError when what has to be recorded cannot be."""
        clock, reading = self._clock.look()
        known = clock.standing is not Standing.WAITING
        if known and self._waiting is not None:  # the system's clock was set right
            await self._commit.run(
                self._job(
                    self._waiting,
                    reading,
                    "the system's clock was set",
                    certain_ms=_certain_ms(clock, reading),
                ),
                by_staff=True,
            )
            self._changed()
        self._waiting = None if known else clock
        if clock.wants_second_look() and _due(self._asked, reading, _LATER if known else _SOON):
            self._asked = reading.elapsed
            await self.second_look()
        if known and _due(self._remembered, reading, _REMEMBERED):
            self._remembered = reading.elapsed
            await self.remember()

    async def remember(self) -> None:
        """Keep the time for the next start, if it is known."""
        if self._clock.known():
            clock, reading = self._clock.look()
            time_ms, certain_ms = to_ms(clock.time(reading)), _certain_ms(clock, reading)
            await self._in_worker(lambda: self._memory.remember(time_ms, certain_ms))

    async def second_look(self) -> None:
        """Ask other departments for the time, and go by what most of them say as far as that may be believed.

        Raises NodeError when that cannot be recorded: the time stays as it was then.
        """
        others = self._choose(self._others(), ASKED)
        told = await asyncio.gather(*(self._time_of(code) for code in others))
        clock, reading = self._clock.look()
        said = most_say([line.at(reading) for line in told if line is not None], self._clock.bounds.skew)
        if said is None:
            return
        line = Line(said, reading.elapsed)

        def after(clock: Clock, reading: Reading) -> Clock:
            last = self._commit.head.time_ms
            return heard(
                clock, reading, line.at(reading), from_ms(last) if last else None, self._clock.bounds
            )

        new = after(clock, reading)
        if new.standing is clock.standing or new.standing is Standing.WAITING:
            self._clock.change(clock.standing, after)
            return
        await self._commit.run(
            self._job(clock, reading, "most other departments say so", certain_ms=_certain_ms(new, reading)),
            self._moment(clock, new, back=False),
            by_staff=True,
        )
        self._waiting = None
        self._changed()

    async def set_by_order(self, job: AdminJob) -> int:
        """Go on by the system's clock, also where that is before the last record; the index of the record."""
        clock, reading = self._clock.look()
        _require_doubt(clock)
        new = ordered(clock, reading, self._clock.bounds)
        index = await self._commit.run(
            self._job(clock, reading, "", replace(job, action=CLOCK_SET), _certain_ms(new, reading)),
            self._moment(clock, new, back=True),
            by_staff=True,
        )
        self._waiting = None
        self._changed()
        return index

    def _moment(self, old: Clock, new: Clock, *, back: bool) -> Moment:
        return Moment(
            lambda: to_ms(new.own.at(self._clock.look()[1])),
            back,
            lambda: self._clock.change(old.standing, lambda _clock, _reading: new),
        )

    def _job(
        self,
        clock: Clock,
        reading: Reading,
        note: str,
        admin: AdminJob | None = None,
        certain_ms: int = 0,
    ) -> ClockJob:
        return ClockJob(
            admin or AdminJob(self._department, Caller("node"), BELIEVED, "", note),
            to_ms(clock.own.at(reading)),
            to_ms(reading.wall),
            lambda: self._commit.head.time_ms,
            self._memory.steps(),
            certain_ms,
        )

    async def _time_of(self, code: str) -> Line | None:
        _, before = self._clock.look()
        try:
            told = await self._ask(code)
        except NodeError:
            return None
        _, after = self._clock.look()
        if not 0 < told < _LATEST_MS:
            return None
        return Line(from_ms(told), (before.elapsed + after.elapsed) / 2)


class ClockOrder:
    """What officers decide about the clock: to take the time of the system."""

    def __init__(self, clock: NodeClock, keeper: ClockKeeper) -> None:
        self._clock = clock
        self._keeper = keeper

    def facts(self, about: str) -> Mapping[str, str]:
        """How far the system's clock is from the node's time, and the last time before that was doubted.

        Raises NodeError(NOT_FOUND) while the system's clock is believed, (QUERY_INVALID).
        """
        if about:
            raise NodeError(Reason.QUERY_INVALID, "error.exchange.order-names-clock")
        clock, _ = self._clock.look()
        _require_doubt(clock)
        # Of two jumps of one length, the time tells one from the other.
        last = clock.own.time if clock.floor is None else clock.floor
        return {"system_clock": span_text(clock.off), "last_known": moment_text(last)}

    async def carry_out(self, about: str, job: AdminJob) -> int:
        """Take the time of the system."""
        return await self._keeper.set_by_order(job)


def _certain_ms(clock: Clock, reading: Reading) -> int:
    return 0 if clock.certain is None else to_ms(clock.certain.at(reading))


def _require_doubt(clock: Clock) -> None:
    if clock.standing is Standing.AGREED:
        raise NodeError(Reason.NOT_FOUND, "error.exchange.clock-believed")


def _due(last: timedelta | None, reading: Reading, every: timedelta) -> bool:
    return last is None or reading.elapsed - last >= every or reading.elapsed < last


def _steps_text(steps: Sequence[StepBack]) -> str:
    return " ".join(f"{step.index}:{step.time_ms}" for step in steps)
