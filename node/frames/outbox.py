"""What waits to be sent on a stream that stands, and frames of it: many messages at once.

A message has a price for gRPC, whatever is in it. So what is ready when a frame is sent goes with it, and
nothing waits for anything else.
"""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

FRAME_BYTES = 48 << 10
"""What the messages of a frame have together, until the other side has said how long a frame it takes."""
LONGEST_FRAME = 256 << 10
"""Bytes of a frame, also where the other side takes longer ones: more would be gained by no more."""
FRAME_MESSAGES = 256

M = TypeVar("M")


class Outbox(Generic[M]):
    """Messages that wait to be sent, each under a number, in order."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[M, int]] = {}
        self._ready = asyncio.Event()
        self._ended = False
        self._most = FRAME_BYTES

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, number: int) -> bool:
        return number in self._waiting

    def allow(self, most_bytes: int) -> None:
        """The other side takes frames of so many bytes; 0 says nothing."""
        # To three quarters: of what is beside the contents of messages the sizes tell only about.
        self._most = max(FRAME_BYTES, min(most_bytes, LONGEST_FRAME) * 3 // 4)

    def put(self, number: int, message: M, size: int) -> None:
        """Send a message of about so many bytes."""
        self._waiting[number] = (message, size)
        self._ready.set()

    def take_back(self, number: int) -> bool:
        """Whether the message of that number was not sent yet; then it never is."""
        return self._waiting.pop(number, None) is not None

    def end(self) -> None:
        """Nothing comes any more: what waits is the last."""
        self._ended = True
        self._ready.set()

    async def frame(self) -> list[M]:
        """The next messages, at least one, as many as fit; none at the end."""
        while not self._waiting:
            if self._ended:
                return []
            self._ready.clear()
            await self._ready.wait()
        return self._next()

    def rest(self) -> list[M]:
        """All that waits, which nobody will send."""
        left = [message for message, _ in self._waiting.values()]
        self._waiting.clear()
        return left

    def _next(self) -> list[M]:
        frame: list[M] = []
        numbers: list[int] = []
        held = 0
        for number, (message, size) in self._waiting.items():
            held += size
            if frame and (held > self._most or len(frame) >= FRAME_MESSAGES):
                break
            frame.append(message)
            numbers.append(number)
        for number in numbers:
            del self._waiting[number]
        return frame
