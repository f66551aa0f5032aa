"""Step 13 of an exchange: open the answer and prove that it is what the provider recorded."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from node.core import usage
from node.core.denial_messages import denial_text
from node.core.directory import Member
from node.core.merkle import leaf_hash
from node.errors import NodeError, Reason
from node.exchange.asking import Asked
from node.exchange.opened import check_receipt
from node.exchange.ports import Vault
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

DIGEST = 32
MAX_VERDICT = 2048
"""Bytes of a verdict beside the intent: its texts are names of rules and clauses."""
MAX_ANSWERS, MAX_BIT, MAX_VALUE = 128, 8, 4096
"""Bytes of answers, and beside them for each subject: a bit, or a value of at most 1000 characters."""


def open_response(
    asked: Asked, answer: pb.SealedAnswer, provider: Member, vault: Vault
) -> tuple[pb.SealedResponse, rec.Verdict, rec.LogPosition]:
    """What the provider answered, its verdict, and where that stands in its log.

    Raises NodeError(ENVELOPE_INVALID), (PROOF_INVALID).
    """
    plaintext = vault.open_answer(answer.ciphertext, asked.response_key, asked.routing)
    try:
        response = pb.SealedResponse.FromString(plaintext)
        answers = rec.Answers.FromString(response.answers)
    except DecodeError:
        raise NodeError(Reason.ENVELOPE_INVALID, "the inside of the answer cannot be read") from None
    record = usage.parse_record(response.verdict)
    verdict = record.verdict
    # A provider that could make nothing of the intent denies without it, and names it by its hash.
    about = verdict.intent == asked.intent_leaf or (
        verdict.decision == rec.DECISION_DENY
        and not verdict.intent
        and verdict.intent_hash == leaf_hash(asked.intent_leaf)
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
        subjects = usage.parse_record(asked.intent_leaf).intent.subjects
        _check_number(answers, subjects)
        _check_length(response.answers, answers, subjects)
    elif response.answers or verdict.decision != rec.DECISION_DENY:
        raise NodeError(Reason.PROOF_INVALID, "the provider denied, yet sent an answer")
    if len(response.verdict) > len(asked.intent_leaf) + MAX_VERDICT:
        raise NodeError(Reason.PROOF_INVALID, "the provider's record is longer than a verdict")
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


def _check_length(body: bytes, answers: rec.Answers, subjects: int) -> None:
    """Raises NodeError(PROOF_INVALID) for answers that say more than so many can: they are kept for years.

    A statistic is as long as a message lets it be.
    """
    most = {"verify": MAX_BIT, "field": MAX_VALUE}.get(answers.WhichOneof("kind") or "")
    if most is not None and len(body) > MAX_ANSWERS + most * subjects:
        raise NodeError(Reason.PROOF_INVALID, "the provider's answer is longer than answers can be")


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
