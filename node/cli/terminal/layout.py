"""Lays rows out for a screen: as a table where they fit, else each as a block of lines; nothing is cut off.

A Chinese character is two columns wide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

BETWEEN = 2
"""Blanks between two columns."""
_INDENT = "  "
_EMPTY = frozenset(("", "-"))
_PIECES = re.compile(r"[\u2e80-\ufaff\uff00-\uffef]|[^\s\u2e80-\ufaff\uff00-\uffef]+|\s+")
"""A Chinese character, a word of others, or blanks: a line may break between these, never within one."""


def fits(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> bool:
    """Whether a table has room on a screen so many columns wide, each row in one line."""
    widths = [max(map(cell_len, cells)) for cells in zip(columns, *rows, strict=True)]
    return sum(widths) + BETWEEN * (len(widths) - 1) <= width


def blocks(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Lines in which each row is a block: what names the row, then under it each value behind its column.

    Values that say nothing are left out. A code is never broken: one that is longer than a line stands on
    lines of its own, where the terminal goes on with it, so that it can be copied whole.
    """
    label = max((cell_len(column) for column in columns[1:]), default=0) + 1
    room = width - len(_INDENT) - label - 1
    for number, (name, *values) in enumerate(rows):
        if number:
            yield ""
        yield from _wrapped(f"{columns[0]} {name}", width)
        for column, value in zip(columns[1:], values, strict=True):
            if value in _EMPTY:
                continue
            first, *more = _wrapped(value, room)
            yield f"{_INDENT}{column}:{' ' * (label - cell_len(column))}{first}".rstrip()
            yield from (f"{_INDENT}{' ' * (label + 1)}{line}" for line in more)


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most so many columns, but for what may not be broken; at least one line."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in _PIECES.findall(paragraph):
            if line.strip() and cell_len(line) + cell_len(piece.rstrip()) > width:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        lines.append(line.rstrip())
    return lines
