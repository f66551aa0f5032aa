"""The causes for updates of catalogue entries as a file beside the approvals (Art. 17)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from node.core.catalogue.deadlines import MAX_BYTES, Cause, parse_causes, render_causes
from node.documents.approval_file import FOLDER
from node.files.whole import PUBLIC, read_file, write_file

CAUSES = "causes.json"


def read_causes(policies: Path) -> tuple[Cause, ...]:
    """The causes noted for the policies in a folder, none without the file.

    Raises NodeError(CONFIG_INVALID).
    """
    path = policies / FOLDER / CAUSES
    return parse_causes(read_file(path, MAX_BYTES)) if path.exists() else ()


def write_causes(policies: Path, causes: Sequence[Cause]) -> Path:
    """Put them there in one step. Raises NodeError(CONFIG_INVALID)."""
    path = policies / FOLDER / CAUSES
    write_file(path, render_causes(causes), PUBLIC)
    return path
