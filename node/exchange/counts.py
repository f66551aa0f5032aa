"""Counts under way: each waits for its turn, and is stopped when nobody waits for it any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from node.core.outage import Outage, OutageError
from node.core.stop import Stop
from node.exchange.provider_answer import Computed
from node.exchange.turns import Turns

_Ending: TypeAlias = "asyncio.Future[Computed] | asyncio.Future[None]"
ALONE_SECONDS = 1.0
"""So long a count goes on for nobody: a caller whose connection broke is back sooner."""


class CountKey(NamedTuple):
    """What a count is for: an exchange of a member, and the statistic that it comes to."""

    member: str
    exchange_id: bytes
    release: bytes


@dataclass(slots=True)
class _Count:
    """One count: how many wait for it or have not yet charged it, and what holds its place."""

    held: int = 0
    placed: bool = False
    task: asyncio.Task[Computed] | None = None
    thread: asyncio.Future[Computed] | None = None
    alone: asyncio.TimerHandle | None = None


class Counts:
    """Counts that run or wait. Used in one event loop only."""

    def __init__(
        self, turns: Turns, workers: Executor, seconds: float, given_up: Callable[[str], Awaitable[None]]
    ) -> None:
        """`workers` has a thread for each place; a count may take `seconds` from its start.

        `given_up` records that a member's count was stopped because nobody waited for it.
        """
        self._turns = turns
        self._workers = workers
        self._seconds = seconds
        self._given_up = given_up
        self._under_way: dict[CountKey, _Count] = {}
        self._ending: set[_Ending] = set()

    @asynccontextmanager
    async def of(
        self, key: CountKey, known: Callable[[], Computed | None], work: Callable[[Stop], Computed]
    ) -> AsyncIterator[Computed]:
        """What a count comes to; its place is kept until the end of the block, for that to be charged.

        When its turn comes, `known` may say what it comes to without `work`, which is done in a thread.
        Raises NodeError(SOURCE_BUSY), (SOURCE_UNAVAILABLE).
        """
        count = self._under_way.get(key)
        if count is None:
            count = self._under_way[key] = _Count()
            count.task = asyncio.get_running_loop().create_task(self._run(key, count, known, work))
        assert count.task is not None
        count.held += 1
        if count.alone is not None:
            count.alone.cancel()
            count.alone = None
        try:
            yield await asyncio.shield(count.task)
        finally:
            count.held -= 1
            if not count.held and self._under_way.get(key) is count:
                self._let_go(key, count)

    async def stop(self) -> None:
        """Stop all, and return when they have ended."""
        for key, count in list(self._under_way.items()):
            self._end(key, count)
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _run(
        self,
        key: CountKey,
        count: _Count,
        known: Callable[[], Computed | None],
        work: Callable[[Stop], Computed],
    ) -> Computed:
        await self._turns.take(key.member)
        count.placed = True
        if (computed := known()) is not None:
            return computed
        stop = Stop()
        count.thread = asyncio.get_running_loop().run_in_executor(self._workers, work, stop)
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.shield(count.thread)
        except TimeoutError:
            raise OutageError(Outage.SLOW, "error.exchange.source-too-slow") from None
        finally:
            stop.ask()

    def _let_go(self, key: CountKey, count: _Count) -> None:
        assert count.task is not None
        if count.task.done():
            self._end(key, count)
        else:
            loop = asyncio.get_running_loop()
            count.alone = loop.call_later(ALONE_SECONDS, self._give_up, key, count)

    def _give_up(self, key: CountKey, count: _Count) -> None:
        self._end(key, count)
        self._keep(asyncio.ensure_future(self._given_up(key.member)))

    def _end(self, key: CountKey, count: _Count) -> None:
        """Count it no more; its place is another's once its thread has ended too."""
        del self._under_way[key]
        if count.alone is not None:
            count.alone.cancel()
        if count.task is not None:
            count.task.cancel()
            self._keep(count.task)
        if count.thread is not None and not count.thread.done():
            self._keep(count.thread)
            count.thread.add_done_callback(lambda _: self._turns.give_back(key.member))
        elif count.placed:
            self._turns.give_back(key.member)

    def _keep(self, ending: _Ending) -> None:
        """Hold what ends by itself, and see what comes of it, until it has."""
        self._ending.add(ending)
        ending.add_done_callback(self._ended)

    def _ended(self, ending: _Ending) -> None:
        self._ending.discard(ending)
        if not ending.cancelled():
            ending.exception()
