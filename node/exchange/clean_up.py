"""Forgets what is over, at once however much there is, and without holding an exchange up for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from itertools import count
from typing import Protocol

from node.core.log.usage import StepBack, first_since
from node.core.state.clean_up import Due, Step
from node.exchange.group import GroupCommit
from node.exchange.opened import MAX_AGE_MS

ANSWERED_KEPT_MS = 24 * 3_600_000
"""For a day a retry gets its answer again."""
ASKED_KEPT_MS = ANSWERED_KEPT_MS + MAX_AGE_MS
"""Longer than a provider can remember an exchange, which it may have answered that late."""
YEAR_MS = 366 * 24 * 3_600_000
PAUSE_SECONDS = 0.005
SETTLED_AFTER = 16
"""Steps after which the journal is worked into the database: beside the groups, not between them."""
PAUSES = 2
"""A step is followed by a pause of so many times its length, and of that at least."""


class Leaves(Protocol):
    """Where records are read."""

    def leaves(self, start: int, limit: int) -> list[tuple[int, bytes]]: ...


class Cleaner(Protocol):
    """What forgets; see `node.store.cleaning`."""

    def step(self, due: Due) -> Step: ...
    def settle(self) -> None: ...


class CleanUp:
    """Forgets what is over whenever it is run.

    `clock_ms` says what has certainly come, `steps` where the time of the log went back.
    """

    def __init__(
        self,
        commit: GroupCommit,
        log: Leaves,
        cleaner: Cleaner,
        workers: Executor,
        clock_ms: Callable[[], int],
        steps: Callable[[], Sequence[StepBack]],
        retention_years: int,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._commit = commit
        self._log = log
        self._cleaner = cleaner
        self._workers = workers
        self._clock_ms = clock_ms
        self._steps = steps
        self._retention_ms = retention_years * YEAR_MS
        self._pause = pause

    async def run(self) -> int:
        """Forget all that is over now; returns how many rows. Raises NodeError(STORE_UNAVAILABLE)."""
        loop = asyncio.get_running_loop()
        due = await loop.run_in_executor(self._workers, self._due)
        rows = 0
        for number in count(1):
            step = await self._commit.between_groups(lambda: self._cleaner.step(due))
            rows += step.rows
            if not step.more:
                break
            if number % SETTLED_AFTER == 0:
                await loop.run_in_executor(self._workers, self._cleaner.settle)
            await self._pause(max(PAUSE_SECONDS, PAUSES * step.seconds))
        return rows

    def _due(self) -> Due:
        now, size, steps = self._clock_ms(), self._commit.head.size, self._steps()

        def since(age_ms: int) -> int:
            return first_since(lambda index: self._log.leaves(index, 1)[0][1], size, now - age_ms, steps)

        return Due(now, since(ANSWERED_KEPT_MS), since(ASKED_KEPT_MS), since(self._retention_ms))
