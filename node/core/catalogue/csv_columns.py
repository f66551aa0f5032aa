"""Which columns of a table are ours, whoever made it: by their names, whatever stands around these.

Portals, registers and spreadsheets add columns, put the title of the table above them, part cells by other
signs, and write names wider or with blanks. What is no column of ours is passed over, and told.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Final

from node.core.file_form import FileForm, form_of

_SEPARATORS: Final = (",", ";", "\t", "，", "；")
_MOST_ABOVE: Final = 5
_MOST_LOOKED_AT: Final = 1 << 16
# What templates add to the name of a column: that it must or may be filled in.
_ADDED: Final = re.compile(r"[*★]|[(\[](?:必填|选填|可选|非必填|必选)[)\]]|[:：]$")
_NO_LETTERS: Final = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]")
# Two words for one thing, and a word that says nothing where all is data.
_OTHER_WORD: Final = ("部门代码", "单位代码")
_NEEDLESS: Final = "数据"


@dataclass(frozen=True, slots=True)
class Header:
    """The columns in their order, "" for each that is passed over; the names of those; and those twice."""

    columns: tuple[str, ...]
    passed_over: tuple[str, ...]
    twice: tuple[str, ...]


def header_of(row: Sequence[str], known: Sequence[str]) -> Header:
    """What the cells of a first row name; a column without a name is told by its number."""
    by_form = {_form(column).removeprefix(_NEEDLESS): column for column in known}
    by_form |= {_form(column): column for column in known}
    columns = tuple(by_form.get(_form(cell), "") for cell in row)
    counts = Counter(column for column in columns if column)
    over = tuple(cell.strip() or f"#{place}" for place, cell in enumerate(row, 1) if not columns[place - 1])
    return Header(columns, over, tuple(column for column, count in counts.items() if count > 1))


def is_above_header(number: int, row: Sequence[str], known: Sequence[str]) -> bool:
    """Whether a row is the title of the table, or empty, above the names of its columns."""
    filled = [cell for cell in row if cell.strip()]
    return number <= _MOST_ABOVE and len(filled) <= 1 and not any(header_of(filled, known).columns)


def separator_of(text: str, known: Sequence[str]) -> str:
    """The sign that parts the cells: that by which most columns of ours are found."""
    lines = text[:_MOST_LOOKED_AT].splitlines()[: _MOST_ABOVE + 1]

    def found(separator: str) -> int:
        try:
            rows = csv.reader(StringIO("\n".join(lines), newline=""), delimiter=separator)
            return max((sum(map(bool, header_of(row, known).columns)) for row in rows), default=0)
        except csv.Error:
            return 0

    return max(_SEPARATORS, key=found)


def decoded(content: bytes) -> str | FileForm | None:
    """The text of a table in UTF-8, UTF-16 or GB 18030; what it is instead, or None if nobody can tell."""
    form = form_of(content)
    if form is FileForm.UTF_16:
        marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        encodings: tuple[str, ...] = (
            ("utf-16",) if marked else ("utf-16-be",) if content[:1] == b"\0" else ("utf-16-le",)
        )
    elif form is not None:
        return form
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _form(name: str) -> str:
    """The name of a column as they are compared."""
    folded = _NO_LETTERS.sub("", unicodedata.normalize("NFKC", name[:200])).casefold()
    return _ADDED.sub("", folded).strip("'\"").replace(*_OTHER_WORD)
