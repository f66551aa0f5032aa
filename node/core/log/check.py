"""Checks a whole usage log from an export: every record for itself, and all of them against checkpoints.

The leaves are checked in segments of `SEGMENT`, which do not depend on each other, so that several processors
can share the work; a `LogCheck` puts the segments together in order. When only the root differs, an export
cannot tell which leaf was changed: then the leaves between the last checkpoint that still fits and the first
that does not are under suspicion.
"""

from __future__ import annotations

import copy
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from google.protobuf.message import DecodeError

from node.core.log.checkpoint import Checkpoint
from node.core.log.merkle import EMPTY_ROOT, Frontier, hash_leaves, leaf_hash
from node.core.log.positions import PositionCheck, decision, entry
from node.core.log.usage import CLOCK_SET, EXCHANGE_ID_BYTES, MAX_LEAF_BYTES, VERSION
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as pb

SEGMENT = 16_384
"""Leaves a segment: a power of two, so that a whole segment is one subtree."""

MAX_FINDINGS = 100
OFFICERS = 2
"""Different people who have to order that time goes back."""

ACCEPTED = "peer.accept"
"""The action by which staff go on with a department whose log contradicts what was seen of it."""


class Fault(StrEnum):
    """What can be wrong with a log."""

    UNREADABLE = "unreadable"
    """The record cannot be parsed, or is of another version."""
    FOREIGN = "foreign"
    """The record is of a side that this department does not have in it."""
    TIME_BACKWARDS = "time-backwards"
    """The record is older than one before it, and no two officers ordered that."""
    VERDICT_INVALID = "verdict-invalid"
    """The verdict does not hold the requester's intent, or does not say what it decided."""
    INTENT_MISSING = "intent-missing"
    """The outcome is of an intent that does not stand before it."""
    ROOT_DIFFERS = "root-differs"
    """The records do not lead to the root of a checkpoint."""
    RECORDS_MISSING = "records-missing"
    """A checkpoint covers records that are not there."""
    RECORDS_ADDED = "records-added"
    """There are records that the newest checkpoint does not cover."""
    POSITION_DIFFERS = "position-differs"
    """The record names another log of the other side than an earlier record does."""


@dataclass(frozen=True, slots=True, order=True)
class LogFinding:
    """Something wrong with the records from `first` to `last`, both included."""

    first: int
    last: int
    fault: Fault


@dataclass(frozen=True, slots=True)
class ClockSet:
    """A record by which the time of the log went back from `from_ms` to `to_ms`, and who signed the order."""

    index: int
    from_ms: int
    to_ms: int
    approved: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """What one run of leaves says about itself.

    `marked` has, for every mark that was asked for, the root of the leaves from `first` up to it; `open` are
    the leaf hashes of intents without a last outcome in the segment; `unmatched` are outcomes whose intent is
    not in it: the index, the intent's hash, and whether the outcome is the last word; `positions` has what it
    says of other logs, by party (`node.core.log.positions`). `sets` are the records by which time went back.
    `oldest` and `newest_before` are of the records before the first of them, `newest_ms` of those from the
    last one on; times are -1 where there is no readable record.
    """

    first: int
    count: int
    root: bytes
    marked: tuple[tuple[int, bytes], ...]
    kinds: tuple[tuple[str, int], ...]
    first_ms: int
    oldest_ms: int
    oldest_index: int
    newest_before_ms: int
    newest_ms: int
    sets: tuple[ClockSet, ...]
    open: frozenset[bytes]
    unmatched: tuple[tuple[int, bytes, bool], ...]
    positions: tuple[tuple[str, bytes], ...]
    findings: tuple[LogFinding, ...]


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


def split_segments(
    data: bytes | memoryview, start: int, per_segment: int = SEGMENT
) -> Iterator[tuple[int, int, int]]:
    """Cut varint-delimited leaves into segments; yields (index of the first leaf, begin, end) in `data`.

    Raises NodeError LOG_CORRUPT, with the index, where the framing of the export breaks.
    """
    first, position, end = 0, start, len(data)
    while position < end:
        begin = position
        index, stop = first, first + per_segment
        while position < end and index < stop:
            low = data[position]
            if low > 0x7F and position + 1 < end and (high := data[position + 1]) < 0x80:
                position += 2 + (low & 0x7F | high << 7)  # as `_length` would, but without a call
            else:
                leaf, length = _length(data, position, index)
                position = leaf + length
            index += 1
        if position > end:
            raise _broken(index - 1)
        yield first, begin, position
        first = index


