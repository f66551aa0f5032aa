"""A small usage log, with hashes and proofs word by word as RFC 6962 has them."""

from __future__ import annotations

from support.fake_catalogue import DATASET, PROVIDER, PURPOSE, REQUESTER

from node.core.log import usage
from node.core.log.merkle import EMPTY_ROOT, hash_leaves, node_hash
from node.v1 import (
    record_pb2,
)


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
