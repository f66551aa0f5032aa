"""Signed notes: text with Ed25519 and ML-DSA-65 signatures under it (C2SP signed-note)."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from node.core.log.note import note_of
from node.crypto.small_order import is_no_ed25519_key
from node.errors import NodeError, Reason
from node.texts.message import Value


class SignatureSuite(StrEnum):
    """An algorithm for signatures, by the name that keys carry."""

    ED25519 = "ed25519"
    ML_DSA_65 = "ml-dsa-65"


# Signature type identifiers of C2SP signed-note. ML-DSA-65 has none of its own, so it takes 0xff and a long
# name.
_TYPES = {SignatureSuite.ED25519: b"\x01", SignatureSuite.ML_DSA_65: b"\xffdxnode/ml-dsa-65"}
_PUBLIC_LENGTHS = {SignatureSuite.ED25519: 32, SignatureSuite.ML_DSA_65: 1952}
SEED = 32

_LONGEST_NAME = 128
# A checkpoint with all its signatures has a tenth of it; documents name a bound of their own.
_LONGEST_NOTE = 1 << 20
# C2SP asks for at least 16.
_MOST_SIGNATURES = 32
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_KEY_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name that it signs under.

    `public` is the raw key: 32 bytes for Ed25519, 1952 for ML-DSA-65. Raises NodeError(CONFIG_INVALID) when
    name or key is malformed.
    """

    name: str
    suite: SignatureSuite
    public: bytes = field(repr=False)
    # C2SP key ID: 8 hexadecimal digits that tell keys of one name apart; not a strong hash.
    key_id: str = field(init=False)
    _key: Ed25519PublicKey | MLDSA65PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _is_name(self.name):
            raise _bad_key("error.crypto.verifier-key-name")
        if len(self.public) != _PUBLIC_LENGTHS[self.suite]:
            raise _bad_key("error.crypto.verifier-key-length")
        if self.suite is SignatureSuite.ED25519 and is_no_ed25519_key(self.public):
            raise _bad_key("error.crypto.verifier-key-weak")
        typed = _TYPES[self.suite] + self.public
        object.__setattr__(self, "key_id", sha256(self.name.encode() + b"\n" + typed).hexdigest()[:8])
        kind = Ed25519PublicKey if self.suite is SignatureSuite.ED25519 else MLDSA65PublicKey
        object.__setattr__(self, "_key", kind.from_public_bytes(self.public))

    def vkey(self) -> str:
        """The one-line text form: name, key ID and typed key, with plus signs between."""
        return f"{self.name}+{self.key_id}+{b64encode(_TYPES[self.suite] + self.public).decode()}"

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """The verifier of a text form. Raises NodeError(CONFIG_INVALID)."""
        # The base64 part may hold plus signs too, the first two parts may not.
        name, _, rest = vkey.partition("+")
        key_id, _, encoded = rest.partition("+")
        typed = _decode(encoded)
        if typed is None or not _KEY_ID.fullmatch(key_id):
            raise _bad_key("error.crypto.verifier-key-malformed")
        for suite, kind in _TYPES.items():
            if typed.startswith(kind):
                verifier = cls(name, suite, typed[len(kind) :])
                if verifier.key_id != key_id:
                    raise _bad_key("error.crypto.verifier-key-id")
                return verifier
        raise _bad_key("error.crypto.verifier-key-suite")

    def verifies(self, signature: bytes, body: bytes) -> bool:
        """Whether `signature` is this key's over the note text `body`."""
        try:
            if isinstance(self._key, Ed25519PublicKey):
                self._key.verify(signature, body)
            else:
                self._key.verify(signature, body, _context(self.name))
        except InvalidSignature:
            return False
        return True


