"""Two security officers in each department of the city, and the first policies that they approved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from node.core.bundle import MANIFEST, make_manifest
from node.core.directory import Member
from node.crypto.bundle_file import sign_manifest
from node.crypto.bundle_folder import place, read_draft, read_policies
from node.crypto.files import PRIVATE, PUBLIC, write_file
from node.crypto.officer_key import make_officer_key
from node.crypto.sign import Signer

NAMES = ("li", "wang")
LIFETIME = timedelta(days=365)
_PASSPHRASE = 12
"""Bytes of one, in hex."""


@dataclass(frozen=True, slots=True)
class Officers:
    """Those of one department, with their keys in `folder`: off the node, where they would be in earnest."""

    folder: Path
    signers: tuple[Signer, ...]

    def key(self, name: str) -> Path:
        """The key file of `name`, one of `NAMES`."""
        return self.folder / f"{name}.key"

    def passphrase(self, name: str) -> Path:
        """The file that stands for what `name` alone would know."""
        return self.folder / f"{name}.passphrase"

    def verifier_keys(self) -> tuple[str, ...]:
        """What the directory lists of them."""
        return tuple(signer.verifier.vkey() for signer in self.signers)


def make_officers(folder: Path, code: str, random: Callable[[int], bytes]) -> Officers:
    """Make the keys of the officers of the department `code`. Raises NodeError(CONFIG_INVALID)."""
    signers = []
    for name in NAMES:
        passphrase = random(_PASSPHRASE).hex()
        write_file(folder / f"{name}.passphrase", f"{passphrase}\n".encode(), PRIVATE)
        signers.append(make_officer_key(folder / f"{name}.key", code, name, passphrase, random))
    return Officers(folder, tuple(signers))


def approve(officers: Officers, policies: Path, placed: Path, member: Member, now: datetime) -> None:
    """Have all officers sign the first bundle of these policies, and put it in place for the node.

    `placed` is where the node looks for it. Raises NodeError(CONFIG_INVALID).
    """
    manifest = make_manifest(member.code, 1, now, now + LIFETIME, read_policies(policies))
    note = None
    for signer in officers.signers:
        note = sign_manifest(manifest, note, signer)
    write_file(policies / MANIFEST, note or b"", PUBLIC)
    place(placed, read_draft(policies, member), member)
