"""Finds the encoding of a text file by the whole of it, and the place where it has none.

The beginning tells nothing: a list may have its first Chinese name behind thousands of numbers.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Final

from node.core.file_form import FileForm, form_of

_BY_CHANCE: Final = 8
"""GB 18030 does not read as UTF-8 for so many characters beyond ASCII: each does so in one of seven cases."""


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


class _Decoding:
    """One encoding that the file may have."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._decoder = codecs.getincrementaldecoder(name)()
        self.line = self.column = 1
        self.characters = 0
        """Those that are not ASCII."""
        self.bytes = 0
        self.failed = False

    def feed(self, part: bytes, *, final: bool) -> None:
        if self.failed:
            return
        try:
            text = self._decoder.decode(part, final=final)
            self.bytes += len(part)
        except UnicodeDecodeError as error:
            self.failed = True
            self.bytes += error.start
            text = error.object[: error.start].decode(self.name, "replace")
        if self.characters < _BY_CHANCE:
            self.characters += len(text) - len(text.encode("ascii", "ignore"))
        breaks = text.count("\n")
        self.line += breaks
        self.column = len(text) - text.rfind("\n") if breaks else self.column + len(text)


class Encodings:
    """Takes a file's bytes in parts."""

    def __init__(self) -> None:
        self._first = b""
        self._tried: list[_Decoding] = []

    def feed(self, part: bytes) -> None:
        """The next bytes, at first as many as `form_of` looks at, if there are."""
        if not self._tried:
            self._first = part
            names = [_wide(part)] if form_of(part) is FileForm.UTF_16 else ["utf-8", "gb18030"]
            self._tried = [_Decoding(name) for name in names]
        for each in self._tried:
            each.feed(part, final=False)

    def end(self) -> TextForm:
        """The encoding of the whole. Raises NoEncodingError."""
        for each in self._tried:
            each.feed(b"", final=True)
        narrow = self._tried[0]
        if narrow.failed and narrow.name == "utf-8" and narrow.characters >= _BY_CHANCE:
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
