"""What waits to be sent goes in frames: in order, as much as fits, and nothing waits for anything else."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.frames.outbox import FRAME_BYTES, FRAME_MESSAGES, Outbox


async def _all(outbox: Outbox[int]) -> list[list[int]]:
    frames: list[list[int]] = []
    while frame := await outbox.frame():
        frames.append(frame)
    return frames


@given(st.lists(st.integers(0, 2 * FRAME_BYTES), max_size=600))
def test_frames_have_every_message_once_in_order_and_no_more_than_fits(sizes: list[int]) -> None:
    async def run() -> list[list[int]]:
        outbox: Outbox[int] = Outbox()
        for number, size in enumerate(sizes):
            outbox.put(number, number, size)
        outbox.end()
        return await _all(outbox)

    frames = asyncio.run(run())
    assert [number for frame in frames for number in frame] == list(range(len(sizes)))
    for frame in frames:
        assert len(frame) <= FRAME_MESSAGES
        assert len(frame) == 1 or sum(sizes[number] for number in frame) <= FRAME_BYTES


@pytest.mark.parametrize(
    ("said", "fits"), [(0, 12), (10_000, 12), (100_000, 18), (4 << 20, 48), (1 << 31, 48)]
)
async def test_frames_are_as_long_as_the_other_side_takes_and_no_longer_than_helps(
    said: int, fits: int
) -> None:
    outbox: Outbox[int] = Outbox()
    outbox.allow(said)
    for number in range(100):
        outbox.put(number, number, 4096)
    assert len(await outbox.frame()) == fits


async def test_frame_is_waited_for_until_there_is_something() -> None:
    outbox: Outbox[int] = Outbox()
    waiting = asyncio.ensure_future(outbox.frame())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.put(1, 10, 0)
    assert await waiting == [10]


async def test_what_was_taken_back_is_never_sent() -> None:
    outbox: Outbox[int] = Outbox()
    outbox.put(1, 10, 0)
    outbox.put(2, 20, 0)
    assert outbox.take_back(1)
    assert await outbox.frame() == [20]
    assert not outbox.take_back(2)


async def test_at_the_end_what_waits_is_sent_first() -> None:
    outbox: Outbox[int] = Outbox()
    outbox.put(1, 10, 0)
    outbox.end()
    assert await _all(outbox) == [[10]]


async def test_what_nobody_sends_is_handed_back() -> None:
    outbox: Outbox[int] = Outbox()
    outbox.put(1, 10, 0)
    outbox.put(2, 20, 0)
    assert outbox.rest() == [10, 20]
    assert len(outbox) == 0
