"""Finds the encoding of a text file by the whole of it, and the place where it has none.

The beginning tells nothing: a list may have its first Chinese name behind thousands of numbers.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from node.core.decoding import BY_CHANCE, Decoding
from node.core.file_form import FileForm, form_of


@dataclass(frozen=True, slots=True)
class TextForm:
    """An encoding, and whether a byte order mark stands at the start; lines and columns are characters."""

    name: str
    mark: bool


@dataclass(frozen=True, slots=True)
class NoEncodingError(Exception):
    """Where (from 1) a file stops to be what it is before."""

    line: int
    column: int
    mixed: bool
    """Whether it is UTF-8 before."""


class Encodings:
    """Takes a file's bytes in parts."""

    def __init__(self) -> None:
        self._first = b""
        self._tried: list[Decoding] = []

    def feed(self, part: bytes) -> None:
        """The next bytes, at first as many as `form_of` looks at, if there are."""
        if not self._tried:
            self._first = part
            names = [_wide(part)] if form_of(part) is FileForm.UTF_16 else ["utf-8", "gb18030"]
            self._tried = [Decoding(name) for name in names]
        for each in self._tried:
            each.feed(part, final=False)

    def end(self) -> TextForm:
        """The encoding of the whole. Raises NoEncodingError."""
        for each in self._tried:
            each.feed(b"", final=True)
        narrow = self._tried[0]
        if narrow.failed and narrow.name == "utf-8" and narrow.characters >= BY_CHANCE:
            raise NoEncodingError(narrow.line, narrow.column, mixed=True)
        for each in self._tried:
            if not each.failed:
                mark = "\ufeff".encode(each.name)
                return TextForm(each.name, self._first.startswith(mark) and each.name != "gb18030")
        furthest = max(self._tried, key=lambda each: each.bytes)
        raise NoEncodingError(furthest.line, furthest.column, mixed=False)


def _wide(beginning: bytes) -> str:
    """Which UTF-16 it is: by its mark, else by the side on which most characters have a zero."""
    if beginning.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if beginning.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    return "utf-16-le" if beginning[1::2].count(0) > beginning[0::2].count(0) else "utf-16-be"
