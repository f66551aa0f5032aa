"""Files of text as mail, editors and other systems leave them: brought back to how they were written."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Final

from node.files.whole import read_file

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_RUN: Final = re.compile(r"\n+")
_LINE_END: Final = re.compile(r"[ \t\u00a0]*(?:\r*\n|\r)")


def plain_text(content: bytes) -> bytes:
    """UTF-8 without a byte order mark, lines that end in LF without blanks before it, and one such end.

    What is signed or holds keys is written so; a signature decides whether it is what was signed. What is no
    text stays as it is, for its reader to refuse.
    """
    try:
        text = decoded(content, "strict")
    except UnicodeDecodeError:
        return content
    lines = _LINE_END.sub("\n", text).rstrip(" \t\u00a0\n")
    ends = _RUN.findall(lines)
    if ends and not any(len(run) % 2 for run in ends):  # each was doubled
        lines = lines.replace("\n\n", "\n")
    return f"{lines}\n".encode() if lines else b""


def decoded(content: bytes, errors: str = "replace") -> str:
    """UTF-8, or what a byte order mark says, without that mark; `errors` as `bytes.decode` takes it."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            # Each program that adds one without a look leaves one more.
            return content.decode(encoding, errors).lstrip("\ufeff")
    return content.decode("utf-8", errors)


def read_text(path: Path, most: int) -> bytes:
    """The text of a file of at most `most` bytes, as `plain_text`. Raises NodeError(CONFIG_INVALID)."""
    return plain_text(read_file(path, most))