class Signer:
    """A private key with the name that it signs under; `seed` is its 32 bytes (RFC 8032, FIPS 204)."""

    __slots__ = ("_key", "verifier")

    def __init__(self, name: str, suite: SignatureSuite, seed: bytes) -> None:
        self._key = (
            Ed25519PrivateKey.from_private_bytes(seed)
            if suite is SignatureSuite.ED25519
            else MLDSA65PrivateKey.from_seed_bytes(seed)
        )
        self.verifier = Verifier(name, suite, self._key.public_key().public_bytes_raw())

    @property
    def name(self) -> str:
        return self.verifier.name

    @property
    def suite(self) -> SignatureSuite:
        return self.verifier.suite

    def sign(self, body: bytes) -> bytes:
        """The raw signature over the note text `body`."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(body)
        return self._key.sign(body, _context(self.name))


@dataclass(frozen=True, slots=True)
class Note:
    """The text of a signed note, which of the asked keys have signed it, and how many other lines it has."""

    body: bytes
    verified: tuple[Verifier, ...]
    others: int

    @property
    def signers(self) -> tuple[str, ...]:
        """The names of the keys that have signed."""
        return tuple(verifier.name for verifier in self.verified)


def sign_note(body: bytes, *signers: Signer) -> bytes:
    """The text with one signature line for each signer.

    The text is UTF-8, ends in a newline and has no other control character; else NodeError(INTERNAL).
    """
    if not signers or not _is_text(body) or not body.endswith(b"\n"):
        raise NodeError(Reason.INTERNAL, "error.crypto.note-unfinished")
    return note_of(
        body, *((each.name, bytes.fromhex(each.verifier.key_id) + each.sign(body)) for each in signers)
    )


def open_note(note: bytes, verifiers: Iterable[Verifier], longest: int = _LONGEST_NOTE) -> Note:
    """The text of a signed note of at most `longest` bytes that at least one of `verifiers` has signed.

    Signatures of other keys are left aside. Raises NodeError(PROOF_INVALID) when the note is malformed,
    when a signature that claims to be of one of `verifiers` does not verify, or when there is none.
    """
    read = read_note(note, verifiers, longest)
    if not read.verified:
        raise _invalid("error.crypto.note-untrusted")
    return read


def read_note(note: bytes, verifiers: Iterable[Verifier] = (), longest: int = _LONGEST_NOTE) -> Note:
    """As `open_note`, of a note that perhaps none of `verifiers` has signed: the caller counts."""
    if len(note) > longest:
        raise _invalid("error.crypto.note-too-long")
    body, signatures = _split(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    verified: list[Verifier] = []
    for name, key_id, signature in signatures:
        verifier = known.get((name, key_id))
        if verifier is None:
            continue
        if not verifier.verifies(signature, body):
            raise _invalid("error.crypto.signature-wrong")
        if verifier not in verified:
            verified.append(verifier)
    return Note(body, tuple(verified), len(signatures) - len(verified))


def _split(note: bytes) -> tuple[bytes, list[tuple[str, str, bytes]]]:
    """The text of a note, and its signatures as name, key ID and raw signature."""
    text, blank, lines = note.rpartition(b"\n\n")
    if not blank or not lines.endswith(b"\n") or not _is_text(note):
        raise _invalid("error.crypto.note-malformed")
    split = lines.decode().split("\n")[:-1]
    if len(split) > _MOST_SIGNATURES:
        raise _invalid("error.crypto.too-many-signatures")
    return text + b"\n", [_signature(line) for line in split]


def _signature(line: str) -> tuple[str, str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    signature = _decode(encoded)
    # Four bytes are the key ID.
    if dash != "—" or not _is_name(name) or signature is None or len(signature) < 5:
        raise _invalid("error.crypto.signature-line-malformed")
    return name, signature[:4].hex(), signature[4:]


def _is_text(data: bytes) -> bool:
    if _CONTROL.search(data):
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_name(name: str) -> bool:
    return (
        name.split() == [name]
        and "+" not in name
        and name.isprintable()
        and len(name.encode()) <= _LONGEST_NAME
    )


def _decode(encoded: str) -> bytes | None:
    """The bytes of a canonical base64 text, or None."""
    try:
        data = b64decode(encoded, validate=True)
    except ValueError:
        return None
    return data if b64encode(data).decode() == encoded else None


def _context(name: str) -> bytes:
    """The FIPS 204 context of a note signature: it binds the name, as C2SP's ML-DSA-44 cosignature does."""
    return b"dxnode/note/" + name.encode()


def _bad_key(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, key, **args)


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.PROOF_INVALID, key, **args)
