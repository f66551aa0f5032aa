"""The requester's side of a batch: a few chunks under way at once, each with its outcome in the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TypeVar

from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import Answered, Asked
from node.exchange.ports import PeerStream
from node.v1 import exchange_pb2 as pb

WINDOW = 4
"""Chunks of a batch under way at once."""

T = TypeVar("T")
Chunks = AsyncIterator[tuple[int, Sequence[SubjectKey]]]
Prepare = Callable[[int, Sequence[SubjectKey]], Coroutine[object, object, Asked | Answered]]
Conclude = Callable[[Asked, pb.SealedAnswer], Coroutine[object, object, Answered | NodeError]]
GiveUp = Callable[[Asked, NodeError], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What became of one chunk: an answer, or why not."""

    chunk: int
    result: Answered | NodeError


class BatchRun:
    """One batch stream. Its steps are the requester's own; here is what happens when."""

    def __init__(
        self, prepare: Prepare, conclude: Conclude, give_up: GiveUp, open_stream: Callable[[], PeerStream]
    ) -> None:
        """`prepare` records a chunk's intent, `conclude` its outcome; `give_up` records that it failed."""
        self._prepare = prepare
        self._conclude = conclude
        self._give_up = give_up
        self._open_stream = open_stream
        self._waiting: asyncio.Queue[tuple[int, Asked | Answered | NodeError] | None] = asyncio.Queue()
        self._window = asyncio.Semaphore(WINDOW)
        self._unanswered: list[Asked] = []
        # Steps that write to the log: they end, even when the caller goes away in the middle.
        self._steps: set[asyncio.Task[object]] = set()

    async def results(self, chunks: Chunks) -> AsyncGenerator[ChunkResult, None]:
        """Results in the order of the chunks. Raises NodeError when the stream is lost."""
        stream = self._open_stream()
        sender = asyncio.create_task(self._send(chunks, stream))
        answers = stream.answers()
        why = NodeError(Reason.TIMEOUT, "error.exchange.caller-gone")
        try:
            while (item := await self._waiting.get()) is not None:
                chunk, ready = item
                if isinstance(ready, Asked):
                    answer = await anext(answers, None)
                    if answer is None:
                        raise NodeError(Reason.PEER_UNAVAILABLE, "error.exchange.batch-ended-early")
                    self._unanswered.remove(ready)
                    yield ChunkResult(chunk, await self._to_its_end(self._conclude(ready, answer)))
                else:
                    yield ChunkResult(chunk, ready)
                self._window.release()
            await sender
        except NodeError as error:
            why = error
            raise
        finally:
            sender.cancel()
            stream.cancel()
            await asyncio.shield(asyncio.ensure_future(self._clear_up(sender, why)))

    async def _send(self, chunks: Chunks, stream: PeerStream) -> None:
        try:
            async for chunk, subjects in chunks:
                await self._window.acquire()
                ready: Asked | Answered | NodeError
                try:
                    ready = await self._to_its_end(self._recorded(chunk, subjects))
                except NodeError as error:
                    ready = error
                self._waiting.put_nowait((chunk, ready))
                if isinstance(ready, Asked):
                    await stream.send(ready.envelope)
            await stream.done()
        finally:
            self._waiting.put_nowait(None)

    async def _recorded(self, chunk: int, subjects: Sequence[SubjectKey]) -> Asked | Answered:
        ready = await self._prepare(chunk, subjects)
        if isinstance(ready, Asked):
            self._unanswered.append(ready)
        return ready

    async def _to_its_end(self, step: Coroutine[object, object, T]) -> T:
        task = asyncio.create_task(step)
        self._steps.add(task)
        task.add_done_callback(self._steps.discard)
        return await asyncio.shield(task)

    async def _clear_up(self, sender: asyncio.Task[None], why: NodeError) -> None:
        with contextlib.suppress(asyncio.CancelledError, NodeError):
            await sender
        await asyncio.gather(*self._steps, return_exceptions=True)
        await asyncio.gather(*(self._give_up(asked, why) for asked in self._unanswered))
