"""Records what was refused before an envelope was open, so that a flood cannot fill the log.

The first few refusals of a kind in an interval have a record each, durable before the caller hears of
it; the rest of the interval becomes one record with their number.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from node.core.log import usage
from node.core.log.commit import AnsweredExchange, Append
from node.errors import NodeError, Reason
from node.exchange.group import GroupCommit
from node.exchange.job import Recorded
from node.exchange.ledger import Ledger
from node.v1 import record_pb2 as rec

SINGLY = 3
"""Refusals of one requester and reason that are recorded one by one in an interval."""
SINGLY_AT_DESK = 100
"""The same for the own desk, whose callers answer for what they attempt (Art. 25)."""
MAX_TALLIES = 256
"""Requesters and reasons that are told apart in an interval; of what else is refused only the reason is."""
NOT_RECORDED = frozenset({Reason.DRAINING, Reason.STATE_LOST, Reason.STORE_UNAVAILABLE})
"""Reasons that keep the log itself from being written."""
_MANY = frozenset({Reason.RATE_LIMITED, Reason.OVERLOADED})
"""Of these there are as many as calls: they are only counted."""


@dataclass(slots=True)
class RefusalJob:
    """One record of refusals."""

    requester: str
    provider: str
    reason: Reason
    count: int
    from_ms: int
    until_ms: int
    revision: int
    attempt: rec.Intent | None = None

    counters: Sequence[str] = ()
    exchange: tuple[str, bytes] | None = None

    def repeat(self, earlier: AnsweredExchange, recorded: Recorded, opening: bytes) -> int | None:
        """Never."""
        return None

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        """The record."""
        refusals = rec.Refusals(
            reason=self.reason.wire,
            count=self.count,
            from_ms=self.from_ms,
            until_ms=self.until_ms,
            attempt=self.attempt,
        )
        return Append(
            leaf=usage.refusals_record(time_ms, self.requester, self.provider, refusals, self.revision)
        )

    def finish(self, append: Append, recorded: Recorded) -> tuple[Append, int]:
        """Where it stands."""
        return append, recorded.index


@dataclass(slots=True)
class _Tally:
    single: int = 0
    count: int = 0
    from_ms: int = 0


class Refusals:
    """Counts refusals by requester ("" when unidentified) and reason. Used in one event loop only."""

    def __init__(
        self,
        own: str,
        commit: GroupCommit,
        clock_ms: Callable[[], int],
        revision: Callable[[str], int] = lambda _code: 1,
    ) -> None:
        """`revision` is that of records about a department."""
        self._own = own
        self._commit = commit
        self._clock_ms = clock_ms
        self._revision = revision
        self._tallies: dict[tuple[str, Reason], _Tally] = {}

    async def note(self, requester: str, reason: Reason) -> None:
        """Record one refusal of a peer, by itself or in the interval's count."""
        await self._note(requester, self._own, reason, SINGLY, None)

    async def note_attempt(self, provider: str, reason: Reason, attempt: rec.Intent) -> None:
        """Record that the own desk refused to ask `provider`; what was attempted stands in the record."""
        await self._note(self._own, provider, reason, SINGLY_AT_DESK, attempt)

    async def _note(
        self, requester: str, provider: str, reason: Reason, singly: int, attempt: rec.Intent | None
    ) -> None:
        if reason in NOT_RECORDED:
            return
        now = self._clock_ms()
        known = (requester, reason) in self._tallies or requester == self._own
        if not known and len(self._tallies) >= MAX_TALLIES:
            # Whoever can put names into certificates must not get a few records for each.
            requester, singly = "", 0
        tally = self._tallies.setdefault((requester, reason), _Tally())
        if tally.single < singly and reason not in _MANY:
            tally.single += 1
            revision = self._revision(provider if requester == self._own else requester)
            with contextlib.suppress(NodeError):  # the caller hears of the refusal either way
                await self._commit.run(
                    RefusalJob(requester, provider, reason, 1, now, now, revision, attempt)
                )
                return
        # Also what could not be recorded by itself, because the disk is full or the time is not known.
        tally.count += 1
        tally.from_ms = tally.from_ms or now

    async def flush(self) -> None:
        """Write one record for each count of the interval, and start the next interval."""
        tallies, self._tallies = self._tallies, {}
        now = self._clock_ms()
        for (requester, reason), tally in tallies.items():
            if not tally.count:
                continue
            revision = self._revision(requester)
            job = RefusalJob(requester, self._own, reason, tally.count, tally.from_ms, now, revision)
            try:
                await self._commit.run(job)
            except NodeError:
                again = self._tallies.setdefault((requester, reason), _Tally(SINGLY_AT_DESK))
                again.count += tally.count
                again.from_ms = tally.from_ms
