"""Sealing: a session secret to a department's key (HPKE, RFC 9180, with X-Wing), requests under that secret,
answers under the key that they bring."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256, shake_256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from node.core.messages.envelope import SUITE, Routing, Sealed
from node.crypto.known_secrets import KnownSecrets
from node.crypto.small_order import is_no_x25519_key
from node.errors import NodeError, Reason
from node.texts.message import Value


class SealingSuite(StrEnum):
    """The algorithms of a sealing key and of what is sealed to it, by the name that keys carry."""

    # HPKE base mode: KEM 0x647a (X-Wing), KDF 0x0001, AEAD 0x0002.
    XWING = "xwing-hkdf-sha256-aes256gcm"


_HPKE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_MLKEM_PUBLIC, _X25519_PUBLIC, _ENCAPSULATED, _TAG, _NONCE = 1184, 32, 1120, 16, 12
_LENGTH = 4
SECRET_BYTES = 32
# By the numbers of `node.v1.Suite`.
_SUITES = {SUITE: SealingSuite.XWING}


@dataclass(frozen=True, slots=True)
class SealingPublicKey:
    """What requests to a department are sealed to, from `created` until `expires` (UTC).

    `public` is the X-Wing encapsulation key of 1216 bytes. Raises NodeError(CONFIG_INVALID) when it is
    malformed.
    """

    public: bytes = field(repr=False)
    created: datetime
    expires: datetime
    suite: SealingSuite = SealingSuite.XWING
    # The first 8 bytes of the SHA-256 of `public`, in hexadecimal.
    key_id: str = field(init=False)
    _key: hpke.MLKEM768X25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.public) != _MLKEM_PUBLIC + _X25519_PUBLIC:
            raise _bad_key("error.crypto.sealing-key-length")
        if is_no_x25519_key(self.public[_MLKEM_PUBLIC:]):
            raise _bad_key("error.crypto.sealing-key-weak")
        try:
            mlkem = MLKEM768PublicKey.from_public_bytes(self.public[:_MLKEM_PUBLIC])
            x25519 = X25519PublicKey.from_public_bytes(self.public[_MLKEM_PUBLIC:])
        except ValueError:
            raise _bad_key("error.crypto.sealing-key-invalid") from None
        # The text form has whole seconds.
        object.__setattr__(self, "created", self.created.astimezone(UTC).replace(microsecond=0))
        object.__setattr__(self, "expires", self.expires.astimezone(UTC).replace(microsecond=0))
        if self.created >= self.expires:
            raise _bad_key("error.crypto.sealing-key-expiry")
        object.__setattr__(self, "key_id", sha256(self.public).hexdigest()[:16])
        object.__setattr__(self, "_key", hpke.MLKEM768X25519PublicKey(mlkem, x25519))

    def usable(self, now: datetime) -> bool:
        """Whether requests may be sealed to it now."""
        return self.created <= now < self.expires

    def encode(self) -> str:
        """The one-line text form: suite, key id, created, expires and key, with plus signs between."""
        return "+".join(
            (
                self.suite,
                self.key_id,
                _time(self.created),
                _time(self.expires),
                b64encode(self.public).decode(),
            )
        )

    @classmethod
    def decode(cls, text: str) -> SealingPublicKey:
        """The key of a text form. Raises NodeError(CONFIG_INVALID)."""
        parts = text.split("+", 4)
        try:
            suite, key_id, created, expires, public = parts
            key = cls(
                b64decode(public, validate=True),
                datetime.strptime(created, _TIME).replace(tzinfo=UTC),
                datetime.strptime(expires, _TIME).replace(tzinfo=UTC),
                SealingSuite(suite),
            )
        except ValueError:
            raise _bad_key("error.crypto.sealing-key-malformed") from None
        if key.key_id != key_id or key.encode() != text:
            raise _bad_key("error.crypto.sealing-key-id")
        return key


class SealingKey:
    """The private half: opens what was sealed to `public`. `seed`: X-Wing decapsulation key, 32 bytes."""

    __slots__ = ("_key", "public")

    def __init__(self, seed: bytes, created: datetime, expires: datetime) -> None:
        # draft-connolly-cfrg-xwing-kem, 5.2: expandDecapsulationKey
        expanded = shake_256(seed).digest(96)
        mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
        self._key = hpke.MLKEM768X25519PrivateKey(mlkem, x25519)
        public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        self.public = SealingPublicKey(public, created, expires)

    def open(self, ciphertext: bytes, info: bytes) -> bytes:
        """The plaintext. Raises NodeError(ENVELOPE_INVALID) when not sealed to this key with this info."""
        try:
            return _HPKE.decrypt(ciphertext, self._key, info)
        except (InvalidTag, ValueError):
            raise _invalid("error.crypto.envelope-unopenable") from None


class KeyRing:
    """The sealing keys of a node, by key id.

    All that have not expired open envelopes, so that a key can be replaced while requests sealed to the one
    before are on their way. The session secrets of a key are forgotten with it.
    """

    __slots__ = ("_keys", "_secrets")

    def __init__(self, keys: Iterable[SealingKey]) -> None:
        self._keys = {key.public.key_id: key for key in keys}
        self._secrets = {key_id: KnownSecrets() for key_id in self._keys}

    def open(self, sealed: Sealed, routing: Routing, now: datetime) -> bytes:
        """The plaintext of an envelope, with the key that its routing data name.

        Raises NodeError(KEY_ID_UNKNOWN) when there is no such key or it is not valid now,
        NodeError(ENVELOPE_INVALID) when the envelope does not open.
        """
        key = self._keys.get(routing.key_id)
        if key is None or key.public.expires <= now:
            if key is not None:
                self._secrets[routing.key_id].clear()
            raise _no_key("error.crypto.sealing-key-foreign")
        _check_suite(routing, key.public)
        return open_request(sealed.ciphertext, self._secret(key, sealed.sealed_key, routing, now), routing)

    def _secret(self, key: SealingKey, sealed_key: bytes, routing: Routing, now: datetime) -> bytes:
        info, known = routing.session_info(), self._secrets[key.public.key_id]
        digest = sha256(info + sealed_key).digest()
        secret = known.get(digest, now)
        if secret is None:
            secret = key.open(sealed_key, info)
            if len(secret) != SECRET_BYTES:
                raise _invalid("error.crypto.session-secret-length")
            known.remember(digest, secret, now)
        return secret


def choose(keys: Iterable[SealingPublicKey], now: datetime) -> SealingPublicKey:
    """The newest of the keys that are usable now. Raises NodeError(KEY_ID_UNKNOWN) when there is none."""
    usable = [key for key in keys if key.usable(now)]
    if not usable:
        raise _no_key("error.crypto.no-valid-sealing-key")
    # Of keys of the same second the id decides, here as in the directory and in the key files.
    return max(usable, key=lambda key: (key.created, key.key_id))


def seal_secret(secret: bytes, recipient: SealingPublicKey, routing: Routing) -> bytes:
    """A session secret of 32 bytes for the provider, bound to the routing data but for the exchange id.

    Encapsulated key and ciphertext (HPKE single-shot, RFC 9180, 6.1).

    Raises NodeError(ENVELOPE_INVALID) when the routing data name another key or suite,
    NodeError(CONFIG_INVALID) when the key is degenerate.
    """
    if routing.key_id != recipient.key_id:
        raise _invalid("error.crypto.routing-key-differs")
    _check_suite(routing, recipient)
    try:
        return _HPKE.encrypt(secret, recipient._key, routing.session_info())
    except ValueError:
        # An X25519 share of small order, which no honest key has.
        raise _bad_key("error.crypto.sealing-key-unusable") from None


def seal_request(plaintext: bytes, secret: bytes, routing: Routing, nonce: bytes) -> bytes:
    """Nonce, ciphertext and tag: AES-256-GCM under the key of one exchange, bound to the routing data.

    `nonce` has 12 bytes.
    """
    return nonce + _exchange_cipher(secret, routing).encrypt(nonce, plaintext, routing.info())


def open_request(ciphertext: bytes, secret: bytes, routing: Routing) -> bytes:
    """The plaintext of a request. Raises NodeError(ENVELOPE_INVALID)."""
    plaintext = _decrypt(_exchange_cipher(secret, routing), ciphertext, routing)
    if plaintext is None:
        raise _invalid("error.crypto.request-unopenable")
    return plaintext


def seal_answer(plaintext: bytes, response_key: bytes, routing: Routing, nonce: bytes) -> bytes:
    """Nonce, ciphertext and tag: AES-256-GCM under the 32 bytes that came with the request, used this once.

    `nonce` has 12 bytes. Raises NodeError(ENVELOPE_INVALID) when the response key does not have 32.
    """
    return nonce + _response_cipher(response_key).encrypt(nonce, plaintext, routing.info())


def open_answer(ciphertext: bytes, response_key: bytes, routing: Routing) -> bytes:
    """The plaintext of a sealed answer. Raises NodeError(ENVELOPE_INVALID)."""
    plaintext = _decrypt(_response_cipher(response_key), ciphertext, routing)
    if plaintext is None:
        raise _invalid("error.crypto.answer-unopenable")
    return plaintext


def pad(data: bytes, bucket: int) -> bytes:
    """`data` behind its length of 4 bytes, filled with zeros.

    The whole has `bucket` bytes times the smallest power of two that makes it fit.
    """
    size = bucket
    while size < _LENGTH + len(data):
        size *= 2
    return (len(data).to_bytes(_LENGTH) + data).ljust(size, b"\0")


def unpad(padded: bytes) -> bytes:
    """The data of `pad`. Raises NodeError(ENVELOPE_INVALID) when length or zeros are wrong."""
    end = _LENGTH + int.from_bytes(padded[:_LENGTH])
    if len(padded) < _LENGTH or end > len(padded) or padded.count(0, end) != len(padded) - end:
        raise _invalid("error.crypto.padding-malformed")
    return padded[_LENGTH:end]


def _check_suite(routing: Routing, key: SealingPublicKey) -> None:
    if _SUITES.get(routing.suite) is not key.suite:
        raise _invalid("error.crypto.suite-mismatch")


def _decrypt(cipher: AESGCM, ciphertext: bytes, routing: Routing) -> bytes | None:
    """The plaintext; None for what was changed, cut short, or sealed otherwise."""
    if len(ciphertext) < _NONCE + _TAG:
        return None
    try:
        return cipher.decrypt(ciphertext[:_NONCE], ciphertext[_NONCE:], routing.info())
    except InvalidTag:
        return None


def _exchange_cipher(secret: bytes, routing: Routing) -> AESGCM:
    # The secret is uniformly random, so that HKDF needs no extraction (RFC 5869, 3.3).
    return AESGCM(HKDFExpand(SHA256(), 32, _REQUEST + routing.exchange_id).derive(secret))


def _response_cipher(response_key: bytes) -> AESGCM:
    if len(response_key) != 32:
        raise _invalid("error.crypto.response-key-length")
    return AESGCM(response_key)


_REQUEST = b"dxnode/request"
_TIME = "%Y-%m-%dT%H:%M:%SZ"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(_TIME)


def _bad_key(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, key, **args)


def _no_key(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.KEY_ID_UNKNOWN, key, **args)


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.ENVELOPE_INVALID, key, **args)
