"""Clocks that are apart, either way, get no answer; a request that is repeated gets one for longer."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.decided import denied, verdicts
from support.running import resident
from support.two_sides import CALLER, TwoSides, query

from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import Answered
from node.exchange.opened import MAX_AGE_MS
from node.exchange.provider import ProviderLimits
from node.texts.wording import say

SKEW_MS = ProviderLimits().max_skew_ms


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[TwoSides]:
    sides = TwoSides(tmp_path)
    yield sides
    await sides.close()


async def ask(sides: TwoSides, exchange_id: bytes) -> Answered:
    return await sides.requester.ask(CALLER, query(), [SubjectKey(resident(2), {})], exchange_id)


async def arrives_after(sides: TwoSides, milliseconds: int) -> Answered:
    """Ask, lose the request on its way, and ask again under the same id so much later."""
    exchange_id = os.urandom(16)
    sides.wire.lose_request = NodeError(Reason.PEER_UNAVAILABLE, "gone")
    await denied(ask(sides, exchange_id))
    sides.wire.lose_request = None
    sides.clock.now += milliseconds
    return await ask(sides, exchange_id)


async def test_request_in_time_asks_nobody_for_the_time(sides: TwoSides) -> None:
    await arrives_after(sides, SKEW_MS)
    assert sides.time_asked == 0


@pytest.mark.parametrize("late", [SKEW_MS + 1, 2_000_000, MAX_AGE_MS])
async def test_repeated_request_is_answered_when_the_clocks_agree_now(sides: TwoSides, late: int) -> None:
    assert list((await arrives_after(sides, late)).answers.verify.results) == [True]
    assert sides.time_asked == 1


@pytest.mark.parametrize("apart", [SKEW_MS + 1, -SKEW_MS - 1, 2_000_000, -MAX_AGE_MS])
async def test_late_request_is_denied_when_the_clocks_are_apart(sides: TwoSides, apart: int) -> None:
    """As of a provider whose clock is ahead, or a requester whose clock is behind."""
    sides.time_told = lambda now: now - apart
    said = await denied(arrives_after(sides, SKEW_MS + 1))
    assert (said.reason, said.metadata["clause"]) == (Reason.CLOCK_SKEWED, "clock")
    assert "clocks of the two nodes" in say(said.wording, "en")
    assert "时钟" in say(said.wording, "zh")
    assert sides.register.asked == 0


async def test_requester_that_does_not_know_the_time_is_denied(sides: TwoSides) -> None:
    sides.time_told = lambda _now: 0
    assert (await denied(arrives_after(sides, SKEW_MS + 1))).metadata["clause"] == "clock"


async def test_request_from_the_future_is_denied(sides: TwoSides) -> None:
    said = await denied(arrives_after(sides, -SKEW_MS - 1))
    assert said.reason is Reason.CLOCK_SKEWED
    assert verdicts(sides)[-1].clause == "clock"


async def test_repeated_request_has_its_time_too(sides: TwoSides) -> None:
    said = await denied(arrives_after(sides, MAX_AGE_MS + 1))
    assert (said.reason, said.metadata["clause"]) == (Reason.CLOCK_SKEWED, "age")
    assert sides.time_asked == 0


async def test_late_request_waits_for_a_requester_that_cannot_be_asked(sides: TwoSides) -> None:
    sides.time_told = None
    assert (await denied(arrives_after(sides, SKEW_MS + 1))).reason is Reason.PEER_UNAVAILABLE
    assert verdicts(sides) == [], "nothing is decided, so the same request can come again"


async def test_answer_on_record_is_given_again_whatever_the_clocks_say(sides: TwoSides) -> None:
    exchange_id = os.urandom(16)
    sides.wire.lose_answer = NodeError(Reason.PEER_UNAVAILABLE, "gone")
    await denied(ask(sides, exchange_id))
    sides.wire.lose_answer = None
    sides.time_told = lambda _now: 0
    sides.clock.now += 2_000_000
    assert list((await ask(sides, exchange_id)).answers.verify.results) == [True]
    assert (len(verdicts(sides)), sides.time_asked) == (1, 0)
