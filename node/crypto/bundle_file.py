"""The manifest of a policy bundle as a signed note: officers add their signatures, a node counts them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from node.core.bundle import (
    MAX_BYTES,
    BundleRefusedError,
    Manifest,
    bundle_digest,
    parse_manifest,
    render_manifest,
)
from node.core.directory import Member, OfficerRole, officer_name
from node.crypto.sign import Note, Signer, Verifier, read_note, sign_note
from node.errors import NodeError


@dataclass(frozen=True, slots=True)
class SignedManifest:
    """A manifest, the digest that names its bundle, and which of the department's officers signed it."""

    manifest: Manifest
    digest: bytes
    approved: tuple[str, ...]


def sign_manifest(manifest: Manifest, note: bytes | None, officer: Signer) -> bytes:
    """The manifest with the officer's signature, added to those of `note` when that is given.

    Raises NodeError(POLICY_NOT_LOADED): `note` is of another manifest, malformed, or has the officer's
    signature already; the key is for something else.
    """
    if officer_name(officer.verifier.vkey(), manifest.department) is None:
        raise BundleRefusedError(
            "the key is no officer's key of the department", "have another officer sign it"
        )
    body = render_manifest(manifest)
    if note is None:
        return sign_note(body, officer)
    if read_manifest(note) != manifest:
        raise BundleRefusedError("the manifest beside the files is another than the one to sign")
    signed = sign_note(body, officer)
    line = signed.removeprefix(body + b"\n")
    if line in note[len(body) :]:
        raise BundleRefusedError("this officer has signed it already", "have another officer sign it")
    return note + line


def read_manifest(note: bytes) -> Manifest:
    """The manifest in a note, whoever has signed it: to show it, never to use it.

    Raises NodeError(POLICY_NOT_LOADED).
    """
    return parse_manifest(_read(note).body)


def signed_manifest(note: bytes, member: Member) -> SignedManifest:
    """The manifest in a note, and who of the officers of `member` signed it, be they enough or not.

    Raises NodeError(POLICY_NOT_LOADED): it is malformed, of another department, or a signature is wrong.
    """
    read = _read(note, [Verifier.parse(vkey) for vkey in member.keys_for(OfficerRole.OFFICER)])
    manifest = parse_manifest(read.body)
    if manifest.department != member.code:
        raise BundleRefusedError("it is of another department")
    people = {officer_name(officer.vkey(), member.code) or "" for officer in read.verified}
    return SignedManifest(manifest, bundle_digest(read.body), tuple(sorted(people)))


def open_manifest(note: bytes, member: Member) -> SignedManifest:
    """As `signed_manifest`, of one that enough officers have signed; else NodeError(POLICY_NOT_LOADED).

    People are counted, not signatures: two of one officer, or with two keys of one officer, are one.
    """
    if not member.keys_for(OfficerRole.OFFICER):
        raise BundleRefusedError("the directory lists no officers of this department")
    signed = signed_manifest(note, member)
    if len(signed.approved) < member.approvals:
        by = ", ".join(signed.approved) or "nobody"
        raise BundleRefusedError(
            f"it needs {member.approvals} of the officers that the directory lists, and is signed by {by}",
            "have another officer sign it",
        )
    return signed


def _read(note: bytes, officers: Iterable[Verifier] = ()) -> Note:
    try:
        return read_note(note, officers, MAX_BYTES)
    except NodeError as error:
        raise BundleRefusedError(f"its manifest cannot be trusted, {error.message}") from None
