"""What one caller's messages hold: as much as eight of the largest; the rest waits, and no other caller."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import NodeError, Reason
from node.rpc.inflow import MESSAGES, STREAMS, Inflow

LARGEST = 1000


async def _waits(inflow: Inflow, caller: str) -> asyncio.Task[None] | None:
    """A call that waits for its turn; None if it need not."""
    task = asyncio.create_task(inflow.expect(caller))
    await asyncio.sleep(0)
    return None if task.done() else task


async def test_ninth_message_waits_for_its_turn_and_other_callers_do_not() -> None:
    inflow = Inflow(LARGEST)
    for _ in range(MESSAGES):
        assert await _waits(inflow, "a") is None
    ninth, tenth = await _waits(inflow, "a"), await _waits(inflow, "a")
    assert ninth is not None
    assert tenth is not None
    assert await _waits(inflow, "b") is None
    inflow.release("a", LARGEST)
    await asyncio.sleep(0)
    assert (ninth.done(), tenth.done()) == (True, False)
    tenth.cancel()


async def test_message_that_has_come_holds_its_own_size_until_its_call_ends() -> None:
    inflow = Inflow(LARGEST)
    for _ in range(MESSAGES * 100):
        assert await _waits(inflow, "a") is None
        inflow.release("a", LARGEST - 1)
    held = MESSAGES * 100
    for _ in range((MESSAGES * LARGEST - held) // LARGEST):
        assert await _waits(inflow, "a") is None
    last = await _waits(inflow, "a")
    assert last is not None
    inflow.release("a", held)
    await last


async def test_who_gives_up_waiting_leaves_its_turn_to_the_next() -> None:
    inflow = Inflow(LARGEST)
    for _ in range(MESSAGES):
        await inflow.expect("a")
    waiting = [await _waits(inflow, "a") for _ in range(3)]
    first, second, third = (each for each in waiting if each is not None)
    first.cancel()
    inflow.release("a", LARGEST)
    second.cancel()  # whose turn has just come
    await asyncio.sleep(0)
    await third
    assert inflow._held == {"a": MESSAGES * LARGEST}


async def test_nothing_bounds_the_operator() -> None:
    inflow = Inflow(LARGEST)
    for _ in range(100):
        await inflow.expect(None)
        inflow.open_stream(None)
    inflow.release(None, LARGEST)
    inflow.close_stream(None)


def test_a_caller_has_so_many_streams_and_others_have_theirs() -> None:
    inflow = Inflow(LARGEST)
    for _ in range(STREAMS):
        inflow.open_stream("a")
    with pytest.raises(NodeError) as refused:
        inflow.open_stream("a")
    assert refused.value.reason is Reason.RATE_LIMITED
    inflow.open_stream("b")
    inflow.close_stream("a")
    inflow.open_stream("a")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, LARGEST), st.integers(0, 3))))
async def test_nothing_is_held_once_all_calls_have_ended(calls: list[tuple[str, int, int]]) -> None:
    inflow = Inflow(LARGEST)

    async def call(caller: str, size: int, steps: int) -> None:
        await inflow.expect(caller)
        assert inflow._held[caller] <= MESSAGES * LARGEST
        for _ in range(steps):
            await asyncio.sleep(0)
        inflow.release(caller, LARGEST - size)
        for _ in range(steps):
            await asyncio.sleep(0)
        inflow.release(caller, size)

    async with asyncio.timeout(30):
        await asyncio.gather(*(call(*each) for each in calls))
    assert not inflow._held
    assert not inflow._turns
