"""The key for what a node keeps: encryption at rest, and pseudonyms in place of subjects."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from node.errors import NodeError, Reason

_ID, _NONCE, _TAG = 8, 24, 16


class Xaes256Gcm:
    """XAES-256-GCM (C2SP): AES-256-GCM under a key derived for each 24-byte nonce.

    A plain AES-GCM nonce is too short to be drawn at random for every record of a node's life; this one is
    not.
    """

    __slots__ = ("_cmac",)

    def __init__(self, key: bytes) -> None:
        self._cmac = CMAC(AES256(key))

    def encrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        """Ciphertext and tag."""
        return self._cipher(nonce).encrypt(nonce[12:], data, aad)

    def decrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        """The plaintext. Raises InvalidTag."""
        return self._cipher(nonce).decrypt(nonce[12:], data, aad)

    def _cipher(self, nonce: bytes) -> AESGCM:
        # NIST SP 800-108r1 in counter mode: two blocks of a 16-bit counter, the label X, a zero and the
        # context.
        first, second = self._cmac.copy(), self._cmac.copy()
        first.update(b"\0\1X\0" + nonce[:12])
        second.update(b"\0\2X\0" + nonce[:12])
        return AESGCM(first.finalize() + second.finalize())


class DataKey:
    """A node's key for its own database, from a seed of 32 bytes; `random` gives that many random bytes."""

    __slots__ = ("_cipher", "_pseudonyms", "_random", "key_id")

    def __init__(self, seed: bytes, random: Callable[[int], bytes]) -> None:
        self._cipher = Xaes256Gcm(_derive(seed, b"dxnode/data/encrypt"))
        self._pseudonyms = HMAC(_derive(seed, b"dxnode/data/pseudonym"), SHA256())
        self._random = random
        # 16 hexadecimal digits.
        self.key_id = _derive(seed, b"dxnode/data/id")[:_ID].hex()

    def encrypt(self, plaintext: bytes, aad: bytes) -> bytes:
        """Key id, nonce, ciphertext and tag: 48 bytes more. `aad` says what it is; decrypting needs it."""
        nonce = self._random(_NONCE)
        return bytes.fromhex(self.key_id) + nonce + self._cipher.encrypt(nonce, plaintext, aad)

    def decrypt(self, ciphertext: bytes, aad: bytes) -> bytes:
        """The plaintext.

        Raises NodeError(CONFIG_INVALID) for what another key encrypted, NodeError(LOG_CORRUPT) for what was
        changed or is not what `aad` says.
        """
        if len(ciphertext) < _ID + _NONCE + _TAG:
            raise _corrupt()
        if ciphertext[:_ID].hex() != self.key_id:
            raise NodeError(Reason.CONFIG_INVALID, "error.crypto.data-key-lacking")
        try:
            return self._cipher.decrypt(ciphertext[_ID : _ID + _NONCE], ciphertext[_ID + _NONCE :], aad)
        except InvalidTag:
            raise _corrupt() from None

    def pseudonym(self, context: bytes, value: bytes) -> bytes:
        """16 bytes that stand for `value` within `context`, the same each time (HMAC-SHA256, cut)."""
        mac = self._pseudonyms.copy()
        mac.update(len(context).to_bytes(4) + context + value)
        return mac.finalize()[:16]


class DataKeyRing:
    """All data keys of a node: it writes with the newest, and reads with whichever wrote.

    Pseudonyms are the newest key's; what is counted or remembered by them is looked up under those of the
    older keys too.
    """

    __slots__ = ("_keys", "_newest")

    def __init__(self, newest: DataKey, older: Iterable[DataKey] = ()) -> None:
        self._newest = newest
        self._keys = {key.key_id: key for key in (*older, newest)}

    def encrypt(self, plaintext: bytes, aad: bytes) -> bytes:
        """As `DataKey.encrypt`, with the newest key."""
        return self._newest.encrypt(plaintext, aad)

    def decrypt(self, ciphertext: bytes, aad: bytes) -> bytes:
        """As `DataKey.decrypt`, with the key that the ciphertext names."""
        return self._keys.get(ciphertext[:_ID].hex(), self._newest).decrypt(ciphertext, aad)

    def is_current(self, ciphertext: bytes) -> bool:
        """Whether the newest key encrypted it."""
        return ciphertext[:_ID].hex() == self._newest.key_id

    def pseudonym(self, context: bytes, value: bytes) -> bytes:
        """As `DataKey.pseudonym`, with the newest key."""
        return self._newest.pseudonym(context, value)

    def older_pseudonyms(self, context: bytes, value: bytes) -> tuple[bytes, ...]:
        """As `DataKey.pseudonym`, with each key but the newest."""
        return tuple(key.pseudonym(context, value) for key in self._keys.values() if key is not self._newest)

    def is_pseudonym(self, name: bytes, context: bytes, value: bytes) -> bool:
        """Whether `name` is the pseudonym of that value under any of the keys."""
        return any(hmac.compare_digest(name, key.pseudonym(context, value)) for key in self._keys.values())


def _derive(seed: bytes, info: bytes) -> bytes:
    return HKDFExpand(SHA256(), 32, info).derive(seed)


def _corrupt() -> NodeError:
    return NodeError(Reason.LOG_CORRUPT, "error.crypto.stored-value-damaged")
