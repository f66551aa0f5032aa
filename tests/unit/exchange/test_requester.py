"""The requester's steps: what it records, retries, refuses to believe, and hands over."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
from support.asked import ID, about, ask, fails, outcomes
from support.decided import charged
from support.running import kind_of, resident
from support.two_sides import CALLER, TwoSides, leaves, query
from support.waiting import until

from node.core.deciding.grant import GrantState
from node.core.log.merkle import leaf_hash
from node.core.policy.question_kind import QuestionKind
from node.core.role import Caller
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import Answered
from node.exchange.clean_up import ANSWERED_KEPT_MS, ASKED_KEPT_MS, CleanUp
from node.v1 import record_pb2 as rec

GONE = NodeError(Reason.PEER_UNAVAILABLE, "gone")


# --- one exchange ---


async def test_answer_is_handed_over_after_its_outcome_is_recorded(sides: TwoSides) -> None:
    answered = await ask(sides)
    assert list(answered.answers.verify.results) == [True]
    assert sides.tax.bodies() == ["intent", "outcome"]
    outcome = sides.tax.records()[answered.own_index].outcome
    assert outcome.kind == rec.OUTCOME_KIND_ANSWERED
    assert outcome.intent_hash == leaf_hash(leaves(sides.tax.store)[0])
    assert outcome.verdict_hash == leaf_hash(leaves(sides.hr.store)[answered.provider_index])


async def test_both_logs_name_the_policies_that_decided_also_when_they_deny(sides: TwoSides) -> None:
    digest = sides.state.policies.digest
    await ask(sides)
    sides.grants[sides.grant.id] = replace(sides.grant, state=GrantState.SUSPENDED)
    await fails(sides, exchange_id=bytes(16))
    assert sides.hr.bodies() == ["verdict", "verdict"]
    assert {record.verdict.policy_digest for record in sides.hr.records()} == {digest}
    answered, denied = [r.outcome for r in sides.tax.records() if r.WhichOneof("body") == "outcome"]
    assert (answered.kind, denied.kind) == (rec.OUTCOME_KIND_ANSWERED, rec.OUTCOME_KIND_DENIED)
    assert answered.policy_digest == denied.policy_digest == digest


@pytest.mark.parametrize("digest", [b"", bytes(31), bytes(33)])
async def test_answer_that_no_policies_decided_is_not_handed_over(sides: TwoSides, digest: bytes) -> None:
    policies = replace(sides.state.policies, digest=digest)
    sides.state = replace(sides.state, policies=policies)
    assert (await fails(sides)).reason is Reason.PROOF_INVALID
    assert outcomes(sides) == [(rec.OUTCOME_KIND_FAILED, Reason.PROOF_INVALID.wire)]


async def test_intent_is_durable_before_anything_is_sent(sides: TwoSides) -> None:
    def look() -> asyncio.Future[None]:
        assert sides.tax.bodies() == ["intent"]
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    sides.wire.before = look
    await ask(sides)
    assert len(sides.wire.carried) == 1


async def test_exchanges_whose_callers_left_are_bounded_for_each_caller(
    sides: TwoSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.exchange.requester.UNDER_WAY", 8)
    held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    sent: list[None] = []

    def hold() -> asyncio.Future[None]:
        sent.append(None)
        return asyncio.shield(held)

    sides.wire.before = hold

    async def leave(number: int, caller: Caller) -> bool:
        """Whether an exchange goes on after its caller has left."""
        asked = asyncio.ensure_future(sides.requester.ask(caller, query(), about(2), bytes([number] * 16)))
        before = len(sent)
        await until(lambda: asked.done() or len(sent) > before)
        if asked.done():
            assert isinstance(error := asked.exception(), NodeError)
            assert error.reason is Reason.RATE_LIMITED
            return False
        asked.cancel()
        return True

    clerk = Caller("operator", bytes(32))
    assert [await leave(number, CALLER) for number in range(1, 4)] == [True, True, False]
    assert await leave(4, clerk)
    held.set_result(None)
    await until(lambda: not sides.requester._running)
    assert (await ask(sides)).answers.verify.results[0]


async def test_nothing_is_sent_when_the_intent_cannot_be_recorded(sides: TwoSides) -> None:
    sides.tax.faults.fail("commit")
    assert (await fails(sides)).reason is Reason.STORE_UNAVAILABLE
    assert sides.wire.carried == []
    sides.tax.faults.fail()
    assert list((await ask(sides)).answers.verify.results) == [True]


async def test_answer_is_not_handed_over_when_its_outcome_cannot_be_recorded(sides: TwoSides) -> None:
    sides.wire.bend = lambda _: sides.tax.faults.fail("commit")
    assert (await fails(sides)).reason is Reason.STORE_UNAVAILABLE
    sides.tax.faults.fail()
    sides.wire.bend = lambda _: None
    answered = await ask(sides)
    assert list(answered.answers.verify.results) == [True]
    assert charged(sides) == 1
    assert sides.hr.bodies() == ["verdict"]


async def test_denial_is_an_error_that_names_rule_and_clause(sides: TwoSides) -> None:
    with pytest.raises(NodeError) as denied:
        await sides.requester.ask(CALLER, query("deferral-eligible"), about(2), ID)
    assert denied.value.reason is Reason.QUESTION_NOT_ALLOWED  # by the own grant, before anything is sent
    assert sides.wire.carried == []
    sides.grants.clear()
    denial = await fails(sides)
    assert (denial.reason, denial.metadata["clause"]) == (Reason.NO_GRANT, "grant.exists")
    assert outcomes(sides) == [(rec.OUTCOME_KIND_DENIED, Reason.NO_GRANT.wire)]


# --- once more ---


async def test_retry_gets_the_same_answer_without_asking_again(sides: TwoSides) -> None:
    first = await ask(sides)
    assert await ask(sides) == first
    assert len(sides.wire.carried) == 1
    assert sides.tax.bodies() == ["intent", "outcome"]


async def test_retry_of_a_denial_gets_the_same_denial(sides: TwoSides) -> None:
    sides.grants.clear()
    first = await fails(sides)
    sides.grants[sides.grant.id] = sides.grant
    again = await fails(sides)
    assert (again.reason, again.metadata) == (first.reason, first.metadata)
    assert len(sides.wire.carried) == 1


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_retry_after_a_loss_sends_the_same_envelope_and_is_charged_once(
    sides: TwoSides, lost: str
) -> None:
    setattr(sides.wire, f"lose_{lost}", GONE)
    assert (await fails(sides)).reason is Reason.PEER_UNAVAILABLE
    assert outcomes(sides) == [(rec.OUTCOME_KIND_FAILED, Reason.PEER_UNAVAILABLE.wire)]
    setattr(sides.wire, f"lose_{lost}", None)
    answered = await ask(sides)
    assert list(answered.answers.verify.results) == [True]
    assert len({envelope.SerializeToString() for envelope in sides.wire.carried}) == 1
    assert sides.tax.bodies() == ["intent", "outcome", "outcome"]
    assert sides.hr.bodies() == ["verdict"]
    assert charged(sides) == 1


async def test_retry_after_hours_is_still_answered(sides: TwoSides) -> None:
    sides.wire.lose_answer = GONE
    await fails(sides)
    sides.wire.lose_answer = None
    sides.clock.now += 6 * 3_600_000
    assert list((await ask(sides)).answers.verify.results) == [True]
    assert charged(sides) == 1


async def test_request_that_never_arrived_can_be_sent_hours_later(sides: TwoSides) -> None:
    sides.wire.lose_request = GONE
    await fails(sides)
    sides.wire.lose_request = None
    sides.clock.now += 6 * 3_600_000
    assert list((await ask(sides)).answers.verify.results) == [True]


async def test_request_is_forgotten_once_it_has_its_answer(sides: TwoSides) -> None:
    """And with it the key that opens what was heard on the wire."""
    await ask(sides)
    asked = sides.tax.store.asked(ID)
    assert asked is not None
    assert (asked.envelope, asked.response_key) == (b"", b"")
    sides.wire.lose_answer = GONE
    await fails(sides, exchange_id=bytes(16))
    asked = sides.tax.store.asked(bytes(16))
    assert asked is not None
    assert asked.envelope
    assert asked.response_key


async def _forget(sides: TwoSides) -> None:
    """What either side's clean-up forgets now."""
    for side in (sides.tax, sides.hr):
        await CleanUp(
            side.commit, side.store, side.store.cleaner(), sides.workers, sides.clock, lambda: (), 3
        ).run()


