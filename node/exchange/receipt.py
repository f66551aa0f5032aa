"""Proves by a receipt that a record stands in the usage log of another department."""

from __future__ import annotations

from node.core.directory.directory import Member
from node.core.log.checkpoint import log_origin
from node.core.log.merkle import leaf_hash, verify_inclusion
from node.errors import NodeError, Reason
from node.exchange.ports import Vault
from node.v1 import record_pb2 as rec
from node.v1.usage_log_pb2 import Receipt


def check_receipt(leaf: bytes, receipt: Receipt, member: Member, vault: Vault) -> rec.LogPosition:
    """Prove that `leaf` is in the usage log of `member`; returns where.

    Raises NodeError(PROOF_INVALID).
    """
    checkpoint = vault.open_checkpoint(receipt.checkpoint, member.log_keys, member.cosign_keys)
    if checkpoint.origin != log_origin(member.code):
        raise NodeError(Reason.PROOF_INVALID, "error.exchange.checkpoint-foreign")
    proof = receipt.proof
    verify_inclusion(proof.index, checkpoint.size, leaf_hash(leaf), proof.hashes, checkpoint.root)
    return rec.LogPosition(index=proof.index, size=checkpoint.size, root=checkpoint.root)
