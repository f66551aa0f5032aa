"""Builds and reads usage records, the leaves of the usage log (Decree 809, Art. 29).

A record is a serialised `node.v1.UsageRecord`; the bytes as first written are the leaf. A personal
value never stands in one: a SHA-256 commitment to an `Opening` or `Answers` message, which holds
32 random bytes of salt, stands for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from google.protobuf.message import DecodeError

from node.core import wire
from node.core.log.merkle import leaf_hash
from node.core.milliseconds import to_ms
from node.core.revision import REVISION, trim
from node.core.role import Caller
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as pb

VERSION = 1
EXCHANGE_ID_BYTES = 16
_TIME_BYTES = 6
SALT_BYTES = 32
MAX_LEAF_BYTES = 16_384
MAX_INTENT_BYTES = 4096
"""Of a record with an intent. It stands inside a verdict too, and both are kept for good."""
CLOCK_SET = "clock.set"
"""The action of the record by which a node takes its system's time, as two officers ordered."""
ACCEPTED = "peer.accept"
"""The action by which staff go on with a department whose log contradicts what was seen of it."""
MAX_OPENING_BYTES = 1 << 20
"""Padded to a power of two, it has to fit into a message of the size that every node takes."""

_OPENING = b"dxnode/v1/opening\x00"
_ANSWERS = b"dxnode/v1/answers\x00"
_RESPONSE_KEY = b"dxnode/v1/response-key\x00"


class Parties(NamedTuple):
    """Who takes part in an exchange, and its id (16 bytes)."""

    requester: str
    provider: str
    exchange_id: bytes


@dataclass(frozen=True, slots=True)
class ClockTimes:
    """Between which times a node had to choose: of its last record (0: none), its own, its system's."""

    last_record_ms: int
    node_ms: int
    system_ms: int


@dataclass(frozen=True, slots=True)
class StepBack:
    """A record by which the time of the log went back, as two officers ordered: its index and its time."""

    index: int
    time_ms: int


def new_exchange_id(now: datetime, random: Callable[[int], bytes]) -> bytes:
    """A new id of 16 bytes: a UUIDv7 (RFC 9562, 5.7), milliseconds first and then random bits.

    Databases that are keyed by ids in their order in time grow at one end, and not at random places.
    """
    made = bytearray(to_ms(now).to_bytes(_TIME_BYTES) + random(EXCHANGE_ID_BYTES - _TIME_BYTES))
    made[6], made[8] = 0x70 | made[6] & 0x0F, 0x80 | made[8] & 0x3F
    return bytes(made)


def opening_commitment(opening: bytes) -> bytes:
    """SHA-256 commitment (32 bytes) to a serialised `Opening`."""
    return hashlib.sha256(_OPENING + opening).digest()


def answer_commitment(answers: bytes) -> bytes:
    """SHA-256 commitment (32 bytes) to a serialised `Answers`."""
    return hashlib.sha256(_ANSWERS + answers).digest()


def response_key_hash(response_key: bytes) -> bytes:
    """What the intent says of the response key (32 bytes): only this key may seal the answer."""
    return hashlib.sha256(_RESPONSE_KEY + response_key).digest()


def parse_record(leaf: bytes) -> pb.UsageRecord:
    """Read a leaf of the own log, which a newer version of the node may have written.

    Raises NodeError(PROOF_INVALID) when it is not a record of a known version.
    """
    try:
        record = pb.UsageRecord.FromString(leaf)
    except DecodeError:
        raise NodeError(Reason.PROOF_INVALID, "error.log.record-unreadable") from None
    return _of_known_version(record)


def read_record(leaf: bytes) -> pb.UsageRecord:
    """Read a leaf of another department's log: in canonical bytes, since it is kept as it came.

    Raises NodeError(ENVELOPE_INVALID), (PROOF_INVALID) when it is not a record of a known version.
    """
    if len(leaf) > MAX_LEAF_BYTES:
        raise NodeError(Reason.PROOF_INVALID, "error.log.record-too-long", max_leaf_bytes=MAX_LEAF_BYTES)
    return _of_known_version(wire.read(pb.UsageRecord, leaf, "error.wire.of.record"))