async def test_retry_within_the_day_gets_its_answer_though_all_was_cleaned_up(sides: TwoSides) -> None:
    first = await ask(sides)
    sides.clock.now += ANSWERED_KEPT_MS - 1
    await _forget(sides)
    assert await ask(sides) == first
    await sides.provider.ask(sides.arrival(), sides.wire.carried[0])
    assert sides.hr.bodies() == ["verdict"]


async def test_exchange_is_forgotten_when_no_provider_can_remember_it(sides: TwoSides) -> None:
    sides.wire.lose_answer = GONE
    await fails(sides)
    sides.wire.lose_answer = None
    sides.clock.now += ANSWERED_KEPT_MS + 1
    await _forget(sides)
    refused = await fails(sides)
    assert (refused.reason, len(sides.wire.carried)) == (Reason.NOT_FOUND, 1), "its day is over"
    sides.clock.now += ASKED_KEPT_MS - ANSWERED_KEPT_MS
    await _forget(sides)
    assert sides.tax.store.asked(ID) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda sides: sides.requester.ask(CALLER, query(), about(4), ID),
        lambda sides: sides.requester.ask(CALLER, query(), about(2, 4), ID),
        lambda sides: sides.requester.ask(CALLER, query("contribution-band"), about(2), ID),
        lambda sides: sides.requester.ask(CALLER, query(purpose="social-insurance/pension"), about(2), ID),
        lambda sides: sides.requester.ask(Caller("operator", bytes(32)), query(), about(2), ID),
        lambda sides: sides.requester.ask(CALLER, query(), [SubjectKey(resident(2), {"name": "x"})], ID),
    ],
)
async def test_other_content_under_a_used_id_is_refused(
    sides: TwoSides, change: Callable[[TwoSides], AsyncIterator[Answered]]
) -> None:
    await ask(sides)
    with pytest.raises(NodeError) as refused:
        await change(sides)  # type: ignore[misc]
    assert refused.value.reason is Reason.REQUEST_REPLAYED
    assert sides.refused == [Reason.REQUEST_REPLAYED]
    assert len(sides.wire.carried) == 1


