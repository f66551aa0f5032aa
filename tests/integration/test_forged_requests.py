"""Requests that are wrong in one place are refused and recorded, and the provider's log stays whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from support.forger import Forger, Sent, forging, verdict
from support.log_audit import audit
from support.running import DEFERRAL, Running, pension_grant, pension_town, resident, running
from support.town import HR, MEDICAL, TAX
from support.waiting import wait_for

from node.core.log import usage
from node.core.log.merkle import leaf_hash
from node.crypto.signing import SignatureSuite, Signer, sign_note
from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

VERIFY, FIELD = catalogue_pb2.QUESTION_KIND_VERIFY, catalogue_pb2.QUESTION_KIND_FIELD
STATISTIC = catalogue_pb2.QUESTION_KIND_STATISTIC


@dataclass(frozen=True, slots=True)
class World:
    """A provider, and two departments that write their requests by hand."""

    nodes: Running
    tax: Forger
    medical: Forger


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    town = pension_town(tmp_path_factory.mktemp("town"))
    with running(town, HR) as nodes, forging(town, TAX) as tax, forging(town, MEDICAL) as medical:
        with nodes.operator(HR) as hr:
            tax.use(hr.admin.issue_grant(pension_grant(TAX)).id)
            medical.use(hr.admin.issue_grant(pension_grant(MEDICAL)).id)
        yield World(nodes, tax, medical)


@pytest.fixture(autouse=True)
def log_is_whole(world: World) -> Iterator[None]:
    """After each of these tests the provider's log verifies offline."""
    yield
    with world.nodes.operator(HR) as hr:
        assert audit(hr, world.nodes.town.member(HR)) == []


def _last(world: World) -> rec.UsageRecord:
    return world.nodes.records(HR)[-1]


def _refused(world: World, envelope: pb.Envelope, forger: Forger | None = None) -> Reason:
    """The reason of a status; what has no open envelope gets no sealed answer."""
    with pytest.raises(NodeError) as refused:
        (forger or world.tax).answer(envelope)
    return refused.value.reason


def test_sound_request_is_answered(world: World) -> None:
    sent = world.tax.make()
    response = world.tax.send(sent)
    assert verdict(response).decision == rec.DECISION_PERMIT
    assert list(rec.Answers.FromString(response.answers).verify.results) == [True]
    assert _last(world).verdict.intent == sent.leaf


# --- before the envelope is open: a status, and a record of the refusal ---


def test_envelope_that_was_changed_on_the_way_is_refused(world: World) -> None:
    def flip(envelope: pb.Envelope) -> None:
        body = bytearray(envelope.ciphertext)
        body[len(body) // 2] ^= 1
        envelope.ciphertext = bytes(body)

    assert _refused(world, world.tax.make(bend_envelope=flip).envelope) is Reason.ENVELOPE_INVALID
    assert _last(world).refusals.reason == Reason.ENVELOPE_INVALID.wire
    assert _last(world).requester == TAX


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("provider", MEDICAL, Reason.ENVELOPE_INVALID),
        ("requester", MEDICAL, Reason.ENVELOPE_INVALID),
        ("requester", "", Reason.ENVELOPE_INVALID),
        ("exchange_id", bytes(16), Reason.ENVELOPE_INVALID),
        ("exchange_id", b"short", Reason.ENVELOPE_INVALID),
        ("exchange_id", b"", Reason.ENVELOPE_INVALID),
        ("version", 2, Reason.ENVELOPE_INVALID),
        ("suite", 0, Reason.ENVELOPE_INVALID),
        ("suite", 99, Reason.ENVELOPE_INVALID),
        ("key_id", "0123456789abcdef", Reason.KEY_ID_UNKNOWN),
        ("key_id", "", Reason.KEY_ID_UNKNOWN),
        ("ciphertext", b"", Reason.ENVELOPE_INVALID),
        ("ciphertext", bytes(5000), Reason.ENVELOPE_INVALID),
    ],
)
def test_routing_data_cannot_be_changed(world: World, field: str, value: object, reason: Reason) -> None:
    sent = world.tax.make(bend_envelope=lambda envelope: setattr(envelope, field, value))
    before = len(world.nodes.records(HR))
    assert _refused(world, sent.envelope) is reason
    refusals = [r.refusals for r in world.nodes.records(HR)[before:]]
    # The first few of a kind have a record each, the rest of the interval one together.
    assert all(each.reason == reason.wire for each in refusals)
    assert world.nodes.records(HR)[before:] == [] or refusals


