"""Notes that several officers of a department sign: adds a signature to one, and says whose it has.

People are counted, not signatures: two of one officer, or with two keys of one officer, are one.
"""

from __future__ import annotations

from collections.abc import Callable

from node.core.directory.directory import Member, OfficerRole, officer_name
from node.crypto.signing import Note, Signer, Verifier, read_note, sign_note
from node.errors import NodeError
from node.texts.message import Message

Refuse = Callable[[Message], NodeError]
"""What is wrong with the signatures, and what to do about it, to the error to raise."""


def add_signature(body: bytes, note: bytes | None, officer: Signer, department: str, refuse: Refuse) -> bytes:
    """The text `body` with the officer's signature, added to those of `note`, which is over the same text."""
    if officer_name(officer.verifier.vkey(), department) is None:
        raise refuse(Message("error.officers.other-key"))
    signed = sign_note(body, officer)
    if note is None:
        return signed
    line = signed.removeprefix(body + b"\n")
    if line in note[len(body) :]:
        raise refuse(Message("error.officers.signed-already"))
    return note + line


def read_officers(note: bytes, member: Member, longest: int) -> tuple[Note, tuple[str, ...]]:
    """The note, and which of the officers of `member` signed it. Raises NodeError(PROOF_INVALID)."""
    read = read_note(note, [Verifier.parse(vkey) for vkey in member.keys_for(OfficerRole.OFFICER)], longest)
    people = {officer_name(officer.vkey(), member.code) or "" for officer in read.verified}
    return read, tuple(sorted(people))


def require_enough(people: tuple[str, ...], member: Member, refuse: Refuse) -> None:
    """Raises unless as many officers signed as the directory asks for."""
    if not member.keys_for(OfficerRole.OFFICER):
        raise refuse(Message("error.officers.none-listed"))
    if len(people) < member.approvals:
        by = people or Message("error.officers.nobody")
        raise refuse(Message("error.officers.too-few", {"approvals": member.approvals, "by": by}))
