"""Follows through a file whether it can be text in an encoding, and how much of it tells so.

UTF-8 and GB 18030 are told apart by what cannot be in one of them. In a short text that may be nothing: the
bytes of some Chinese names are two letters each in UTF-8. Such a text is refused: whoever reads it wrongly
asks about another name, and a try is gone.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from node.core.file_form import FileForm, form_of

BY_CHANCE: Final = 8
"""GB 18030 does not read as UTF-8 for so many characters beyond ASCII: each does so in one of seven cases."""


_FAR: Final = re.compile(r"[^\x00-\u07ff]")
_BESIDE: Final = re.compile(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]")


class Decoding:
    """One encoding that a file may have; lines and columns are where it was left, from 1, in characters."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._decoder = codecs.getincrementaldecoder(name)()
        self.line = self.column = 1
        self.characters = 0
        """Those that are not ASCII."""
        self.bytes = 0
        self.failed = False
        self.is_far = False
        """Whether a character of it lies where UTF-8 takes three bytes, as Chinese ones do."""
        self.is_beside = False
        """Whether one that is not ASCII stands beside a plain letter, as in a name of Europe."""

    def feed(self, part: bytes, *, final: bool) -> None:
        """The next bytes; the last ones are `final`."""
        if self.failed:
            return
        try:
            text = self._decoder.decode(part, final=final)
            self.bytes += len(part)
        except UnicodeDecodeError as error:
            self.failed = True
            self.bytes += error.start
            text = error.object[: error.start].decode(self.name, "replace")
        if self.characters < BY_CHANCE:
            self.characters += len(text) - len(text.encode("ascii", "ignore"))
            self.is_far |= _FAR.search(text) is not None
            self.is_beside |= _BESIDE.search(text) is not None
        breaks = text.count("\n")
        self.line += breaks
        self.column = len(text) - text.rfind("\n") if breaks else self.column + len(text)

    @property
    def is_certain(self) -> bool:
        """Whether all of it was read, and so much that it is nothing else by chance."""
        return not self.failed and self.characters >= BY_CHANCE


def is_unclear(utf_8: Decoding, gb_18030: Decoding) -> bool:
    """Whether both read all of the same bytes, and nothing in them speaks for either."""
    both = not utf_8.failed and not gb_18030.failed
    return both and 0 < utf_8.characters < BY_CHANCE and not utf_8.is_far and not gb_18030.is_beside


class UnclearEncodingError(ValueError):
    """A text that can be read in two ways."""


def text_of(content: bytes) -> str:
    """The text of a small file in UTF-8, GB 18030 or UTF-16, without a byte order mark.

    Raises UnclearEncodingError, UnicodeDecodeError for what is none of these.
    """
    if form_of(content) is FileForm.UTF_16:
        return content.decode(wide_encoding(content)).lstrip("\ufeff")
    tried = [Decoding("utf-8"), Decoding("gb18030")]
    for each in tried:
        each.feed(content, final=True)
    if is_unclear(*tried):
        raise UnclearEncodingError
    return content.decode("gb18030" if tried[0].failed else "utf-8").lstrip("\ufeff")


def wide_encoding(beginning: bytes) -> str:
    """Which UTF-16 it is: by its mark, else by the side on which most characters have a zero."""
    if beginning.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if beginning.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    return "utf-16-le" if beginning[1::2].count(0) > beginning[0::2].count(0) else "utf-16-be"
