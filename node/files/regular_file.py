"""Opens the files that people and settings name, and nothing else that a path can lead to.

A pipe in the place of a file would hold whoever reads it until somebody writes, a device could give bytes
without end, or do something when it is opened.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def open_regular(path: Path) -> BufferedReader:
    """A regular file, open for reading bytes.

    Raises OSError, at once, also for a folder (EISDIR) and for a pipe, socket or device (EINVAL, "is not
    a file"), which are not opened.
    """
    _require_regular(os.stat(path).st_mode, path)
    # Something else may stand there by now: opening it must not wait, and what was opened is looked at again.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        _require_regular(os.fstat(descriptor).st_mode, path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path, most: int) -> bytes:
    """The first `most` bytes of a regular file. Raises OSError, as `open_regular`."""
    with open_regular(path) as file:
        return file.read(most)


def _require_regular(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "is not a file", str(path))