def test_another_department_cannot_send_what_it_picked_up(world: World) -> None:
    sent = world.tax.make()
    assert _refused(world, sent.envelope, world.medical) is Reason.ENVELOPE_INVALID


def test_another_department_cannot_pass_a_request_off_as_its_own(world: World) -> None:
    def rename(envelope: pb.Envelope) -> None:
        envelope.requester = MEDICAL

    sent = world.tax.make(bend_envelope=rename)
    assert _refused(world, sent.envelope, world.medical) is Reason.ENVELOPE_INVALID


@pytest.mark.parametrize("plaintext", [b"", b"\xff" * 40, b"\x0a\x03abc"])
def test_inside_that_is_no_request_is_refused(world: World, plaintext: bytes) -> None:
    def garble(request: pb.SealedRequest) -> None:
        request.Clear()
        if plaintext.startswith(b"\x0a"):
            request.MergeFromString(plaintext)

    assert _refused(world, world.tax.make(bend_request=garble).envelope) is Reason.ENVELOPE_INVALID


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_response_key_of_another_length_is_refused(world: World, length: int) -> None:
    sent = world.tax.make(bend_request=lambda request: setattr(request, "response_key", bytes(length)))
    assert _refused(world, sent.envelope) is Reason.ENVELOPE_INVALID


def test_intent_too_long_for_a_record_is_refused(world: World) -> None:
    sent = world.tax.make(case_number="7" * usage.MAX_INTENT_BYTES)
    assert _refused(world, sent.envelope) is Reason.ENVELOPE_INVALID


# --- inside the envelope: a sealed denial, and a verdict in the log ---


def _denied(world: World, reason: Reason, *, with_intent: bool, **bends: object) -> None:
    sent = world.tax.make(**bends)  # type: ignore[arg-type]
    response = world.tax.send(sent)
    said = verdict(response)
    assert (said.decision, said.reason) == (rec.DECISION_DENY, reason.wire)
    assert response.answers == b""
    assert not said.charges
    assert said.intent == (sent.leaf if with_intent else b"")
    # What was not proved to be in the requester's log is named by its hash alone.
    assert said.intent_hash == (b"" if with_intent else leaf_hash(sent.leaf))
    assert _last(world).verdict == said


def test_checkpoint_of_another_key_is_denied(world: World) -> None:
    def resign(request: pb.SealedRequest) -> None:
        body = request.receipt.checkpoint.partition(b"\n\n")[0] + b"\n"
        other = Signer(f"dxnode/{TAX}", SignatureSuite.ED25519, os.urandom(32))
        request.receipt.checkpoint = sign_note(body, other)

    _denied(world, Reason.PROOF_INVALID, with_intent=False, bend_request=resign)


def test_checkpoint_of_another_department_is_denied(world: World) -> None:
    def swap(request: pb.SealedRequest) -> None:
        foreign = world.medical.make()
        del foreign
        body = request.receipt.checkpoint.partition(b"\n\n")[0] + b"\n"
        body = body.replace(TAX.encode(), MEDICAL.encode())
        request.receipt.checkpoint = sign_note(body, world.medical.signer)

    _denied(world, Reason.PROOF_INVALID, with_intent=False, bend_request=swap)


