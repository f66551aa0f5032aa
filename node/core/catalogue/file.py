"""What all files of catalogues have in common: their bounds, and how it is told what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from node.core.identity import is_credit_code
from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2 as pb

MAX_BYTES = 256 * 1024 * 1024
MAX_ENTRIES = 100_000
MAX_ITEMS = 1_000
MAX_CELL = 10_000
MAX_ENTRY_BYTES = 1024 * 1024
MAX_FAULTS = 20
_MAX_NAME = 128
_MAX_QUOTED = 300
# Control characters but for tab and line feed, and halves of characters.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """What a file holds: the credit code of who published it, "" if it does not say, and the entries."""

    publisher: str
    entries: tuple[pb.Dataset, ...]


class Faults:
    """Collects what is wrong with a file, the first twenty."""

    def __init__(self) -> None:
        self._said: list[str] = []

    def add(self, place: str, message: str) -> None:
        """`place` says where, with what parts it from the message; the message is lower case.

        Both may quote the file: what a terminal would obey is spelled out, and what is long is cut.
        """
        if not self.full:
            self._said.append(f"{_quoted(place)}{_quoted(message)}")

    @property
    def full(self) -> bool:
        """Whether there are enough to stop reading."""
        return len(self._said) >= MAX_FAULTS

    def check(self) -> None:
        """Raises NodeError(CONFIG_INVALID) with all of them, one a line."""
        if self._said:
            raise self.error()

    def error(self) -> NodeError:
        """CONFIG_INVALID with all of them, one a line."""
        return NodeError(Reason.CONFIG_INVALID, "error.raw", text="\n".join(self._said))


def _quoted(text: str) -> str:
    head, tail = text, ""
    if len(text) > _MAX_QUOTED:
        head, tail = text[: _MAX_QUOTED // 2] + "…", text[-_MAX_QUOTED // 2 :]
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in head + tail)


def text_fault(text: str) -> str:
    """What is wrong with a text of an entry, "" if nothing is."""
    if len(text) > MAX_CELL:
        return f"the text is longer than {MAX_CELL} characters: shorten it"
    if _UNPRINTABLE.search(text):
        return "the text has characters that cannot be printed: take them out"
    return ""


def entry_faults(entry: pb.Dataset) -> Iterable[str]:
    """What is wrong with an entry as a whole."""
    summary = entry.summary
    if not 0 < len(summary.dataset) <= _MAX_NAME:
        yield f"the entry needs a name of at most {_MAX_NAME} characters"
    if not is_credit_code(summary.provider):
        yield "the provider is no unified social credit code: check it"
    if not summary.title:
        yield "the entry needs a title"
    if summary.sharing == pb.SHARING_ATTRIBUTE_UNSPECIFIED:
        yield "the entry needs a sharing attribute: unconditional, conditional or not_shared"
    if len(entry.fields) > MAX_ITEMS:
        yield f"the entry has more than {MAX_ITEMS} data items: divide it"
    if entry.ByteSize() > MAX_ENTRY_BYTES:
        yield f"the entry takes more than {MAX_ENTRY_BYTES} bytes: divide it"
    if any(not value for field in entry.fields for value in field.values):
        yield "a data item has an empty value: take it out"
    names = [field.name for field in entry.fields]
    if len(set(names)) < len(names):
        yield "the entry has two data items of one name: rename one"
