"""The text of a checkpoint: whose log, how long, with which root (C2SP tlog-checkpoint)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass

from node.core.log.merkle import HASH, LARGEST
from node.errors import NodeError, Reason
from node.texts.message import Value

_ORIGIN = "dxnode/"
_LONGEST = 4096
_DIGITS = 19


def log_origin(code: str) -> str:
    """Origin line of a department's usage log."""
    return _ORIGIN + code


def log_owner(origin: str) -> str:
    """The department whose usage log has this origin line; "" when it is of no such log."""
    return origin.removeprefix(_ORIGIN) if origin.startswith(_ORIGIN) else ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a usage log: the root hash (32 bytes) of its first `size` leaves."""

    origin: str
    size: int
    root: bytes

    def body(self) -> bytes:
        """The note text that is signed: three lines, UTF-8."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n".encode()

    @classmethod
    def parse(cls, body: bytes) -> Checkpoint:
        """The checkpoint of a verified note's text; extension lines are allowed and left aside.

        Raises NodeError(PROOF_INVALID).
        """
        if len(body) > _LONGEST:
            raise _invalid("error.log.checkpoint-too-long")
        try:
            origin, size, root, *rest = body.decode().split("\n")
        except (UnicodeDecodeError, ValueError):
            raise _invalid("error.log.checkpoint-lines") from None
        # The text ends in a newline, so the last piece is empty, and no other may be.
        if not origin or not rest or rest[-1] or not all(rest[:-1]):
            raise _invalid("error.log.checkpoint-line-empty")
        return cls(origin, _size(size), _root(root))


def checkpoint_in(note: bytes) -> Checkpoint:
    """The checkpoint in a note whose signatures were verified before. Raises NodeError(PROOF_INVALID)."""
    body, _, _ = note.partition(b"\n\n")
    return Checkpoint.parse(body + b"\n")


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS) or (text[0] == "0" and text != "0"):
        raise _invalid("error.log.checkpoint-size-malformed")
    if (size := int(text)) > LARGEST:
        raise _invalid("error.log.checkpoint-size-too-large")
    return size


def _root(text: str) -> bytes:
    try:
        root = b64decode(text, validate=True)
    except ValueError:
        raise _invalid("error.log.root-hash-malformed") from None
    if len(root) != HASH or b64encode(root).decode() != text:
        raise _invalid("error.log.root-hash-length")
    return root


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.PROOF_INVALID, key, **args)