def split_leaves(data: bytes, first: int) -> list[bytes]:
    """The leaves of one segment. Raises NodeError LOG_CORRUPT as `split_segments` does."""
    leaves: list[bytes] = []
    position, end = 0, len(data)
    while position < end:
        low = data[position]
        if low > 0x7F and position + 1 < end and (high := data[position + 1]) < 0x80:
            begin = position + 2  # as `_length` would, but without a call
            position = begin + (low & 0x7F | high << 7)
        else:
            begin, length = _length(data, position, first + len(leaves))
            position = begin + length
        leaves.append(data[begin:position])
    if position > end:
        raise _broken(first + len(leaves) - 1)
    return leaves


def _length(data: bytes | memoryview, position: int, index: int) -> tuple[int, int]:
    """Where the leaf begins whose length (protobuf varint) stands at `position`, and that length."""
    try:
        length = data[position]
        if length < 0x80:
            return position + 1, length
        # Nearly every record takes two bytes; none that is allowed takes more than three.
        second = data[position + 1]
        if second < 0x80:
            return position + 2, length & 0x7F | second << 7
        third = data[position + 2]
    except IndexError:
        raise _broken(index) from None
    length = length & 0x7F | (second & 0x7F) << 7 | third << 14
    if third >= 0x80 or length > MAX_LEAF_BYTES:
        raise _broken(index)
    return position + 3, length


def _broken(index: int) -> NodeError:
    return NodeError(
        Reason.LOG_CORRUPT,
        "error.log.export-cut",
        index=str(index),
    )


def check_segment(leaves: Sequence[bytes], first: int, owner: str, marks: Sequence[int] = ()) -> Segment:
    """Check leaves `first` and following of the log of department `owner` (credit code).

    `marks` are sizes of the whole log, within the segment, at which a checkpoint stands.
    """
    hashes = hash_leaves(leaves)
    findings: list[LogFinding] = []
    kinds: list[str] = []
    opened: set[bytes] = set()
    unmatched: list[tuple[int, bytes, bool]] = []
    positions: defaultdict[str, bytearray] = defaultdict(bytearray)
    sets: list[ClockSet] = []
    first_ms = newest_ms = oldest_ms = oldest_index = newest_before_ms = -1
    # One loop, with no call a record that can be spared: a log has millions of them.
    for index, leaf in enumerate(leaves, first):
        try:
            record = _parse(leaf)
        except DecodeError:
            record = _EMPTY
        kind = record.WhichOneof("body")
        if kind is None or record.version != VERSION:
            findings.append(LogFinding(index, index, Fault.UNREADABLE))
            continue
        kinds.append(kind)
        time_ms = record.time_ms
        if first_ms < 0:
            first_ms = time_ms
        if kind == "admin" and (clock_set := _clock_set(record, index)) is not None:
            if not sets:
                newest_before_ms = newest_ms
            elif clock_set.from_ms != newest_ms:
                findings.append(LogFinding(index, index, Fault.TIME_BACKWARDS))
            sets.append(clock_set)
            newest_ms = time_ms
        elif time_ms > newest_ms:
            newest_ms = time_ms
        elif time_ms < newest_ms:
            findings.append(LogFinding(index, index, Fault.TIME_BACKWARDS))
        if not sets and (time_ms < oldest_ms or oldest_index < 0):
            oldest_ms, oldest_index = time_ms, index
        at_requester = kind in ("intent", "outcome") or (
            kind == "refusals" and record.refusals.HasField("attempt")
        )
        side = record.requester if at_requester else record.provider
        if side != owner:
            findings.append(LogFinding(index, index, Fault.FOREIGN))
        if kind == "verdict":
            if not _verdict_holds(record):
                findings.append(LogFinding(index, index, Fault.VERDICT_INVALID))
            verdict = record.verdict
            # What is denied because it contradicts what was seen before is not what the owner relied on.
            if (place := verdict.requester_log).size and verdict.reason != _DIFFERS:
                leaf = leaf_hash(verdict.intent) if verdict.intent else b""
                positions[record.requester] += entry(index, place.index, place.size, place.root, leaf)
        elif kind == "intent":
            opened.add(hashes[index - first])
        elif kind == "outcome":
            outcome = record.outcome
            # A failed or abandoned exchange can be asked again; answered and denied are the last word.
            final = outcome.kind in _FINAL
            intent_hash = outcome.intent_hash
            if intent_hash not in opened:
                unmatched.append((index, intent_hash, final))
            elif final:
                opened.discard(intent_hash)
            if (place := outcome.provider_log).size:
                hashed = outcome.verdict_hash
                positions[record.provider] += entry(index, place.index, place.size, place.root, hashed)
        elif kind == "admin" and record.admin.action == ACCEPTED:
            positions[record.admin.object] += decision(index)
    return Segment(
        first=first,
        count=len(leaves),
        root=_root(hashes),
        marked=tuple((mark, _root(hashes[: mark - first])) for mark in marks),
        kinds=tuple(Counter(kinds).items()),
        first_ms=first_ms,
        oldest_ms=oldest_ms,
        oldest_index=oldest_index,
        newest_before_ms=newest_before_ms if sets else newest_ms,
        newest_ms=newest_ms,
        sets=tuple(sets),
        open=frozenset(opened),
        unmatched=tuple(unmatched),
        positions=tuple((party, bytes(entries)) for party, entries in positions.items()),
        findings=tuple(findings[:MAX_FINDINGS]),
    )


