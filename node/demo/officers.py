"""Two security officers and a head in each department of the city, and what they approved at first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from node.core.catalogue.publication import version_of
from node.core.directory.directory import Member, OfficerRole
from node.core.policy.approval import ApprovalRole, make_approval
from node.core.policy.bundle import MANIFEST, make_manifest
from node.core.reading.build import build_policies
from node.crypto.signing import Signer
from node.documents.approval_file import sign_approval, write_approval
from node.documents.bundle_file import sign_manifest
from node.documents.bundle_folder import place, read_draft, read_policies
from node.documents.officer_key import make_officer_key
from node.files.whole import PRIVATE, PUBLIC, write_file

NAMES = ("li", "wang")
HEAD = "zhao"
LIFETIME = timedelta(days=365)
_PASSPHRASE = 12
"""Bytes of one, in hex."""


@dataclass(frozen=True, slots=True)
class Officers:
    """Those of one department, with their keys in `folder`: off the node, where they would be in earnest."""

    folder: Path
    signers: tuple[Signer, ...]
    head: Signer

    def key(self, name: str) -> Path:
        """The key file of `name`, one of `NAMES` or `HEAD`."""
        return self.folder / f"{name}.key"

    def passphrase(self, name: str) -> Path:
        """The file that stands for what `name` alone would know."""
        return self.folder / f"{name}.passphrase"

    def verifier_keys(self) -> tuple[str, ...]:
        """What the directory lists of them."""
        return tuple(signer.verifier.vkey() for signer in (*self.signers, self.head))


def make_officers(folder: Path, code: str, random: Callable[[int], bytes]) -> Officers:
    """Make the keys of officers and head of the department `code`. Raises NodeError(CONFIG_INVALID)."""
    signers = []
    for name in (*NAMES, HEAD):
        role = OfficerRole.HEAD if name == HEAD else OfficerRole.OFFICER
        passphrase = random(_PASSPHRASE).hex()
        write_file(folder / f"{name}.passphrase", f"{passphrase}\n".encode(), PRIVATE)
        signers.append(make_officer_key(folder / f"{name}.key", code, name, passphrase, random, role))
    *officers, head = signers
    return Officers(folder, tuple(officers), head)


def sign(officers: Officers, policies: Path, member: Member, now: datetime, version: int = 1) -> None:
    """Have all officers sign a bundle of these policies. Raises NodeError(CONFIG_INVALID)."""
    manifest = make_manifest(member.code, version, now, now + LIFETIME, read_policies(policies))
    note = None
    for signer in officers.signers:
        note = sign_manifest(manifest, note, signer)
    write_file(policies / MANIFEST, note or b"", PUBLIC)


def put_in_place(policies: Path, placed: Path, member: Member) -> None:
    """Put the signed bundle in `placed`, where the node looks for it. Raises NodeError as `read_draft`."""
    place(placed, read_draft(policies, member), member)


def approve_entries(head: Signer, reviewer: Signer, policies: Path, now: datetime) -> None:
    """Have the head of the department and the authority's reviewer approve the entries of these policies.

    Raises NodeError(CONFIG_INVALID).
    """
    for policy in build_policies(read_policies(policies)).datasets.values():
        for role, signer in ((ApprovalRole.HEAD, head), (ApprovalRole.AUTHORITY, reviewer)):
            approval = make_approval(version_of(policy), role, signer.name, now)
            write_approval(policies, approval, sign_approval(approval, signer))
