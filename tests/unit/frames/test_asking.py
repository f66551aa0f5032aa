"""The asking end of a stream of frames: who asks gets the one answer to the own call, or is told why not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
import pytest
from support.waiting import PATIENCE, until

from node.errors import NodeError, Reason
from node.frames import asking
from node.frames.asking import AskingStream

Call = tuple[int, str]


class Numbers:
    """Calls and answers as lines of number and text; a text that begins with "!" is a refusal."""

    def frame(self, calls: Sequence[Call]) -> bytes:
        return "\n".join(f"{number} {text}" for number, text in calls).encode()

    def read(self, frame: bytes) -> tuple[list[tuple[int, str | NodeError]], int]:
        if frame == b"no frame":
            raise NodeError(Reason.ENVELOPE_INVALID, "error.wire.unreadable")
        lines = [line.partition(" ") for line in frame.decode().splitlines()]
        refused = NodeError(Reason.SUSPENDED, "x")
        return [(int(number), refused if text.startswith("!") else text) for number, _, text in lines], 0

    def off(self, number: int) -> Call:
        return number, "off"

    def too_slow(self) -> NodeError:
        return NodeError(Reason.TIMEOUT, "x")

    def ended(self) -> NodeError:
        return NodeError(Reason.PEER_UNAVAILABLE, "x")

    def broken(self, error: grpc.aio.AioRpcError) -> NodeError:
        return NodeError(Reason.DRAINING, "x")

    def unasked(self) -> NodeError:
        return NodeError(Reason.PROOF_INVALID, "x")


@dataclass
class Line:
    """A stream whose other end is a test, which lets what is written through."""

    written: list[bytes] = field(default_factory=list)
    coming: asyncio.Queue[object] = field(default_factory=asyncio.Queue)
    cancelled: bool = False
    let_through: asyncio.Event = field(default_factory=asyncio.Event)

    async def write(self, body: bytes) -> None:
        await self.let_through.wait()
        self.written.append(body)

    async def read(self) -> bytes | object:
        found = await self.coming.get()
        if isinstance(found, BaseException):
            raise found
        return found

    def cancel(self) -> None:
        self.cancelled = True

    def __post_init__(self) -> None:
        self.let_through.set()

    def say(self, *lines: str) -> None:
        self.coming.put_nowait("\n".join(lines).encode())


@asynccontextmanager
async def asked_on(line: Line) -> AsyncIterator[AskingStream[Call, str]]:
    stream: AskingStream[Call, str] = AskingStream(line, Numbers())  # type: ignore[arg-type]
    try:
        yield stream
    finally:
        stream.close()
        await asyncio.sleep(0)


def _ask(stream: AskingStream[Call, str], text: str, seconds: float = PATIENCE) -> asyncio.Task[str]:
    return asyncio.ensure_future(stream.ask(lambda number: (number, text), 10, seconds))


async def _reason(task: asyncio.Task[str]) -> Reason:
    with pytest.raises(NodeError) as told:
        await task
    return told.value.reason


async def test_what_is_asked_at_once_goes_in_one_frame_and_answers_come_in_any_order() -> None:
    line = Line()
    async with asked_on(line) as stream:
        tasks = [_ask(stream, text) for text in "abc"]
        await until(lambda: len(line.written) == 1)
        assert line.written == [b"1 a\n2 b\n3 c"]
        line.say("3 C")
        line.say("1 A", "2 B")
        assert await asyncio.gather(*tasks) == ["A", "B", "C"]


async def test_refusal_is_of_the_call_that_it_answers() -> None:
    line = Line()
    async with asked_on(line) as stream:
        first, second = _ask(stream, "a"), _ask(stream, "b")
        await until(lambda: len(line.written) == 1)
        line.say("1 !", "2 B")
        assert await _reason(first) is Reason.SUSPENDED
        assert await second == "B"
        assert stream.open


async def test_answer_that_comes_twice_counts_once_and_one_that_is_late_not_at_all() -> None:
    line = Line()
    async with asked_on(line) as stream:
        first = _ask(stream, "a")
        late = _ask(stream, "b", 0.02)
        await until(lambda: len(line.written) == 1)
        line.say("1 A", "1 ANOTHER")
        assert await first == "A"
        assert await _reason(late) is Reason.TIMEOUT
        await until(lambda: line.written[-1] == b"2 off")
        line.say("2 B")
        third = _ask(stream, "c")
        await until(lambda: line.written[-1] == b"3 c")
        line.say("3 C")
        assert await third == "C"


@pytest.mark.parametrize("number", [0, 2, 10**12])
async def test_answer_to_what_nobody_asked_breaks_the_stream(number: int) -> None:
    line = Line()
    async with asked_on(line) as stream:
        asked = _ask(stream, "a")
        await until(lambda: len(line.written) == 1)
        line.say(f"{number} A")
        assert await _reason(asked) is Reason.PROOF_INVALID
        assert line.cancelled
        assert await _reason(_ask(stream, "b")) is Reason.PROOF_INVALID


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (grpc.aio.EOF, Reason.PEER_UNAVAILABLE),
        (b"no frame", Reason.ENVELOPE_INVALID),
        (
            grpc.aio.AioRpcError(
                grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), details=""
            ),
            Reason.DRAINING,
        ),
        (asyncio.CancelledError(), Reason.PEER_UNAVAILABLE),
    ],
    ids=["end", "no frame", "broken", "channel closed"],
)
async def test_all_who_wait_are_told_when_the_stream_ends(end: object, reason: Reason) -> None:
    line = Line()
    async with asked_on(line) as stream:
        tasks = [_ask(stream, text) for text in "abc"]
        await until(lambda: len(line.written) == 1)
        line.coming.put_nowait(end)
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert [each.reason for each in errors if isinstance(each, NodeError)] == [reason] * 3
        assert len(set(map(id, errors))) == 3  # each an exception of its own
        assert not stream.open


async def test_who_gives_up_before_the_call_was_sent_has_asked_nothing() -> None:
    line = Line()
    line.let_through.clear()
    async with asked_on(line) as stream:
        first = _ask(stream, "a")
        await asyncio.sleep(0.01)
        second = _ask(stream, "b")
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        line.let_through.set()
        await until(lambda: len(line.written) == 1)
        line.say("1 A")
        assert await first == "A"
        third = _ask(stream, "c")
        await until(lambda: len(line.written) == 2)
        assert line.written == [b"1 a", b"3 c"]
        third.cancel()
        await until(lambda: line.written[-1] == b"3 off")


async def test_stream_on_which_nothing_is_under_way_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "IDLE_SECONDS", 0.03)
    line = Line()
    async with asked_on(line) as stream:
        asked = _ask(stream, "a")
        await until(lambda: len(line.written) == 1)
        await asyncio.sleep(0.1)
        assert stream.open
        line.say("1 A")
        await asked
        await until(lambda: not stream.open)
        assert line.cancelled


async def test_frame_that_may_not_be_sent_any_more_breaks_the_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise NodeError(Reason.PEER_UNAVAILABLE, "x")

    monkeypatch.setattr(Numbers, "frame", refuse)
    line = Line()
    async with asked_on(line) as stream:
        assert await _reason(_ask(stream, "a")) is Reason.PEER_UNAVAILABLE
        assert line.written == []
