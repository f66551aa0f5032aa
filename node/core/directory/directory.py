"""The directory: the member departments, where their nodes are, and which certificates and keys are theirs.

The competent authority signs it as a C2SP signed note; the body is the JSON that `render_directory` gives,
byte for byte. `node.documents.directory_file` checks the signature; the rules of time and version are here.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Final, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from node.core.directory.spelling import (
    MIN_APPROVALS,
    Approvals,
    Certificates,
    Code,
    Endpoint,
    Fingerprint,
    Level,
    Moment,
    OfficerKeys,
    Region,
    Role,
    SealingKey,
    SealingKeys,
    Title,
    VerifierKeys,
)
from node.core.json_text import canonical_json, first_fault
from node.core.revision import common
from node.errors import NodeError, Reason
from node.texts.message import Message, Value

MAX_BYTES: Final = 64 << 20
MAX_MEMBERS: Final = 10_000
MAX_LIFETIME: Final = timedelta(days=400)
# The authority signs on a machine whose clock may be a little ahead of this one.
MAX_SKEW: Final = timedelta(minutes=5)
FORMAT: Final = "dxnode/directory/1"
MAX_REVISION: Final = 10_000
KEY_SINCE: Mapping[str, int] = MappingProxyType({})
"""Keys of a member's entry that came with a later revision of the schema than the first, and with which.

A node that does not know one refuses the whole directory. So a key is written once every member knows it, and
has a default until then.
"""
OFFICER_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")


class OfficerRole(StrEnum):
    """What an officer's key is for; a key is for one of it, and is named after it."""

    OFFICER = "officer"
    """Signs policy bundles."""
    HEAD = "head"
    """部门负责人: approves catalogue entries; of the authority, those that it has reviewed (Art. 13, 16)."""


_T = TypeVar("_T")
_DIRECTORY: Final = ("file.directory.directory", "file.directory.directory-invalid")
_MEMBER_FILE: Final = ("file.directory.member-file", "file.directory.member-file-invalid")
"""The texts of what is wrong with the whole, and at a place."""
# Canonical JSON spells everything one way, so nothing is converted and nothing unknown passes.
_SHAPE = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class Member:
    """One department. The member file that a department hands to the authority holds the same.

    `organisation` names the body it belongs to: departments of one organisation share a privacy budget.
    `certificates` are the SHA-256 fingerprints (of the DER form, in hex) of the certificates it may use on
    the exchange port; `tls_roots` are the certificates (PEM) that those chain to. A checkpoint of its usage
    log counts when any of `log_keys` signed it; those that sign no more stay for what they have signed.
    `officers` are the keys of all roles: of each its own, see `keys_for`. Its policies count when at least
    `approvals` of the officers signed them; one person may have several keys, all of one name. `schema` is
    the revision that its node knows, see `node.core.revision`.
    """

    __pydantic_config__ = _SHAPE

    code: Code
    title: Title
    region: Region
    level: Level
    organisation: Title
    roles: Annotated[tuple[Role, ...], Field(max_length=len(Role))]
    endpoint: Endpoint
    certificates: Annotated[tuple[Fingerprint, ...], Field(max_length=8)]
    tls_roots: Certificates
    sealing_keys: SealingKeys
    log_keys: VerifierKeys
    cosign_keys: VerifierKeys
    suspended: bool
    officers: OfficerKeys = ()
    approvals: Approvals = MIN_APPROVALS
    schema: Annotated[int, Field(ge=1, le=MAX_REVISION)] = 1

    @property
    def revision(self) -> int:
        """The revision of the schema that this node speaks with the member's."""
        return common(self.schema)

    def keys_for(self, role: OfficerRole) -> tuple[str, ...]:
        """The verifier keys of that role among `officers`."""
        return tuple(key for key in self.officers if officer_name(key, self.code, role) is not None)

    def sealing_key(self, now: datetime) -> SealingKey:
        """The sealing key to use: of those valid now the newest, of one second that of the higher id.

        Raises NodeError(KEY_ID_UNKNOWN).
        """
        usable = [key for key in self.sealing_keys if key.created <= now < key.expires]
        if not usable:
            raise NodeError(
                Reason.KEY_ID_UNKNOWN,
                "error.directory.no-own-sealing-key",
                department=self.code,
            )
        return max(usable, key=lambda key: (key.created, key.key_id))


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory as parsed; `members` are by credit code."""

    version: int
    issued: datetime
    expires: datetime
    members: Mapping[str, Member]

    def identify(self, code: str, fingerprint: str) -> Member:
        """The member with this code, if the certificate with this `fingerprint` is one of its own.

        It may be suspended: that is for the decision to say. Raises NodeError(CALLER_UNIDENTIFIED).
        """
        member = self.members.get(code)
        if member is None:
            raise NodeError(
                Reason.CALLER_UNIDENTIFIED,
                "error.directory.department-unlisted",
            )
        if fingerprint not in member.certificates:
            raise NodeError(
                Reason.CALLER_UNIDENTIFIED,
                "error.directory.certificate-unlisted",
                department=code,
            )
        return member

    def tls_roots(self) -> str:
        """The certificates (PEM) that members' certificates chain to, each once."""
        return "".join(dict.fromkeys(member.tls_roots for member in self.members.values()))


