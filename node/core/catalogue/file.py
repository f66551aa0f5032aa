"""What all files of catalogues have in common: their bounds, and what is wrong with one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from node.core.identity import is_credit_code
from node.errors import NodeError, Reason
from node.texts.message import Message, Value
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
    """What a file holds: the credit code of who published it, "" if it does not say, and the entries.

    `passed_over` are columns and keys of others that nothing was made of.
    """

    publisher: str
    entries: tuple[pb.Dataset, ...]
    passed_over: tuple[str, ...] = ()


class Faults:
    """Collects what is wrong with a file, the first twenty."""

    def __init__(self) -> None:
        self._found: list[Message] = []

    def add_at(self, file: str, line: int, column: int, fault: Message) -> None:
        """What is wrong at a place of a text, counted from 1."""
        args: dict[str, Value] = {"file": quoted(file), "line": line, "column": column, "problem": fault}
        self._add(Message("file.placed", args))

    def add_in(self, path: str, fault: Message) -> None:
        """What is wrong with a key of JSON, given by its path."""
        self._add(Message("file.catalogue.in", {"path": quoted(path), "problem": fault}))

    def _add(self, fault: Message) -> None:
        if not self.full:
            self._found.append(fault)

    @property
    def any(self) -> bool:
        """Whether anything was found."""
        return bool(self._found)

    @property
    def full(self) -> bool:
        """Whether there are enough to stop reading."""
        return len(self._found) >= MAX_FAULTS

    def check(self) -> None:
        """Raises NodeError(CONFIG_INVALID) with all of them, one a line."""
        if self._found:
            raise self.error()

    def error(self) -> NodeError:
        """CONFIG_INVALID with all of them, one a line."""
        return NodeError(Reason.CONFIG_INVALID, "file.catalogue.all", faults=tuple(self._found))


def fault_at(file: str, line: int, column: int, key: str, /, **args: Value) -> NodeError:
    """CONFIG_INVALID with the one thing that is wrong at a place."""
    faults = Faults()
    faults.add_at(file, line, column, Message(key, args))
    return faults.error()


def quoted(text: str) -> str:
    """A text of a file as messages quote it: what a terminal would obey spelled out, what is long cut."""
    head, tail = text, ""
    if len(text) > _MAX_QUOTED:
        head, tail = text[: _MAX_QUOTED // 2] + "…", text[-_MAX_QUOTED // 2 :]
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in head + tail)


def text_fault(text: str) -> Message | None:
    """What is wrong with a text of an entry, None if nothing is."""
    if len(text) > MAX_CELL:
        return Message("file.catalogue.text-long", {"most": MAX_CELL})
    if _UNPRINTABLE.search(text):
        return Message("file.catalogue.text-unprintable")
    return None


def entry_faults(entry: pb.Dataset) -> Iterable[Message]:
    """What is wrong with an entry as a whole."""
    summary = entry.summary
    if not 0 < len(summary.dataset) <= _MAX_NAME:
        yield Message("file.catalogue.entry-name", {"most": _MAX_NAME})
    if not is_credit_code(summary.provider):
        yield Message("file.catalogue.entry-provider")
    if not summary.title:
        yield Message("file.catalogue.entry-title")
    if summary.sharing == pb.SHARING_ATTRIBUTE_UNSPECIFIED:
        yield Message("file.catalogue.entry-sharing")
    if len(entry.fields) > MAX_ITEMS:
        yield Message("file.catalogue.entry-items", {"most": MAX_ITEMS})
    if entry.ByteSize() > MAX_ENTRY_BYTES:
        yield Message("file.catalogue.entry-bytes", {"most": MAX_ENTRY_BYTES})
    if any(not value for field in entry.fields for value in field.values):
        yield Message("file.catalogue.item-value-empty")
    names = [field.name for field in entry.fields]
    if len(set(names)) < len(names):
        yield Message("file.catalogue.items-one-name")
