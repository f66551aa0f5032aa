"""Keeps the high-water mark (`node.core.state.mark`): written after each commit, synced about once a second.

The file lies outside of the state folder, so that it does not go back when that is put back.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

from node.core.state.mark import SLOT, SLOTS, Mark, newest_mark
from node.errors import NodeError, Reason
from node.files.private_folder import make_private
from node.files.regular_file import read_regular
from node.files.why import why
from node.texts.message import Message

FILE = "high-water"


def read_mark(folder: Path) -> Mark | None:
    """The newest mark in a folder, without touching it; None without one."""
    try:
        return newest_mark(read_regular(folder / FILE, SLOT * SLOTS))
    except OSError:
        return None


class MarkFile:
    """The open mark of one node. `last` is the newest mark; None before the first."""

    def __init__(self, descriptor: int, last: Mark | None) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self._dirty = False
        self.last = last
        self.problem: Message | None = None
        """Why it could not be written, None when it could."""

    @classmethod
    def open(cls, folder: Path, origin: str) -> MarkFile:
        """Open the mark in a folder, which is made (mode 0700) if it is missing.

        A mark of which no slot is whole is none. Raises NodeError(CONFIG_INVALID) when it cannot be used, and
        when it is another node's.
        """
        path = folder / FILE
        try:
            make_private(folder)
            descriptor = os.open(
                path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600
            )
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise OSError(errno.EINVAL, "no plain file")
            content = os.pread(descriptor, SLOT * SLOTS, 0)
            if len(content) < SLOT * SLOTS:
                # All at once, so that a mark can be written over when the disk is full.
                os.pwrite(descriptor, content.ljust(SLOT * SLOTS, b"\0"), 0)
                os.fsync(descriptor)
        except OSError as error:
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.store.mark-unusable",
                path=str(path),
                why=why(error),
            ) from None
        last = newest_mark(content)
        if last is not None and last.log.origin != origin:
            os.close(descriptor)
            raise NodeError(Reason.CONFIG_INVALID, "error.store.mark-foreign", path=str(path))
        return cls(descriptor, last)

    def write(self, mark: Mark) -> None:
        """Write a mark in its turn; what goes wrong is kept in `problem`, and the next one is tried anew."""
        turn = self.last.turn + 1 if self.last is not None else 0
        mark = replace(mark, turn=turn)
        try:
            with self._lock:
                os.pwrite(self._descriptor, mark.slot(), mark.offset)
                self._dirty = True
        except OSError as error:
            self.problem = _not_written(error)
            return
        self.problem, self.last = None, mark

    def sync(self) -> None:
        """Bring to the disk what was written; in a thread of its own, for disks are slow."""
        with self._lock:
            dirty, self._dirty = self._dirty, False
        if not dirty:
            return
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            self._dirty = True
            self.problem = _not_written(error)

    def close(self) -> None:
        """Sync, and let go of the file."""
        self.sync()
        os.close(self._descriptor)


def _not_written(error: OSError) -> Message:
    return Message("state.mark.not-written", {"why": why(error)})
