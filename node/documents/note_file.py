"""Files of signed notes: what mail and editors do to line ends is undone, and what is no note is named."""

from __future__ import annotations

from pathlib import Path

from node.crypto.signing import read_note
from node.errors import NodeError, Reason
from node.files.text import plain_text
from node.files.whole import read_file


def read_note_file(path: Path, most: int) -> bytes:
    """The note in a file of at most `most` bytes, with its line ends as they were written.

    Whether what was signed is there, only its signatures tell. Raises NodeError(CONFIG_INVALID) for what has
    no signatures at all.
    """
    return whole_note(read_file(path, most), path)


def whole_note(content: bytes, path: Path) -> bytes:
    """As `read_note_file`, of the content of the file."""
    note = plain_text(content)
    try:
        read_note(note, longest=max(len(note), 1))
    except NodeError as error:
        raise NodeError(
            Reason.CONFIG_INVALID, "error.documents.no-note-file", problem=error.wording, path=str(path)
        ) from None
    return note
