"""The manifest of a policy bundle as a signed note: officers add their signatures, a node counts them."""

from __future__ import annotations

from dataclasses import dataclass

from node.core.directory.directory import Member
from node.core.policy.bundle import (
    MAX_BYTES,
    BundleRefusedError,
    Manifest,
    bundle_digest,
    parse_manifest,
    render_manifest,
)
from node.crypto.signing import Signer, read_note
from node.documents.officer_note import add_signature, read_officers, require_enough
from node.errors import NodeError
from node.texts.message import Message


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
    if note is not None and read_manifest(note) != manifest:
        raise BundleRefusedError("error.bundle.manifest-differs")
    return add_signature(render_manifest(manifest), note, officer, manifest.department, _refuse)


def read_manifest(note: bytes) -> Manifest:
    """The manifest in a note, whoever has signed it: to show it, never to use it.

    Raises NodeError(POLICY_NOT_LOADED).
    """
    try:
        return parse_manifest(read_note(note, longest=MAX_BYTES).body)
    except NodeError as error:
        if isinstance(error, BundleRefusedError):
            raise
        raise _untrusted(error) from None


def signed_manifest(note: bytes, member: Member) -> SignedManifest:
    """The manifest in a note, and who of the officers of `member` signed it, be they enough or not.

    Raises NodeError(POLICY_NOT_LOADED): it is malformed, of another department, or a signature is wrong.
    """
    try:
        read, people = read_officers(note, member, MAX_BYTES)
    except NodeError as error:
        raise _untrusted(error) from None
    manifest = parse_manifest(read.body)
    if manifest.department != member.code:
        raise BundleRefusedError("error.bundle.foreign")
    return SignedManifest(manifest, bundle_digest(read.body), people)


def open_manifest(note: bytes, member: Member) -> SignedManifest:
    """As `signed_manifest`, of one that enough officers have signed; else NodeError(POLICY_NOT_LOADED)."""
    signed = signed_manifest(note, member)
    require_enough(signed.approved, member, _refuse)
    return signed


def _refuse(problem: Message) -> BundleRefusedError:
    return BundleRefusedError("error.bundle.refused", problem=problem)


def _untrusted(error: NodeError) -> BundleRefusedError:
    return BundleRefusedError("error.bundle.manifest-untrusted", problem=error.wording)
