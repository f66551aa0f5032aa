"""The directory as a signed note: signed by the authority, opened by everybody else."""

from __future__ import annotations

from datetime import datetime

from node.core.directory.directory import (
    MAX_BYTES,
    Directory,
    Member,
    SeenDirectory,
    accept,
    parse_directory,
    render_directory,
)
from node.crypto.certificates import check_certificates
from node.crypto.sealing import SealingPublicKey
from node.crypto.signing import SignatureSuite, Signer, Verifier, open_note, sign_note
from node.errors import NodeError, Reason


def sign_directory(directory: Directory, authority: Signer) -> bytes:
    """The directory as a note. Raises NodeError(DIRECTORY_INVALID) when no node would accept it."""
    body = render_directory(directory)
    check_keys(parse_directory(body))
    note = sign_note(body, authority)
    _check_length(note)
    return note


def open_directory(
    note: bytes, authority: Verifier, seen: SeenDirectory | None, now: datetime
) -> tuple[Directory, SeenDirectory]:
    """The directory in a note, and what to remember as seen once it is in use.

    Raises NodeError: DIRECTORY_INVALID when `authority` has not signed it, when it is malformed, older than
    the one seen, or different from it under the same version; DIRECTORY_EXPIRED; CLOCK_SKEWED.
    """
    body = _signed_body(note, authority)
    directory = parse_directory(body)
    check_keys(directory)
    return directory, accept(directory, body, seen, now)


def read_directory(note: bytes, authority: Verifier) -> Directory:
    """The directory in a note, current or not, to show it or to go on from it; else as `open_directory`."""
    return parse_directory(_signed_body(note, authority))


def check_keys(directory: Directory) -> None:
    """Raises NodeError(DIRECTORY_INVALID) when a key or certificate of a member is none."""
    for member in directory.members.values():
        check_member_keys(member)


def check_member_keys(member: Member) -> None:
    """As `check_keys`, of one member."""
    try:
        log_suites = {Verifier.parse(key).suite for key in member.log_keys}
        cosign_suites = {Verifier.parse(key).suite for key in member.cosign_keys}
        officer_suites = {Verifier.parse(key).suite for key in member.officers}
        for key in member.sealing_keys:
            SealingPublicKey.decode(key.encoded)
        check_certificates(member.tls_roots)
    except NodeError as error:
        raise NodeError(
            Reason.DIRECTORY_INVALID,
            "error.documents.member-invalid",
            problem=error.wording,
            where=member.code,
        ) from None
    if log_suites != {SignatureSuite.ED25519} or cosign_suites != {SignatureSuite.ML_DSA_65}:
        raise NodeError(
            Reason.DIRECTORY_INVALID,
            "error.documents.log-key-suites",
            where=member.code,
        )
    if not officer_suites <= {SignatureSuite.ED25519}:
        raise NodeError(
            Reason.DIRECTORY_INVALID,
            "error.documents.officer-key-suites",
            where=member.code,
        )


def _signed_body(note: bytes, authority: Verifier) -> bytes:
    _check_length(note)
    try:
        return open_note(note, (authority,), MAX_BYTES).body
    except NodeError as error:
        raise NodeError(
            Reason.DIRECTORY_INVALID,
            "error.documents.directory-untrusted",
            problem=error.wording,
            authority=authority.name,
        ) from None


def _check_length(note: bytes) -> None:
    if len(note) > MAX_BYTES:
        raise NodeError(Reason.DIRECTORY_INVALID, "error.documents.directory-too-large", max_bytes=MAX_BYTES)
