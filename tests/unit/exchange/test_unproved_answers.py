"""What a requester does not believe: answers that do not prove themselves."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from google.protobuf.message import Message as ProtoMessage
from support.asked import about, ask, fails, outcomes
from support.canonical import delimited
from support.decided import charged
from support.town import HR, TAX
from support.two_sides import CALLER, TwoSides, query

from node.core.log import usage
from node.core.messages.envelope import Routing
from node.crypto.sealing import open_answer, pad, seal_answer, unpad
from node.errors import NodeError, Reason
from node.exchange.asking import Answered
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec


def _bend_inside(
    sides: TwoSides, bend: Callable[[pb.SealedResponse], None]
) -> Callable[[pb.SealedAnswer], None]:
    """Change what is sealed, as only the provider itself could: with the response key."""

    def change(answer: pb.SealedAnswer) -> None:
        asked = sides.tax.store.asked(answer.exchange_id)
        assert asked is not None
        envelope = pb.Envelope.FromString(asked.envelope)
        key = sides.tax.vault.decrypt(asked.response_key, b"response-key/" + answer.exchange_id)
        routing = Routing(envelope.requester, envelope.provider, envelope.exchange_id, envelope.key_id)
        inside = pb.SealedResponse.FromString(unpad(open_answer(answer.ciphertext, key, routing)))
        bend(inside)
        answer.ciphertext = seal_answer(pad(inside.SerializeToString(), 4096), key, routing, os.urandom(12))

    return change


def _another_answer(inside: pb.SealedResponse) -> None:
    answers = rec.Answers.FromString(inside.answers)
    answers.verify.results[0] = not answers.verify.results[0]
    inside.answers = answers.SerializeToString()


def _rewritten(change: Callable[[rec.UsageRecord], None]) -> Callable[[pb.SealedResponse], None]:
    def bend(inside: pb.SealedResponse) -> None:
        record = usage.parse_record(inside.verdict)
        change(record)
        inside.verdict = record.SerializeToString()

    return bend


def _deny(record: rec.UsageRecord) -> None:
    record.verdict.decision = rec.DECISION_DENY
    record.verdict.reason = Reason.NO_GRANT.wire


UNKNOWN = delimited(999, b"x")


def _hide(message: ProtoMessage) -> None:
    message.MergeFromString(UNKNOWN)


BENT: dict[str, Callable[[pb.SealedResponse], None]] = {
    "another answer": _another_answer,
    "no answer": lambda inside: inside.ClearField("answers"),
    "answers that are no message": lambda inside: setattr(inside, "answers", b"\xff"),
    "another exchange": _rewritten(lambda record: setattr(record, "exchange_id", bytes(16))),
    "another requester": _rewritten(lambda record: setattr(record, "requester", HR)),
    "another provider": _rewritten(lambda record: setattr(record, "provider", TAX)),
    "another time": _rewritten(lambda record: setattr(record, "time_ms", 1)),
    "another intent": _rewritten(lambda record: setattr(record.verdict, "intent", b"x")),
    "no intent": _rewritten(lambda record: record.verdict.ClearField("intent")),
    "another rule": _rewritten(lambda record: setattr(record.verdict, "rule", "other")),
    "less charged": _rewritten(lambda record: record.verdict.ClearField("charges")),
    "denied": _rewritten(_deny),
    "no decision": _rewritten(lambda record: record.verdict.ClearField("decision")),
    "no verdict": _rewritten(lambda record: record.outcome.SetInParent()),
    "no record": lambda inside: setattr(inside, "verdict", b"\xff\xff"),
    "nothing": lambda inside: inside.Clear(),
    "unknown field": _hide,
    "unknown field of the record": _rewritten(_hide),
    "unknown field of the verdict": _rewritten(lambda record: _hide(record.verdict)),
    "unknown field of the receipt": lambda inside: _hide(inside.receipt.proof),
    "unknown field of the answers": lambda inside: setattr(inside, "answers", inside.answers + UNKNOWN),
    "another place": lambda inside: setattr(inside.receipt.proof, "index", 7),
    "more proof": lambda inside: inside.receipt.proof.hashes.append(bytes(32)),
    "no checkpoint": lambda inside: setattr(inside.receipt, "checkpoint", b""),
    "no receipt": lambda inside: inside.ClearField("receipt"),
    "another size": lambda inside: setattr(
        inside.receipt, "checkpoint", inside.receipt.checkpoint.replace(b"\n1\n", b"\n2\n")
    ),
}


@pytest.mark.parametrize("what", BENT)
async def test_answer_that_does_not_prove_itself_is_not_handed_over(sides: TwoSides, what: str) -> None:
    sides.wire.bend = _bend_inside(sides, BENT[what])
    error = await fails(sides)
    assert error.reason in (Reason.PROOF_INVALID, Reason.ENVELOPE_INVALID)
    assert outcomes(sides) == [(rec.OUTCOME_KIND_FAILED, error.reason.wire)]
    # The true answer, which the provider recorded and charged, can still be had.
    sides.wire.bend = lambda _: None
    assert list((await ask(sides)).answers.verify.results) == [True]
    assert charged(sides) == 1


async def test_answer_longer_than_answers_can_be_is_not_kept(
    sides: TwoSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a provider says is kept for years, so that it may not say what it likes, though it recorded it."""

    async def asking() -> Answered:
        return await sides.requester.ask(CALLER, query("contribution-band"), about(2), os.urandom(16))

    monkeypatch.setattr(sides.register, "field", lambda *_: ["值" * 1000])
    assert len((await asking()).answers.field.answers[0].value) == 1000
    monkeypatch.setattr(sides.register, "field", lambda *_: ["x" * 5000])
    with pytest.raises(NodeError) as refused:
        await asking()
    assert refused.value.reason is Reason.PROOF_INVALID
    assert outcomes(sides)[-1] == (rec.OUTCOME_KIND_FAILED, Reason.PROOF_INVALID.wire)


