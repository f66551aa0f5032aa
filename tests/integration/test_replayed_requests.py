"""Requests that come once more or out of order, and lengths that tell nothing; the log stays whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from support.forged_world import World, check_log, denied, forged_world
from support.forger import Forger, Sent, verdict
from support.running import DEFERRAL, resident
from support.town import HR

from node.core.log.merkle import leaf_hash
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as rec


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with forged_world(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture(autouse=True)
def log_is_whole(world: World) -> Iterator[None]:
    """After each of these tests the provider's log verifies offline."""
    yield
    check_log(world)


def test_replayed_envelope_gets_the_same_answer_and_no_second_charge(world: World) -> None:
    sent = world.tax.make()
    first = world.tax.send(sent)
    size = len(world.nodes.records(HR))
    again = world.tax.send(sent)
    assert (again.verdict, again.answers) == (first.verdict, first.answers)
    assert len(world.nodes.records(HR)) == size


def test_other_content_under_a_used_exchange_id_is_denied_and_recorded(world: World) -> None:
    exchange_id = os.urandom(16)
    first = world.tax.send(world.tax.make(exchange_id=exchange_id))
    denied(world, Reason.REQUEST_REPLAYED, with_intent=True, exchange_id=exchange_id)
    garbled = world.tax.make(exchange_id=exchange_id, bend=lambda record: record.ClearField("intent"))
    assert verdict(world.tax.send(garbled)).reason == Reason.REQUEST_REPLAYED.wire
    assert verdict(first).decision == rec.DECISION_PERMIT


def _chunk(forger: Forger, batch_id: bytes, chunk: int) -> Sent:
    place = rec.BatchPosition(batch_id=batch_id, chunk=chunk)
    return forger.make([rec.Subject(id=resident(chunk))], batch=place)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ([3, 4, 5], [None, None, None]),
        ([0, 1, 1], [None, None, Reason.REQUEST_REPLAYED]),
        ([0, 2, 1], [None, Reason.REQUEST_REPLAYED, None]),
        ([1, 0], [None, Reason.REQUEST_REPLAYED]),
    ],
)
def test_chunks_out_of_order_are_denied_and_recorded(
    world: World, order: list[int], expected: list[Reason | None]
) -> None:
    batch_id = os.urandom(16)
    sent = [_chunk(world.tax, batch_id, chunk) for chunk in order]
    verdicts = [verdict(response) for response in world.tax.stream(sent)]
    assert [v.reason for v in verdicts] == [0 if r is None else r.wire for r in expected]
    assert [r.verdict for r in world.nodes.records(HR)[-len(order) :]] == verdicts


def test_chunk_replayed_in_its_stream_gets_its_answer_and_no_second_charge(world: World) -> None:
    batch_id = os.urandom(16)
    sent = [_chunk(world.tax, batch_id, 0), _chunk(world.tax, batch_id, 1)]
    before = len(world.nodes.records(HR))
    responses = list(world.tax.stream([sent[0], sent[1], sent[0]]))
    assert [verdict(r).decision for r in responses[:2]] == [rec.DECISION_PERMIT] * 2
    assert responses[2].verdict == responses[0].verdict
    assert len(world.nodes.records(HR)) == before + 2


def test_chunk_of_another_batch_and_chunk_without_place_are_denied(world: World) -> None:
    sent = [_chunk(world.tax, os.urandom(16), 0), _chunk(world.tax, os.urandom(16), 1), world.tax.make()]
    reasons = [verdict(response).reason for response in world.tax.stream(sent)]
    assert reasons == [0, Reason.REQUEST_REPLAYED.wire, Reason.QUERY_INVALID.wire]


def test_stream_ends_with_a_status_at_an_envelope_that_cannot_be_opened(world: World) -> None:
    bad = world.tax.make(bend_envelope=lambda envelope: setattr(envelope, "key_id", "?"))
    answers = world.tax.stream([_chunk(world.tax, os.urandom(16), 0), bad])
    assert verdict(next(answers)).decision == rec.DECISION_PERMIT
    with pytest.raises(NodeError) as ended:
        next(answers)
    assert ended.value.reason is Reason.KEY_ID_UNKNOWN


# --- lengths ---


def test_hit_miss_and_denial_have_one_length(world: World) -> None:
    def length(**bends: object) -> int:
        return len(world.tax.answer(world.tax.make(**bends).envelope).ciphertext)  # type: ignore[arg-type]

    hit = length(subjects=[rec.Subject(id=resident(2))])
    lengths = {
        hit,
        length(subjects=[rec.Subject(id=resident(3))]),
        length(subjects=[rec.Subject(id=resident(900))]),
        length(question="contribution-band"),
        length(question="contribution-band", subjects=[rec.Subject(id=resident(900))]),
        length(purpose="tax/inspection"),
        length(grant_id="g-0123456789abcdef"),
        length(dataset="nothing"),
        length(at=datetime.now(UTC) - timedelta(days=1)),
    }
    assert lengths == {hit}


@pytest.mark.parametrize("count", [2, 100, 1000])
def test_batches_of_one_size_have_one_length(world: World, count: int) -> None:
    def length(first: int, **bends: object) -> int:
        place = rec.BatchPosition(batch_id=os.urandom(16), chunk=0)
        subjects = [rec.Subject(id=resident((first + n) % 1000)) for n in range(count)]
        sent = world.tax.make(subjects, batch=place, **bends)  # type: ignore[arg-type]
        return len(world.tax.answer(sent.envelope).ciphertext)

    hits = length(0)
    assert length(500) == hits
    assert length(0, question="contribution-band") == hits
    assert length(0, purpose="tax/inspection") == hits


def test_request_length_does_not_tell_the_question(world: World) -> None:
    lengths = {
        len(world.tax.make(**bends).envelope.ciphertext)
        for bends in (
            {},
            {"question": "contribution-band", "purpose": DEFERRAL},
            {"case_number": "x" * 64},
            {"subjects": [rec.Subject(id=resident(2), claims={"name": "欧阳娜娜"})]},
        )
    }
    assert len(lengths) == 1


def test_verdict_hash_of_a_denial_can_be_shown_to_others(world: World) -> None:
    response = world.tax.send(world.tax.make(purpose="tax/inspection"))
    with world.nodes.operator(HR) as hr:
        records = list(hr.log.records(response.receipt.proof.index))
    assert leaf_hash(records[0].leaf) == leaf_hash(response.verdict)
