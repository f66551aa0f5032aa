"""Secrets under a passphrase, as officers' key files hold them.

The passphrase becomes a key by Argon2id (RFC 9106, section 4, second recommended option: 64 MiB, 3 passes,
4 lanes); that encrypts the secret with AES-256-GCM, bound to what the caller says it belongs to.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

KDF: Final = "argon2id-64m-3-4"
_SALT: Final = 16
_NONCE: Final = 12


class WrongPassphraseError(Exception):
    """The passphrase is another, or what it protects was changed."""


class Protected(NamedTuple):
    """A secret as it may lie on a disk."""

    salt: bytes
    nonce: bytes
    sealed: bytes


def protect(secret: bytes, passphrase: str, bound: bytes, random: Callable[[int], bytes]) -> Protected:
    """Encrypt a secret under a passphrase; only with the same `bound` is it opened again."""
    salt, nonce = random(_SALT), random(_NONCE)
    return Protected(salt, nonce, AESGCM(_derive(passphrase, salt)).encrypt(nonce, secret, bound))


def reveal(protected: Protected, passphrase: str, bound: bytes) -> bytes:
    """The secret. Raises WrongPassphraseError; ValueError for what `protect` never made."""
    try:
        return AESGCM(_derive(passphrase, protected.salt)).decrypt(protected.nonce, protected.sealed, bound)
    except InvalidTag:
        raise WrongPassphraseError from None


def characters(passphrase: str) -> str:
    """A passphrase as it counts: the same characters come in other bytes from other keyboards."""
    return unicodedata.normalize("NFKC", passphrase)


def _derive(passphrase: str, salt: bytes) -> bytes:
    kdf = Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=64 << 10)
    return kdf.derive(characters(passphrase).encode())