def _root(hashes: Sequence[bytes]) -> bytes:
    frontier = Frontier()
    frontier.extend(hashes)
    return frontier.root()


_parse = pb.UsageRecord.FromString
_EMPTY = pb.UsageRecord()
_DIFFERS = Reason.LOG_DIFFERS.wire
_FINAL = frozenset({pb.OUTCOME_KIND_ANSWERED, pb.OUTCOME_KIND_DENIED})
_WITHOUT_INTENT = frozenset(
    reason.wire
    for reason in (
        Reason.ENVELOPE_INVALID,
        Reason.PROOF_INVALID,
        Reason.QUERY_INVALID,
        Reason.REQUEST_REPLAYED,
    )
)


def _clock_set(record: pb.UsageRecord, index: int) -> ClockSet | None:
    """What the record says of a step back; None if it is not one that two officers ordered."""
    admin = record.admin
    if not admin.HasField("clock") or admin.action != CLOCK_SET or len(set(admin.approved)) < OFFICERS:
        return None
    if record.time_ms >= admin.clock.last_record_ms:
        return None
    return ClockSet(index, admin.clock.last_record_ms, record.time_ms, tuple(admin.approved))


def _verdict_holds(record: pb.UsageRecord) -> bool:
    """Whether a verdict holds the intent of its own exchange, and says what was decided and why."""
    verdict = record.verdict
    if not verdict.intent:  # what came was no intent that may stand in a log
        return verdict.decision == pb.DECISION_DENY and verdict.reason in _WITHOUT_INTENT
    try:
        asked = _parse(verdict.intent)
    except DecodeError:
        return False
    exchange_id, decision = record.exchange_id, verdict.decision
    permitted = decision == pb.DECISION_PERMIT
    return (
        asked.HasField("intent")
        and asked.exchange_id == exchange_id
        and len(exchange_id) == EXCHANGE_ID_BYTES
        and asked.requester == record.requester
        and asked.provider == record.provider
        and (permitted or decision == pb.DECISION_DENY)
        and permitted == (verdict.reason == 0)
        and permitted == (len(verdict.answer_commitment) == 32)
    )


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
            self._findings += [LogFinding(at, at, Fault.POSITION_DIFFERS) for at in differing]
        self._kinds.update(dict(segment.kinds))
        self._findings.extend(segment.findings)
        self._records += segment.count

    def _times(self, segment: Segment) -> None:
        if self._first_ms < 0:
            self._first_ms = segment.first_ms
        if segment.oldest_index >= 0 and segment.oldest_ms < self._newest_ms:
            found = LogFinding(segment.oldest_index, segment.oldest_index, Fault.TIME_BACKWARDS)
            if found not in segment.findings:
                self._findings.append(found)
        self._newest_ms = max(self._newest_ms, segment.newest_before_ms)
        if segment.sets:
            first = segment.sets[0]
            if first.from_ms != self._newest_ms:  # it names another time than that of the record before it
                self._findings.append(LogFinding(first.index, first.index, Fault.TIME_BACKWARDS))
            self._newest_ms = segment.newest_ms
            self._sets.extend(segment.sets)

    def _intents(self, segment: Segment) -> None:
        for index, intent, final in segment.unmatched:
            if intent not in self._open:
                self._findings.append(LogFinding(index, index, Fault.INTENT_MISSING))
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
                yield LogFinding(self._records, checkpoint.size - 1, Fault.RECORDS_MISSING)
                return
            if self._roots[checkpoint.size] != checkpoint.root:
                yield LogFinding(fits, max(fits, checkpoint.size - 1), Fault.ROOT_DIFFERS)
                return
            fits = checkpoint.size
        if newest < self._records:
            yield LogFinding(newest, self._records - 1, Fault.RECORDS_ADDED)


def _extended(tree: Frontier, root: bytes) -> Frontier:
    longer = copy.deepcopy(tree)
    longer.extend([root])
    return longer
