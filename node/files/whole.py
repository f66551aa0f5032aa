"""Reads files within bounds; writes them whole or not at all, and private keys for their owner alone."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from node.errors import NodeError, Reason
from node.files.private_folder import make_private
from node.files.regular_file import open_regular
from node.files.why import why

PRIVATE = 0o600
PUBLIC = 0o644
MAX_FILE_BYTES = 4 << 20
"""Of a policy, or of certificates: what is longer is none."""


def write_file(path: Path, content: bytes, mode: int) -> None:
    """Put `content` at `path` in one step, durably, making directories as need be.

    Directories made for a private file are private too. Raises NodeError(CONFIG_INVALID).
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        if mode == PRIVATE:
            make_private(path.parent)
        else:
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):  # where its name is too long, it cannot be taken away either
            part.unlink(missing_ok=True)
        raise unwritable(path, error) from None


def sync_folder(folder: Path) -> None:
    """Make what was put into a folder, or taken out of it, durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(path: Path, error: OSError) -> NodeError:
    """What to raise when writing at `path` failed."""
    return NodeError(
        Reason.CONFIG_INVALID,
        "error.files.unwritable",
        path=str(path),
        why=why(error),
    )


def unreadable(path: Path, error: OSError) -> NodeError:
    """What to raise when reading at `path` failed."""
    if error.errno in (errno.EISDIR, errno.EINVAL):  # as `open_regular` says
        return NodeError(Reason.CONFIG_INVALID, "error.files.not-a-file", path=str(path))
    return NodeError(
        Reason.CONFIG_INVALID,
        "error.files.unreadable",
        path=str(path),
        why=why(error),
    )


def read_file(path: Path, most: int) -> bytes:
    """The content of a file of at most `most` bytes. Raises NodeError(CONFIG_INVALID)."""
    return _read(path, most, private=False)


def read_private_file(path: Path, most: int) -> bytes:
    """As `read_file`, of a file that only its owner may read. Raises NodeError(CONFIG_INVALID)."""
    return _read(path, most, private=True)


def _read(path: Path, most: int, *, private: bool) -> bytes:
    try:
        with open_regular(path) as file:
            # Of the open file, so that it cannot be exchanged in between.
            if private and os.fstat(file.fileno()).st_mode & 0o077:
                raise NodeError(
                    Reason.CONFIG_INVALID,
                    "error.files.open-to-others",
                    path=str(path),
                )
            content = file.read(most + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    if len(content) > most:
        raise NodeError(Reason.CONFIG_INVALID, "error.files.too-long", path=str(path), most=most)
    return content
