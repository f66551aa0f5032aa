"""Names of what editors, desktops and copying leave beside the files that people put into a folder.

Such a file is nobody's word: it is never read, and never keeps what lies beside it from being read.
"""

from __future__ import annotations

from typing import Final

_BEGIN: Final = (".", "~$")  # locks, swap files, shadows of other systems; open documents
_END: Final = ("~", ".swp", ".swo", ".swn", ".swx", ".tmp", ".temp", ".part", ".crdownload")
_NAMES: Final = frozenset({"thumbs.db", "desktop.ini", "icon\r", "4913"})


def is_leftover(name: str) -> bool:
    """Whether a file of that name, a last part of a path, was left by a program."""
    folded = name.casefold()
    saved_by_itself = len(name) > 1 and name.startswith("#") and name.endswith("#")
    return folded.startswith(_BEGIN) or folded.endswith(_END) or folded in _NAMES or saved_by_itself
