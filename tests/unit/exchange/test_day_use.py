"""What providers charged for today, as the requester counts it; and requests about too many."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import pytest
from support.asked import ID, about, fails
from support.decided import verdicts
from support.town import HR
from support.two_sides import CALLER, ZONE, TwoSides, WireStream, query

from node.core.deciding.cost import Day
from node.core.messages.chunk_bound import ChunkBound
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import Answered, Query
from node.exchange.day_use import DayUse, prefix_of, uses
from node.exchange.provider import ProviderLimits


def used(sides: TwoSides) -> list[DayUse]:
    """What the requester counted today."""
    day = Day.of(sides.now().astimezone(ZONE))
    return uses(sides.tax.store.balances_under(prefix_of(day)), day)


async def ask(sides: TwoSides, exchange_id: bytes, *numbers: int, asked: Query | None = None) -> Answered:
    """One question about these."""
    return await sides.requester.ask(CALLER, asked or query(), about(*numbers), exchange_id)


def today(sides: TwoSides, subjects: int) -> list[DayUse]:
    return [DayUse(HR, "pension-insurance", "tax-deferral", sides.grant.id, subjects)]


async def test_what_was_charged_is_counted_by_rule_and_grant(sides: TwoSides) -> None:
    assert used(sides) == []
    await ask(sides, bytes(16), 1, 2, 3)
    await ask(sides, ID, 4)
    assert used(sides) == today(sides, 4)


async def test_chunks_of_a_batch_count_as_what_they_are_about(sides: TwoSides) -> None:
    async def chunks() -> AsyncIterator[tuple[int, Sequence[SubjectKey]]]:
        yield 0, about(1, 2, 3)
        yield 1, about(4, 5)

    results = sides.requester.ask_batch(CALLER, query(), ID, chunks(), lambda: WireStream(sides.wire))
    async with aclosing(results):
        assert len([each async for each in results]) == 2
    assert used(sides) == today(sides, 5)


async def test_answer_that_is_asked_for_again_counts_once(sides: TwoSides) -> None:
    await ask(sides, ID, 1, 2)
    await ask(sides, ID, 1, 2)
    assert used(sides) == today(sides, 2)


async def test_answer_that_was_lost_counts_once_it_is_fetched(sides: TwoSides) -> None:
    sides.wire.lose_answer = NodeError(Reason.PEER_UNAVAILABLE, "away")
    await fails(sides)
    assert used(sides) == [], "nobody here knows of it"
    sides.wire.lose_answer = None
    await ask(sides, ID, 2)
    assert used(sides) == today(sides, 1)


async def test_denial_that_costs_nothing_counts_nothing(sides: TwoSides) -> None:
    sides.grants.clear()
    await fails(sides)
    assert used(sides) == []


async def test_next_day_begins_with_nothing(sides: TwoSides) -> None:
    await ask(sides, ID, 1)
    sides.clock.now += int(timedelta(hours=14).total_seconds() * 1000)
    assert used(sides) == []


async def test_limit_of_the_grant_counts_where_the_rule_has_none(sides: TwoSides) -> None:
    limited = replace(sides.grant, subjects_per_day=10)
    sides.grants[sides.grant.id], sides.received[:] = limited, [limited]
    await ask(sides, ID, 1, 2, 3)
    assert used(sides) == today(sides, 3), "two limits of one day, and each subject once"


@pytest.mark.parametrize("asked", [query(), query("contribution-band")], ids=["verify", "field"])
async def test_request_about_more_than_the_provider_takes_is_denied_for_that_and_free(
    sides: TwoSides, asked: Query
) -> None:
    sides.provider._limits = ProviderLimits(chunk=ChunkBound(subjects=3))
    with pytest.raises(NodeError) as denied:
        await ask(sides, ID, 1, 2, 3, 4, asked=asked)
    assert denied.value.reason is Reason.QUERY_INVALID
    assert denied.value.metadata["clause"] == "subjects"
    assert "more people at once" in denied.value.message
    (verdict,) = verdicts(sides)
    assert not verdict.charges
    await ask(sides, bytes(16), 1, 2, 3, asked=asked)


async def test_provider_that_sends_short_messages_denies_what_would_not_fit(sides: TwoSides) -> None:
    """By the number of subjects, not by the answers: a free denial must not tell how long those are."""
    sides.provider._limits = ProviderLimits(chunk=ChunkBound(message_bytes=64 << 10))
    for number, (subjects, reason) in enumerate(((270, None), (330, Reason.QUERY_INVALID))):
        found: Reason | None = None
        try:
            await ask(sides, bytes([number] * 16), *range(subjects))
        except NodeError as error:
            found = error.reason
        assert found is reason


async def test_own_node_asks_about_no_more_than_it_takes(sides: TwoSides) -> None:
    sides.requester._chunk = ChunkBound(subjects=2)
    with pytest.raises(NodeError) as refused:
        await ask(sides, ID, 1, 2, 3)
    assert (refused.value.reason, refused.value.metadata["clause"]) == (Reason.QUERY_INVALID, "subjects")
    assert sides.tax.bodies() == []
