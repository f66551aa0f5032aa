"""A receipt of the other side in as few bytes as lead back to it, to the letter.

What a receipt says is in the record that it belongs to already: whose log, how long, with which root, and
where in it. Of the checkpoint there is left the one signature, of the proof the siblings. Those below a
height are the receipt's own. Those above are the same for all its neighbours, as they lie in trees that are
complete: they are kept once, under their hash.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

from node.core.log.checkpoint import Checkpoint
from node.core.log.merkle import HASH
from node.core.log.note import note_of, only_signature
from node.errors import NodeError, Reason
from node.v1.record_pb2 import LogPosition
from node.v1.usage_log_pb2 import InclusionProof, Receipt

SHARED_FROM = 8
"""Height above which siblings are shared: by the leaves of 256 that lie together."""
SIGNATURE = 68
"""Bytes of a signature in a receipt: the ID of the key and an Ed25519 signature (C2SP signed-note)."""
MAX_OWN = SHARED_FROM * HASH
MAX_SHARED = (63 - SHARED_FROM) * HASH
"""Bytes of hashes, of a log as long as one can be."""
_NAME = 16


class KeptReceipt(NamedTuple):
    """What leads back to a receipt: the signature with its key ID, and siblings, end to end."""

    signature: bytes
    own: bytes
    shared: bytes


def shared_name(shared: bytes) -> bytes:
    """What siblings are kept under: 16 bytes of their SHA-256; nothing for none."""
    return hashlib.sha256(shared).digest()[:_NAME] if shared else b""


def take_apart(receipt: Receipt, origin: str, position: LogPosition) -> KeptReceipt:
    """The parts of a receipt that was verified to prove `position` in the log `origin`.

    Raises NodeError(PROOF_INVALID) for a checkpoint with more than its three lines and one signature, which
    would have no bound and could not be put together again.
    """
    signature = _signature(receipt.checkpoint, origin, position.size, position.root)
    if signature is None or len(signature) != SIGNATURE:
        raise NodeError(Reason.PROOF_INVALID, "error.log.checkpoint-shape")
    hashes = receipt.proof.hashes
    own = siblings_below(position.index, position.size, SHARED_FROM)
    return KeptReceipt(signature, b"".join(hashes[:own]), b"".join(hashes[own:]))


# All that were committed together show the same checkpoint.
@lru_cache(maxsize=64)
def _signature(note: bytes, origin: str, size: int, root: bytes) -> bytes | None:
    return only_signature(note, Checkpoint(origin, size, root).body(), origin)


def put_together(kept: KeptReceipt, origin: str, position: LogPosition) -> Receipt:
    """The receipt that was taken apart."""
    hashes = kept.own + kept.shared
    proof = InclusionProof(
        index=position.index,
        hashes=[hashes[start : start + HASH] for start in range(0, len(hashes), HASH)],
    )
    body = Checkpoint(origin, position.size, position.root).body()
    return Receipt(proof=proof, checkpoint=note_of(body, (origin, kept.signature)))


def siblings_below(index: int, size: int, height: int) -> int:
    """How many siblings of an inclusion proof (RFC 6962, 2.1.1) lie below a height of the tree."""
    last = size - 1
    if index >> height != last >> height:
        return height  # in a subtree that is complete
    found = 0
    for _ in range(height):
        # The last subtree of a row has a sibling only at its left.
        if index & 1 or index != last:
            found += 1
        index, last = index >> 1, last >> 1
    return found
