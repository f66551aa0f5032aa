"""Checks a department's whole usage log offline: from its export, with nothing but the public keys."""

from __future__ import annotations

from collections.abc import Sequence

from node.client import Client
from node.core.directory.directory import Member
from node.core.log.check import LogCheck
from node.core.log.checkpoint import Checkpoint
from node.core.log.framing import SEGMENT
from node.core.log.segment import LogFinding, check_segment
from node.crypto.signing import Verifier, open_note


def audit(client: Client, member: Member) -> list[LogFinding]:
    """What is wrong with the log of the node behind `client`; empty when nothing is."""
    newest = client.log.checkpoints().newest
    leaves = [record.leaf for record in client.log.records()]
    return audit_leaves(member, newest, leaves)


def audit_leaves(member: Member, note: bytes, leaves: Sequence[bytes]) -> list[LogFinding]:
    """What is wrong with these leaves of a member's log under this newest checkpoint.

    The log of a running node may have grown since the checkpoint: leaves after it are left out.
    """
    if not note:
        return []
    checkpoint = Checkpoint.parse(open_note(note, map(Verifier.parse, member.log_keys)).body)
    assert checkpoint.origin == f"dxnode/{member.code}"
    kept = list(leaves[: checkpoint.size])
    check = LogCheck([checkpoint])
    for first in range(0, len(kept), SEGMENT):
        part = kept[first : first + SEGMENT]
        check.add(check_segment(part, first, member.code, check.marks(first)))
    return list(check.report().findings)
