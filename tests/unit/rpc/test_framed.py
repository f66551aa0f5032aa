"""The served end of a stream of frames: each call has its own end, and holds what is its caller's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from support.waiting import until

from node.errors import NodeError, Reason
from node.frames.outbox import FRAME_MESSAGES
from node.rpc import framed
from node.rpc.framed import UNDER_WAY, Frame, Framed, Held, Serving
from node.rpc.guarded import Places
from node.rpc.inflow import MESSAGES, Inflow

LARGEST = 1_000
Answer = tuple[int, str]


@dataclass
class Port:
    """A stream of frames and what serves it; calls are names, and those that `wait` do so until let go."""

    places: Places = field(default_factory=lambda: Places(64))
    inflow: Inflow = field(default_factory=lambda: Inflow(LARGEST))
    sent: asyncio.Queue[Frame[str] | None] = field(default_factory=asyncio.Queue)
    go: dict[str, asyncio.Event] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    entered: int = 0
    read: int = 0

    def __post_init__(self) -> None:
        serving = Serving(Held(self.places, self.inflow), self._enter, _answer, _refuse, lambda _: 1)
        self.framed: Framed[str, str, Answer] = Framed("tax", serving)

    def _enter(self, _: Frame[str]) -> Callable[[str], Coroutine[object, object, str]]:
        self.entered += 1
        return self._work

    async def _work(self, call: str) -> str:
        self.begun.append(call)
        if call.startswith("wait"):
            try:
                await self.go.setdefault(call, asyncio.Event()).wait()
            except asyncio.CancelledError:
                self.cancelled.append(call)
                if call.startswith("wait and fail"):
                    raise NodeError(Reason.DRAINING, "error.exchange.shutting-down") from None
                raise
        if call.startswith("refuse"):
            raise NodeError(Reason.SUSPENDED, "error.rpc.gateway-suspended")
        if call.startswith("break"):
            raise ZeroDivisionError
        return call.upper()

    def send(self, *calls: tuple[int, str | None], size: int = 10) -> None:
        self.sent.put_nowait(Frame(calls, size, 0))

    async def frames(self) -> AsyncGenerator[Frame[str], None]:
        while (frame := await self.sent.get()) is not None:
            self.read += 1
            yield frame

    @property
    def taken(self) -> int:
        """Places that are taken."""
        free = 0
        while True:
            try:
                self.places.take("somebody else" if free % 2 else "anybody")
            except NodeError:
                break
            free += 1
        for number in range(free):
            self.places.give_back("somebody else" if number % 2 else "anybody")
        return self.places.most - free


def _answer(number: int, result: str) -> Answer:
    return number, result


async def _refuse(number: int, error: BaseException) -> Answer:
    await asyncio.sleep(0)
    return number, error.reason.name if isinstance(error, NodeError) else type(error).__name__


@asynccontextmanager
async def answering(port: Port) -> AsyncIterator[AsyncGenerator[list[Answer], None]]:
    async with aclosing(port.framed.answers(port.frames())) as answers:
        yield answers


async def _next(answers: AsyncGenerator[list[Answer], None], count: int) -> list[Answer]:
    found: list[Answer] = []
    while len(found) < count:
        found += await anext(answers)
    return found


async def _rest(answers: AsyncGenerator[list[Answer], None]) -> list[Answer]:
    return [answer async for frame in answers for answer in frame]


async def test_calls_of_a_frame_are_answered_in_any_order_each_once() -> None:
    port = Port()
    port.send((1, "wait a"), (2, "b"), (3, "c"))
    async with answering(port) as answers:
        assert await _next(answers, 2) == [(2, "B"), (3, "C")]
        port.go["wait a"].set()
        assert await _next(answers, 1) == [(1, "WAIT A")]
        port.sent.put_nowait(None)
        assert await _rest(answers) == []
    assert port.entered == 1


async def test_error_of_one_call_is_its_own() -> None:
    port = Port()
    port.send((1, "refuse"), (2, "b"), (3, "break"))
    async with answering(port) as answers:
        assert sorted(await _next(answers, 3)) == [(1, "SUSPENDED"), (2, "B"), (3, "ZeroDivisionError")]


async def test_every_call_has_a_place_until_its_answer_went_out() -> None:
    port = Port()
    port.send((1, "wait a"), (2, "wait b"))
    async with answering(port) as answers:
        waiting = asyncio.ensure_future(anext(answers))
        await until(lambda: len(port.begun) == 2)
        assert port.taken == 2
        port.go["wait a"].set()
        assert await waiting == [(1, "WAIT A")]
        assert port.taken == 2  # nobody knows yet that it went out
        waiting = asyncio.ensure_future(anext(answers))
        await until(lambda: port.taken == 1)
        port.go["wait b"].set()
        await waiting
    assert port.taken == 0


async def test_without_a_place_a_call_is_refused_and_the_others_go_on() -> None:
    port = Port(places=Places(4))
    port.send(*((number, f"wait {number}") for number in range(1, 4)))
    async with answering(port) as answers:
        assert await _next(answers, 1) == [(3, "RATE_LIMITED")]
        port.go["wait 1"].set()
        assert await _next(answers, 1) == [(1, "WAIT 1")]
        port.send((4, "d"))
        assert await _next(answers, 1) == [(4, "D")]


async def test_call_that_is_called_off_ends_without_an_answer() -> None:
    port = Port()
    port.send((1, "wait a"), (2, "wait b"))
    async with answering(port) as answers:
        waiting = asyncio.ensure_future(anext(answers))
        await until(lambda: len(port.begun) == 2)
        port.send((1, None), (7, None))
        await until(lambda: port.cancelled == ["wait a"])
        port.go["wait b"].set()
        assert await waiting == [(2, "WAIT B")]
        port.send((1, "again"))
        assert await _next(answers, 1) == [(1, "AGAIN")]
    assert port.taken == 0


@pytest.mark.parametrize("calls", [[(1, "b")], [(2, "b"), (2, "c")]], ids=["under way", "in one frame"])
async def test_same_number_twice_ends_the_stream(calls: Sequence[tuple[int, str]]) -> None:
    port = Port()
    port.send((1, "wait a"))
    port.send(*calls)
    async with answering(port) as answers:
        waiting = asyncio.ensure_future(_rest(answers))
        await until(lambda: port.read == 2)
        port.go["wait a"].set()
        with pytest.raises(NodeError) as ended:
            await waiting
    assert ended.value.reason is Reason.QUERY_INVALID
    assert port.begun == ["wait a"]
    assert port.taken == 0


async def test_number_whose_answer_was_not_sent_yet_is_taken() -> None:
    port = Port()
    port.send((1, "a"))
    async with answering(port) as answers:
        assert await anext(answers) == [(1, "A")]  # it is not read on: the next answer stays
        port.send((2, "b"))
        await until(lambda: port.begun == ["a", "b"])
        port.send((2, "c"))
        await until(lambda: port.read == 3)
        with pytest.raises(NodeError):
            await _rest(answers)
    assert port.begun == ["a", "b"]
    assert port.taken == 0


async def test_frame_with_more_calls_than_there_may_be_ends_the_stream() -> None:
    port = Port()
    port.send(*((number, "b") for number in range(FRAME_MESSAGES + 1)))
    async with answering(port) as answers:
        with pytest.raises(NodeError) as ended:
            await _rest(answers)
    assert ended.value.reason is Reason.QUERY_INVALID
    assert port.begun == []


async def test_of_who_reads_no_answers_no_more_is_read() -> None:
    port = Port(places=Places(10_000))
    per_frame = 200
    for frame in range(20):
        port.send(*((frame * per_frame + each, "b") for each in range(per_frame)))
    async with answering(port) as answers:
        first = await anext(answers)  # and then no more
        await until(lambda: len(port.begun) >= UNDER_WAY)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(port.begun) <= UNDER_WAY + 2 * per_frame
        port.sent.put_nowait(None)
        assert len(first + await _rest(answers)) == 20 * per_frame
    assert port.taken == 0


async def test_bytes_of_a_frame_are_held_until_the_last_of_its_calls_is_done() -> None:
    port = Port()
    for frame in range(MESSAGES + 1):
        port.send((2 * frame, f"wait {frame}"), (2 * frame + 1, "b"), size=LARGEST)
    async with answering(port) as answers:
        await _next(answers, MESSAGES)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(port.begun) == 2 * MESSAGES
        port.go["wait 0"].set()
        assert {number for number, _ in await _next(answers, 2)} == {0, 2 * MESSAGES + 1}


async def test_caller_who_leaves_ends_all_that_is_under_way_and_holds_nothing() -> None:
    port = Port()
    port.send((1, "wait a"), (2, "b"), (3, "refuse"), (4, "wait and fail"))
    async with answering(port) as answers:
        await _next(answers, 1)
        await until(lambda: len(port.begun) == 4)
    assert port.cancelled == ["wait a", "wait and fail"]
    assert port.taken == 0
    await asyncio.wait_for(port.inflow.expect("tax"), 5)


async def test_stream_that_shall_end_answers_what_was_begun_and_begins_no_more() -> None:
    port = Port()
    port.send((1, "wait a"))
    async with answering(port) as answers:
        waiting = asyncio.ensure_future(_rest(answers))
        await until(lambda: port.begun == ["wait a"])
        port.framed.end()
        port.send((2, "b"))
        await until(lambda: port.read == 2)
        port.go["wait a"].set()
        assert await waiting == [(1, "WAIT A")]
    assert port.begun == ["wait a"]


async def test_stream_on_which_nothing_is_under_way_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framed, "IDLE_SECONDS", 0.05)
    port = Port()
    port.send((1, "wait a"))
    async with answering(port) as answers:
        waiting = asyncio.ensure_future(_rest(answers))
        await until(lambda: port.begun == ["wait a"])
        await asyncio.sleep(0.15)
        assert not waiting.done()
        port.go["wait a"].set()
        assert await waiting == [(1, "WAIT A")]
