"""What is kept of the other side's proof beside an own record, and the way back to what that side sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from google.protobuf.message import DecodeError

from node.core.log.kept_receipt import KeptReceipt, put_together, shared_name, take_apart
from node.errors import NodeError, Reason
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec
from node.v1.usage_log_pb2 import Receipt

Shared = Callable[[bytes], bytes | None]
"""Finds by their name the hashes that receipts share."""


class Evidence(NamedTuple):
    """`body` is a serialised KeptEvidence; `shared` are the hashes that it names, kept once for many."""

    body: bytes = b""
    shared: bytes = b""


NO_EVIDENCE = Evidence()


def evidence_of(
    receipt: Receipt, origin: str, position: rec.LogPosition, verdict: bytes = b"", intent: bytes = b""
) -> Evidence:
    """What to keep of a receipt that was verified, and of the verdict record that it proves, if it does.

    A verdict repeats the `intent`, which the own log has. Raises NodeError(PROOF_INVALID) for a receipt that
    cannot be kept within bounds.
    """
    kept = take_apart(receipt, origin, position)
    head, cut, end = verdict.partition(intent) if intent else (verdict, b"", b"")
    body = rec.KeptEvidence(
        signature=kept.signature,
        hashes=kept.own,
        shared=shared_name(kept.shared),
        verdict=head,
        verdict_end=end if cut else b"",
    )
    return Evidence(body.SerializeToString(deterministic=True), kept.shared)


def receipt_of(evidence: bytes, shared: Shared, origin: str, position: rec.LogPosition) -> Receipt:
    """The receipt, to the letter, that `evidence` was made of; `origin` and `position` are those of then.

    Raises NodeError(LOG_CORRUPT) when hashes that it shares are missing.
    """
    kept = rec.KeptEvidence.FromString(evidence)
    if not kept.signature:  # written before receipts were taken apart
        return _whole(evidence).receipt
    above = shared(kept.shared) if kept.shared else b""
    if above is None:
        raise NodeError(Reason.LOG_CORRUPT, "error.exchange.receipt-hashes-missing")
    return put_together(KeptReceipt(kept.signature, kept.hashes, above), origin, position)


def verdict_of(evidence: bytes, intent: bytes) -> bytes:
    """The provider's verdict record, to the letter, beside the outcome of the own `intent`."""
    kept = rec.KeptEvidence.FromString(evidence)
    if not kept.signature:
        return _whole(evidence).verdict
    return kept.verdict + intent + kept.verdict_end if kept.verdict_end else kept.verdict


def _whole(evidence: bytes) -> pb.SealedResponse:
    """The response that a requester kept whole once, or the receipt that a provider did, in one."""
    try:
        return pb.SealedResponse.FromString(evidence)
    except DecodeError:  # a checkpoint, which is text, stands where a response has its receipt
        return pb.SealedResponse(receipt=Receipt.FromString(evidence))
