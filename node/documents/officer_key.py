"""Officers' key files: an Ed25519 key for policy bundles or catalogue approvals, encrypted with a passphrase.

`node.crypto.passphrase` says how; the seed is bound to the public key.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final

from node.core.directory.directory import OfficerRole, officer_key_name
from node.crypto.passphrase import KDF, Protected, WrongPassphraseError, characters, protect, reveal
from node.crypto.signing import SEED, SignatureSuite, Signer, Verifier
from node.errors import NodeError, Reason
from node.files.whole import PRIVATE, read_file, read_private_file, write_file
from node.texts.message import Value

SHORTEST_PASSPHRASE: Final = 12
_FORMAT: Final = "dxnode/officer-key/1"
_LONGEST: Final = 4096
_FIELDS: Final = {"format", "officer", "kdf", *Protected._fields}


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
    if len(characters(passphrase)) < SHORTEST_PASSPHRASE:
        raise _invalid("error.documents.passphrase-too-short", shortest_passphrase=SHORTEST_PASSPHRASE)
    if path.exists():
        raise _invalid("error.documents.file-exists", path=str(path))
    signer = Signer(key_name, SignatureSuite.ED25519, seed := random(SEED))
    vkey = signer.verifier.vkey()
    protected = protect(seed, passphrase, _bound(vkey), random)
    content = {
        "format": _FORMAT,
        "officer": vkey,
        "kdf": KDF,
        **{name: b64encode(part).decode() for name, part in protected._asdict().items()},
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
        protected = Protected(*(b64decode(content[name], validate=True) for name in Protected._fields))
        seed = reveal(protected, passphrase, _bound(content["officer"]))
    except ValueError:
        raise _damaged(path) from None
    except WrongPassphraseError:
        raise _invalid("error.documents.passphrase-wrong", path=str(path)) from None
    if len(seed) != SEED:
        raise _damaged(path)
    signer = Signer(verifier.name, SignatureSuite.ED25519, seed)
    if signer.verifier != verifier:
        raise _damaged(path)
    return signer


def _read(path: Path) -> dict[str, str]:
    if path.suffix == ".vkey":
        raise _invalid("error.documents.public-key-misplaced", path=str(path))
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
        or content["kdf"] != KDF
    ):
        raise _damaged(path)
    return content


def _bound(vkey: str) -> bytes:
    return f"{_FORMAT}\n{KDF}\n{vkey}\n".encode()


def _damaged(path: Path) -> NodeError:
    return _invalid("error.documents.officer-key-file-damaged", path=str(path))


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, key, **args)
