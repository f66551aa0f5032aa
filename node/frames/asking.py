"""The asking end of a stream of frames: many calls under way at once, answers in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeAlias, TypeVar

import grpc

from node.errors import NodeError
from node.frames.outbox import Outbox

C = TypeVar("C")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
IDLE_SECONDS = 60.0
"""A stream on which nothing is under way for so long is ended: it holds a place at the other side."""
Stream: TypeAlias = "grpc.aio.StreamStreamCall[bytes, bytes]"
_Why = Callable[[], NodeError]


class Language(Protocol[C, R_co]):
    """How calls and answers are said on one kind of stream, and how what goes wrong is told."""

    def frame(self, calls: Sequence[C]) -> bytes:
        """The bytes of a frame. Raises NodeError when nothing should be sent any more."""

    def read(self, frame: bytes) -> tuple[Iterable[tuple[int, R_co | NodeError]], int]:
        """What calls came to, by their numbers, and how many bytes of a frame the other side takes.

        Raises NodeError for bytes that are no frame.
        """

    def off(self, number: int) -> C:
        """That nobody waits any more for the answer to a call."""

    def too_slow(self) -> NodeError:
        """No answer came in time."""

    def ended(self) -> NodeError:
        """The other side ended the stream."""

    def broken(self, error: grpc.aio.AioRpcError) -> NodeError:
        """The stream broke."""

    def unasked(self) -> NodeError:
        """Something was answered that nobody asked."""


class AskingStream(Generic[C, R]):
    """One stream. It lasts until it breaks, or nothing was asked for a while."""

    def __init__(self, stream: Stream, language: Language[C, R]) -> None:
        """Make it in the event loop that uses it."""
        self._stream = stream
        self._language = language
        self._outbox: Outbox[C] = Outbox()
        self._waiting: dict[int, asyncio.Future[R]] = {}
        self._last = 0
        self._why: _Why | None = None
        self._idle: asyncio.TimerHandle | None = None
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._write()), loop.create_task(self._read())]

    @property
    def open(self) -> bool:
        """Whether it can be asked on."""
        return self._why is None

    async def ask(self, call: Callable[[int], C], size: int, seconds: float) -> R:
        """One call of about `size` bytes, made by its number; waits so many `seconds` for what it comes to.

        Raises the NodeError that the other side answered, or that the language has for what went wrong.
        """
        if self._why is not None:
            raise self._why()
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        loop = asyncio.get_running_loop()
        self._last = number = self._last + 1
        answer: asyncio.Future[R] = loop.create_future()
        self._waiting[number] = answer
        self._outbox.put(number, call(number), size)
        timer = loop.call_later(seconds, self._too_late, number)
        try:
            return await answer
        finally:
            timer.cancel()
            # Nobody waits any more for what is not answered yet.
            if self._waiting.pop(number, None) is not None and not self._outbox.take_back(number):
                self._outbox.put(number, self._language.off(number), 0)
            if not self._waiting and self._why is None:
                self._idle = loop.call_later(IDLE_SECONDS, self.close)

    def close(self) -> None:
        """End the stream, and whatever is under way on it."""
        self._break(self._language.ended)

    def _break(self, why: _Why) -> None:
        if self._why is not None:
            return
        self._why = why
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(why())
        self._stream.cancel()
        for task in self._tasks:
            task.cancel()
        if self._idle is not None:
            self._idle.cancel()

    def _break_by(self, error: NodeError) -> None:
        # Each who waits gets an exception of its own.
        reason, wording = error.reason, error.wording
        self._break(lambda: NodeError.of(reason, wording))

    def _too_late(self, number: int) -> None:
        answer = self._waiting.get(number)
        if answer is not None and not answer.done():
            answer.set_exception(self._language.too_slow())

    async def _write(self) -> None:
        try:
            while calls := await self._outbox.frame():
                await self._stream.write(self._language.frame(calls))
        except NodeError as error:
            self._break_by(error)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # the reading end hears why

    async def _read(self) -> None:
        try:
            while isinstance(body := await self._stream.read(), bytes):
                answers, most_bytes = self._language.read(body)
                self._outbox.allow(most_bytes)
                for number, result in answers:
                    self._answered(number, result)
            self._break(self._language.ended)
        except asyncio.CancelledError:  # also where the channel was closed below it
            self._break(self._language.ended)
            raise
        except NodeError as error:
            self._break_by(error)
        except grpc.aio.AioRpcError as error:
            self._break_by(self._language.broken(error))

    def _answered(self, number: int, result: R | NodeError) -> None:
        if not 0 < number <= self._last:
            raise self._language.unasked()
        waiting = self._waiting.pop(number, None)
        if waiting is None or waiting.done():  # nobody waits any more, or it was answered before
            return
        if isinstance(result, NodeError):
            waiting.set_exception(result)
        else:
            waiting.set_result(result)
