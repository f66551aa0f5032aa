"""Holds the chunks of one batch stream to their order, though several are in the works at once."""

from __future__ import annotations

import asyncio

from node.errors import NodeError, Reason
from node.v1 import record_pb2 as rec


class BatchOrder:
    """One batch stream: the first chunk may be any of its batch, then they follow without gaps."""

    def __init__(self) -> None:
        self._arrived = 0
        self._last: asyncio.Event | None = None
        self._first: tuple[bytes, int] | None = None

    def place(self) -> ChunkPlace:
        """The place of a chunk that arrives now."""
        before, self._last = self._last, asyncio.Event()
        self._arrived += 1
        return ChunkPlace(self, self._arrived - 1, before, self._last)

    def check(self, intent: rec.Intent, arrived: int) -> None:
        """Raises NodeError(REQUEST_REPLAYED) for a chunk out of order or of another batch."""
        if not intent.HasField("batch"):
            raise NodeError.by_reason(Reason.QUERY_INVALID)
        first = intent.batch.batch_id, intent.batch.chunk - arrived
        # By what came first on the stream, whichever is looked at first.
        if self._first is None:
            self._first = first
        if self._first != first:
            raise NodeError.by_reason(Reason.REQUEST_REPLAYED)


class ChunkPlace:
    """Where a chunk came in its stream, and its turn to be charged.

    A short chunk is looked up sooner than the long ones before it. Were it charged first, it could take what
    is left of a day's limit, and they would be refused.
    """

    def __init__(
        self, order: BatchOrder, arrived: int, before: asyncio.Event | None, after: asyncio.Event
    ) -> None:
        self._order = order
        self._arrived = arrived
        self._before = before
        self._after = after

    def check(self, intent: rec.Intent) -> None:
        """Raises NodeError(REQUEST_REPLAYED) for a chunk out of order or of another batch."""
        self._order.check(intent, self._arrived)

    async def turn(self) -> None:
        """Wait until the chunk before is charged, or is not going to be."""
        if self._before is not None:
            await self._before.wait()

    def pass_on(self) -> None:
        """Let the next one have its turn, when this one first has to wait."""
        self._after.set()