async def test_exchange_of_a_caller_who_goes_away_is_finished(sides: TwoSides) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        arrived.set()
        await go_on.wait()

    sides.wire.before = lambda: asyncio.ensure_future(hold())
    caller = asyncio.ensure_future(ask(sides))
    await arrived.wait()
    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    again = asyncio.ensure_future(ask(sides))
    go_on.set()
    assert list((await again).answers.verify.results) == [True]
    assert sides.tax.bodies() == ["intent", "outcome"]
    assert len(sides.wire.carried) == 1


async def test_exchanges_that_a_dead_process_left_open_are_closed_and_can_be_retried(
    sides: TwoSides,
) -> None:
    sides.wire.bend = lambda _: sides.tax.faults.fail("commit")
    await fails(sides)
    sides.tax.faults.fail()
    sides.wire.bend = lambda _: None
    assert sides.tax.bodies() == ["intent"]
    restarted = sides.make_requester()
    assert await restarted.close_abandoned() == 1
    assert outcomes(sides) == [(rec.OUTCOME_KIND_ABANDONED, Reason.DRAINING.wire)]
    assert await restarted.close_abandoned() == 0
    answered = await restarted.ask(CALLER, query(), about(2), ID)
    assert list(answered.answers.verify.results) == [True]
    assert charged(sides) == 1


async def test_exchange_under_way_is_not_taken_for_abandoned(sides: TwoSides) -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        arrived.set()
        await go_on.wait()

    sides.wire.before = lambda: asyncio.ensure_future(hold())
    caller = asyncio.ensure_future(ask(sides))
    await arrived.wait()
    assert await sides.requester.close_abandoned() == 0
    go_on.set()
    await caller
    assert outcomes(sides) == [(rec.OUTCOME_KIND_ANSWERED, 0)]


