"""A node's log and clock on a machine whose time a test sets, and departments that tell what they like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.small_log import ORIGIN, FaultyStore, Pen, open_store
from support.town import HR

from node.core.clock import ClockBounds, Reading
from node.core.log import usage
from node.core.log.check import LogCheck
from node.core.log.checkpoint import Checkpoint
from node.core.log.merkle import Frontier, leaf_hash
from node.core.log.segment import LogFinding, check_segment
from node.core.milliseconds import to_ms
from node.core.role import Caller
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob
from node.exchange.group import GroupCommit
from node.exchange.node_clock import NodeClock
from node.exchange.second_look import ClockKeeper, ClockMemory, ClockOrder
from node.store.store import Store
from node.v1 import record_pb2 as rec

CODE = ORIGIN.removeprefix("dxnode/")
START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
BOUNDS = ClockBounds(jump=MINUTE, away=DAY, skew=5 * MINUTE)
OFFICERS = ("li", "wang")


@dataclass
class Machine:
    """`ran` is what has really passed; the system's clock is off by `moved`."""

    moved: timedelta = timedelta()
    ran: timedelta = timedelta()

    def __call__(self) -> Reading:
        return Reading(START + self.ran + self.moved, self.ran)

    @property
    def true(self) -> datetime:
        """The time that has really come."""
        return START + self.ran


@dataclass
class Others:
    """Other departments: what the clock of each is off by, None for one that cannot be reached."""

    machine: Machine
    off: dict[str, timedelta | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def ask(self, code: str) -> int:
        """What the department tells."""
        self.asked.append(code)
        off = self.off[code]
        if off is None:
            raise NodeError(Reason.PEER_UNAVAILABLE, "error.rpc.peer-unreachable", peer=HR)
        return to_ms(self.machine.true + off)

    def say(self, *off: timedelta | None) -> None:
        """From now on there are so many, and their clocks are off by so much."""
        self.off = {f"department-{number}": each for number, each in enumerate(off)}


class Office:
    """One node, which can be started again on the same database."""

    def __init__(self, folder: Path) -> None:
        self.machine = Machine()
        self.others = Others(self.machine)
        self.store: Store = open_store(folder)
        self.faults = FaultyStore(self.store)
        self.changed = 0
        self._start()

    async def restart(self, after: timedelta = timedelta()) -> None:
        """End the node, and start it again after a while."""
        await self.commit.stop()
        self.machine.ran += after
        self._start()

    def _start(self) -> None:
        self.memory = ClockMemory(self.store.fact, self.store.set_fact)
        known = self.memory.known(self.store.head().time_ms)
        self.clock = NodeClock(self.machine, known, BOUNDS, self.memory.certain())
        self.commit = GroupCommit(self.faults, Pen().keys(), self.clock.believed_ms, 180_000)
        self.keeper = ClockKeeper(
            department=CODE,
            clock=self.clock,
            commit=self.commit,
            memory=self.memory,
            others=lambda: list(self.others.off),
            ask=self.others.ask,
            choose=lambda codes, count: codes[:count],
            in_worker=self._work,
            changed=self._note,
        )
        self.order = ClockOrder(self.clock, self.keeper)

    async def close(self) -> None:
        """Stop it."""
        await self.commit.stop()
        self.store.close()

    async def record(self) -> int:
        """Something that staff did."""
        return await self.commit.run(AdminJob(CODE, Caller("operator"), "node.reload", "", ""))

    async def set_by_order(self, approved: Sequence[str] = OFFICERS) -> int:
        """The officers' order is carried out."""
        job = AdminJob(CODE, Caller("operator"), "order.accept-clock", "d1", "why", approved=tuple(approved))
        return await self.order.carry_out("", job)

    async def wait(self, span: timedelta) -> None:
        """Time goes by, and the node looks at it."""
        self.machine.ran += span
        await self.keeper.tick()

    def records(self) -> list[rec.UsageRecord]:
        """The log."""
        return [usage.parse_record(leaf) for _, leaf in self.store.leaves(0, 100_000)]

    def findings(self) -> tuple[LogFinding, ...]:
        """What an auditor finds."""
        leaves = [leaf for _, leaf in self.store.leaves(0, 100_000)]
        tree = Frontier()
        tree.extend([leaf_hash(leaf) for leaf in leaves])
        check = LogCheck([Checkpoint(ORIGIN, len(leaves), tree.root())])
        if leaves:
            check.add(check_segment(leaves, 0, CODE, check.marks(0)))
        return check.report().findings

    async def _work(self, work: Callable[[], None]) -> None:
        work()

    def _note(self) -> None:
        self.changed += 1
