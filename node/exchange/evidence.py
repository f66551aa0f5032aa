"""What is kept of the other side's proof beside an own record, and the way back to what that side sent."""

from __future__ import annotations

from typing import NamedTuple

from node.core.log.kept_receipt import shared_name, take_apart
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec
from node.v1.usage_log_pb2 import Receipt


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


def verdict_of(evidence: bytes, intent: bytes) -> bytes:
    """The provider's verdict record, to the letter, beside the outcome of the own `intent`."""
    kept = rec.KeptEvidence.FromString(evidence)
    if not kept.signature:  # kept whole, as it was once
        return pb.SealedResponse.FromString(evidence).verdict
    return kept.verdict + intent + kept.verdict_end if kept.verdict_end else kept.verdict
