"""The authority's side of the directory: what its officer decides becomes the next signed version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta

from node.core.directory.directory import MAX_BYTES, Directory, Member, next_directory
from node.core.directory.spelling import Role
from node.documents.directory_file import read_directory, sign_directory
from node.documents.note_file import read_note_file
from node.documents.pki import Authority
from node.errors import NodeError, Reason
from node.files.whole import PUBLIC, write_file


@dataclass(frozen=True, slots=True)
class Orders:
    """What changes in the next directory, by credit code.

    A department's own file has no say in its roles and suspension: those stay as the authority left them.
    """

    members: tuple[Member, ...] = ()
    remove: tuple[str, ...] = ()
    suspended: Mapping[str, bool] = field(default_factory=dict)
    roles: Mapping[str, tuple[Role, ...]] = field(default_factory=dict)
    replace: bool = False
    """Whether an entry may be replaced by one of another node, with which it has no key in common."""


def publish(
    authority: Authority, orders: Orders, now: datetime, lifetime: timedelta
) -> tuple[Directory | None, Directory]:
    """Sign the directory that follows the last one and put it in the authority's folder; returns both.

    Raises NodeError(CONFIG_INVALID) also when no valid directory can be made so, (DIRECTORY_INVALID) when the
    last one is none, (NOT_FOUND).
    """
    signer = authority.signer(now)
    last = None
    if authority.directory.exists():
        last = read_directory(read_note_file(authority.directory, MAX_BYTES), signer.verifier)
    members = {} if last is None else dict(last.members)
    if len({member.code for member in orders.members}) < len(orders.members):
        raise NodeError(Reason.CONFIG_INVALID, "error.documents.member-twice")
    for member in orders.members:
        known = members.get(member.code)
        if known is not None and not orders.replace and not _same_node(known, member):
            raise NodeError(Reason.CONFIG_INVALID, "error.documents.keys-all-new", code=member.code)
        roles, suspended = (known.roles, known.suspended) if known is not None else ((), False)
        members[member.code] = replace(member, roles=roles, suspended=suspended)
    for code in orders.remove:
        _listed(members, code)
        del members[code]
    for code, suspended in orders.suspended.items():
        members[code] = replace(_listed(members, code), suspended=suspended)
    for code, roles in orders.roles.items():
        members[code] = replace(_listed(members, code), roles=roles)
    try:
        directory = next_directory(last, members.values(), now, lifetime)
        note = sign_directory(directory, signer)
    except NodeError as error:  # none is there yet that could not be trusted
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.documents.directory-entries-invalid",
            problem=error.wording,
        ) from None
    write_file(authority.directory, note, PUBLIC)
    return last, directory


def changes(before: Directory | None, after: Directory) -> Mapping[str, tuple[str, ...]]:
    """For each member that differs, which of its fields do: what the authority's officer has to look at.

    A member that joined or left has all of them.
    """
    names = tuple(field.name for field in fields(Member))
    old = {} if before is None else before.members
    found: dict[str, tuple[str, ...]] = {}
    for code in sorted({*old, *after.members}):
        first, second = old.get(code), after.members.get(code)
        if first is None or second is None:
            found[code] = names
        elif first != second:
            found[code] = tuple(name for name in names if getattr(first, name) != getattr(second, name))
    return found


def refuse_listed(authority: Authority, code: str, now: datetime) -> None:
    """Raises NodeError(CONFIG_INVALID) when the directory lists a department of that code already."""
    if not authority.directory.exists():
        return
    note = read_note_file(authority.directory, MAX_BYTES)
    known = read_directory(note, authority.signer(now).verifier).members.get(code)
    if known is not None:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.documents.code-listed",
            code=code,
            name=known.title,
            target=known.endpoint,
            path=str(authority.directory),
        )


def _same_node(one: Member, other: Member) -> bool:
    """Whether two entries have a key or certificate in common: no node replaces all of them at once."""
    return any(
        set(getattr(one, keys)) & set(getattr(other, keys))
        for keys in ("log_keys", "cosign_keys", "sealing_keys", "certificates")
    )


def _listed(members: Mapping[str, Member], code: str) -> Member:
    try:
        return members[code]
    except KeyError:
        raise NodeError(Reason.NOT_FOUND, "error.documents.department-unlisted", code=code) from None