def _of_known_version(record: pb.UsageRecord) -> pb.UsageRecord:
    if record.version != VERSION or record.WhichOneof("body") is None:
        raise NodeError(Reason.PROOF_INVALID, "error.log.record-version", version=VERSION)
    return record


def first_since(leaf: Callable[[int], bytes], size: int, time_ms: int, steps: Sequence[StepBack] = ()) -> int:
    """Index of the first record that was written at `time_ms` or later; `size` when there is none.

    What a record before one of the `steps` says of its time was wrong if it is later than the step's.
    """
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        latest = (step.time_ms for step in steps if middle < step.index)
        if min((parse_record(leaf(middle)).time_ms, *latest)) < time_ms:
            low = middle + 1
        else:
            high = middle
    return low


# A record that concerns two departments says what both of them know: `revision` is theirs.


def intent_record(time_ms: int, parties: Parties, intent: pb.Intent, revision: int = REVISION) -> bytes:
    """The requester's record before it asks."""
    return _record(time_ms, parties, revision, intent=intent)


def verdict_record(time_ms: int, parties: Parties, verdict: pb.Verdict, revision: int = REVISION) -> bytes:
    """The provider's record before it answers."""
    return _record(time_ms, parties, revision, verdict=verdict)


def outcome_record(time_ms: int, parties: Parties, outcome: pb.Outcome, revision: int = REVISION) -> bytes:
    """The requester's record before it hands the answer over."""
    return _record(time_ms, parties, revision, outcome=outcome)


def refusals_record(
    time_ms: int, requester: str, provider: str, refusals: pb.Refusals, revision: int = REVISION
) -> bytes:
    """The provider's record of what it refused before an envelope was open."""
    return _record(time_ms, Parties(requester, provider, b""), revision, refusals=refusals)


def admin_record(
    time_ms: int,
    department: str,
    caller: Caller,
    action: str,
    target: str,
    note: str,
    approved: Sequence[str] = (),
    clock: ClockTimes | None = None,
) -> bytes:
    """What staff did to the node of `department`; `approved` are the officers who signed the order for it.

    With `clock`, the node took another time by it, and that is the time of the record.
    """
    body = pb.AdminAction(
        action=action,
        object=target,
        role=caller.role,
        caller=caller.fingerprint,
        note=note,
        approved=approved,
        clock=None
        if clock is None
        else pb.ClockStep(
            last_record_ms=clock.last_record_ms, node_ms=clock.node_ms, system_ms=clock.system_ms
        ),
    )
    return _record(time_ms, Parties("", department, b""), REVISION, admin=body)


def abandoned_outcome(intent_leaf: bytes, reason: Reason) -> pb.Outcome:
    """The outcome of an exchange that the node did not live to finish."""
    return pb.Outcome(
        intent_hash=leaf_hash(intent_leaf),
        kind=pb.OUTCOME_KIND_ABANDONED,
        reason=reason.wire,
    )


def _record(
    time_ms: int,
    parties: Parties,
    revision: int,
    *,
    intent: pb.Intent | None = None,
    verdict: pb.Verdict | None = None,
    outcome: pb.Outcome | None = None,
    refusals: pb.Refusals | None = None,
    admin: pb.AdminAction | None = None,
) -> bytes:
    record = pb.UsageRecord(
        version=VERSION,
        time_ms=time_ms,
        exchange_id=parties.exchange_id,
        requester=parties.requester,
        provider=parties.provider,
        intent=intent,
        verdict=verdict,
        outcome=outcome,
        refusals=refusals,
        admin=admin,
    )
    return wire.write(trim(record, revision))


def charges_message(charges: Sequence[tuple[str, int]]) -> list[pb.Charge]:
    """(scope, amount) pairs, summed by scope, in order of first appearance."""
    totals: dict[str, int] = {}
    for scope, amount in charges:
        totals[scope] = totals.get(scope, 0) + amount
    return [pb.Charge(scope=scope, amount=amount) for scope, amount in totals.items()]
