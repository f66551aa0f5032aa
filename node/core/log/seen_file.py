"""What a node remembers of usage logs, as a file of signed notes that others compare with those logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from node.core.directory.spelling import Code, Moment
from node.core.json_text import canonical_json, malformed_at
from node.errors import NodeError, Reason
from node.texts.message import Value

FORMAT: Final = "dxnode/seen/1"
MAX_BYTES: Final = 64 << 20
MAX_NOTES: Final = 100_000
_MAX_NOTE: Final = 16_384


@dataclass(frozen=True, slots=True)
class SeenNotes:
    """Checkpoints of many logs: who remembers them, when that was written down, and the notes."""

    department: str
    written: datetime
    notes: tuple[bytes, ...]

    def of(self, origin: str) -> tuple[bytes, ...]:
        """Those of one log, by the origin line of its checkpoints."""
        first = origin.encode() + b"\n"
        return tuple(note for note in self.notes if note.startswith(first))


@dataclass(frozen=True, slots=True)
class _Body:
    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    format: str
    department: Code
    written: Moment
    notes: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=_MAX_NOTE)]],
        Field(max_length=MAX_NOTES),
    ]


_BODY = TypeAdapter(_Body)


def render_seen(department: str, written: datetime, notes: Sequence[bytes]) -> bytes:
    """The content of such a file: JSON."""
    body = _Body(FORMAT, department, written.replace(microsecond=0), [note.decode() for note in notes])
    return canonical_json(_BODY, body)


def parse_seen(content: bytes) -> SeenNotes:
    """The notes of a file, whose signatures are still to be verified. Raises NodeError(CONFIG_INVALID)."""
    if len(content) > MAX_BYTES:
        raise _invalid("error.log.sightings-too-large", max_bytes=MAX_BYTES)
    try:
        body = _BODY.validate_json(content)
    except ValidationError as error:
        raise _invalid("error.log.sightings-malformed", malformed_at=malformed_at(error)) from None
    if body.format != FORMAT:
        raise _invalid("error.log.sightings-format", format=FORMAT)
    return SeenNotes(body.department, body.written, tuple(note.encode() for note in body.notes))


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, key, **args)
