"""Officers' key files: an Ed25519 key for policy bundles or catalogue approvals, encrypted with a passphrase.

The passphrase becomes a key by Argon2id (RFC 9106, section 4, second recommended option: 64 MiB, 3 passes,
4 lanes); that encrypts the seed with AES-256-GCM, bound to the public key.
"""

from __future__ import annotations

import json
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from node.core.directory import OfficerRole, officer_key_name
from node.crypto.files import PRIVATE, read_file, read_private_file, write_file
from node.crypto.sign import SEED, SignatureSuite, Signer, Verifier
from node.errors import NodeError, Reason

SHORTEST_PASSPHRASE: Final = 12
_FORMAT: Final = "dxnode/officer-key/1"
_KDF: Final = "argon2id-64m-3-4"
_SALT: Final = 16
_NONCE: Final = 12
_LONGEST: Final = 4096
_FIELDS: Final = {"format", "officer", "kdf", "salt", "nonce", "sealed"}


def make_officer_key(
    path: Path,
    code: str,
    name: str,
    passphrase: str,
    random: Callable[[int], bytes],
    role: OfficerRole = OfficerRole.OFFICER,
) -> Signer:
    """Make the key of `name` in that role of the department `code` at `path`; returns it, open.

    Raises NodeError(CONFIG_INVALID): the name cannot be one, the passphrase is too short, or a file is there.
    """
    key_name = officer_key_name(code, name, role)
    if len(_normalised(passphrase)) < SHORTEST_PASSPHRASE:
        raise _invalid(f"the passphrase is too short: take at least {SHORTEST_PASSPHRASE} characters")
    if path.exists():
        raise _invalid(f"{path}: is there already: move it away if it is not needed")
    signer = Signer(key_name, SignatureSuite.ED25519, seed := random(SEED))
    salt, nonce = random(_SALT), random(_NONCE)
    vkey = signer.verifier.vkey()
    sealed = AESGCM(_derive(passphrase, salt)).encrypt(nonce, seed, _bound(vkey))
    content = {
        "format": _FORMAT,
        "officer": vkey,
        "kdf": _KDF,
        "salt": b64encode(salt).decode(),
        "nonce": b64encode(nonce).decode(),
        "sealed": b64encode(sealed).decode(),
    }
    write_file(path, json.dumps(content, indent=2).encode() + b"\n", PRIVATE)
    return signer


def read_officer(path: Path) -> Verifier:
    """Whose key a file holds; needs no passphrase. Raises NodeError(CONFIG_INVALID)."""
    return Verifier.parse(_read(path)["officer"])


def open_officer_key(path: Path, passphrase: str) -> Signer:
    """The key in a file. Raises NodeError(CONFIG_INVALID), also for a wrong passphrase."""
    content = _read(path)
    verifier = Verifier.parse(content["officer"])
    try:
        salt, nonce, sealed = (
            b64decode(content[name], validate=True) for name in ("salt", "nonce", "sealed")
        )
        seed = AESGCM(_derive(passphrase, salt)).decrypt(nonce, sealed, _bound(content["officer"]))
    except ValueError:
        raise _damaged(path) from None
    except InvalidTag:
        raise _invalid(f"{path}: the passphrase is wrong, or the file was changed: try again") from None
    if len(seed) != SEED:
        raise _damaged(path)
    signer = Signer(verifier.name, SignatureSuite.ED25519, seed)
    if signer.verifier != verifier:
        raise _damaged(path)
    return signer


def _read(path: Path) -> dict[str, str]:
    if path.suffix == ".vkey":
        raise _invalid(f"{path}: is the public part of a key: name the file that ends in .key")
    try:
        content = read_private_file(path, _LONGEST)
    except NodeError:
        # What others may read and is no key at all is told as that: nobody has to replace it.
        _fields(path, read_file(path, _LONGEST))
        raise
    return _fields(path, content)


def _fields(path: Path, file: bytes) -> dict[str, str]:
    try:
        content = json.loads(file)
    except (ValueError, RecursionError):
        raise _damaged(path) from None
    if (
        not isinstance(content, dict)
        or content.keys() != _FIELDS
        or not all(isinstance(value, str) for value in content.values())
        or content["format"] != _FORMAT
        or content["kdf"] != _KDF
    ):
        raise _damaged(path)
    return content


def _derive(passphrase: str, salt: bytes) -> bytes:
    kdf = Argon2id(salt=salt, length=32, iterations=3, lanes=4, memory_cost=64 << 10)
    return kdf.derive(_normalised(passphrase).encode())


def _normalised(passphrase: str) -> str:
    # The same characters come in other bytes from other keyboards.
    return unicodedata.normalize("NFKC", passphrase)


def _bound(vkey: str) -> bytes:
    return f"{_FORMAT}\n{_KDF}\n{vkey}\n".encode()


def _damaged(path: Path) -> NodeError:
    return _invalid(f"{path}: is not an officer's key file, or damaged: put its backup in its place")


def _invalid(message: str) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, message)
