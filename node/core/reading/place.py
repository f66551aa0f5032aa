"""Where in the text of a file its words stand."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Path: TypeAlias = tuple[str | int, ...]


class Place(NamedTuple):  # there is one for every word of a file: a tuple is made in half the time
    """Where a scalar, list or mapping stands: line and column from 0, text[start:end]."""

    line: int
    column: int
    start: int
    end: int


Places: TypeAlias = dict[Path, Place]


def line_column(text: str, index: int) -> tuple[int, int]:
    """Line and column from 0 of a character of a text."""
    before = text[:index]
    return before.count("\n"), len(before) - (before.rfind("\n") + 1)


def source_index(text: str, place: Place, value: str, offset: int) -> int:
    """Index into the file of a character of a scalar's value; its start when escapes hide it.

    Folding and indentation change white space only, so that the n-th visible character of the value
    is the n-th one of the source.
    """
    source = text[place.start : place.end]
    begin = 0
    if source[:1] in ("'", '"'):
        begin = 1
    elif source[:1] in ("|", ">"):
        begin = source.find("\n") + 1
    wanted = sum(1 for char in value[:offset] if not char.isspace())
    visible = [index for index in range(begin, len(source)) if not source[index].isspace()]
    skipped = 0
    position = 0
    while position < len(visible):
        index = visible[position]
        if source[:1] == "'" and source[index : index + 2] == "''":
            position += 1  # a doubled quote stands for one
        elif source[:1] == '"' and source[index] == "\\":
            break
        if skipped == wanted:
            return place.start + index
        skipped += 1
        position += 1
    return place.start
