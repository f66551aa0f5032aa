"""Leads back from what is kept of a receipt to the receipt, as who has to show it in a dispute would."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.message import DecodeError

from node.core.log.kept_receipt import KeptReceipt, put_together
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec
from node.v1.usage_log_pb2 import Receipt

Shared = Callable[[bytes], bytes | None]
"""Finds by their name the hashes that receipts share."""


def receipt_of(evidence: bytes, shared: Shared, origin: str, position: rec.LogPosition) -> Receipt:
    """The receipt, to the letter, that `evidence` was made of; `origin` and `position` are those of then.

    Raises LookupError when hashes that it shares are missing.
    """
    kept = rec.KeptEvidence.FromString(evidence)
    if not kept.signature:  # written before receipts were taken apart
        return _whole(evidence)
    above = shared(kept.shared) if kept.shared else b""
    if above is None:
        raise LookupError("hashes that the receipt shares are missing")
    return put_together(KeptReceipt(kept.signature, kept.hashes, above), origin, position)


def _whole(evidence: bytes) -> Receipt:
    """The receipt that was kept whole once, by itself or in the response that it came in."""
    try:
        return pb.SealedResponse.FromString(evidence).receipt
    except DecodeError:  # a checkpoint, which is text, stands where a response has its receipt
        return Receipt.FromString(evidence)
