"""Follows through a file whether it can be text in an encoding, and how much of it tells so."""

from __future__ import annotations

import codecs
from typing import Final

BY_CHANCE: Final = 8
"""GB 18030 does not read as UTF-8 for so many characters beyond ASCII: each does so in one of seven cases."""


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
        breaks = text.count("\n")
        self.line += breaks
        self.column = len(text) - text.rfind("\n") if breaks else self.column + len(text)

    @property
    def is_certain(self) -> bool:
        """Whether all of it was read, and so much that it is nothing else by chance."""
        return not self.failed and self.characters >= BY_CHANCE
