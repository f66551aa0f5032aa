"""Batches at the requester: in order, resumed, and without an intent left open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest
from support.asked import ID, about
from support.decided import charged
from support.two_sides import CALLER, TwoSides, query

from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import Answered
from node.exchange.batch import ChunkResult


async def _chunks(*numbers: int) -> AsyncIterator[tuple[int, Sequence[SubjectKey]]]:
    for number in numbers:
        yield number, about(number)


async def _batch(sides: TwoSides, *numbers: int) -> list[ChunkResult]:
    results = sides.requester.ask_batch(CALLER, query(), ID, _chunks(*numbers))
    done: list[ChunkResult] = []
    async with aclosing(results):
        async for result in results:
            done.append(result)
    return done


def _said(results: Sequence[ChunkResult]) -> list[object]:
    return [
        list(each.result.answers.verify.results) if isinstance(each.result, Answered) else each.result.reason
        for each in results
    ]


async def test_chunks_are_answered_in_order(sides: TwoSides) -> None:
    results = await _batch(sides, *range(20))
    assert [each.chunk for each in results] == list(range(20))
    assert _said(results) == [[number % 2 == 0] for number in range(20)]
    assert sides.tax.bodies().count("outcome") == 20


async def test_denied_chunk_does_not_end_the_batch(sides: TwoSides) -> None:
    real = sides.grants.pop(sides.grant.id)
    results = sides.requester.ask_batch(CALLER, query(), ID, _chunks(0, 1, 2))
    async with aclosing(results):
        first = await anext(results)
        sides.grants[real.id] = real
        rest = [each async for each in results]
    assert _said([first]) == [Reason.NO_GRANT]
    assert len(rest) == 2


@pytest.mark.parametrize("until", [0, 1, 5])
async def test_lost_provider_leaves_no_open_intent_and_the_batch_can_be_resumed(
    sides: TwoSides, until: int
) -> None:
    sides.wire.until = until
    with pytest.raises(NodeError) as lost:
        await _batch(sides, *range(12))
    sides.wire.until = None
    assert lost.value.reason is Reason.PEER_UNAVAILABLE
    bodies = sides.tax.bodies()
    assert bodies.count("intent") == bodies.count("outcome")
    results = await _batch(sides, *range(12))
    assert _said(results) == [[number % 2 == 0] for number in range(12)]
    assert charged(sides) == 12
    assert sides.hr.bodies() == ["verdict"] * 12


async def test_caller_who_leaves_a_batch_leaves_no_open_intent(sides: TwoSides) -> None:
    results = sides.requester.ask_batch(CALLER, query(), ID, _chunks(*range(40)))
    async with aclosing(results):
        await anext(results)
    bodies = sides.tax.bodies()
    assert bodies.count("intent") == bodies.count("outcome") < 20


async def test_same_batch_twice_at_once_is_answered_once(sides: TwoSides) -> None:
    first, second = await asyncio.gather(_batch(sides, *range(10)), _batch(sides, *range(10)))
    said = _said(first) + _said(second)
    assert all(each in ([True], [False], Reason.REQUEST_REPLAYED) for each in said)
    assert sides.hr.bodies() == ["verdict"] * 10


async def test_chunk_that_does_not_prove_itself_ends_the_batch(sides: TwoSides) -> None:
    sides.wire.bend = lambda answer: setattr(answer, "ciphertext", b"")
    with pytest.raises(NodeError) as ended:
        await _batch(sides, 0, 1, 2)
    assert ended.value.reason is Reason.ENVELOPE_INVALID
    bodies = sides.tax.bodies()
    assert bodies.count("intent") == bodies.count("outcome")