@pytest.mark.parametrize("what", ["index", "hash", "no hashes", "more hashes", "size", "no checkpoint"])
def test_proof_that_does_not_lead_to_the_checkpoint_is_denied(world: World, what: str) -> None:
    for _ in range(3):
        world.tax.make()  # a log in which a proof has some length

    def bend(request: pb.SealedRequest) -> None:
        proof = request.receipt.proof
        if what == "index":
            proof.index += 1
        elif what == "hash":
            proof.hashes[0] = bytes(32)
        elif what == "no hashes":
            del proof.hashes[:]
        elif what == "more hashes":
            proof.hashes.extend([bytes(32)] * 5000)
        elif what == "size":
            proof.index = 2**63
        else:
            request.receipt.checkpoint = b""

    _denied(world, Reason.PROOF_INVALID, with_intent=False, bend_request=bend)


@pytest.mark.parametrize("what", ["a line more", "a signature more", "a long signature"])
def test_checkpoint_that_says_more_than_it_has_to_is_denied(world: World, what: str) -> None:
    """It is kept for good, and nobody may choose how long it is."""

    def lengthen(request: pb.SealedRequest) -> None:
        note = request.receipt.checkpoint
        body = note.partition(b"\n\n")[0] + b"\n"
        other = Signer(f"dxnode/{TAX}", SignatureSuite.ED25519, os.urandom(32))
        request.receipt.checkpoint = {
            "a line more": sign_note(body + b"more\n", world.tax.signer),
            "a signature more": sign_note(body, world.tax.signer, other),
            "a long signature": note + b"\xe2\x80\x94 name " + b"A" * 100_000 + b"\n",
        }[what]

    _denied(world, Reason.PROOF_INVALID, with_intent=False, bend_request=lengthen)


def test_intent_that_was_never_logged_is_denied(world: World) -> None:
    def replace_intent(request: pb.SealedRequest) -> None:
        record = rec.UsageRecord.FromString(request.intent)
        record.intent.case_number = "another"
        request.intent = record.SerializeToString()

    sent = world.tax.make(bend_request=replace_intent)
    assert verdict(world.tax.send(sent)).reason == Reason.PROOF_INVALID.wire


def test_opening_that_the_intent_does_not_commit_to_is_denied(world: World) -> None:
    def replace_opening(request: pb.SealedRequest) -> None:
        opening = rec.Opening(salt=os.urandom(32), subjects=[rec.Subject(id=resident(4))])
        request.opening = opening.SerializeToString()

    _denied(world, Reason.PROOF_INVALID, with_intent=True, bend_request=replace_opening)


def test_opening_that_holds_more_than_subjects_and_claims_is_denied(world: World) -> None:
    more = pb.Envelope(ciphertext=bytes(100_000)).SerializeToString()
    _denied(
        world,
        Reason.ENVELOPE_INVALID,
        with_intent=True,
        bend_opening=lambda opening: opening.MergeFromString(more),
    )
    _denied(
        world,
        Reason.ENVELOPE_INVALID,
        with_intent=True,
        bend_opening=lambda opening: opening.subjects[0].MergeFromString(more),
    )


def test_opening_with_a_short_salt_is_denied(world: World) -> None:
    _denied(
        world,
        Reason.PROOF_INVALID,
        with_intent=True,
        bend_opening=lambda opening: setattr(opening, "salt", b"short"),
    )


def test_number_of_subjects_that_the_intent_does_not_tell_is_denied(world: World) -> None:
    _denied(
        world, Reason.PROOF_INVALID, with_intent=True, subjects=[rec.Subject(id=resident(2))] * 2, bend=_one
    )


def _one(record: rec.UsageRecord) -> None:
    record.intent.subjects = 1


def test_response_key_that_the_intent_does_not_name_is_denied(world: World) -> None:
    _denied(
        world,
        Reason.PROOF_INVALID,
        with_intent=False,
        bend_request=lambda request: setattr(request, "response_key", os.urandom(32)),
    )