async def test_many_abandoned_exchanges_are_closed(sides: TwoSides) -> None:
    sides.wire.lose_request = GONE
    sides.tax.faults.before_commit = lambda: None
    ids = [os.urandom(16) for _ in range(600)]
    begun = [asyncio.ensure_future(ask(sides, 2, each)) for each in ids]
    real = sides.requester._concluding.fail
    sides.requester._concluding.fail = _nothing  # type: ignore[assignment,method-assign]
    await asyncio.gather(*begun, return_exceptions=True)
    sides.requester._concluding.fail = real  # type: ignore[method-assign]
    assert await sides.requester.close_abandoned() == 600
    assert sides.tax.bodies().count("outcome") == 600


async def _nothing(*_: object) -> None:
    return None


async def test_node_that_stops_leaves_no_open_intent(sides: TwoSides) -> None:
    arrived = asyncio.Event()

    async def hold() -> None:
        arrived.set()
        await asyncio.Event().wait()

    sides.wire.before = lambda: asyncio.ensure_future(hold())
    caller = asyncio.ensure_future(ask(sides))
    await arrived.wait()
    await sides.requester.stop()
    await asyncio.gather(caller, return_exceptions=True)
    assert outcomes(sides) == [(rec.OUTCOME_KIND_FAILED, Reason.DRAINING.wire)]


# --- the own desk ---


async def test_question_that_the_grant_says_is_of_another_kind_is_not_sent(sides: TwoSides) -> None:
    names = sorted(sides.grant.questions)
    sides.received = [replace(sides.grant, kinds=tuple(kind_of(name) for name in names))]
    with pytest.raises(NodeError) as refused:
        await sides.requester.ask(CALLER, query("is-enrolled", kind=QuestionKind.FIELD), about(2), ID)
    assert refused.value.metadata["clause"] == "question.kind"
    assert (sides.wire.carried, sides.refused) == ([], [Reason.QUERY_INVALID])
    assert sides.refreshed == 1  # the provider may have changed it
    assert list((await ask(sides)).answers.verify.results) == [True]


async def test_subject_of_another_kind_than_the_grant_says_is_not_sent(sides: TwoSides) -> None:
    sides.received = [replace(sides.grant, subject_type="credit_code")]
    with pytest.raises(NodeError, match="about organisations") as refused:
        await sides.requester.ask(CALLER, query(), about(2), ID)
    assert refused.value.reason is Reason.QUERY_INVALID
    assert (sides.wire.carried, sides.refused, sides.tax.bodies()) == ([], [Reason.QUERY_INVALID], [])
    assert sides.refreshed == 1  # the provider may have changed it
    sides.received = [replace(sides.grant, subject_type="resident_id")]
    assert list((await ask(sides)).answers.verify.results) == [True]


async def test_grant_that_is_for_other_roles_is_not_used(sides: TwoSides) -> None:
    sides.received = [replace(sides.grant, roles=("clerk",))]
    error = await fails(sides)
    assert error.reason is Reason.QUESTION_NOT_ALLOWED
    assert sides.wire.carried == []


async def test_grant_is_looked_for_again_before_the_desk_refuses(sides: TwoSides) -> None:
    sides.received = []
    assert (await fails(sides)).reason is Reason.NO_GRANT
    assert sides.refreshed == 1
    assert sides.refused == [Reason.NO_GRANT]
    assert sides.tax.bodies() == []


@pytest.mark.parametrize("length", [1, 15, 17, 32])
async def test_exchange_id_has_16_bytes(sides: TwoSides, length: int) -> None:
    assert (await fails(sides, exchange_id=bytes(length))).reason is Reason.QUERY_INVALID


async def test_caller_without_an_id_gets_a_new_one_each_time(sides: TwoSides) -> None:
    first, second = await ask(sides, 2, b""), await ask(sides, 2, b"")
    assert first.exchange_id != second.exchange_id
    assert len(first.exchange_id) == 16


async def test_unlisted_provider_is_refused(sides: TwoSides) -> None:
    elsewhere = replace(query(), provider="11441900000000043F")
    with pytest.raises(NodeError) as refused:
        await sides.requester.ask(CALLER, elsewhere, about(2), ID)
    assert refused.value.reason is Reason.NOT_FOUND
