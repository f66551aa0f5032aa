"""Fetches proofs from the node and checks them before they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from node.core.log.checkpoint import Checkpoint, checkpoint_in
from node.core.log.merkle import leaf_hash, verify_consistency, verify_inclusion
from node.errors import NodeError, Reason

if TYPE_CHECKING:
    from node.client.log import LogClient


@dataclass(frozen=True, slots=True)
class ProvedRecord:
    """Everything that someone with the log's public key needs to believe that `leaf` is in the log."""

    index: int
    size: int
    leaf: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class ProvedGrowth:
    """Everything that someone who kept an earlier checkpoint needs to believe that the log only grew."""

    first: int
    second: int
    hashes: tuple[bytes, ...]
    checkpoint: str


def prove_inclusion(log: LogClient, index: int) -> ProvedRecord:
    """A record with its proof against the newest checkpoint.

    Raises NodeError PROOF_INVALID when the node's proof does not lead to its checkpoint, NOT_FOUND without
    the record.
    """
    note = log.checkpoints().newest
    checkpoint = checkpoint_of(note)
    record = next(log.records(index, index + 1), None) if index < checkpoint.size else None
    if record is None:
        raise NodeError(Reason.NOT_FOUND, "error.cli.log-too-short", size=str(checkpoint.size))
    proof = log.inclusion_proof(index, checkpoint.size)
    verify_inclusion(index, checkpoint.size, leaf_hash(record.leaf), proof.hashes, checkpoint.root)
    return ProvedRecord(index, checkpoint.size, record.leaf, proof.hashes, note.decode())


def prove_growth(log: LogClient, earlier: bytes) -> ProvedGrowth:
    """The proof that the newest log contains that of an `earlier` checkpoint (signed note) unchanged.

    Raises NodeError PROOF_INVALID when it does not.
    """
    before = checkpoint_of(earlier)
    note = log.checkpoints().newest
    checkpoint = checkpoint_of(note)
    if before.origin != checkpoint.origin or not 0 < before.size <= checkpoint.size:
        raise NodeError(
            Reason.PROOF_INVALID,
            "error.cli.checkpoint-not-earlier",
            size=str(checkpoint.size),
        )
    proof = log.consistency_proof(before.size, checkpoint.size)
    verify_consistency(before.size, checkpoint.size, proof.hashes, before.root, checkpoint.root)
    return ProvedGrowth(before.size, checkpoint.size, proof.hashes, note.decode())


def checkpoint_of(note: bytes) -> Checkpoint:
    """The checkpoint in a note of the own node, whose connection vouches for it."""
    if not note:
        raise NodeError(Reason.NOT_FOUND, "error.cli.log-empty")
    return checkpoint_in(note)
