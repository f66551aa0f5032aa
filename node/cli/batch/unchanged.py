"""A file that is read several times and has to be the same each time.

An input is looked through before anybody is asked about, and read again while they are. It may be appended
to, written over or replaced meanwhile. What is handed out after the first reading is what was read then, to
the byte, or an error: so all answers belong to rows of one state of the file.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from node.errors import NodeError, Reason
from node.files.regular_file import open_regular
from node.files.why import why
from node.texts.message import Message

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PART: Final = 1 << 20
_DIGEST: Final = 16


def unreadable(path: Path, problem: Message) -> NodeError:
    """The error for a file that cannot be read."""
    return NodeError(Reason.QUERY_INVALID, "batch.unreadable", path=str(path), problem=problem)


class Unchanged:
    """A file as it was at its first reading; it stays open, so that another one in its place does no harm."""

    def __init__(self, path: Path, shown: Callable[[bytes], None] = lambda _: None) -> None:
        """Read it through; `shown` gets each part of `PART` bytes, the last one shorter.

        Raises NodeError QUERY_INVALID, also when it changes meanwhile.
        """
        self.path = path
        self._parts: list[bytes] = []
        whole = hashlib.sha256()
        try:
            self._file = open_regular(path)
        except OSError as error:
            raise unreadable(path, why(error)) from None
        try:
            status = os.fstat(self._file.fileno())
            self._state = _state(status)
            self.size = 0
            # Up to where it ended: one that is written to all the time has no end.
            while part := _read(self._file.fileno(), self.size, min(PART, status.st_size - self.size)):
                self.size += len(part)
                self._parts.append(_digest(part))
                whole.update(part)
                shown(part)
            if _state(os.fstat(self._file.fileno())) != self._state:
                raise unreadable(path, Message("batch.changing"))
        except OSError as error:
            self._file.close()
            raise unreadable(path, why(error)) from None
        except BaseException:
            self._file.close()
            raise
        self.digest = whole.hexdigest()
        """SHA-256, hex."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def reader(self) -> io.BufferedReader:
        """The content from its start.

        Reading raises NodeError QUERY_INVALID as soon as it would give something else than the first time.
        """
        return io.BufferedReader(_Reader(self), PART)

    def part(self, number: int) -> bytes:
        """A part of `PART` bytes, from 0; raises as `reader`."""
        try:
            part = _read(self._file.fileno(), number * PART, min(PART, self.size - number * PART))
        except OSError as error:
            raise unreadable(self.path, why(error)) from None
        if _digest(part) != self._parts[number]:
            raise unreadable(self.path, Message("batch.changed"))
        return part

    def has_changed(self) -> bool:
        """Whether by now there is something else under the name, or nothing."""
        try:
            if _state(os.stat(self.path)) == self._state:
                return False
            digest = hashlib.sha256()
            with open_regular(self.path) as file:
                while part := file.read(PART):
                    digest.update(part)
        except OSError:
            return True
        return digest.hexdigest() != self.digest


class _Reader(io.RawIOBase):
    """A place in the file."""

    def __init__(self, file: Unchanged) -> None:
        self._whole = file
        self._at = 0
        self._number = -1
        self._part = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        begin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._whole.size}[whence]
        self._at = max(0, begin + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        if self._at >= self._whole.size:
            return 0
        number, offset = divmod(self._at, PART)
        if number != self._number:
            self._number, self._part = number, self._whole.part(number)
        view = memoryview(buffer).cast("B")
        given = self._part[offset : offset + len(view)]
        view[: len(given)] = given
        self._at += len(given)
        return len(given)


def _read(descriptor: int, offset: int, size: int) -> bytes:
    """So many bytes, fewer only at the end of the file. Raises OSError."""
    parts: list[bytes] = []
    while size and (part := os.pread(descriptor, size, offset)):
        parts.append(part)
        offset += len(part)
        size -= len(part)
    return b"".join(parts)


def _digest(part: bytes) -> bytes:
    return hashlib.sha256(part).digest()[:_DIGEST]


def _state(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
