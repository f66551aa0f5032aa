"""Verifier keys (`.vkey`) as they are named: by their one line, or by the file that holds it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from node.crypto.signing import Verifier
from node.errors import NodeError, Reason
from node.files.text import read_text

_LONGEST: Final = 64 << 10


def read_verifier(path: Path) -> Verifier:
    """The key in a file. Raises NodeError(CONFIG_INVALID), naming the file."""
    line = read_text(path, _LONGEST).decode("utf-8", "replace").strip()
    try:
        return Verifier.parse(line)
    except NodeError as error:
        raise NodeError(
            Reason.CONFIG_INVALID, "error.documents.no-vkey-file", problem=error.wording, path=str(path)
        ) from None


def verifier_from(given: str) -> Verifier:
    """The key that is written out, or that the file of that path holds. Raises NodeError(CONFIG_INVALID)."""
    if "+" in given and not os.path.exists(given):
        return Verifier.parse(given.strip("\ufeff \t\r\n"))
    return read_verifier(Path(given))
