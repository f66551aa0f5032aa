"""Requests that are wrong in one place are refused and recorded, and the provider's log stays whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from support.forged_world import World, check_log, denied, forged_world
from support.forger import verdict
from support.running import pension_grant, resident
from support.town import HR, MEDICAL, TAX
from support.waiting import wait_for

from node.crypto.signing import SignatureSuite, Signer, sign_note
from node.errors import Reason
from node.v1 import catalogue_pb2
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

VERIFY, FIELD = catalogue_pb2.QUESTION_KIND_VERIFY, catalogue_pb2.QUESTION_KIND_FIELD
STATISTIC = catalogue_pb2.QUESTION_KIND_STATISTIC


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with forged_world(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture(autouse=True)
def log_is_whole(world: World) -> Iterator[None]:
    """After each of these tests the provider's log verifies offline."""
    yield
    check_log(world)


def test_sound_request_is_answered(world: World) -> None:
    sent = world.tax.make()
    response = world.tax.send(sent)
    assert verdict(response).decision == rec.DECISION_PERMIT
    assert list(rec.Answers.FromString(response.answers).verify.results) == [True]
    assert world.last().verdict.intent == sent.leaf


# --- inside the envelope: a sealed denial, and a verdict in the log ---


def test_checkpoint_of_another_key_is_denied(world: World) -> None:
    def resign(request: pb.SealedRequest) -> None:
        body = request.receipt.checkpoint.partition(b"\n\n")[0] + b"\n"
        other = Signer(f"dxnode/{TAX}", SignatureSuite.ED25519, os.urandom(32))
        request.receipt.checkpoint = sign_note(body, other)

    denied(world, Reason.PROOF_INVALID, with_intent=False, bend_request=resign)


def test_checkpoint_of_another_department_is_denied(world: World) -> None:
    def swap(request: pb.SealedRequest) -> None:
        foreign = world.medical.make()
        del foreign
        body = request.receipt.checkpoint.partition(b"\n\n")[0] + b"\n"
        body = body.replace(TAX.encode(), MEDICAL.encode())
        request.receipt.checkpoint = sign_note(body, world.medical.signer)

    denied(world, Reason.PROOF_INVALID, with_intent=False, bend_request=swap)


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

    denied(world, Reason.PROOF_INVALID, with_intent=False, bend_request=bend)


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

    denied(world, Reason.PROOF_INVALID, with_intent=False, bend_request=lengthen)


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

    denied(world, Reason.PROOF_INVALID, with_intent=True, bend_request=replace_opening)


def test_opening_that_holds_more_than_subjects_and_claims_is_denied(world: World) -> None:
    more = pb.Envelope(ciphertext=bytes(100_000)).SerializeToString()
    denied(
        world,
        Reason.ENVELOPE_INVALID,
        with_intent=True,
        bend_opening=lambda opening: opening.MergeFromString(more),
    )
    denied(
        world,
        Reason.ENVELOPE_INVALID,
        with_intent=True,
        bend_opening=lambda opening: opening.subjects[0].MergeFromString(more),
    )


def test_opening_with_a_short_salt_is_denied(world: World) -> None:
    denied(
        world,
        Reason.PROOF_INVALID,
        with_intent=True,
        bend_opening=lambda opening: setattr(opening, "salt", b"short"),
    )


def test_number_of_subjects_that_the_intent_does_not_tell_is_denied(world: World) -> None:
    denied(
        world, Reason.PROOF_INVALID, with_intent=True, subjects=[rec.Subject(id=resident(2))] * 2, bend=_one
    )


def _one(record: rec.UsageRecord) -> None:
    record.intent.subjects = 1


def test_response_key_that_the_intent_does_not_name_is_denied(world: World) -> None:
    denied(
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
    denied(world, Reason.PROOF_INVALID, with_intent=False, bend=bend)


def test_identity_number_in_the_clear_is_denied_and_not_kept(world: World) -> None:
    person = resident(2)
    for place in ("case_number", "purpose", "dataset", "question", "grant_id", "role"):
        denied(world, Reason.QUERY_INVALID, with_intent=False, **{place: f"x {person}"})
    assert not any(person.encode() in leaf for leaf in world.nodes.leaves(HR))


@pytest.mark.parametrize("minutes", [-24 * 60, 6])
def test_intent_of_another_time_is_denied(world: World, minutes: int) -> None:
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    denied(world, Reason.CLOCK_SKEWED, with_intent=True, at=at)


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
    denied(world, reason, with_intent=True, **intent)


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
    denied(world, Reason.QUERY_INVALID, with_intent=False, **intent)
    assert world.last().verdict.clause == "request"


def test_grant_of_another_role_is_denied(world: World) -> None:
    with world.nodes.operator(HR) as hr:
        narrow = hr.admin.issue_grant(pension_grant(TAX, roles=("system", "operator")))
    denied(world, Reason.QUESTION_NOT_ALLOWED, with_intent=True, grant_id=narrow.id)
    assert world.last().verdict.clause == "grant.roles"
    permitted = world.tax.send(world.tax.make(grant_id=narrow.id, role="system"))
    assert verdict(permitted).decision == rec.DECISION_PERMIT


def test_question_of_another_kind_is_denied_before_anything_is_charged(world: World) -> None:
    denied(world, Reason.QUERY_INVALID, with_intent=True, question="contribution-band", kind=VERIFY)
    assert world.last().verdict.clause == "question.kind"


def test_grant_of_another_department_is_none(world: World) -> None:
    with world.nodes.operator(HR) as hr:
        foreign = next(g for g in hr.admin.issued_grants() if g.requester == MEDICAL)
    denied(world, Reason.NO_GRANT, with_intent=True, grant_id=foreign.id)


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
    denied(world, Reason.QUERY_INVALID, with_intent=0 < len(subjects) <= 1000, subjects=subjects)


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
    denied(world, Reason.QUERY_INVALID, with_intent=True, subjects=[subject], question="name-matches")


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
        denied(world, Reason.GRANT_EXPIRED, with_intent=True, grant_id=ended.id)
        revoked = hr.admin.issue_grant(pension_grant())
        hr.admin.revoke_grant(revoked.id, "over")
        denied(world, Reason.GRANT_EXPIRED, with_intent=True, grant_id=revoked.id)
        suspended = hr.admin.issue_grant(pension_grant())
        hr.admin.suspend_grant(suspended.id, "complaint")
        denied(world, Reason.SUSPENDED, with_intent=True, grant_id=suspended.id)