@dataclass(frozen=True, slots=True)
class SeenDirectory:
    """The newest directory accepted so far, which no later one may contradict; the store keeps it."""

    version: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class _Body:
    __pydantic_config__ = _SHAPE

    format: str
    version: Annotated[int, Field(ge=1, lt=2**53)]
    issued: Moment
    expires: Moment
    members: Annotated[tuple[Member, ...], Field(max_length=MAX_MEMBERS)]


_BODY = TypeAdapter(_Body)
_MEMBER = TypeAdapter(Member)


def parse_directory(body: bytes) -> Directory:
    """The directory whose canonical JSON is `body`. Raises NodeError(DIRECTORY_INVALID), saying where."""
    parsed = _parse(_BODY, body, _DIRECTORY)
    if parsed.format != FORMAT:
        raise _invalid(_DIRECTORY, "format", "file.directory.format", format=FORMAT)
    if not parsed.issued < parsed.expires <= parsed.issued + MAX_LIFETIME:
        raise _invalid(_DIRECTORY, "expires", "file.directory.expires", days=MAX_LIFETIME.days)
    _check_members(parsed.members)
    members = MappingProxyType({member.code: member for member in parsed.members})
    directory = Directory(parsed.version, parsed.issued, parsed.expires, members)
    if render_directory(directory) != body:
        raise _invalid(_DIRECTORY, "", "file.directory.canonical")
    return directory


def render_directory(directory: Directory) -> bytes:
    """The canonical JSON: members by code, sorted keys, two spaces, UTF-8, a newline at the end.

    Without what not all members know, see `keys_held_back`; `schema` is left out where it is 1.
    """
    members = tuple(directory.members[code] for code in sorted(directory.members))
    known = min((member.schema for member in members), default=MAX_REVISION)
    body = _Body(FORMAT, directory.version, directory.issued, directory.expires, members)
    entries = {index: _left_out(member, known) for index, member in enumerate(members)}
    return canonical_json(_BODY, body, {"members": entries})


def keys_held_back(directory: Directory) -> Mapping[str, tuple[str, ...]]:
    """The keys that members' entries leave out, with the codes of the members who do not know them yet."""
    return {
        key: codes
        for key, since in KEY_SINCE.items()
        if (codes := tuple(code for code, member in directory.members.items() if member.schema < since))
    }


def parse_member(content: bytes) -> Member:
    """The member in a member file. Raises NodeError(DIRECTORY_INVALID), saying where."""
    member = _parse(_MEMBER, content, _MEMBER_FILE)
    _check_members((member,))
    if render_member(member) != content:
        raise _invalid(_MEMBER_FILE, "", "file.directory.member-canonical")
    return member


def render_member(member: Member) -> bytes:
    """The content of a member file, with all keys that the member knows itself."""
    return canonical_json(_MEMBER, member, _left_out(member, member.schema))


def _left_out(member: Member, known: int) -> set[str]:
    """The keys of an entry that are not written while revision `known` is all that is known."""
    return ({"schema"} if member.schema == 1 else set()) | {
        key for key, since in KEY_SINCE.items() if since > known
    }


def accept(directory: Directory, body: bytes, seen: SeenDirectory | None, now: datetime) -> SeenDirectory:
    """Decide whether a directory whose signature is verified may be used now; what to remember if so.

    Raises NodeError: DIRECTORY_EXPIRED; DIRECTORY_INVALID if it is older than one already seen or differs
    from it under the same version; CLOCK_SKEWED if it was issued in the future.
    """
    digest = hashlib.sha256(body).digest()
    if seen is not None and directory.version < seen.version:
        raise NodeError(
            Reason.DIRECTORY_INVALID,
            "error.directory.version-old",
            version=str(directory.version),
            seen=str(seen.version),
        )
    if seen is not None and directory.version == seen.version and digest != seen.digest:
        raise NodeError(
            Reason.DIRECTORY_INVALID,
            "error.directory.two-of-one-version",
            version=str(directory.version),
        )
    if directory.issued > now + MAX_SKEW:
        raise NodeError(
            Reason.CLOCK_SKEWED,
            "error.directory.not-valid-yet",
            at=directory.issued,
        )
    require_current(directory, now)
    return SeenDirectory(directory.version, digest)


def require_current(directory: Directory, now: datetime) -> None:
    """Raises NodeError(DIRECTORY_EXPIRED) once the directory may no longer be used."""
    if now >= directory.expires:
        raise NodeError(
            Reason.DIRECTORY_EXPIRED,
            "error.directory.expired",
            at=directory.expires,
            version=str(directory.version),
        )


