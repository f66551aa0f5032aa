"""Makes folders that hold keys or records for their owner alone, and knows those that others can enter."""

from __future__ import annotations

import stat
from pathlib import Path

from node.texts.message import Message

MODE = 0o700


def make_private(folder: Path) -> None:
    """Make a folder, and what is missing above it, with mode 0700 whatever the umask. Raises OSError.

    One that is there stays as it is: whose it is, and who may enter it, was somebody's decision; see
    `open_to_others`.
    """
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        try:
            each.mkdir(MODE)
        except FileExistsError:  # somebody was faster
            continue
        each.chmod(MODE)


def open_to_others(folder: Path) -> Message | None:
    """What to tell the owner of a folder that others can read, enter or change; None when they cannot."""
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError:
        return None
    if not mode & 0o077:
        return None
    return Message("state.folder.open", {"folder": str(folder), "mode": f"{mode:03o}"})
