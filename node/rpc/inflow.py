"""What the messages of one caller may hold of the node's memory while they arrive and are worked on.

gRPC takes a message into memory as it comes, and a caller may send all of it but the last byte. Until the
node asks for a message, flow control (RFC 9113, 5.2) holds the caller to the beginning of it; so what is
bounded is how many messages the node asks for.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field

from node.errors import NodeError, Reason

MESSAGES = 8
"""A caller's calls hold as many bytes as so many of the largest messages; its others wait for their turn."""
STREAMS = 16
"""Streams of messages that a caller may have open at once: each holds one message while it arrives."""


@dataclass(slots=True)
class Inflow:
    """The bytes that are held for each caller; `largest` is the size of the largest message."""

    largest: int
    _held: Counter[str] = field(default_factory=Counter)
    _turns: dict[str, deque[asyncio.Future[None]]] = field(default_factory=dict)
    _streams: Counter[str] = field(default_factory=Counter)

    async def expect(self, caller: str | None) -> None:
        """Wait until the largest message fits for this caller, and hold room for it; nothing bounds None."""
        if caller is None or self._taken(caller):
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.setdefault(caller, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn had just come
                self.release(caller, self.largest)
            raise

    async def hold(self, caller: str | None, size: int) -> None:
        """Wait until the largest message would fit, and hold so many bytes of one that has come."""
        await self.expect(caller)
        self.release(caller, self.largest - size)

    def release(self, caller: str | None, size: int) -> None:
        """Hold so many bytes less; whose turn has come goes on."""
        if caller is None:
            return
        self._held[caller] -= size
        turns = self._turns.get(caller)
        while turns and self._fits(caller):
            turn = turns.popleft()
            if not turn.done():
                self._held[caller] += self.largest
                turn.set_result(None)
        if turns is not None and not turns:
            del self._turns[caller]
        if not self._held[caller]:
            del self._held[caller]

    def open_stream(self, caller: str | None) -> None:
        """Count a stream. Raises NodeError(RATE_LIMITED) when the caller has enough of them."""
        if caller is None:
            return
        if self._streams[caller] >= STREAMS:
            raise NodeError(Reason.RATE_LIMITED, "error.rpc.too-many-streams", streams=STREAMS)
        self._streams[caller] += 1

    def close_stream(self, caller: str | None) -> None:
        """Count a stream no more."""
        if caller is None:
            return
        self._streams[caller] -= 1
        if not self._streams[caller]:
            del self._streams[caller]

    def _taken(self, caller: str) -> bool:
        """Whether there was room at once, which is held now; who waits already comes first."""
        if caller in self._turns or not self._fits(caller):
            return False
        self._held[caller] += self.largest
        return True

    def _fits(self, caller: str) -> bool:
        return self._held[caller] + self.largest <= MESSAGES * self.largest
