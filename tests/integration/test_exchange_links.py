"""On a link each exchange is its own, as a call is: answered, refused, replayed, bounded, recorded alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.forged_world import World, check_log, forged_world
from support.forger import forging, verdict
from support.on_link import on_link
from support.running import (
    CASE,
    DEFERRAL,
    ENROLLED,
    Running,
    pension_grant,
    pension_policy,
    pension_town,
    resident,
    running,
)
from support.town import FORGER, HR, TAX
from support.waiting import wait_for

from node.errors import NodeError, Reason
from node.frames.outbox import FRAME_MESSAGES
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with forged_world(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture(autouse=True)
def log_is_whole(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "world" in request.fixturenames:
        check_log(request.getfixturevalue("world"))


def test_exchanges_of_a_frame_are_each_answered_under_their_numbers_and_recorded_once(world: World) -> None:
    sent = [world.tax.make(subjects=[rec.Subject(id=resident(number))]) for number in range(40)]
    before = len(world.nodes.records(HR))
    with on_link(world.tax) as link:
        numbers = link.ask(*(each.envelope for each in sent))
        answers = link.answers(40)
    for number, each in zip(numbers, sent, strict=True):
        assert verdict(each.open(answers[number].answer)).decision == rec.DECISION_PERMIT
    assert len(world.nodes.records(HR)) == before + 40


def test_same_envelope_gets_the_same_answer_on_a_link_and_by_a_call(world: World) -> None:
    sent = world.tax.make()
    by_call = world.tax.send(sent)
    before = len(world.nodes.records(HR))
    with on_link(world.tax) as link:
        link.ask(sent.envelope, sent.envelope)
        link.ask(sent.envelope)
        said = [sent.open(answer.answer) for answer in link.answers(3).values()]
    assert {each.verdict for each in said} == {by_call.verdict}
    assert len(world.nodes.records(HR)) == before


def test_refusal_is_of_the_one_envelope_and_the_others_are_answered(world: World) -> None:
    sound = world.tax.make()
    unknown_key = world.tax.make(bend_envelope=lambda envelope: setattr(envelope, "key_id", "?"))
    tampered = world.tax.make(bend_envelope=_flip)
    other = world.tax.make(bend_envelope=lambda envelope: setattr(envelope, "requester", FORGER))
    with on_link(world.tax) as link:
        first, second, third, fourth = link.ask(
            unknown_key.envelope, sound.envelope, tampered.envelope, other.envelope
        )
        answers = link.answers(4)
    assert answers[first].refusal == Reason.KEY_ID_UNKNOWN.wire
    assert verdict(sound.open(answers[second].answer)).decision == rec.DECISION_PERMIT
    assert answers[third].refusal == Reason.ENVELOPE_INVALID.wire
    assert answers[fourth].refusal == Reason.ENVELOPE_INVALID.wire
    wait_for(lambda: Reason.KEY_ID_UNKNOWN.wire in _refusals(world.nodes))


def _flip(envelope: pb.Envelope) -> None:
    body = bytearray(envelope.ciphertext)
    body[20] ^= 1
    envelope.ciphertext = bytes(body)


def _refusals(nodes: Running) -> set[int]:
    nodes.call(nodes.nodes[HR]._refusals.flush())
    return {r.refusals.reason for r in nodes.records(HR) if r.WhichOneof("body") == "refusals"}


def test_denial_on_a_link_is_sealed_and_recorded_as_any(world: World) -> None:
    sent = world.tax.make(purpose="city-planning/population")
    with on_link(world.tax) as link:
        (number,) = link.ask(sent.envelope)
        said = verdict(sent.open(link.answers(1)[number].answer))
    assert said.decision == rec.DECISION_DENY
    assert world.last().verdict.intent == sent.leaf


@pytest.mark.parametrize("rule", ["number twice", "frame too long"])
def test_stream_ends_with_a_reason_at_what_its_rules_forbid(world: World, rule: str) -> None:
    before = len(world.nodes.records(HR))
    envelope = world.tax.make().envelope
    with on_link(world.tax) as link:
        if rule == "number twice":
            link.send(*(pb.LinkCall(number=7, envelope=envelope) for _ in range(2)))
        else:
            link.send(*(pb.LinkCall(number=n) for n in range(FRAME_MESSAGES + 1)))
        with pytest.raises(NodeError) as ended:
            link.answers(1)
    assert ended.value.reason is Reason.QUERY_INVALID
    kinds = [r.WhichOneof("body") for r in world.nodes.records(HR)[before:]]
    assert "verdict" not in kinds


def test_suspension_holds_for_the_next_exchange_of_a_link_that_stands(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    town = pension_town(tmp_path_factory.mktemp("town"))
    with running(town, HR, TAX) as nodes:
        nodes.grant()
        with nodes.operator(TAX) as tax, nodes.operator(HR) as hr:
            assert tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE).answer
            town.publish(replace(town.member(TAX), suspended=True))
            hr.admin.reload()
            with pytest.raises(NodeError) as refused:
                tax.verify(ENROLLED, resident(4), purpose=DEFERRAL, case=CASE)
            assert refused.value.reason is Reason.SUSPENDED
            town.publish(replace(town.member(TAX), suspended=False))
            hr.admin.reload()
            assert tax.verify(ENROLLED, resident(4), purpose=DEFERRAL, case=CASE).answer


# --- bounds ---

BOUNDS = """
limits: {concurrent: 24, refusal_interval_seconds: 1}
"""


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    policy = pension_policy().replace(f"[{TAX}]}}", f"[{TAX}, {FORGER}]}}")
    town = pension_town(tmp_path_factory.mktemp("town"), policy, BOUNDS)
    town.add(FORGER)
    town.publish()
    with running(town, HR, TAX) as nodes:
        nodes.grant()
        yield nodes


def _answers_another(nodes: Running) -> bool:
    with nodes.operator(TAX) as tax:
        return tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE).answer


def test_exchanges_of_a_link_take_places_of_their_own_caller_and_no_other(bounded: Running) -> None:
    with bounded.operator(HR) as hr:
        granted = hr.admin.issue_grant(pension_grant(FORGER))
    with forging(bounded.town, FORGER) as forger, on_link(forger) as link:
        forger.use(granted.id)
        envelopes = [forger.make().envelope for _ in range(60)]
        link.ask(*envelopes)
        said = Counter(answer.WhichOneof("result") for answer in link.answers(60).values())
        assert said["answer"] >= 11  # half of all places, and one is the stream's
        assert said["refusal"] > 0

        def answered_again() -> bool:
            link.ask(*envelopes[:10])
            return all(answer.HasField("answer") for answer in link.answers(10).values())

        wait_for(answered_again)  # whoever was refused for want of a place, once there are places again
        assert _answers_another(bounded)


def test_who_reads_no_answers_holds_up_nobody_else(bounded: Running) -> None:
    with forging(bounded.town, FORGER) as forger, on_link(forger) as link:
        envelope = forger.make().envelope
        for _ in range(200):
            link.ask(*([envelope] * 200))  # 40,000 exchange ids, and nobody reads what becomes of them
        for _ in range(5):
            assert _answers_another(bounded)
    wait_for(lambda: _answers_another(bounded))


def test_rate_counts_each_exchange_of_a_frame(tmp_path: Path) -> None:
    town = pension_town(tmp_path, extra="limits: {peer_requests_per_second: 1, peer_burst: 100}\n")
    with running(town, HR), forging(town, TAX) as forger, on_link(forger) as link:
        envelope = forger.make().envelope
        refused = 0
        for _ in range(60):  # fewer frames than there may be requests at once
            link.ask(*([envelope] * 5))
            answers = link.answers(5).values()
            refused += sum(answer.refusal == Reason.RATE_LIMITED.wire for answer in answers)
    assert refused > 0


def test_node_that_stops_answers_what_was_begun_and_ends_its_links(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running(pension_town(tmp_path_factory.mktemp("town")), HR, TAX) as nodes:
        nodes.grant()
        with nodes.operator(TAX) as tax:
            assert tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE).answer
            nodes.stop(HR)  # a link stands, on which nothing is under way: it is not waited for
            nodes.start(HR)
            # It is opened again by the next question.
            assert tax.verify(ENROLLED, resident(4), purpose=DEFERRAL, case=CASE).answer
