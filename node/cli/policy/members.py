"""Reads the directory that a command names, or that of the node it runs beside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from node.cli.terminal.session import settings_file
from node.texts.wording import t

if TYPE_CHECKING:
    from node.core.directory.directory import Directory


def read_members(directory: Path | None, authority_key: str, config: Path | None = None) -> Directory | None:
    """The directory named, else that of the node; None if neither is there.

    Raises NodeError for one that cannot be read or does not verify.
    """
    from node.config.file import load_settings
    from node.core.directory.directory import MAX_BYTES
    from node.documents.directory_file import read_directory
    from node.documents.note_file import read_note_file
    from node.documents.verifier_file import verifier_from

    path = settings_file(config)
    if directory is None or not authority_key:
        if path is None and directory is not None:
            raise typer.BadParameter(t("statement.usage.authority"))
        if path is None:
            return None
        settings = load_settings(path)
        directory, authority_key = directory or settings.directory, authority_key or settings.authority
        if config is None and not directory.exists():
            return None
    return read_directory(read_note_file(directory, MAX_BYTES), verifier_from(authority_key))
