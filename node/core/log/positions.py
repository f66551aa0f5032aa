"""What the records of a log say of other logs: a position that contradicts an earlier one shows a fork.

A verdict names where the requester's intent stood, an outcome where the provider's verdict stood. Whoever
keeps one log of its own never has two leaves at one index, nor two roots at one size.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct

_ENTRY = Struct(">QQQ8s8s")
"""The record's own index; index, size, root and leaf in the other log. Of hashes, 64 bits tell enough."""
_READ = Struct(">QQQQQ")
_UNKNOWN = 0

entry = _ENTRY.pack
"""One position; a leaf that is not known is b""."""


def decision(record: int) -> bytes:
    """What staff decided about the other log: it is compared with what came before no more."""
    return entry(record, 0, 0, b"", b"")


@dataclass(slots=True)
class _Column:
    """Keys that mostly grow, each with the one value that it may have."""

    keys: array[int] = field(default_factory=lambda: array("Q"))
    values: array[int] = field(default_factory=lambda: array("Q"))
    late: dict[int, int] = field(default_factory=dict)

    def agrees(self, key: int, value: int) -> bool:
        """Whether the key has this value, also from now on."""
        if not self.keys or key > self.keys[-1]:
            self.keys.append(key)
            self.values.append(value)
            return True
        at = bisect_left(self.keys, key)
        if self.keys[at] == key:
            return self.values[at] == value
        return self.late.setdefault(key, value) == value


@dataclass(slots=True)
class _OtherLog:
    roots: _Column = field(default_factory=_Column)
    leaves: _Column = field(default_factory=_Column)


class PositionCheck:
    """Holds the positions of all records together, in their order."""

    def __init__(self) -> None:
        self._logs: dict[str, _OtherLog] = {}

    def add(self, party: str, entries: bytes | bytearray) -> Iterator[int]:
        """Entries about the log of one party; gives the records that contradict an earlier one."""
        log = self._logs.setdefault(party, _OtherLog())
        for record, index, size, root, leaf in _READ.iter_unpack(entries):
            if not size:
                log = self._logs[party] = _OtherLog()
                continue
            same_root = log.roots.agrees(size, root)
            same_leaf = leaf == _UNKNOWN or log.leaves.agrees(index, leaf)
            if not (same_root and same_leaf):
                yield record
