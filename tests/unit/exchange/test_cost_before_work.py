"""What cannot be paid, or comes to nothing, costs the provider no work; what may be, waits in turn."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.decided import charges, denied, tally, verdicts
from support.running import pension_policy, resident, with_counts
from support.town import MEDICAL
from support.two_sides import CALLER, TwoSides, query
from support.waiting import PATIENCE, reached, until

from node.core.deciding.grant import GrantState
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange import counts as counts_module
from node.exchange.asking import Answered
from node.exchange.counts import CountKey
from node.exchange.provider_answer import Computed
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

AT_ONCE = 64
COUNTS = [f"count-{number}" for number in range(AT_ONCE)]
PRICE = 500_000


def _policy(**budgets: str) -> str:
    """A policy with many statistics, of which the budget pays for two."""
    text = pension_policy(**{"dataset": "1", "organisation": "1", "requester": "1", **budgets})
    return with_counts(text, COUNTS)


def _sides(folder: Path, **settings: object) -> TwoSides:
    sides = TwoSides(folder, **{"policy": _policy(), **settings})  # type: ignore[arg-type]
    wider = replace(sides.grant, questions=sides.grant.questions | set(COUNTS))
    sides.grants[wider.id], sides.received = wider, [wider]
    return sides


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[TwoSides]:
    sides = _sides(tmp_path)
    yield sides
    await sides.close()


def _counted_for_another(sides: TwoSides) -> AbstractAsyncContextManager[Computed]:
    """Another department has the place of a count, and has not charged it yet."""
    return sides.counts.of(CountKey(MEDICAL, os.urandom(16), b""), lambda: None, lambda _: Computed())


class Gate:
    """Holds whoever reads the register until it is opened."""

    def __init__(self, sides: TwoSides) -> None:
        self.reached, self.open = threading.Event(), threading.Event()
        sides.register.before = self._hold

    def _hold(self) -> None:
        self.reached.set()
        assert self.open.wait(PATIENCE)

    async def wait(self) -> None:
        """Until somebody is held."""
        await reached(self.reached)


async def count(sides: TwoSides, name: str, exchange_id: bytes = b"") -> Answered:
    return await sides.requester.ask(CALLER, query(name, "city-planning/population"), [], exchange_id)


async def verify(sides: TwoSides, *numbers: int) -> Answered:
    subjects = [SubjectKey(resident(number), {}) for number in numbers]
    return await sides.requester.ask(CALLER, query(), subjects)


async def sent(sides: TwoSides, name: str) -> pb.Envelope:
    """An envelope with a question for a statistic that has not reached the provider."""
    sides.wire.lose_request = NodeError(Reason.PEER_UNAVAILABLE, "gone")
    exchange_id = os.urandom(16)
    await denied(count(sides, name, exchange_id))
    sides.wire.lose_request = None
    asked = sides.tax.store.asked(exchange_id)
    assert asked is not None
    return pb.Envelope.FromString(asked.envelope)


# --- what cannot be paid ---


async def test_statistic_with_an_empty_budget_is_denied_without_a_count(sides: TwoSides) -> None:
    await count(sides, "count-1")
    await count(sides, "count-2")
    counted = sides.register.counted

    said = [await denied(count(sides, name)) for name in COUNTS[3:8]]

    assert {error.reason for error in said} == {Reason.BUDGET_EXHAUSTED}
    assert sides.register.counted == counted == 2
    assert [(v.decision, v.clause, charges(v)) for v in verdicts(sides)[2:]] == [
        (rec.DECISION_DENY, "privacy.budget", {})
    ] * 5


async def test_what_needs_no_count_does_not_wait_for_a_place(tmp_path: Path) -> None:
    """What was released is given again, and what cannot be paid is denied, though no more may wait."""
    sides = _sides(tmp_path, policy=_policy(requester="0.5"), counts=(1, 1, 0, 0, 10.0))
    first = await count(sides, "count-1")
    async with _counted_for_another(sides):
        again = await count(sides, "count-1")
        assert again.answers.statistic.reused
        assert list(again.answers.statistic.cells) == list(first.answers.statistic.cells)
        assert (await denied(count(sides, "count-2"))).reason is Reason.BUDGET_EXHAUSTED
    await sides.close()


async def test_of_64_at_once_hardly_more_are_counted_than_the_budget_pays_for(sides: TwoSides) -> None:
    said = await tally([count(sides, name) for name in COUNTS])

    assert said == {"answered": 2, Reason.BUDGET_EXHAUSTED: AT_ONCE - 2}
    # One that began while the second was counted is there to be denied.
    assert sides.register.counted in (2, 3)


async def test_statistic_whose_quota_is_used_up_is_denied_without_a_count(tmp_path: Path) -> None:
    text = _policy(dataset="100", organisation="100", requester="100")
    sides = _sides(tmp_path, policy=text.replace("limits: {per_day: 100}", "limits: {per_day: 3}"))
    said = await tally([count(sides, name) for name in COUNTS[:20]])

    assert said == {"answered": 3, Reason.QUOTA_EXHAUSTED: 17}
    assert sides.register.counted in (3, 4)
    assert {v.clause for v in verdicts(sides)} == {"", "limits.per_day"}
    await sides.close()


async def test_same_statistic_at_once_is_hardly_counted_twice(sides: TwoSides) -> None:
    answered = await asyncio.gather(*(count(sides, "count-1") for _ in range(20)))

    assert len({tuple(c.count for c in each.answers.statistic.cells) for each in answered}) == 1
    assert sides.register.counted in (1, 2)
    assert sum(charges(verdict).get("budget.dataset", 0) for verdict in verdicts(sides)) == PRICE


async def test_release_that_is_there_is_given_again_though_the_budget_is_empty(sides: TwoSides) -> None:
    await count(sides, "count-1")
    await count(sides, "count-2")

    again = await count(sides, "count-1")

    assert again.answers.statistic.reused
    assert sides.register.counted == 2


async def test_chunk_whose_quota_is_used_up_reads_no_data(tmp_path: Path) -> None:
    sides = TwoSides(tmp_path, pension_policy(per_day="100", per_subject_per_day="1"))
    await verify(sides, 2, 4, 6)
    read = sides.register.asked

    assert (await denied(verify(sides, 6, 4, 2))).reason is Reason.QUOTA_EXHAUSTED
    assert (await denied(verify(sides, *range(1, 200)))).reason is Reason.QUOTA_EXHAUSTED
    assert sides.register.asked == read
    assert [v.clause for v in verdicts(sides)[1:]] == ["limits.per_subject_per_day", "limits.per_day"]

    assert list((await verify(sides, 2, 8)).answers.verify.results) == [False, True]
    await sides.close()


async def test_chunk_is_read_for_one_subject_whose_limit_is_not_used_up_wherever_it_stands(
    tmp_path: Path,
) -> None:
    sides = TwoSides(tmp_path, pension_policy(per_subject_per_day="1"))
    many = range(2, 102)
    for place in (0, 15, 16, 17, 98):
        await verify(sides, *(number for number in many if number != many[place]))
        answered = await verify(sides, *many)
        assert list(answered.answers.refused) == [p for p in range(100) if p != place]
        read = sides.register.asked
        assert (await denied(verify(sides, *many))).reason is Reason.QUOTA_EXHAUSTED
        assert sides.register.asked == read
        sides.clock.now += 24 * 3_600_000
        longer = replace(sides.grant, valid_until=sides.now() + timedelta(days=2))
        sides.grants[longer.id], sides.received[0] = longer, longer
    await sides.close()


async def test_question_to_a_live_database_that_cannot_be_paid_does_not_reach_it(tmp_path: Path) -> None:
    sides = TwoSides(tmp_path, pension_policy(per_subject_per_day="1"))
    sides.register.quick = False
    await verify(sides, 2)

    assert (await denied(verify(sides, 2))).reason is Reason.QUOTA_EXHAUSTED

    assert sides.register.asked == 1
    await sides.close()


# --- what comes to nothing ---


async def test_chunk_that_was_answered_is_answered_again_without_reading(sides: TwoSides) -> None:
    await verify(sides, 2, 3, 4)
    envelope, read = sides.wire.carried[-1], sides.register.asked

    for _ in range(5):
        await sides.provider.ask(sides.arrival(), envelope)

    assert (sides.register.asked, len(verdicts(sides))) == (read, 1)


async def test_count_that_failed_is_not_made_again_for_the_same_envelope(sides: TwoSides) -> None:
    def fail() -> None:
        raise NodeError(Reason.SOURCE_UNAVAILABLE, "the disk is gone")

    sides.register.before = fail
    await denied(count(sides, "count-1"))

    for _ in range(5):
        await sides.provider.ask(sides.arrival(), sides.wire.carried[-1])

    assert (sides.register.counted, len(verdicts(sides))) == (1, 1)


async def test_other_content_under_an_answered_id_is_denied_without_reading(sides: TwoSides) -> None:
    await count(sides, "count-1")
    envelope = pb.Envelope()
    envelope.CopyFrom(await sent(sides, "count-2"))
    sides.hr.store.is_answered = lambda *_: False  # type: ignore[method-assign]
    await sides.provider.ask(sides.arrival(), envelope)

    assert sides.register.counted == 2


# --- waiting in turn ---


async def test_count_that_finds_no_room_to_wait_is_a_recorded_denial_and_charged_to_nothing(
    tmp_path: Path,
) -> None:
    sides = _sides(tmp_path, counts=(1, 1, 1, 1, 30.0))
    gate = Gate(sides)
    first = asyncio.ensure_future(count(sides, "count-1"))
    await gate.wait()
    second = asyncio.ensure_future(count(sides, "count-2"))
    await until(lambda: sides.counts._turns._in_line == 1)

    said = await denied(count(sides, "count-3"))

    assert said.reason is Reason.SOURCE_BUSY
    (verdict,) = verdicts(sides)
    assert (verdict.decision, verdict.clause) == (rec.DECISION_DENY, "source.busy")
    assert charges(verdict) == {}
    gate.open.set()
    await asyncio.gather(first, second)
    assert [charges(v).get("budget.dataset", 0) for v in verdicts(sides)] == [0, PRICE, PRICE]
    await sides.close()


async def test_count_that_waited_too_long_is_denied_as_busy_and_another_day_answered(tmp_path: Path) -> None:
    sides = _sides(tmp_path, counts=(1, 1, 10, 10, 0.1))
    gate = Gate(sides)
    first = asyncio.ensure_future(count(sides, "count-1"))
    await gate.wait()

    assert (await denied(count(sides, "count-2"))).reason is Reason.SOURCE_BUSY

    gate.open.set()
    await first
    await count(sides, "count-2")
    await sides.close()


async def test_look_ups_and_batches_go_on_while_all_places_for_counts_are_taken(sides: TwoSides) -> None:
    gate = Gate(sides)
    counting = [asyncio.ensure_future(count(sides, name)) for name in COUNTS[:20]]
    await gate.wait()
    await until(lambda: sides.register.counted == 2)
    sides.register.before = lambda: None

    assert list((await verify(sides, 2)).answers.verify.results) == [True]
    assert list((await verify(sides, *range(100))).answers.verify.results) == [True, False] * 50
    assert not any(each.done() for each in counting)

    gate.open.set()
    await asyncio.gather(*counting, return_exceptions=True)


async def test_grant_that_is_suspended_while_its_count_waits_gives_no_answer(tmp_path: Path) -> None:
    sides = _sides(tmp_path, counts=(1, 1, 10, 10, 30.0))
    gate = Gate(sides)
    first = asyncio.ensure_future(count(sides, "count-1"))
    await gate.wait()
    second = asyncio.ensure_future(count(sides, "count-2"))
    await until(lambda: sides.counts._turns._in_line == 1)
    grant = sides.received[0]
    sides.grants[grant.id] = replace(grant, state=GrantState.SUSPENDED)
    gate.open.set()

    assert [(await denied(each)).reason for each in (first, second)] == [Reason.SUSPENDED] * 2
    assert [charges(v) for v in verdicts(sides)] == [{}, {}]
    await sides.close()


async def test_one_member_leaves_threads_for_look_ups_to_the_others(sides: TwoSides) -> None:
    gate = Gate(sides)
    slow = [asyncio.ensure_future(verify(sides, 2, number)) for number in range(3, 30)]
    await gate.wait()
    await until(lambda: sides.register.asked == 4)
    sides.register.before = lambda: None
    other = replace(sides.tax.member, code=sides.hr.member.code)

    turns = sides.provider._computing._turns
    await asyncio.wait_for(turns.take(other.code), PATIENCE)

    turns.give_back(other.code)
    gate.open.set()
    await asyncio.gather(*slow)


# --- nobody waits ---


async def test_count_whose_caller_went_away_is_stopped_and_on_record(
    sides: TwoSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts_module, "ALONE_SECONDS", 0.05)
    gate = Gate(sides)
    envelope = await sent(sides, "count-1")
    asking = asyncio.ensure_future(sides.provider.ask(sides.arrival(), envelope))
    await gate.wait()

    asking.cancel()
    await until(lambda: sides.given_up == [sides.tax.member.code])

    assert sides.register.stops[0].asked
    gate.open.set()
    sides.register.before = lambda: None
    await sides.provider.ask(sides.arrival(), envelope)
    assert (sides.register.counted, len(verdicts(sides))) == (2, 1)
    assert verdicts(sides)[0].decision == rec.DECISION_PERMIT


async def test_sender_who_comes_back_finds_its_count_under_way(
    sides: TwoSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts_module, "ALONE_SECONDS", PATIENCE)
    gate = Gate(sides)
    envelope = await sent(sides, "count-1")
    for _ in range(5):
        gone = asyncio.ensure_future(sides.provider.ask(sides.arrival(), envelope))
        await gate.wait()
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
    again = asyncio.ensure_future(sides.provider.ask(sides.arrival(), envelope))
    await asyncio.sleep(0.05)
    gate.open.set()
    await again

    assert (sides.register.counted, len(verdicts(sides)), sides.given_up) == (1, 1, [])


async def test_statistic_in_a_batch_is_denied_because_nobody_is_seen_to_wait_for_it(sides: TwoSides) -> None:
    async def chunks() -> AsyncIterator[tuple[int, Sequence[SubjectKey]]]:
        yield 0, []

    asked = query("count-1", "city-planning/population")
    stream = sides.requester.ask_batch(CALLER, asked, os.urandom(16), chunks())
    (result,) = [each async for each in stream]

    assert isinstance(result.result, NodeError)
    assert result.result.reason is Reason.QUERY_INVALID
    assert sides.register.counted == 0
