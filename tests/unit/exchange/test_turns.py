"""Places and turns: bounded, by member in turn, and none is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from node.errors import NodeError, Reason
from node.exchange.turns import TurnBounds, Turns

BOUNDS = TurnBounds(places=2, each=2, waiting=100, waiting_each=100, seconds=30.0)


def _busy() -> NodeError:
    return NodeError(Reason.SOURCE_BUSY, "busy")


class Line:
    """Members who ask for places; in which order they got them."""

    def __init__(self, bounds: TurnBounds) -> None:
        self.turns = Turns(bounds, _busy)
        self.got: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def ask(self, *members: str) -> None:
        """Each asks; whoever gets a place keeps it."""
        for member in members:
            self.tasks.append(asyncio.create_task(self._take(member)))
        await settle()

    async def end(self, *members: str) -> None:
        """Give places back, one after the other."""
        for member in members:
            self.turns.give_back(member)
            await settle()

    async def leave(self) -> None:
        """Have all who wait go away."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _take(self, member: str) -> None:
        await self.turns.take(member)
        self.got.append(member)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_as_many_have_a_place_as_there_are() -> None:
    line = Line(BOUNDS)
    await line.ask("a", "a", "a", "b")

    assert line.got == ["a", "a"]
    await line.end("a")
    assert len(line.got) == 3
    await line.leave()


async def test_members_have_their_turns_one_after_the_other_however_much_one_asked() -> None:
    line = Line(replace(BOUNDS, places=1))
    await line.ask("a")
    await line.ask(*["a"] * 5, "b", "b", "c")

    await line.end("a", "a", "b", "c", "a", "b", "a", "a")

    assert line.got == ["a", "a", "b", "c", "a", "b", "a", "a", "a"]


async def test_one_who_comes_again_and_again_does_not_come_before_one_who_waits() -> None:
    line = Line(replace(BOUNDS, places=1))
    await line.ask("a")
    await line.ask("b")
    for _ in range(3):
        await line.ask("c", "d")

    await line.end("a", "b")

    assert line.got == ["a", "b", "c"]
    await line.leave()


async def test_one_member_has_no_more_places_than_its_own_though_some_are_free() -> None:
    line = Line(replace(BOUNDS, places=4, each=2))
    await line.ask(*["a"] * 4, "b")

    assert line.got == ["a", "a", "b"]
    await line.end("a")
    assert line.got == ["a", "a", "b", "a"]
    await line.leave()


async def test_no_more_wait_than_may_and_one_member_has_its_own_bound() -> None:
    line = Line(replace(BOUNDS, places=1, waiting=3, waiting_each=2))
    await line.ask("a", "a", "a")

    with pytest.raises(NodeError) as refused:
        await line.turns.take("a")
    assert refused.value.reason is Reason.SOURCE_BUSY
    await line.ask("b")
    with pytest.raises(NodeError):
        await line.turns.take("c")

    await line.end("a", "a", "b", "a")
    assert line.got == ["a", "a", "b", "a"]
    await line.turns.take("c")


async def test_free_place_is_given_though_the_line_is_full_of_those_who_may_have_none() -> None:
    line = Line(replace(BOUNDS, places=3, each=1, waiting=1))
    await line.ask("a", "a")

    await line.turns.take("b")

    await line.leave()


async def test_one_who_waited_too_long_is_refused_and_waits_no_more() -> None:
    line = Line(replace(BOUNDS, places=1, seconds=0.05))
    await line.turns.take("a")

    with pytest.raises(NodeError) as refused:
        await line.turns.take("b")

    assert refused.value.reason is Reason.SOURCE_BUSY
    await line.end("a")
    await line.turns.take("c")


async def test_one_who_goes_away_leaves_the_line() -> None:
    line = Line(replace(BOUNDS, places=1))
    await line.ask("a", "b", "c")
    line.tasks[1].cancel()
    await settle()

    await line.end("a")

    assert line.got == ["a", "c"]


async def test_turn_that_comes_as_one_goes_away_is_the_next_ones() -> None:
    line = Line(replace(BOUNDS, places=1))
    await line.ask("a", "b", "c")
    line.turns.give_back("a")  # it is b's now, who has not run yet
    line.tasks[1].cancel()
    await settle()

    assert line.got == ["a", "c"]


STEPS = st.lists(st.tuples(st.sampled_from("tgx"), st.integers(0, 3), st.integers(0, 30)), max_size=60)


@given(places=st.integers(1, 3), each=st.integers(1, 3), steps=STEPS)
@examples(200)
def test_places_are_neither_lost_nor_doubled_whatever_happens(
    places: int, each: int, steps: list[tuple[str, int, int]]
) -> None:
    asyncio.run(_anything(TurnBounds(places, each, 5, 3, 30.0), steps))


async def _anything(bounds: TurnBounds, steps: list[tuple[str, int, int]]) -> None:
    turns = Turns(bounds, _busy)
    has: list[str] = []
    asking: list[asyncio.Task[None]] = []

    async def take(member: str) -> None:
        try:
            await turns.take(member)
        except NodeError:
            return
        has.append(member)

    for what, member, number in steps:
        if what == "t":
            asking.append(asyncio.create_task(take("abcd"[member])))
        elif what == "g" and has:
            turns.give_back(has.pop(number % len(has)))
        elif what == "x" and asking:
            asking[number % len(asking)].cancel()
        if number % 2:
            await settle()
        held = Counter(has)
        assert len(has) <= bounds.places
        assert all(count <= bounds.each for count in held.values())
    await settle()
    while has:
        turns.give_back(has.pop())
        await settle()
    assert all(task.done() for task in asking)
    for _ in range(bounds.places):
        await turns.take("efgh"[_])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(turns.take("i"), 0.001)
