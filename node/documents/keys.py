"""Key files: a node's private keys, one a file, that nobody else may read."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from node.crypto.data_key import DataKey
from node.crypto.sealing import SealingKey, SealingSuite
from node.crypto.signing import SEED, SignatureSuite, Signer, Verifier
from node.errors import NodeError, Reason
from node.files.leftover import is_leftover
from node.files.private_folder import make_private
from node.files.whole import read_private_file, sync_folder
from node.files.why import why
from node.texts.message import Value


class KeyUse(StrEnum):
    """What a private key is for; it begins the name of its file."""

    SEALING = "sealing"
    LOG = "log"
    COSIGN = "cosign"
    DATA = "data"
    # The competent authority's, for the directory.
    DIRECTORY = "directory"


_DATA_SUITE = "xaes-256-gcm"
_SUITES: dict[KeyUse, str] = {
    KeyUse.SEALING: SealingSuite.XWING,
    KeyUse.LOG: SignatureSuite.ED25519,
    KeyUse.COSIGN: SignatureSuite.ML_DSA_65,
    KeyUse.DATA: _DATA_SUITE,
    KeyUse.DIRECTORY: SignatureSuite.ED25519,
}
_FIELDS = {"version", "use", "suite", "id", "created", "expires", "seed"}
_VERSION = 1
_LONGEST_FILE = 16_384
_MOST_FILES = 1_000


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key: 32 secret bytes, what they are for, and from when until when (UTC).

    `created` counts in microseconds, `expires` in whole seconds.

    Raises NodeError(CONFIG_INVALID) when the seed has another length or the times are out of order.
    """

    use: KeyUse
    created: datetime
    expires: datetime
    seed: bytes = field(repr=False)
    # The first 8 bytes of the SHA-256 of the public key, in hexadecimal; of a data key, derived from the
    # seed.
    key_id: str = field(init=False)

    def __post_init__(self) -> None:
        if len(self.seed) != SEED:
            raise _invalid("error.documents.seed-length", use=self.use, seed=SEED)
        # To the microsecond: of keys that are made one after the other, the last has to be the newest.
        object.__setattr__(self, "created", self.created.astimezone(UTC))
        object.__setattr__(self, "expires", self.expires.astimezone(UTC).replace(microsecond=0))
        if self.created >= self.expires:
            raise _invalid("error.documents.key-expiry", use=self.use)
        object.__setattr__(self, "key_id", self._compute_id())

    @property
    def suite(self) -> str:
        """The algorithms of the key."""
        return _SUITES[self.use]

    @property
    def order(self) -> tuple[datetime, str]:
        """Sorts keys from the oldest to the newest; of keys of the same moment, the higher id is newer."""
        return self.created, self.key_id

    def usable(self, now: datetime) -> bool:
        """Whether it may be used for something new now."""
        return self.created <= now < self.expires

    def sealing_key(self) -> SealingKey:
        """For opening envelopes. Raises NodeError(CONFIG_INVALID) unless it is a sealing key."""
        self._must_be(SealingSuite.XWING)
        return SealingKey(self.seed, self.created, self.expires)

    def signer(self, name: str) -> Signer:
        """For signing notes as `name`. Raises NodeError(CONFIG_INVALID) unless it is a signature key."""
        self._must_be(*SignatureSuite)
        return Signer(name, SignatureSuite(self.suite), self.seed)

    def data_key(self, random: Callable[[int], bytes]) -> DataKey:
        """For the node's own database. Raises NodeError(CONFIG_INVALID) unless it is a data key."""
        self._must_be(_DATA_SUITE)
        return DataKey(self.seed, random)

    def _must_be(self, *suites: str) -> None:
        if self.suite not in suites:
            raise _invalid("error.documents.key-misplaced", use=self.use)

    def _compute_id(self) -> str:
        if self.use is KeyUse.SEALING:
            return self.sealing_key().public.key_id
        if self.use is KeyUse.DATA:
            return self.data_key(os.urandom).key_id
        return signature_key_id(self.signer(self.use).verifier)


def signature_key_id(key: Verifier) -> str:
    """The id that the file of a log, cosignature or directory key is named by."""
    return sha256(key.public).hexdigest()[:16]


def generate(use: KeyUse, created: datetime, expires: datetime, random: Callable[[int], bytes]) -> PrivateKey:
    """A new private key; `random` gives that many bytes from the system's source."""
    return PrivateKey(use, created, expires, random(SEED))


def newest(keys: Iterable[PrivateKey], use: KeyUse, now: datetime) -> PrivateKey:
    """The newest key for a use that is valid now. Raises NodeError(CONFIG_INVALID) when there is none."""
    usable = [key for key in keys if key.use is use and key.usable(now)]
    if not usable:
        raise _invalid("error.documents.no-valid-key", use=use)
    return max(usable, key=lambda key: key.order)


def write_key(directory: Path, key: PrivateKey) -> Path:
    """Writes `<use>-<id>.json` whole or not at all, readable by its owner alone; returns its path.

    Makes the directory if need be. Raises NodeError(CONFIG_INVALID) when that fails.
    """
    content = {
        "version": _VERSION,
        "use": key.use,
        "suite": key.suite,
        "id": key.key_id,
        "created": _time(key.created),
        "expires": _time(key.expires),
        "seed": b64encode(key.seed).decode(),
    }
    path = directory / f"{key.use}-{key.key_id}.json"
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        make_private(directory)
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(directory)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise _invalid("error.files.unwritable", path=str(path), why=why(error)) from None
    return path


def read_key(path: Path) -> PrivateKey:
    """The key of a file. Raises NodeError(CONFIG_INVALID) for what others can read, or is no key file."""
    return _parse(path, read_private_file(path, _LONGEST_FILE))


def read_keys(directory: Path) -> tuple[PrivateKey, ...]:
    """The keys of all `*.json` files in a directory that only its owner may change, the newest first.

    Raises NodeError(CONFIG_INVALID).
    """
    try:
        if directory.stat().st_mode & 0o022:
            raise _invalid("error.documents.folder-open-to-others", directory=str(directory))
        paths = sorted(path for path in directory.glob("*.json") if not is_leftover(path.name))
    except OSError as error:
        raise _invalid(
            "error.documents.folder-unreadable", directory=str(directory), why=why(error)
        ) from None
    if len(paths) > _MOST_FILES:
        raise _invalid("error.documents.too-many-key-files", directory=str(directory), most_files=_MOST_FILES)
    keys = [read_key(path) for path in paths]
    return tuple(sorted(keys, key=lambda key: key.order, reverse=True))


def _parse(path: Path, data: bytes) -> PrivateKey:
    # No part of the content may go into an error: it could be the seed.
    try:
        content = json.loads(data)
        if not isinstance(content, dict) or content.keys() != _FIELDS or content["version"] != _VERSION:
            raise _invalid("error.documents.key-file-version", path=str(path))
        key = PrivateKey(
            KeyUse(content["use"]),
            _moment(content["created"]),
            _moment(content["expires"]),
            b64decode(content["seed"], validate=True),
        )
    except (ValueError, TypeError, RecursionError):
        raise _invalid("error.documents.key-file-damaged", path=str(path)) from None
    if content["suite"] != key.suite or content["id"] != key.key_id:
        raise _invalid("error.documents.key-parts-mismatch", path=str(path))
    return key


_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


def _time(moment: datetime) -> str:
    return moment.strftime(_TIME)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, key, **args)