@pytest.mark.parametrize(
    "bend",
    [
        lambda record: setattr(record, "exchange_id", os.urandom(16)),
        lambda record: setattr(record, "requester", MEDICAL),
        lambda record: setattr(record, "provider", MEDICAL),
        lambda record: setattr(record, "version", 2),
        lambda record: record.ClearField("intent"),
        lambda record: record.outcome.SetInParent(),
    ],
)
def test_record_that_is_no_intent_of_this_exchange_is_denied_and_not_kept(world: World, bend: object) -> None:
    _denied(world, Reason.PROOF_INVALID, with_intent=False, bend=bend)


def test_identity_number_in_the_clear_is_denied_and_not_kept(world: World) -> None:
    person = resident(2)
    for place in ("case_number", "purpose", "dataset", "question", "grant_id", "role"):
        _denied(world, Reason.QUERY_INVALID, with_intent=False, **{place: f"x {person}"})
    assert not any(person.encode() in leaf for leaf in world.nodes.leaves(HR))


@pytest.mark.parametrize("minutes", [-24 * 60, 6])
def test_intent_of_another_time_is_denied(world: World, minutes: int) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    _denied(world, Reason.CLOCK_SKEWED, with_intent=True, at=at)


@pytest.mark.parametrize(
    ("intent", "reason"),
    [
        ({"dataset": "nothing"}, Reason.NOT_SHARED),
        ({"question": "nothing"}, Reason.QUESTION_NOT_ALLOWED),
        ({"question": "deferral-eligible"}, Reason.QUESTION_NOT_ALLOWED),
        ({"purpose": "tax/inspection"}, Reason.PURPOSE_NOT_ALLOWED),
        ({"purpose": "social-insurance/pension/transfer", "case_number": "x"}, Reason.CONDITION_NOT_MET),
        ({"grant_id": "g-0123456789abcdef"}, Reason.NO_GRANT),
        ({"parameters": [rec.Parameter(name="n", value="1")]}, Reason.QUERY_INVALID),
        ({"question": "months-at-least"}, Reason.QUERY_INVALID),
        ({"question": "name-matches"}, Reason.QUERY_INVALID),
        (
            {"question": "enrolled-by-region", "purpose": "city-planning", "kind": VERIFY},
            Reason.QUERY_INVALID,
        ),
        ({"kind": FIELD}, Reason.QUERY_INVALID),
    ],
)
def test_denial_names_its_reason(world: World, intent: dict[str, object], reason: Reason) -> None:
    _denied(world, reason, with_intent=True, **intent)


@pytest.mark.parametrize(
    "intent",
    [
        {"role": ""},
        {"role": "auditor"},
        {"caller": b""},
        {"caller": bytes(16)},
        {"case_number": ""},
        {"case_number": "a\nb"},
        {"purpose": "No Purpose"},
        {"dataset": ""},
        {"question": "Is Enrolled"},
        {"grant_id": ""},
        {"grant_id": "g-1"},
        {"kind": 0},
        {"kind": STATISTIC},
        {"batch": rec.BatchPosition(batch_id=b"short")},
        {"commitment": b""},
        {"parameters": [rec.Parameter(name="n", value="1"), rec.Parameter(name="m", value="1")]},
    ],
)
def test_intent_that_no_desk_may_let_pass_is_denied_and_not_kept(
    world: World, intent: dict[str, object]
) -> None:
    _denied(world, Reason.QUERY_INVALID, with_intent=False, **intent)
    assert _last(world).verdict.clause == "request"


def test_grant_of_another_role_is_denied(world: World) -> None:
    with world.nodes.operator(HR) as hr:
        narrow = hr.admin.issue_grant(pension_grant(TAX, roles=("system", "operator")))
    _denied(world, Reason.QUESTION_NOT_ALLOWED, with_intent=True, grant_id=narrow.id)
    assert _last(world).verdict.clause == "grant.roles"
    permitted = world.tax.send(world.tax.make(grant_id=narrow.id, role="system"))
    assert verdict(permitted).decision == rec.DECISION_PERMIT


