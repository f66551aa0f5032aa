"""Step 13 of an exchange: open the answer and prove that it is what the provider recorded."""

from __future__ import annotations

from node.core import wire
from node.core.deciding.cost import OUTAGE
from node.core.directory.directory import Member
from node.core.log import usage
from node.core.log.merkle import leaf_hash
from node.core.messages.denial_terms import terms_of
from node.core.messages.taken import check_answers, check_time, check_verdict
from node.core.text.denials import denial_wording
from node.errors import OF_THE_NODE, NodeError, Reason, wording_of_peer
from node.exchange.asking import Asked
from node.exchange.ports import Vault
from node.exchange.receipt import check_receipt
from node.texts.message import Message
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec


def open_response(
    asked: Asked, answer: pb.SealedAnswer, provider: Member, vault: Vault, now_ms: int, skew_ms: int
) -> tuple[pb.SealedResponse, rec.Verdict, rec.LogPosition]:
    """What the provider answered, its verdict, and where that stands in its log.

    Raises NodeError(ENVELOPE_INVALID), (PROOF_INVALID), (CLOCK_SKEWED).
    """
    plaintext = vault.open_answer(answer.ciphertext, asked.response_key, asked.routing)
    response = wire.read(pb.SealedResponse, plaintext, "error.wire.of.response")
    record, intent = usage.read_record(response.verdict), usage.parse_record(asked.intent_leaf)
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
        or answer.exchange_id != asked.parties.exchange_id
        or not about
    ):
        raise NodeError(Reason.PROOF_INVALID, "error.exchange.verdict-foreign")
    check_verdict(verdict)
    if verdict.decision == rec.DECISION_PERMIT:
        if usage.answer_commitment(response.answers) != verdict.answer_commitment:
            raise NodeError(Reason.PROOF_INVALID, "error.exchange.answer-unrecorded")
        check_answers(wire.read(rec.Answers, response.answers, "error.wire.of.answers"), intent.intent)
    elif response.answers:
        raise NodeError(Reason.PROOF_INVALID, "error.exchange.denial-with-answer")
    position = check_receipt(response.verdict, response.receipt, provider, vault)
    check_time(record, intent, now_ms, skew_ms)
    return response, verdict, position


def denial(verdict: rec.Verdict, parties: usage.Parties) -> NodeError:
    """What a verdict that denies is raised as, with its rule and clause."""
    try:
        reason = Reason(verdict.reason)
    except ValueError:
        reason = Reason.INTERNAL
    charged = any(charge.scope != OUTAGE for charge in verdict.charges)
    wording = denial_wording(reason, verdict.clause, terms_of(verdict), charged=charged)
    wording = wording or _by_reason(reason, parties.provider)
    return NodeError(
        reason,
        wording.key,
        rule=verdict.rule,
        clause=verdict.clause,
        exchange_id=parties.exchange_id.hex(),
        decided_by="provider",
        **wording.args,
    )


def _by_reason(reason: Reason, provider: str) -> Message:
    if reason in OF_THE_NODE:
        return Message("error.rpc.peer-refused", {"peer": provider, "problem": wording_of_peer(reason)})
    return Message("error.exchange.provider-denied")
