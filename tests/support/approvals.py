"""Approvals of catalogue entries for tests: heads with keys, and the notes beside policies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.bundles import head
from support.town import AUTHORITY, HR, Town

from node.core.catalogue.publication import version_of
from node.core.directory.directory import Member, OfficerRole
from node.core.directory.spelling import Role
from node.core.policy.approval import ApprovalRole, Version, make_approval
from node.core.reading.build import build_policies
from node.crypto.signing import Signer
from node.documents.approval_file import sign_approval, write_approval
from node.documents.bundle_folder import read_policies

ZHANG, CHEN = head("zhang"), head("chen", AUTHORITY)
"""The head of human resources, and who reviews at the authority."""


def with_heads(member: Member, *heads: Signer) -> Member:
    """What a directory says of a member that has these heads; officers stay."""
    officers = member.keys_for(OfficerRole.OFFICER)
    return replace(member, officers=(*officers, *(each.verifier.vkey() for each in heads)))


def appoint(town: Town) -> None:
    """Publish a directory with an authority, and with heads there and at human resources."""
    if AUTHORITY not in town.offices:
        town.add(AUTHORITY, roles=(Role.AUTHORITY,))
    town.publish(with_heads(town.member(HR), ZHANG), with_heads(town.member(AUTHORITY), CHEN))


def versions(folder: Path) -> list[Version]:
    """The versions of the entries that the policies of a folder make, by name."""
    datasets = build_policies(read_policies(folder)).datasets
    return [version_of(datasets[name]) for name in sorted(datasets)]


def approve(
    folder: Path,
    *roles: ApprovalRole,
    beside: Path | None = None,
    at: datetime | None = None,
    chief: Signer = ZHANG,
    reviewer: Signer = CHEN,
) -> list[Path]:
    """Approve all entries of the head's department, in both roles or these; notes go there or `beside`."""
    at = at or datetime.now(UTC) - timedelta(days=10)
    signers = {ApprovalRole.HEAD: chief, ApprovalRole.AUTHORITY: reviewer}
    written = []
    own = [each for each in versions(folder) if chief.name.startswith(f"dxnode/{each.provider}/")]
    for version in own:
        for role in roles or ApprovalRole:
            approval = make_approval(version, role, signers[role].name, at)
            written.append(write_approval(beside or folder, approval, sign_approval(approval, signers[role])))
    return written
