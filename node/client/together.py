"""Lets threads that ask at once share one stream: an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import grpc

from node.client.ask_stream import AskStream
from node.v1 import desk_pb2


class Together:
    """A stream for several threads, made when two first ask at once."""

    def __init__(self, open_channel: Callable[[], grpc.aio.Channel]) -> None:
        """`open_channel` is called in the event loop."""
        self._open_channel = open_channel
        self._making = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channel: grpc.aio.Channel | None = None
        self._stream: AskStream | None = None

    def ask(self, request: desk_pb2.DeskServiceAskRequest, seconds: float) -> desk_pb2.DeskServiceAskResponse:
        """The answer to one question. Raises NodeError."""
        return asyncio.run_coroutine_threadsafe(self._ask(request, seconds), self._running()).result()

    def close(self) -> None:
        """End the stream and its thread; questions under way fail."""
        with self._making:
            loop, self._loop = self._loop, None
        if loop is not None:
            asyncio.run_coroutine_threadsafe(self._end(), loop).result()
            loop.call_soon_threadsafe(loop.stop)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._making:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=_run, args=(self._loop,), name="ask-together", daemon=True).start()
            return self._loop

    async def _ask(
        self, request: desk_pb2.DeskServiceAskRequest, seconds: float
    ) -> desk_pb2.DeskServiceAskResponse:
        if self._stream is None:
            self._channel = self._open_channel()
            self._stream = AskStream(self._channel)
        return await self._stream.ask(request, seconds)

    async def _end(self) -> None:
        if self._stream is not None:
            self._stream.close()
        if self._channel is not None:
            await self._channel.close()
        await asyncio.sleep(0)  # for those who are told now


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()
