"""Checks one run of leaves of a usage log: every record for itself, and what it says of the others.

Segments do not depend on each other; `node.core.log.check` puts together what they say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from google.protobuf.message import DecodeError

from node.core.log.merkle import Frontier, hash_leaves, leaf_hash
from node.core.log.positions import decision, entry
from node.core.log.usage import ACCEPTED, CLOCK_SET, EXCHANGE_ID_BYTES, VERSION
from node.errors import Reason
from node.v1 import record_pb2 as pb

MAX_FINDINGS = 100
OFFICERS = 2
"""Different people who have to order that time goes back."""


class LogFault(StrEnum):
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
    fault: LogFault


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
            findings.append(LogFinding(index, index, LogFault.UNREADABLE))
            continue
        kinds.append(kind)
        time_ms = record.time_ms
        if first_ms < 0:
            first_ms = time_ms
        if kind == "admin" and (clock_set := _clock_set(record, index)) is not None:
            if not sets:
                newest_before_ms = newest_ms
            elif clock_set.from_ms != newest_ms:
                findings.append(LogFinding(index, index, LogFault.TIME_BACKWARDS))
            sets.append(clock_set)
            newest_ms = time_ms
        elif time_ms > newest_ms:
            newest_ms = time_ms
        elif time_ms < newest_ms:
            findings.append(LogFinding(index, index, LogFault.TIME_BACKWARDS))
        if not sets and (time_ms < oldest_ms or oldest_index < 0):
            oldest_ms, oldest_index = time_ms, index
        at_requester = kind in ("intent", "outcome") or (
            kind == "refusals" and record.refusals.HasField("attempt")
        )
        side = record.requester if at_requester else record.provider
        if side != owner:
            findings.append(LogFinding(index, index, LogFault.FOREIGN))
        if kind == "verdict":
            if not _verdict_holds(record):
                findings.append(LogFinding(index, index, LogFault.VERDICT_INVALID))
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
