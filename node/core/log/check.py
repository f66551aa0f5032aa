"""Checks a whole usage log from an export: every record for itself, and all of them against checkpoints.

The leaves are checked in segments of `SEGMENT` (`node.core.log.segment`), which do not depend on each other,
so that several processors can share the work; a `LogCheck` puts the segments together in order. When only
the root differs, an export cannot tell which leaf was changed: then the leaves between the last checkpoint
that still fits and the first that does not are under suspicion.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from node.core.log.checkpoint import Checkpoint
from node.core.log.framing import SEGMENT
from node.core.log.merkle import EMPTY_ROOT, Frontier
from node.core.log.positions import PositionCheck
from node.core.log.segment import MAX_FINDINGS, ClockSet, LogFault, LogFinding, Segment
from node.errors import NodeError, Reason


@dataclass(frozen=True, slots=True)
class Report:
    """The result for a whole log; it is whole when `findings` is empty."""

    records: int
    root: bytes
    kinds: tuple[tuple[str, int], ...]
    first_ms: int
    last_ms: int
    open_intents: int
    clock_sets: tuple[ClockSet, ...]
    findings: tuple[LogFinding, ...]


@dataclass(slots=True)
class LogCheck:
    """Puts the segments of one log together, in order, and compares them with its checkpoints.

    `checkpoints` are trusted: their signatures were verified before. One for the empty log says nothing.
    """

    checkpoints: Sequence[Checkpoint]
    _tree: Frontier = field(default_factory=Frontier)
    _records: int = 0
    _kinds: Counter[str] = field(default_factory=Counter)
    _first_ms: int = -1
    _newest_ms: int = -1
    _sets: list[ClockSet] = field(default_factory=list)
    _open: set[bytes] = field(default_factory=set)
    _roots: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY_ROOT})
    _findings: list[LogFinding] = field(default_factory=list)
    _positions: PositionCheck = field(default_factory=PositionCheck)

    def marks(self, first: int, count: int = SEGMENT) -> tuple[int, ...]:
        """The sizes, within the segment that begins at `first`, at which a checkpoint stands."""
        sizes = {checkpoint.size for checkpoint in self.checkpoints}
        return tuple(sorted(size for size in sizes if first < size <= first + count))

    def add(self, segment: Segment) -> None:
        """Add the next segment; all but the last have `SEGMENT` leaves.

        Raises NodeError INTERNAL out of order.
        """
        if segment.first != self._records or segment.first % SEGMENT:
            raise NodeError(Reason.INTERNAL, "error.log.segment-order")
        for size, root in segment.marked:
            self._roots[size] = _extended(self._tree, root).root()
        # The tree over the roots of whole segments, and of a partial one at the end, has the root of the log:
        # both split where RFC 6962, 2.1 says, since SEGMENT is a power of two.
        self._tree.extend([segment.root])
        self._times(segment)
        self._intents(segment)
        for party, entries in segment.positions:
            differing = self._positions.add(party, entries)
            self._findings += [LogFinding(at, at, LogFault.POSITION_DIFFERS) for at in differing]
        self._kinds.update(dict(segment.kinds))
        self._findings.extend(segment.findings)
        self._records += segment.count

    def _times(self, segment: Segment) -> None:
        if self._first_ms < 0:
            self._first_ms = segment.first_ms
        if segment.oldest_index >= 0 and segment.oldest_ms < self._newest_ms:
            found = LogFinding(segment.oldest_index, segment.oldest_index, LogFault.TIME_BACKWARDS)
            if found not in segment.findings:
                self._findings.append(found)
        self._newest_ms = max(self._newest_ms, segment.newest_before_ms)
        if segment.sets:
            first = segment.sets[0]
            if first.from_ms != self._newest_ms:  # it names another time than that of the record before it
                self._findings.append(LogFinding(first.index, first.index, LogFault.TIME_BACKWARDS))
            self._newest_ms = segment.newest_ms
            self._sets.extend(segment.sets)

    def _intents(self, segment: Segment) -> None:
        for index, intent, final in segment.unmatched:
            if intent not in self._open:
                self._findings.append(LogFinding(index, index, LogFault.INTENT_MISSING))
            elif final:
                self._open.discard(intent)
        self._open |= segment.open

    def holds(self, checkpoint: Checkpoint) -> bool:
        """Whether the log, once whole, has that checkpoint's root at its size."""
        return self._roots.get(checkpoint.size) == checkpoint.root

    def report(self) -> Report:
        """The result, once every segment was added."""
        return Report(
            records=self._records,
            root=self._tree.root(),
            kinds=tuple(sorted(self._kinds.items())),
            first_ms=self._first_ms,
            last_ms=self._newest_ms,
            open_intents=len(self._open),
            clock_sets=tuple(self._sets),
            findings=tuple(sorted([*self._findings[:MAX_FINDINGS], *self._against_checkpoints()])),
        )

    def _against_checkpoints(self) -> Iterator[LogFinding]:
        fits = 0
        newest = max((checkpoint.size for checkpoint in self.checkpoints), default=0)
        for checkpoint in sorted(self.checkpoints, key=lambda checkpoint: checkpoint.size):
            if checkpoint.size > self._records:
                yield LogFinding(self._records, checkpoint.size - 1, LogFault.RECORDS_MISSING)
                return
            if self._roots[checkpoint.size] != checkpoint.root:
                yield LogFinding(fits, max(fits, checkpoint.size - 1), LogFault.ROOT_DIFFERS)
                return
            fits = checkpoint.size
        if newest < self._records:
            yield LogFinding(newest, self._records - 1, LogFault.RECORDS_ADDED)


def _extended(tree: Frontier, root: bytes) -> Frontier:
    longer = copy.deepcopy(tree)
    longer.extend([root])
    return longer
