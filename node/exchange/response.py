"""Step 13 of an exchange: open the answer and prove that it is what the provider recorded."""

from __future__ import annotations

from node.core import usage, wire
from node.core.denial_messages import denial_text
from node.core.directory import Member
from node.errors import NodeError, Reason
from node.exchange.asking import Asked
from node.exchange.opened import check_receipt
from node.exchange.ports import Vault
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

DIGEST = 32


def open_response(
    asked: Asked, answer: pb.SealedAnswer, provider: Member, vault: Vault
) -> tuple[pb.SealedResponse, rec.Verdict, rec.LogPosition]:
    """What the provider answered, its verdict, and where that stands in its log.

    Raises NodeError(ENVELOPE_INVALID), (PROOF_INVALID).
    """
    plaintext = vault.open_answer(answer.ciphertext, asked.response_key, asked.routing)
    response = wire.read(pb.SealedResponse, plaintext, "the inside of the answer")
    answers = wire.read(rec.Answers, response.answers, "the answer")
    record = usage.read_record(response.verdict)
    verdict = record.verdict
    # A provider that could make nothing of the intent denies without it.
    about = verdict.intent == asked.intent_leaf or (
        verdict.decision == rec.DECISION_DENY and not verdict.intent
    )
    if (
        record.WhichOneof("body") != "verdict"
        or usage.Parties(record.requester, record.provider, record.exchange_id) != asked.parties
        or not about
    ):
        raise NodeError(Reason.PROOF_INVALID, "the provider's record is about another exchange")
    if verdict.decision == rec.DECISION_PERMIT:
        if usage.answer_commitment(response.answers) != verdict.answer_commitment:
            raise NodeError(Reason.PROOF_INVALID, "the answer is not the one that the provider recorded")
        _check_number(answers, usage.parse_record(asked.intent_leaf).intent.subjects)
    elif response.answers or verdict.decision != rec.DECISION_DENY:
        raise NodeError(Reason.PROOF_INVALID, "the provider denied, yet sent an answer")
    if len(verdict.policy_digest) != DIGEST:
        raise NodeError(Reason.PROOF_INVALID, "the provider's record does not name the policies that decided")
    position = check_receipt(response.verdict, response.receipt, provider, vault)
    return response, verdict, position


def _check_number(answers: rec.Answers, subjects: int) -> None:
    """Raises NodeError(PROOF_INVALID) unless there is an answer for each subject, or a statistic for none."""
    numbers = {
        "verify": len(answers.verify.results),
        "field": len(answers.field.answers),
        "statistic": 0,
    }
    kind = answers.WhichOneof("kind")
    if (
        kind is None
        or numbers[kind] != subjects
        or (kind != "statistic" and not subjects)
        or any(position >= subjects for position in answers.refused)
    ):
        raise NodeError(Reason.PROOF_INVALID, "the provider's answer does not fit the number of subjects")


def denial(verdict: rec.Verdict, exchange_id: bytes) -> NodeError:
    """What a verdict that denies is raised as, with its rule and clause."""
    try:
        reason = Reason(verdict.reason)
    except ValueError:
        reason = Reason.INTERNAL
    return NodeError(
        reason,
        denial_text(reason, verdict.clause, "en") or "the provider denied it",
        rule=verdict.rule,
        clause=verdict.clause,
        exchange_id=exchange_id.hex(),
        decided_by="provider",
    )
