"""Places for work that takes long, and who waits for one: bounded, and by member in turn."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from node.errors import NodeError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TurnBounds:
    """How many work at once, `each` of one member; how many wait, and for how long."""

    places: int
    each: int
    waiting: int
    waiting_each: int
    seconds: float


class Turns:
    """Whoever asked for much waits behind itself alone: the next place goes to the members in turn.

    Used in one event loop only.
    """

    def __init__(self, bounds: TurnBounds, busy: Callable[[], NodeError]) -> None:
        """`busy` is what is raised when no more may wait, or one has waited for too long."""
        self._bounds = bounds
        self._busy = busy
        self._taken: Counter[str] = Counter()
        self._all = 0
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._in_line = 0

    async def take(self, member: str) -> None:
        """Wait for a place, to be given back once. Raises the error for what is busy."""
        if self._has_place(member):  # who waits has none: a place that gets free is handed out at once
            self._all += 1
            self._taken[member] += 1
            return
        queue = self._waiting.setdefault(member, deque())
        if self._in_line >= self._bounds.waiting or len(queue) >= self._bounds.waiting_each:
            self._forget_empty(member)
            raise self._busy()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._in_line += 1
        try:
            async with asyncio.timeout(self._bounds.seconds):
                await turn
        except TimeoutError:
            self._step_out(member, turn)
            raise self._busy() from None
        except BaseException:
            self._step_out(member, turn)
            raise

    def start(self, member: str, workers: Executor | None, work: Callable[[], T]) -> asyncio.Future[T]:
        """Do work in a thread, on a place that was taken, and is given back when the thread has ended.

        Whoever gives up what is returned has to shield it: the thread goes on.
        """
        done = asyncio.get_running_loop().run_in_executor(workers, work)
        done.add_done_callback(lambda _: self.give_back(member))
        return done

    async def run(self, member: str, workers: Executor | None, work: Callable[[], T]) -> T:
        """What work comes to that is done in a thread when its turn comes."""
        await self.take(member)
        return await asyncio.shield(self.start(member, workers, work))

    def give_back(self, member: str) -> None:
        """Give a place to who is next."""
        self._all -= 1
        self._taken[member] -= 1
        if not self._taken[member]:
            del self._taken[member]
        self._hand_out()

    def _has_place(self, member: str) -> bool:
        return self._all < self._bounds.places and self._taken[member] < self._bounds.each

    def _hand_out(self) -> None:
        while (member := next(filter(self._has_place, self._waiting), None)) is not None:
            turn = self._waiting[member].popleft()
            self._in_line -= 1
            self._waiting.move_to_end(member)
            self._forget_empty(member)
            if not turn.done():
                self._all += 1
                self._taken[member] += 1
                turn.set_result(None)

    def _step_out(self, member: str, turn: asyncio.Future[None]) -> None:
        """Wait no more, for a turn that may have come at this very moment."""
        if turn.done() and not turn.cancelled():
            self.give_back(member)
        elif turn in (queue := self._waiting.get(member, deque())):
            queue.remove(turn)
            self._in_line -= 1
            self._forget_empty(member)

    def _forget_empty(self, member: str) -> None:
        if not self._waiting[member]:
            del self._waiting[member]
