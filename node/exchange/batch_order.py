"""Holds the chunks of one batch stream to their order, though several are in the works at once."""

from __future__ import annotations

import asyncio

from node.errors import NodeError, Reason
from node.v1 import record_pb2 as rec


class BatchOrder:
    """One batch stream: the first chunk may be any of its batch, then they follow without gaps."""

    def __init__(self) -> None:
        self._batch: bytes | None = None
        self._next = 0
        self._last: ChunkPlace | None = None

    def place(self) -> ChunkPlace:
        """The place of a chunk that arrives now."""
        self._last = ChunkPlace(self, self._last)
        return self._last

    def check(self, intent: rec.Intent) -> None:
        """Raises NodeError(REQUEST_REPLAYED) for a chunk out of order or of another batch."""
        if not intent.HasField("batch"):
            raise NodeError.by_reason(Reason.QUERY_INVALID)
        place = intent.batch
        if self._batch is not None and (place.batch_id != self._batch or place.chunk != self._next):
            raise NodeError.by_reason(Reason.REQUEST_REPLAYED)
        self._batch, self._next = place.batch_id, place.chunk + 1


class ChunkPlace:
    """Where a chunk came in its stream: it is looked at, and charged, after the one before it.

    A short chunk is looked up sooner than the long ones before it. Were it charged first, it could take what
    is left of a day's limit, and they would be refused.
    """

    def __init__(self, order: BatchOrder, before: ChunkPlace | None) -> None:
        self.looked: asyncio.Event = asyncio.Event()
        self.charged: asyncio.Event = asyncio.Event()
        self._order = order
        # Their events alone: else each would keep all that came before it.
        self._may_look = None if before is None else before.looked
        self._may_charge = None if before is None else before.charged

    async def turn_to_look(self) -> None:
        """Wait until the chunk before was looked at, or is not going to be."""
        if self._may_look is not None:
            await self._may_look.wait()

    def check(self, intent: rec.Intent) -> None:
        """Raises NodeError(REQUEST_REPLAYED) for a chunk out of order or of another batch."""
        self._order.check(intent)

    async def turn_to_charge(self) -> None:
        """Wait until the chunk before is charged, or is not going to be."""
        if self._may_charge is not None:
            await self._may_charge.wait()

    def over(self) -> None:
        """Let the next one go on, whatever became of this one."""
        self.looked.set()
        self.charged.set()
