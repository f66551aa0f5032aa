"""The served end of a stream of frames: many calls of one caller, each with its own end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from node.errors import NodeError, Reason
from node.frames.outbox import FRAME_MESSAGES, Outbox
from node.rpc.guarded import Places
from node.rpc.inflow import Inflow

C = TypeVar("C")
R = TypeVar("R")
A = TypeVar("A")
UNDER_WAY = 2 * FRAME_MESSAGES
"""Calls of a stream that are under way or whose answers were not sent: beyond these nothing more is read."""
IDLE_SECONDS = 120.0
"""A stream on which nothing is under way for so long is ended: it holds a place."""


@dataclass(frozen=True, slots=True)
class Frame(Generic[C]):
    """What came at once: calls by their numbers, how many bytes it has, and how many the caller takes of one.

    A call that is None says that nobody waits any more for the answer to its number.
    """

    calls: Sequence[tuple[int, C | None]]
    size: int
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Held:
    """What calls hold of a port while they are open or under way, each caller's and all together."""

    places: Places
    inflow: Inflow


@dataclass(frozen=True, slots=True)
class Serving(Generic[C, R, A]):
    """How the calls of a stream are served.

    `enter` is asked once for all that came at once, and gives what does one call of it. `answer` says what a
    call came to, `refuse` why it was not done; `size` is about how many bytes an answer has. Places and bytes
    are `held` together with all other calls of the port.
    """

    held: Held
    enter: Callable[[Frame[C]], Callable[[C], Coroutine[object, object, R]]]
    answer: Callable[[int, R], A]
    refuse: Callable[[int, BaseException], Coroutine[object, object, A]]
    size: Callable[[A], int]


class _Bytes:
    """The bytes of a frame: held until the last of its calls is done, since they share its memory."""

    __slots__ = ("calls", "size")

    def __init__(self, size: int, calls: int) -> None:
        self.size = size
        self.calls = calls


class Framed(Generic[C, R, A]):
    """The calls of one stream."""

    def __init__(self, caller: str | None, serving: Serving[C, R, A]) -> None:
        """`caller` is None for whom nothing bounds."""
        self._caller = caller
        self._serving = serving
        self._running: dict[int, asyncio.Task[R] | asyncio.Task[A]] = {}
        # With each answer: whether it has a place, which it has until it went out, so that who reads no
        # answers holds his own places.
        self._outbox: Outbox[tuple[A, bool]] = Outbox()
        self._room = asyncio.Event()
        self._over = False
        self._idle: asyncio.TimerHandle | None = None

    async def answers(self, frames: AsyncIterator[Frame[C]]) -> AsyncGenerator[list[A], None]:
        """Frames of answers to frames of calls. Raises NodeError for what the rules of a stream forbid."""
        reader = asyncio.get_running_loop().create_task(self._read(frames))
        reader.add_done_callback(lambda _: self.end())
        self._settle()
        try:
            while sent := await self._outbox.frame():
                try:
                    yield [answer for answer, _ in sent]
                finally:
                    self._leave(sum(placed for _, placed in sent))
            if reader.done():
                reader.result()
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            while running := list(self._running.values()):  # a call may end with an error, which is refused
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
            self._leave(sum(placed for _, placed in self._outbox.rest()))
            if self._idle is not None:
                self._idle.cancel()

    def end(self) -> None:
        """Begin nothing more; the stream ends when all that was begun is answered."""
        self._over = True
        self._settle()

    async def _read(self, frames: AsyncIterator[Frame[C]]) -> None:
        async for frame in frames:
            if self._over:
                return
            self._check(frame)
            self._outbox.allow(frame.most_bytes)
            # Until there is room nothing more is read: flow control holds back what comes.
            await self._serving.held.inflow.hold(self._caller, frame.size)
            self._begin(frame)
            while len(self._running) + len(self._outbox) > UNDER_WAY:
                self._room.clear()
                await self._room.wait()

    def _check(self, frame: Frame[C]) -> None:
        if len(frame.calls) > FRAME_MESSAGES:
            raise NodeError(Reason.QUERY_INVALID, "error.rpc.frame-too-long", most=FRAME_MESSAGES)
        numbers = [number for number, call in frame.calls if call is not None]
        if len(set(numbers)) < len(numbers) or any(
            number in self._running or number in self._outbox for number in numbers
        ):
            raise NodeError(Reason.QUERY_INVALID, "error.rpc.number-taken")

    def _begin(self, frame: Frame[C]) -> None:
        loop, caller, places = asyncio.get_running_loop(), self._caller, self._serving.held.places
        work = self._serving.enter(frame)
        held = _Bytes(frame.size, len(frame.calls) + 1)
        for number, call in frame.calls:
            if call is None:
                self._let_go(held)
                if (called_off := self._running.get(number)) is not None:
                    called_off.cancel()
                continue
            try:
                if caller is not None:
                    places.take(caller)
            except NodeError as error:
                self._refuse(number, held, False, error)
                continue
            task = self._running[number] = loop.create_task(work(call))
            task.add_done_callback(partial(self._done, number, held))
        self._let_go(held)
        self._settle()

    def _done(self, number: int, held: _Bytes, task: asyncio.Task[R]) -> None:
        if task.cancelled():
            self._end_of(number, held)
            self._leave(1)
        elif (error := task.exception()) is not None:
            self._refuse(number, held, True, error)
        else:
            self._put(number, self._serving.answer(number, task.result()), True)
            self._end_of(number, held)

    def _refuse(self, number: int, held: _Bytes, placed: bool, error: BaseException) -> None:
        task = asyncio.get_running_loop().create_task(self._serving.refuse(number, error))
        self._running[number] = task
        task.add_done_callback(partial(self._refused, number, held, placed))

    def _refused(self, number: int, held: _Bytes, placed: bool, task: asyncio.Task[A]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._leave(placed)
        else:
            self._put(number, task.result(), placed)
        self._end_of(number, held)

    def _put(self, number: int, answer: A, placed: bool) -> None:
        self._outbox.put(number, (answer, placed), self._serving.size(answer))

    def _end_of(self, number: int, held: _Bytes) -> None:
        del self._running[number]
        self._let_go(held)
        if not self._running:
            self._settle()

    def _let_go(self, held: _Bytes) -> None:
        held.calls -= 1
        if not held.calls:
            self._serving.held.inflow.release(self._caller, held.size)

    def _leave(self, places: int) -> None:
        if self._caller is not None:
            for _ in range(places):
                self._serving.held.places.give_back(self._caller)
        self._room.set()

    def _settle(self) -> None:
        """End what has nothing left to answer, soon if nothing more may come."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._running:
            return
        if self._over:
            self._outbox.end()
        else:
            self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self.end)
