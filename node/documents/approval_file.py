"""Approvals of catalogue entries as files: signed, found by the version that they are of, and judged.

`<dataset>.<first 16 digits of the entry digest>.<role>.note`: the approval of the next version can lie beside
that of the version in force, and what was approved once stays as evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from node.core.catalogue.publication import approval_messages
from node.core.directory.directory import Directory
from node.core.policy.approval import (
    MAX_BYTES,
    Approval,
    ApprovalRole,
    Approved,
    Publication,
    Version,
    approving_keys,
    check_approval,
    parse_approval,
    refused,
    render_approval,
)
from node.crypto.signing import Signer, Verifier, read_note, sign_note
from node.errors import NodeError
from node.files.text import read_text
from node.files.whole import PUBLIC, write_file
from node.files.why import why
from node.texts.message import Message
from node.v1 import catalogue_pb2 as pb

FOLDER: Final = "approvals"
"""The folder of approvals beside the policies."""
MAX_FILES: Final = 200_000
_NAME: Final = re.compile(r"(?P<dataset>[a-z0-9-]{1,64})\.[0-9a-f]{16}\.(?P<role>head|authority)\.note")


def sign_approval(approval: Approval, signer: Signer) -> bytes:
    """The approval as a note. Raises NodeError(POLICY_NOT_LOADED) when it names another signer."""
    if approval.by != signer.name:
        raise refused("error.policy.approval-signer-contradicted")
    return sign_note(render_approval(approval), signer)


def approval_path(policies: Path, version: Version, role: ApprovalRole) -> Path:
    """Where the approval of a version lies, beside the policies."""
    return policies / FOLDER / f"{version.dataset}.{version.digest.hex()[:16]}.{role}.note"


def write_approval(policies: Path, approval: Approval, note: bytes) -> Path:
    """Put a signed approval where the node looks for it. Raises NodeError(CONFIG_INVALID)."""
    version = Version(approval.dataset, approval.provider, bytes.fromhex(approval.entry))
    path = approval_path(policies, version, approval.role)
    write_file(path, note, PUBLIC)
    return path


class Approvers:
    """The keys that a directory lists for approvals; each is looked up once."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._keys: dict[tuple[ApprovalRole, str], tuple[Verifier, ...]] = {}

    def keys(self, role: ApprovalRole, provider: str) -> tuple[Verifier, ...]:
        """Those that may approve the provider's entries in that role."""
        found = self._keys.get((role, provider))
        if found is None:
            found = tuple(map(Verifier.parse, approving_keys(self._directory, role, provider)))
            self._keys[role, provider] = found
        return found


# A reload looks at the same notes under the same keys again.
@lru_cache(maxsize=1 << 14)
def open_approval(note: bytes, keys: tuple[Verifier, ...]) -> tuple[Approval, Verifier]:
    """The approval in a note, and the key that has signed it: that of `keys` which it names itself.

    Raises NodeError(POLICY_NOT_LOADED).
    """
    try:
        read = read_note(note, keys, MAX_BYTES)
    except NodeError as error:
        raise refused("error.policy.approval-untrusted", problem=error.wording) from None
    approval = parse_approval(read.body)
    signer = next((key for key in read.verified if key.name == approval.by), None)
    if signer is None:
        raise refused("error.policy.approval-key-unlisted")
    if len(read.verified) + read.others > 1:  # it is shown and handed on as it came
        raise refused("error.policy.approval-signed-by-others")
    return approval, signer


def publication_of(
    policies: Path, version: Version, approvers: Approvers, now: datetime, brought: Path | None = None
) -> Publication:
    """How a version stands by the approvals beside the policies; a bad approval is told, never raised.

    With `brought`, as it would stand once `take_along` had copied from there.
    """

    def note_of(role: ApprovalRole) -> bytes | None:
        note = _read(approval_path(policies, version, role))
        if note is None and brought is not None:
            note = _read(approval_path(brought, version, role))
        return note

    return _judged(version, note_of, approvers, now)


def proved_approvals(
    version: Version, told: Iterable[pb.Approval], approvers: Approvers, now: datetime
) -> list[pb.Approval]:
    """Those of the approvals that another department told of a version which their own notes prove."""
    notes = {each.role: each.signed for each in told}
    return approval_messages(_judged(version, lambda role: notes.get(role), approvers, now))


def _judged(
    version: Version, note_of: Callable[[ApprovalRole], bytes | None], approvers: Approvers, now: datetime
) -> Publication:
    approvals: dict[ApprovalRole, Approved] = {}
    problems: dict[ApprovalRole, Message] = {}
    signers: list[Verifier] = []
    for role in ApprovalRole:
        try:
            note = note_of(role)
            if note is None:
                continue
            approval, signer = open_approval(note, approvers.keys(role, version.provider))
            check_approval(approval, version, role, now)
            # Four eyes are two people, whatever they are called elsewhere.
            if any(signer.name == other.name or signer.public == other.public for other in signers):
                raise refused("error.policy.approver-twice")
        except NodeError as error:
            problems[role] = error.wording
            continue
        signers.append(signer)
        approvals[role] = Approved(approval, note)
    return Publication(version.digest, approvals, problems)


def take_along(source: Path, target: Path, version: Version) -> None:
    """Copy the approvals of a version beside the policies of another folder, where there are none of it.

    Raises NodeError: POLICY_NOT_LOADED for a link, CONFIG_INVALID.
    """
    for role in ApprovalRole:
        path = approval_path(target, version, role)
        note = _read(approval_path(source, version, role))
        if note is not None and not path.exists():
            write_file(path, note, PUBLIC)


def all_approvals(policies: Path, approvers: Approvers, now: datetime) -> Iterator[Approval]:
    """All approvals beside the policies that count, of whatever version; by name of the file.

    Raises NodeError(POLICY_NOT_LOADED) when there are too many files to look at.
    """
    paths = sorted((policies / FOLDER).glob("*.note"))
    if len(paths) > MAX_FILES:
        raise refused("error.policy.too-many-approvals", most=MAX_FILES, folder=FOLDER)
    for path in paths:
        named = _NAME.fullmatch(path.name)
        if named is None:
            continue
        try:
            note = _read(path)
            if note is None:
                continue
            claimed = parse_approval(read_note(note, (), MAX_BYTES).body)
            version = Version(named["dataset"], claimed.provider, bytes.fromhex(claimed.entry))
            role = ApprovalRole(named["role"])
            approval, _signer = open_approval(note, approvers.keys(role, claimed.provider))
            check_approval(approval, version, role, now)
        except NodeError:
            continue  # `catalogue verify` says why, of the versions that matter
        yield approval


def _read(path: Path) -> bytes | None:
    """The note of a plain file in a plain folder, None without one."""
    try:
        for each in (path.parent, path):
            if each.is_symlink():
                raise refused("error.policy.approval-link", name=each.name)
        if not path.exists():
            return None
    except OSError as error:  # such as a folder that only somebody else may enter
        raise refused("error.policy.approval-unreadable", name=path.name, why=why(error)) from None
    return read_text(path, MAX_BYTES)