def next_directory(
    last: Directory | None, members: Iterable[Member], issued: datetime, lifetime: timedelta
) -> Directory:
    """The directory that follows `last`, of exactly these members.

    Raises NodeError(DIRECTORY_INVALID) if what results is not a valid directory.
    """
    version = last.version + 1 if last else 1
    issued = issued.replace(microsecond=0)
    listed = {member.code: member for member in members}
    return parse_directory(render_directory(Directory(version, issued, issued + lifetime, listed)))


def _check_members(members: tuple[Member, ...]) -> None:
    codes = Counter(member.code for member in members)
    owners: dict[str, str] = {}
    for index, member in enumerate(members):
        where = f"members[{index}]" if len(members) > 1 else member.code
        if codes[member.code] > 1:
            raise _invalid(_DIRECTORY, where, "file.directory.department-twice", code=member.code)
        _check_log_keys(member, f"{where}.log_keys", member.log_keys)
        _check_log_keys(member, f"{where}.cosign_keys", member.cosign_keys)
        _check_officers(member, f"{where}.officers")
        for fingerprint in member.certificates:
            if owners.setdefault(fingerprint, member.code) != member.code:
                raise _invalid(_DIRECTORY, f"{where}.certificates", "file.directory.certificate-shared")


def _check_log_keys(member: Member, where: str, keys: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for index, key in enumerate(keys):
        name, key_id, _ = key.split("+", 2)
        # Otherwise one member could pass off its own log as another's.
        if name != f"dxnode/{member.code}":
            raise _invalid(_DIRECTORY, f"{where}[{index}]", "file.directory.log-key-name", code=member.code)
        # Under a note, keys of one name are told apart by their ids alone.
        if key_id in seen:
            raise _invalid(_DIRECTORY, f"{where}[{index}]", "file.directory.key-id-twice", key_id=key_id)
        seen.add(key_id)


def officer_name(vkey: str, code: str, role: OfficerRole = OfficerRole.OFFICER) -> str | None:
    """Whose verifier key this is, None when it is no key of that role in the department `code`."""
    name = vkey.partition("+")[0].removeprefix(f"dxnode/{code}/{role}/")
    return name if OFFICER_NAME.fullmatch(name) else None


def officer_key_name(code: str, name: str, role: OfficerRole = OfficerRole.OFFICER) -> str:
    """What an officer's key signs as. Raises NodeError(CONFIG_INVALID) for a name that none can have."""
    if not OFFICER_NAME.fullmatch(name):
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.directory.officer-name-malformed",
        )
    return f"dxnode/{code}/{role}/{name}"


def _check_officers(member: Member, where: str) -> None:
    seen: set[tuple[str, str]] = set()
    owners: dict[str, str] = {}
    for index, vkey in enumerate(member.officers):
        name, key_id, key = vkey.split("+", 2)
        if all(officer_name(vkey, member.code, role) is None for role in OfficerRole):
            raise _invalid(
                _DIRECTORY, f"{where}[{index}]", "file.directory.officer-key-name", code=member.code
            )
        # One key under two names would let one person sign as two, or in two roles with one passphrase.
        if key in owners:
            person = _person(owners[key])
            raise _invalid(_DIRECTORY, f"{where}[{index}]", "file.directory.officer-key-twice", person=person)
        if (name, key_id) in seen:
            raise _invalid(_DIRECTORY, f"{where}[{index}]", "file.directory.key-id-twice", key_id=key_id)
        seen.add((name, key_id))
        owners[key] = name
    officers = {officer_name(vkey, member.code) for vkey in member.keys_for(OfficerRole.OFFICER)}
    if officers and len(officers) < member.approvals:
        raise _invalid(_DIRECTORY, where, "file.directory.officers-few", approvals=member.approvals)


def _person(key_name: str) -> str:
    return key_name.rpartition("/")[2]


def _parse(adapter: TypeAdapter[_T], content: bytes, what: tuple[str, str]) -> _T:
    if len(content) > MAX_BYTES:
        raise _invalid(what, "", "file.directory.large", most=MAX_BYTES)
    try:
        return adapter.validate_json(content)
    except ValidationError as error:
        path, fault = first_fault(error)
        raise _invalid(what, _where(path), fault.key, **fault.args) from None


def _where(path: tuple[int | str, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _invalid(what: tuple[str, str], where: str, key: str, /, **args: Value) -> NodeError:
    """What is wrong, and at which place of the directory or member file, "" for the whole."""
    problem = Message(key, args)
    whole, at = what
    if not where:
        return NodeError(Reason.DIRECTORY_INVALID, whole, problem=problem)
    return NodeError(Reason.DIRECTORY_INVALID, at, problem=problem, where=where)
