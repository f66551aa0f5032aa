"""Finds the encoding of a text file by the whole of it, and the place where it has none.

The beginning tells nothing: a list may have its first Chinese name behind thousands of numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.core.decoding import BY_CHANCE, Decoding, is_unclear, wide_encoding
from node.core.file_form import FileForm, form_of


@dataclass(frozen=True, slots=True)
class TextForm:
    """An encoding, and whether a byte order mark stands at the start; lines and columns are characters."""

    name: str
    mark: bool
    is_unclear: bool = False
    """Whether the same bytes can be read in another one: no matter where they are only written again."""


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
            names = [wide_encoding(part)] if form_of(part) is FileForm.UTF_16 else ["utf-8", "gb18030"]
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
        unclear = len(self._tried) > 1 and is_unclear(*self._tried)
        for each in self._tried:
            if not each.failed:
                mark = "\ufeff".encode(each.name)
                is_marked = self._first.startswith(mark) and each.name != "gb18030"
                return TextForm(each.name, is_marked, unclear)
        furthest = max(self._tried, key=lambda each: each.bytes)
        raise NoEncodingError(furthest.line, furthest.column, mixed=False)
