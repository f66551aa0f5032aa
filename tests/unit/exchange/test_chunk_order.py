"""Chunks of one stream are charged in their order, whichever of them is looked up first."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest
from support.asked import ID, about
from support.two_sides import CALLER, Register, TwoSides, query
from support.waiting import PATIENCE

from node.core.policy.question import Question
from node.core.subject import SubjectKey, Unclear
from node.errors import NodeError, Reason
from node.exchange.asking import Answered
from node.exchange.batch_order import BatchOrder, ChunkPlace
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec


class AtOnce:
    """A batch stream whose chunks are all in the works at once, as a node's exchange port has them."""

    def __init__(self, sides: TwoSides) -> None:
        self._sides = sides
        self._order = BatchOrder()
        self._tasks: asyncio.Queue[asyncio.Task[pb.SealedAnswer] | None] = asyncio.Queue()

    async def send(self, envelope: pb.Envelope) -> None:
        self._tasks.put_nowait(asyncio.create_task(self._ask(envelope)))

    async def _ask(self, envelope: pb.Envelope) -> pb.SealedAnswer:
        place = self._order.place()
        try:
            return await self._sides.provider.ask(self._sides.tax.member, envelope, place)
        finally:
            place.over()

    async def done(self) -> None:
        self._tasks.put_nowait(None)

    def cancel(self) -> None:
        pass

    async def answers(self) -> AsyncIterator[pb.SealedAnswer]:
        while (task := await self._tasks.get()) is not None:
            yield await task


class SlowWithMany(Register):
    """Answers about few at once, and about many only when it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.few, self.go_on = threading.Event(), threading.Event()

    def verify(
        self, question: Question, parameters: Mapping[str, str], region: str, subjects: Sequence[SubjectKey]
    ) -> list[bool | Unclear]:
        found = super().verify(question, parameters, region, subjects)
        if len(subjects) < 50:
            self.few.set()
        else:
            assert self.go_on.wait(PATIENCE)
        return found


async def batch(sides: TwoSides, *chunks: Sequence[SubjectKey]) -> list[object]:
    """What becomes of each chunk: how many answers, or the reason."""

    async def given() -> AsyncIterator[tuple[int, Sequence[SubjectKey]]]:
        for number, chunk in enumerate(chunks):
            yield number, chunk

    results = sides.requester.ask_batch(CALLER, query(), ID, given(), lambda: AtOnce(sides))
    found: list[object] = []
    async with aclosing(results):
        async for each in results:
            done = each.result
            found.append(len(done.answers.verify.results) if isinstance(done, Answered) else done.reason)
    return found


async def test_short_last_chunk_takes_nothing_of_the_days_limit_from_the_long_one_before(
    sides: TwoSides,
) -> None:
    limited = replace(sides.grant, subjects_per_day=70)
    sides.grants[sides.grant.id], sides.received[:] = limited, [limited]
    slow = SlowWithMany()
    sides.state = replace(sides.state, sources=dict.fromkeys(sides.state.sources, slow))
    asked = asyncio.create_task(batch(sides, about(*range(70)), about(*range(100, 110))))
    assert await asyncio.to_thread(slow.few.wait, PATIENCE)
    for _ in range(50):  # as many chances to be charged first
        await asyncio.sleep(0.001)
    slow.go_on.set()
    assert await asked == [70, Reason.QUOTA_EXHAUSTED]


async def test_chunk_that_fails_lets_the_next_one_have_its_turn(sides: TwoSides) -> None:
    no_claims = [SubjectKey(each.id, {"name": "x"}) for each in about(1)]
    found = await batch(sides, about(*range(5)), no_claims, about(*range(8, 10)))
    assert found == [5, Reason.QUERY_INVALID, 2]


async def test_chunks_are_looked_at_in_the_order_of_their_arrival() -> None:
    order, looked_at = BatchOrder(), list[int]()

    async def look(place: ChunkPlace, number: int) -> None:
        await place.turn_to_look()
        place.check(chunk(number))
        looked_at.append(number)
        place.looked.set()

    places = [order.place() for _ in range(3)]
    await asyncio.gather(*(look(place, 7 + number) for number, place in reversed(list(enumerate(places)))))
    assert looked_at == [7, 8, 9]


async def test_chunk_that_is_over_holds_nobody_up() -> None:
    order = BatchOrder()
    first, second = order.place(), order.place()
    first.over()
    await second.turn_to_look()
    await second.turn_to_charge()


@pytest.mark.parametrize("numbers", [(7, 9), (7, 7), (8, 7)])
def test_gap_a_repetition_and_a_step_back_are_refused_and_change_nothing(numbers: tuple[int, int]) -> None:
    order = BatchOrder()
    order.place().check(chunk(numbers[0]))
    with pytest.raises(NodeError) as refused:
        order.place().check(chunk(numbers[1]))
    assert refused.value.reason is Reason.REQUEST_REPLAYED
    order.place().check(chunk(numbers[0] + 1))


def test_chunk_of_another_batch_is_refused() -> None:
    order = BatchOrder()
    order.place().check(chunk(0))
    with pytest.raises(NodeError) as refused:
        order.place().check(chunk(1, bytes(16)))
    assert refused.value.reason is Reason.REQUEST_REPLAYED


def chunk(number: int, batch_id: bytes = ID) -> rec.Intent:
    """An intent of a place in a batch."""
    return rec.Intent(batch=rec.BatchPosition(batch_id=batch_id, chunk=number))
