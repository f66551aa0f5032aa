"""What reads data for other departments: threads, turns and processes, each bounded by the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

from node.config.settings import Limits
from node.core.deciding.gap import Gaps
from node.core.outage import Outage, OutageError
from node.core.stop import Stop
from node.errors import NodeError, Reason
from node.exchange.computing import Computing
from node.exchange.counts import Counts
from node.exchange.ports import Books, Noise, Noisy
from node.exchange.rate import Rate
from node.exchange.refusals import Refusals
from node.exchange.turns import TurnBounds, Turns
from node.statistics.pool import Pool

_UNBOUNDED = 1 << 20
"""What waits for a look-up is an open call, or a chunk of an open stream, which are bounded."""


class Working:
    """Step 10 of the node, and its end. Used in one event loop only."""

    def __init__(
        self,
        limits: Limits,
        books: Books,
        gaps: Callable[[], Gaps],
        pool: Pool,
        workers: Executor,
        threads: int,
        refusals: Refusals,
        denials: Rate,
        random: Callable[[int], bytes],
    ) -> None:
        """`workers` have so many `threads`, of which one member uses half at most; counts have their own."""
        seconds = float(limits.source_seconds)
        self._pool = pool
        self._refusals = refusals
        self._denials = denials
        self._counting = ThreadPoolExecutor(limits.counts, thread_name_prefix="count")
        in_line = TurnBounds(
            limits.counts,
            limits.counts,
            limits.counts_waiting,
            limits.counts_waiting_each,
            float(limits.counts_wait_seconds),
        )
        self._counts = Counts(Turns(in_line, _busy), self._counting, seconds, self._given_up)
        self.computing = Computing(
            books=books,
            gaps=gaps,
            noise=noise(pool),
            counts=self._counts,
            workers=workers,
            turns=Turns(TurnBounds(threads, threads // 2, _UNBOUNDED, _UNBOUNDED, seconds), _busy),
            seconds=seconds,
            random=random,
        )

    async def _given_up(self, member: str) -> None:
        # Not a verdict: nobody is there to get it. A refusal on record, within the bound on denials.
        self._denials.spend(member)
        await self._refusals.note(member, Reason.TIMEOUT)

    async def tidy(self) -> None:
        """End the processes that nothing needed for long."""
        await asyncio.get_running_loop().run_in_executor(None, self._pool.tidy)

    async def stop(self) -> None:
        """Stop what runs, and end all processes."""
        await self._counts.stop()
        self._pool.close()
        self._counting.shutdown(wait=False)


def _busy() -> NodeError:
    return OutageError(Outage.BUSY, "error.app.too-many-waiting")


def noise(pool: Pool) -> Noise:
    """What adds noise to counts and prices it, in the processes of `pool`."""

    def noisy(counts: Sequence[int], unit_contributes: int, epsilon_micros: int, stop: Stop) -> Noisy:
        released = pool.noise(counts, unit_contributes, epsilon_micros, stop)
        return Noisy(released.values, released.epsilon_micros, released.accuracy_95)

    return noisy