def test_question_of_another_kind_is_denied_before_anything_is_charged(world: World) -> None:
    _denied(world, Reason.QUERY_INVALID, with_intent=True, question="contribution-band", kind=VERIFY)
    assert _last(world).verdict.clause == "question.kind"


def test_grant_of_another_department_is_none(world: World) -> None:
    with world.nodes.operator(HR) as hr:
        foreign = next(g for g in hr.admin.issued_grants() if g.requester == MEDICAL)
    _denied(world, Reason.NO_GRANT, with_intent=True, grant_id=foreign.id)


@pytest.mark.parametrize(
    "subjects",
    [
        [rec.Subject(id="")],
        [rec.Subject(id="440101199001011235")],
        [rec.Subject(id="x" * 300)],
        [rec.Subject(id=HR)],
        [rec.Subject(id=resident(2)), rec.Subject(id="nobody")],
        [rec.Subject(id=resident(2), claims={"name": "x"})],
        [rec.Subject(id=resident(2)), rec.Subject(id=resident(4), claims={"name": "x"})],
        [rec.Subject(id=resident(2), claims={"name": "x" * 201})],
        [rec.Subject(id=resident(2), claims={str(n): "x" for n in range(17)})],
        [rec.Subject(id=resident(2), claims={"x" * 65: "x"})],
        [rec.Subject(id="号" * 11)],
        [rec.Subject(id=resident(2))] * 1001,
        [],
    ],
)
def test_malformed_subjects_are_denied(world: World, subjects: list[rec.Subject]) -> None:
    _denied(world, Reason.QUERY_INVALID, with_intent=0 < len(subjects) <= 1000, subjects=subjects)


@pytest.mark.parametrize(
    "subject",
    [
        rec.Subject(id=resident(2), claims={"name": "张" * 201}),
        rec.Subject(id=f"{resident(2)[:9]}{' ' * 20}{resident(2)[9:]}", claims={"name": "张三2"}),
    ],
)
def test_subject_that_takes_more_room_than_a_subject_can_is_denied(
    world: World, subject: rec.Subject
) -> None:
    """An opening is kept for years: what else is right about the request does not matter."""
    sound = rec.Subject(id=resident(2), claims={"name": "张三2"})
    said = verdict(world.tax.send(world.tax.make([sound], question="name-matches")))
    assert said.decision == rec.DECISION_PERMIT
    _denied(world, Reason.QUERY_INVALID, with_intent=True, subjects=[subject], question="name-matches")


def test_grant_that_ended_is_denied(world: World) -> None:
    with world.nodes.operator(HR) as hr:
        for seconds in (0.5, 5.0, 30.0):  # a busy machine may take longer to ask than a grant is valid
            soon = datetime.now(UTC) + timedelta(seconds=seconds)
            ended = hr.admin.issue_grant(replace(pension_grant(), valid_until=soon))
            said = verdict(world.tax.send(world.tax.make(grant_id=ended.id))).decision
            if said == rec.DECISION_PERMIT:
                break
        assert said == rec.DECISION_PERMIT
        wait_for(lambda: datetime.now(UTC) >= soon)
        _denied(world, Reason.GRANT_EXPIRED, with_intent=True, grant_id=ended.id)
        revoked = hr.admin.issue_grant(pension_grant())
        hr.admin.revoke_grant(revoked.id, "over")
        _denied(world, Reason.GRANT_EXPIRED, with_intent=True, grant_id=revoked.id)
        suspended = hr.admin.issue_grant(pension_grant())
        hr.admin.suspend_grant(suspended.id, "complaint")
        _denied(world, Reason.SUSPENDED, with_intent=True, grant_id=suspended.id)


# --- once more, and out of order ---


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
    _denied(world, Reason.REQUEST_REPLAYED, with_intent=True, exchange_id=exchange_id)
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
