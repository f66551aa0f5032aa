"""A small usage log, with hashes and proofs word by word as RFC 6962 has them."""

from __future__ import annotations

from support.fake_catalogue import DATASET, PROVIDER, PURPOSE, REQUESTER

from node.core.log import usage
from node.core.log.merkle import EMPTY_ROOT, hash_leaves, node_hash
from node.errors import Reason
from node.v1 import record_pb2


def tree_hash(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word by word."""
    if len(hashes) <= 1:
        return hashes[0] if hashes else EMPTY_ROOT
    split = _split(len(hashes))
    return node_hash(tree_hash(hashes[:split]), tree_hash(hashes[split:]))


def inclusion(index: int, hashes: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, 2.1.1, word by word."""
    if len(hashes) == 1:
        return []
    split = _split(len(hashes))
    if index < split:
        return [*inclusion(index, hashes[:split]), tree_hash(hashes[split:])]
    return [*inclusion(index - split, hashes[split:]), tree_hash(hashes[:split])]


def consistency(first: int, hashes: list[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, 2.1.2, word by word."""
    if first == len(hashes):
        return [] if whole else [tree_hash(hashes)]
    split = _split(len(hashes))
    if first <= split:
        return [*consistency(first, hashes[:split], whole), tree_hash(hashes[split:])]
    return [*consistency(first - split, hashes[split:], False), tree_hash(hashes[:split])]


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def make_log(exchanges: int, start_ms: int = 1_764_000_000_000) -> list[bytes]:
    """The requester's log of so many exchanges: an intent and an outcome each."""
    leaves: list[bytes] = []
    for number in range(exchanges):
        parties = usage.Parties(REQUESTER, PROVIDER, number.to_bytes(16, "big"))
        intent = record_pb2.Intent(
            dataset=DATASET, question="is-enrolled", purpose=PURPOSE, case_number=f"DG-{number}", subjects=1
        )
        leaf = usage.intent_record(start_ms + 2 * number, parties, intent)
        outcome = record_pb2.Outcome(
            intent_hash=hash_leaves([leaf])[0],
            kind=record_pb2.OUTCOME_KIND_ANSWERED,
            verdict_hash=bytes(32),
            policy_digest=bytes.fromhex("5a" * 32),
        )
        leaves += [leaf, usage.outcome_record(start_ms + 2 * number + 1, parties, outcome)]
    return leaves


def make_refused_log(start_ms: int = 1_764_000_000_000) -> list[bytes]:
    """A log of what came to nothing: at the own desk, at the provider, and of others here.

    A caller was not let ask at the own desk. A question was asked and denied. Another department's question
    was denied here, and another's calls were refused before any question could be read.
    """
    asked = record_pb2.Intent(
        dataset=DATASET, question="contribution-band", purpose="social-insurance/pension/audit", subjects=1
    )
    attempt = record_pb2.Refusals(
        reason=Reason.PURPOSE_NOT_ALLOWED.wire, count=1, from_ms=start_ms, until_ms=start_ms, attempt=asked
    )
    ours = usage.Parties(REQUESTER, PROVIDER, bytes([1]) * 16)
    intent = usage.intent_record(start_ms + 1, ours, asked)
    outcome = record_pb2.Outcome(
        intent_hash=hash_leaves([intent])[0],
        kind=record_pb2.OUTCOME_KIND_DENIED,
        reason=Reason.PURPOSE_NOT_ALLOWED.wire,
    )
    theirs = usage.Parties(PROVIDER, REQUESTER, bytes([2]) * 16)
    paid = record_pb2.Intent(dataset="tax-payment", question="is-paid", purpose="tax/refund", subjects=1)
    verdict = record_pb2.Verdict(
        intent=usage.intent_record(start_ms, theirs, paid),
        decision=record_pb2.DECISION_DENY,
        reason=Reason.CONDITION_NOT_MET.wire,
        clause="when.hours",
    )
    unread = record_pb2.Refusals(
        reason=Reason.ENVELOPE_INVALID.wire, count=3, from_ms=start_ms, until_ms=start_ms
    )
    return [
        usage.refusals_record(start_ms, REQUESTER, PROVIDER, attempt),
        intent,
        usage.outcome_record(start_ms + 2, ours, outcome),
        usage.verdict_record(start_ms + 3, theirs, verdict),
        usage.refusals_record(start_ms + 4, PROVIDER, REQUESTER, unread),
    ]
