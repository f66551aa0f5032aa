"""Officers and policy bundles for tests: keys without passphrases, drafts in a folder, directory entries."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.town import HR

from node.core.directory.directory import Member, OfficerRole, officer_key_name
from node.core.policy.bundle import MANIFEST, make_manifest
from node.crypto.signing import SignatureSuite, Signer
from node.documents.bundle_file import sign_manifest
from node.documents.bundle_folder import read_policies
from node.errors import NodeError, Reason

DAY = timedelta(days=1)


def officer(name: str, code: str = HR, key: str = "") -> Signer:
    """An officer's key; `key` tells several of one officer apart."""
    seed = hashlib.sha256(f"{name}{key}".encode()).digest()
    return Signer(officer_key_name(code, name), SignatureSuite.ED25519, seed)


def head(name: str, code: str = HR, key: str = "") -> Signer:
    """The key of a head of department; the same person's key as an officer is another."""
    seed = hashlib.sha256(f"head {name}{key}".encode()).digest()
    return Signer(officer_key_name(code, name, OfficerRole.HEAD), SignatureSuite.ED25519, seed)


LI, WANG, ZHAO = officer("li"), officer("wang"), officer("zhao")


def listed(member: Member, *officers: Signer, approvals: int = 2) -> Member:
    """What a directory says of a member with these officers, Li, Wang and Zhao without any; heads stay."""
    keys = tuple(each.verifier.vkey() for each in officers or (LI, WANG, ZHAO))
    heads = member.keys_for(OfficerRole.HEAD)
    return replace(member, officers=keys + heads, approvals=approvals)


def write_draft(folder: Path, files: Mapping[str, str]) -> Path:
    """A folder of policy files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def sign_draft(
    folder: Path,
    version: int = 1,
    signers: Sequence[Signer] = (LI, WANG),
    start: datetime | None = None,
    end: datetime | None = None,
    code: str = HR,
) -> Path:
    """Sign the files of a folder as a new bundle, by default valid from yesterday for a month."""
    now = datetime.now(UTC)
    manifest = make_manifest(code, version, start or now - DAY, end or now + 30 * DAY, read_policies(folder))
    note = None
    for signer in signers:
        note = sign_manifest(manifest, note, signer)
    (folder / MANIFEST).write_bytes(note or b"")
    return folder


def refusal(act: Callable[[], object], reason: Reason = Reason.POLICY_NOT_LOADED) -> str:
    """The message of what is refused for this reason."""
    with pytest.raises(NodeError) as caught:
        act()
    assert caught.value.reason is reason
    return caught.value.message
