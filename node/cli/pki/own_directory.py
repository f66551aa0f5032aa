"""The settings of the own node and the directory in them, for commands that check signatures without it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from node.config.settings import Settings
    from node.core.directory.directory import Directory


def read_own_directory(config: Path) -> tuple[Settings, Directory]:
    """The settings and the directory, current or not.

    Raises NodeError(CONFIG_INVALID), (DIRECTORY_INVALID).
    """
    from node.config.file import load_settings
    from node.core.directory.directory import MAX_BYTES
    from node.crypto.signing import Verifier
    from node.documents.directory_file import read_directory
    from node.documents.note_file import read_note_file

    settings = load_settings(config)
    note = read_note_file(settings.directory, MAX_BYTES)
    return settings, read_directory(note, Verifier.parse(settings.authority))
