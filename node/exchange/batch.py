"""The requester's side of a batch: a few chunks under way at once, each with its outcome in the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass

from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import Answered, Asked
from node.v1 import exchange_pb2 as pb

WINDOW = 4
"""Chunks of a batch under way at once."""

Chunks = AsyncIterator[tuple[int, Sequence[SubjectKey]]]
Prepare = Callable[[int, Sequence[SubjectKey]], Coroutine[object, object, Asked | Answered]]
Ask = Callable[[Asked], Coroutine[object, object, pb.SealedAnswer]]
Conclude = Callable[[Asked, pb.SealedAnswer], Awaitable[Answered | NodeError]]
GiveUp = Callable[[Asked, NodeError], Awaitable[None]]
_Result = Answered | NodeError


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What became of one chunk: an answer, or why not."""

    chunk: int
    result: Answered | NodeError


class BatchRun:
    """One batch. Its steps are the requester's own; here is what happens when."""

    def __init__(self, prepare: Prepare, ask: Ask, conclude: Conclude, give_up: GiveUp) -> None:
        """`prepare` records a chunk's intent, `conclude` its outcome; `give_up` records that it failed."""
        self._prepare = prepare
        self._ask = ask
        self._conclude = conclude
        self._give_up = give_up
        self._begun: asyncio.Queue[tuple[int, asyncio.Task[_Result]] | None] = asyncio.Queue()
        self._window = asyncio.Semaphore(WINDOW)
        # Chunks write to the log: they come to their ends, even when the caller goes away in the middle.
        self._chunks: set[asyncio.Task[_Result]] = set()
        self._asking: set[asyncio.Task[pb.SealedAnswer]] = set()

    async def results(self, chunks: Chunks) -> AsyncGenerator[ChunkResult, None]:
        """Results in the order of the chunks. Raises NodeError when the provider cannot be asked."""
        sender = asyncio.create_task(self._send(chunks))
        try:
            while (item := await self._begun.get()) is not None:
                chunk, result = item
                yield ChunkResult(chunk, await asyncio.shield(result))
                self._window.release()
            await sender
        finally:
            sender.cancel()
            await asyncio.shield(asyncio.ensure_future(self._clear_up(sender)))

    async def _send(self, chunks: Chunks) -> None:
        try:
            async for chunk, subjects in chunks:
                await self._window.acquire()
                recorded = asyncio.get_running_loop().create_future()
                task = asyncio.create_task(self._one(chunk, subjects, recorded))
                self._chunks.add(task)
                task.add_done_callback(self._chunks.discard)
                self._begun.put_nowait((chunk, task))
                await recorded  # intents stand in the log in the order of the chunks
        finally:
            self._begun.put_nowait(None)

    async def _one(
        self, chunk: int, subjects: Sequence[SubjectKey], recorded: asyncio.Future[None]
    ) -> _Result:
        try:
            ready = await self._prepare(chunk, subjects)
        except NodeError as error:
            return error
        finally:
            if not recorded.done():
                recorded.set_result(None)
        if not isinstance(ready, Asked):
            return ready
        asking = asyncio.create_task(self._ask(ready))
        self._asking.add(asking)
        await asyncio.wait({asking})
        self._asking.discard(asking)
        try:
            answer = asking.result()
        except asyncio.CancelledError:
            gone = NodeError(Reason.TIMEOUT, "error.exchange.caller-gone")
            await self._give_up(ready, gone)
            return gone
        except NodeError as error:
            await self._give_up(ready, error)
            raise
        return await self._conclude(ready, answer)

    async def _clear_up(self, sender: asyncio.Task[None]) -> None:
        with contextlib.suppress(asyncio.CancelledError, NodeError):
            await sender
        for asking in self._asking:
            asking.cancel()
        await asyncio.gather(*self._chunks, return_exceptions=True)
