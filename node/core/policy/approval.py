"""Approvals of catalogue entries: what the head of a department and the authority sign (Art. 13, 16).

An approval is a C2SP signed note whose text is the JSON that `render_approval` gives, byte for byte.
`node.documents.approval_file` checks signatures; the rules of content and time are here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from node.core.directory.directory import Directory, Member, OfficerRole, officer_name
from node.core.directory.spelling import Code, Moment, OneLine, Role
from node.core.identity import region_covers
from node.core.json_text import canonical_json, malformed_at
from node.core.names import MAX_NAME, NAME
from node.errors import NodeError, Reason
from node.texts.message import Message, Value

FORMAT: Final = "dxnode/catalogue-approval/1"
MAX_BYTES: Final = 8 << 10
MAX_NOTE: Final = 500
# The approver's machine may be a little ahead of this one.
MAX_SKEW: Final = timedelta(minutes=5)
_SHAPE = ConfigDict(extra="forbid", strict=True)


class ApprovalRole(StrEnum):
    """As who somebody approves; an entry needs one of each."""

    HEAD = "head"
    """部门负责人 of the provider (Art. 13)."""
    AUTHORITY = "authority"
    """政务数据共享主管部门, after its review (Art. 16)."""


Remark = Annotated[str, StringConstraints(max_length=MAX_NOTE), OneLine]
DatasetName = Annotated[str, StringConstraints(pattern=rf"\A{NAME}\z", max_length=MAX_NAME)]


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval of one version of one entry.

    `entry` is the digest of the entry (hex), `by` the name of the key that signs, which says department
    and person; `note` is what the approver wants to be read beside it.
    """

    __pydantic_config__ = _SHAPE

    format: Annotated[str, StringConstraints(pattern=rf"\A{FORMAT}\z")]
    dataset: DatasetName
    provider: Code
    entry: Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{64}\z")]
    role: Annotated[ApprovalRole, Field(strict=False)]
    by: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    at: Moment
    note: Remark

    @property
    def department(self) -> str:
        """The credit code of the approver's department."""
        return self.by.split("/")[1]

    @property
    def person(self) -> str:
        """What the approver is called in the directory."""
        return self.by.rpartition("/")[2]


_APPROVAL = TypeAdapter(Approval)


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one entry, as approvals name it."""

    dataset: str
    provider: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval that counts, and the signed note that it was read from."""

    approval: Approval
    note: bytes


@dataclass(frozen=True, slots=True)
class Publication:
    """How a version of an entry stands: its approvals that count, and why others don't."""

    digest: bytes
    approvals: Mapping[ApprovalRole, Approved]
    problems: Mapping[ApprovalRole, Message]

    @property
    def lacking(self) -> tuple[ApprovalRole, ...]:
        """The approvals that are missing."""
        return tuple(role for role in ApprovalRole if role not in self.approvals)


def make_approval(version: Version, role: ApprovalRole, by: str, at: datetime, note: str = "") -> Approval:
    """An approval to be signed with the key `by`.

    Raises NodeError(POLICY_NOT_LOADED) when it would never count.
    """
    approval = Approval(
        FORMAT,
        version.dataset,
        version.provider,
        version.digest.hex(),
        role,
        by,
        at.replace(microsecond=0),
        note,
    )
    return parse_approval(render_approval(approval))


def render_approval(approval: Approval) -> bytes:
    """The text that is signed."""
    return canonical_json(_APPROVAL, approval)


def parse_approval(body: bytes) -> Approval:
    """The approval whose canonical JSON is `body`. Raises NodeError(POLICY_NOT_LOADED), saying where."""
    if len(body) > MAX_BYTES:
        raise refused("error.policy.approval-too-large", max_bytes=MAX_BYTES)
    try:
        approval = _APPROVAL.validate_json(body)
    except ValidationError as error:
        raise refused("error.policy.approval-malformed", malformed_at=malformed_at(error)) from None
    if approval.role is ApprovalRole.HEAD and not approval.by.startswith(f"dxnode/{approval.provider}/"):
        raise refused("error.policy.approval-head-foreign")
    if not _is_head(approval.by):
        raise refused("error.policy.approval-signer-unknown")
    if render_approval(approval) != body:
        raise refused("error.policy.approval-not-canonical")
    return approval


def approving_keys(directory: Directory, role: ApprovalRole, provider: str) -> tuple[str, ...]:
    """The verifier keys that may approve the provider's entries in that role.

    An authority reviews what lies in its own area: its region covers that of the provider.
    """
    member = directory.members.get(provider)
    if member is None:
        return ()
    if role is ApprovalRole.HEAD:
        return member.keys_for(OfficerRole.HEAD)
    return tuple(
        key
        for authority in directory.members.values()
        if _reviews(authority, member)
        for key in authority.keys_for(OfficerRole.HEAD)
    )


def check_approval(approval: Approval, version: Version, role: ApprovalRole, now: datetime) -> None:
    """Raises NodeError(POLICY_NOT_LOADED) unless the approval is of this version, in this role, given by now.

    An approval does not expire: what was approved stays so until the entry changes, or the key that signed
    is taken out of the directory.
    """
    if approval.role is not role:
        raise refused("error.policy.approval-role", role=approval.role, role_2=role)
    if (approval.dataset, approval.provider) != (version.dataset, version.provider):
        raise refused("error.policy.approval-foreign")
    if approval.entry != version.digest.hex():
        raise refused("error.policy.approval-of-other-version")
    if approval.at > now + MAX_SKEW:
        raise refused("error.policy.approval-in-future", at=approval.at)


def refused(key: str, /, **args: Value) -> NodeError:
    """Why an approval does not count."""
    return NodeError(Reason.POLICY_NOT_LOADED, key, **args)


def _reviews(authority: Member, provider: Member) -> bool:
    return Role.AUTHORITY in authority.roles and region_covers(authority.region, provider.region)


def _is_head(key_name: str) -> bool:
    parts = key_name.split("/")
    return len(parts) == 4 and officer_name(key_name, parts[1], OfficerRole.HEAD) is not None
