"""The manifest of a backup: what it holds, with digests, and the checkpoint that its usage log ends in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from node.core.directory.spelling import Code, Moment
from node.core.json_text import canonical_json, malformed_at
from node.errors import NodeError, Reason
from node.texts.message import Value

FORMAT: Final = "dxnode/backup/1"
MANIFEST: Final = "manifest.json"
DATABASE: Final = "node.db"
MAX_BYTES: Final = 16 << 20
_MAX_FILES: Final = 20_000
# Policy files of a bundle have the longest names.
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,159}"
_FILE = rf"\A({DATABASE}|(policies|catalogues)(/{_PART}){{1,2}})\Z"


def belongs(name: str) -> bool:
    """Whether a backup can hold a file of that name below the state folder."""
    return re.match(_FILE, name) is not None


def _known(name: str) -> str:
    if not belongs(name):
        raise ValueError("no file of a state")
    return name


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup: where it belongs below the state folder, its SHA-256 (hex) and its length."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, AfterValidator(_known)]
    sha256: Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{64}\z")]
    size: Annotated[int, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup says of itself.

    `checkpoint` is the newest signed note of the log in it, "" for an empty log; `data_keys` are the ids of
    the keys without which nothing that is encrypted in it can be read. They are not in it.
    """

    department: str
    dxnode: str
    made: datetime
    records: int
    checkpoint: str
    data_keys: tuple[str, ...]
    files: tuple[BackupFile, ...]


@dataclass(frozen=True, slots=True)
class _Body:
    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    format: str
    department: Code
    dxnode: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    made: Moment
    records: Annotated[int, Field(ge=0)]
    checkpoint: Annotated[str, StringConstraints(max_length=16_384)]
    data_keys: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{16}\z")]], Field(max_length=1000)
    ]
    files: Annotated[list[BackupFile], Field(min_length=1, max_length=_MAX_FILES)]


_BODY = TypeAdapter(_Body)


class BackupRefusedError(NodeError):
    """Why a backup is not put back: CONFIG_INVALID."""

    def __init__(self, key: str, /, **args: Value) -> None:
        super().__init__(Reason.CONFIG_INVALID, key, **args)


def render_backup(backup: Backup) -> bytes:
    """The content of the manifest: JSON."""
    body = _Body(
        FORMAT,
        backup.department,
        backup.dxnode,
        backup.made.replace(microsecond=0),
        backup.records,
        backup.checkpoint,
        list(backup.data_keys),
        list(backup.files),
    )
    return canonical_json(_BODY, body)


def parse_backup(content: bytes) -> Backup:
    """What a manifest says. Raises NodeError(CONFIG_INVALID)."""
    try:
        body = _BODY.validate_json(content)
    except ValidationError as error:
        raise BackupRefusedError(
            "error.backup.manifest-malformed", malformed_at=malformed_at(error)
        ) from None
    if body.format != FORMAT:
        raise BackupRefusedError("error.backup.format-unknown", format=FORMAT)
    names = [file.name for file in body.files]
    if DATABASE not in names or len(set(names)) < len(names):
        raise BackupRefusedError("error.backup.manifest-contents")
    return Backup(
        body.department,
        body.dxnode,
        body.made,
        body.records,
        body.checkpoint,
        tuple(body.data_keys),
        tuple(body.files),
    )