async def test_verdict_longer_than_verdicts_can_be_is_not_kept(
    sides: TwoSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = sides.provider._by_policy

    def talkative(*arguments: object) -> object:
        decision, subjects = decide(*arguments)  # type: ignore[arg-type]
        return decision._replace(rule="x" * 3000), subjects

    monkeypatch.setattr(sides.provider, "_by_policy", talkative)
    assert (await fails(sides)).reason is Reason.PROOF_INVALID
    assert outcomes(sides) == [(rec.OUTCOME_KIND_FAILED, Reason.PROOF_INVALID.wire)]


async def test_denial_that_names_another_intent_by_its_hash_is_not_believed(sides: TwoSides) -> None:
    def deny(verdict_hash: bytes) -> Callable[[pb.SealedResponse], None]:
        def change(record: rec.UsageRecord) -> None:
            record.verdict.ClearField("intent")
            record.verdict.intent_hash = verdict_hash
            _deny(record)
            record.verdict.ClearField("answer_commitment")

        def bend(inside: pb.SealedResponse) -> None:
            inside.ClearField("answers")
            _rewritten(change)(inside)

        return bend

    for said in (b"", bytes(32)):
        sides.wire.bend = _bend_inside(sides, deny(said))
        error = await fails(sides)
        assert error.message == "the provider's record is about another exchange"


async def test_checkpoint_signed_by_another_key_is_not_believed(sides: TwoSides) -> None:
    def resign(inside: pb.SealedResponse) -> None:
        body = inside.receipt.checkpoint.partition(b"\n\n")[0] + b"\n"
        inside.receipt.checkpoint = sides.tax.log_keys.sign(body)

    sides.wire.bend = _bend_inside(sides, resign)
    assert (await fails(sides)).reason is Reason.PROOF_INVALID


async def test_requesters_own_checkpoint_is_no_receipt(sides: TwoSides) -> None:
    def swap(inside: pb.SealedResponse) -> None:
        inside.receipt.checkpoint = sides.tax.commit.head.note

    sides.wire.bend = _bend_inside(sides, swap)
    assert (await fails(sides)).reason is Reason.PROOF_INVALID


def _other(byte: int) -> bytes:
    return bytes([byte ^ 1])


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: setattr(answer, "ciphertext", answer.ciphertext[:-1]),
        lambda answer: setattr(answer, "ciphertext", b""),
        lambda answer: setattr(answer, "ciphertext", bytes(len(answer.ciphertext))),
        lambda answer: setattr(
            answer,
            "ciphertext",
            answer.ciphertext[:40] + _other(answer.ciphertext[40]) + answer.ciphertext[41:],
        ),
    ],
)
async def test_answer_changed_on_the_way_is_refused(
    sides: TwoSides, change: Callable[[pb.SealedAnswer], None]
) -> None:
    sides.wire.bend = change
    assert (await fails(sides)).reason is Reason.ENVELOPE_INVALID
    assert outcomes(sides) == [(rec.OUTCOME_KIND_FAILED, Reason.ENVELOPE_INVALID.wire)]


async def test_answer_to_another_exchange_does_not_open(sides: TwoSides) -> None:
    kept: list[bytes] = []
    sides.wire.bend = lambda answer: kept.append(answer.ciphertext)
    await ask(sides)
    sides.wire.bend = lambda answer: setattr(answer, "ciphertext", kept[0])
    assert (await fails(sides, 4, os.urandom(16))).reason is Reason.ENVELOPE_INVALID


async def test_wrong_number_of_answers_is_not_handed_over(sides: TwoSides) -> None:
    real = sides.register.verify
    for wrong in ([], [True], [True, True, True]):
        sides.register.verify = lambda *_, said=wrong: said  # type: ignore[method-assign]
        with pytest.raises(NodeError) as refused:
            await sides.requester.ask(CALLER, query(), about(2, 4), os.urandom(16))
        assert refused.value.reason is Reason.PROOF_INVALID
    sides.register.verify = real  # type: ignore[method-assign]
