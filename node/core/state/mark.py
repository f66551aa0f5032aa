"""The high-water mark: how far a node's log had come, as a file outside of its state says.

A state folder that is put back brings back its whole memory of itself. The mark lies elsewhere, and says
after each commit how large the log was, with which root, and which versions of directory and policies were
the newest. It has two slots that are written in turn, so that one is whole whenever writing is cut off.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from node.core.log.checkpoint import Checkpoint
from node.errors import NodeError

FORMAT: Final = "dxnode/mark/1"
SLOT: Final = 512
"""Bytes of a slot: what disks write whole."""
SLOTS: Final = 2


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a log had come: its newest checkpoint, and the time of its last record.

    `clock_ms` is the newest time that the node believed, `directory` and `policies` are the newest versions
    that were in use, 0 for none. `turn` counts how often the mark was written.
    """

    log: Checkpoint
    time_ms: int = 0
    clock_ms: int = 0
    directory: int = 0
    policies: int = 0
    turn: int = 0

    def slot(self) -> bytes:
        """What is written at the place of its turn: lines of text, the last of them their SHA-256."""
        root = b64encode(self.log.root).decode()
        numbers = (self.time_ms, self.clock_ms, self.directory, self.policies, self.turn)
        text = "\n".join((FORMAT, self.log.origin, str(self.log.size), root, *map(str, numbers))) + "\n"
        body = text.encode()
        return (body + sha256(body).hexdigest().encode() + b"\n").ljust(SLOT, b"\0")

    @property
    def offset(self) -> int:
        """Where in the file the slot of its turn begins."""
        return self.turn % SLOTS * SLOT


def newest_mark(content: bytes) -> Mark | None:
    """The newest whole mark among the slots; None when none is whole."""
    marks = [_read(content[start : start + SLOT]) for start in range(0, SLOTS * SLOT, SLOT)]
    return max((mark for mark in marks if mark is not None), key=lambda mark: mark.turn, default=None)


def _read(slot: bytes) -> Mark | None:
    try:
        form, origin, size, root, *numbers = slot.decode().split("\n")[:-2]
        log = Checkpoint.parse(f"{origin}\n{size}\n{root}\n".encode())
        mark = Mark(log, *map(int, numbers))
    except (UnicodeDecodeError, TypeError, ValueError, NodeError):
        return None
    # Whatever differs from what would be written, its sum included, was cut off or changed.
    return mark if form == FORMAT and mark.slot() == slot else None
