"""Step 7 of an exchange: open the envelope and check that what is inside belongs together."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from node.core import wire
from node.core.bounds import MAX_CLAIM, MAX_CLAIM_NAME, MAX_CLAIMS, MAX_SUBJECTS, SUBJECTS_CLAUSE
from node.core.directory.directory import Member
from node.core.log import usage
from node.core.log.checkpoint import log_origin
from node.core.log.merkle import leaf_hash
from node.core.messages.envelope import SUITE, VERSION, Routing, Sealed
from node.core.messages.intent import check_intent
from node.errors import NodeError, Reason
from node.exchange.evidence import NO_EVIDENCE, Evidence, evidence_of
from node.exchange.ports import Vault
from node.exchange.receipt import check_receipt
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

RESPONSE_KEY_BYTES = 32
MAX_AGE_MS = 12 * 3_600_000
"""A request that is repeated because its provider was away is still answered. Answered exchanges are
remembered for longer, so that one that comes once more always meets its first answer."""
CLOCK_CLAUSE, AGE_CLAUSE = "clock", "age"
"""What denies a request when the clocks are apart, and one that is too old whatever they say."""
MAX_ID_BYTES = 32


class Opened(NamedTuple):
    """An open request. `problem` says why it must be denied before any policy is asked.

    `intent_leaf` is empty unless what came is an intent of this exchange that may stand in the own log, and
    stands in the requester's log: `checkpoint` is the signed note of that, behind `requester_log`. A `late`
    one is older than clocks may be apart: it is a repeated one, or the requester's clock is behind.
    `intent_hash` is the leaf hash of whatever came. The opening is empty unless it was checked whole.
    """

    routing: Routing
    response_key: bytes
    intent_leaf: bytes
    intent_hash: bytes
    intent: rec.Intent
    time_ms: int
    opening_bytes: bytes
    opening: rec.Opening
    requester_log: rec.LogPosition
    checkpoint: bytes
    evidence: Evidence
    problem: NodeError | None
    late: bool = False


def routing_of(envelope: pb.Envelope, peer: str, own: str) -> Routing:
    """The routing data, checked. Raises NodeError(ENVELOPE_INVALID) for what is not for us from `peer`."""
    if envelope.version != VERSION or envelope.suite != SUITE:
        raise NodeError(Reason.ENVELOPE_INVALID, "error.exchange.envelope-version-unknown")
    if len(envelope.exchange_id) != usage.EXCHANGE_ID_BYTES:
        raise NodeError(Reason.ENVELOPE_INVALID, "error.exchange.exchange-id-length")
    if envelope.provider != own:
        raise NodeError(Reason.ENVELOPE_INVALID, "error.exchange.envelope-misdirected")
    if envelope.requester != peer:
        raise NodeError(Reason.ENVELOPE_INVALID, "error.exchange.requester-contradicted")
    return Routing(envelope.requester, envelope.provider, envelope.exchange_id, envelope.key_id)


def open_envelope(
    envelope: pb.Envelope,
    routing: Routing,
    member: Member,
    vault: Vault,
    now: datetime,
    max_skew_ms: int,
    max_subjects: int = MAX_SUBJECTS,
) -> Opened:
    """Open and check a request.

    Raises NodeError(KEY_ID_UNKNOWN) or (ENVELOPE_INVALID) while no answer can be sealed; what is
    wrong after that is the `problem` of the result, for a sealed denial.
    """
    plaintext = vault.open(Sealed(envelope.sealed_key, envelope.ciphertext), routing, now)
    request = wire.read(pb.SealedRequest, plaintext, "error.wire.of.request")
    if len(request.response_key) != RESPONSE_KEY_BYTES or len(request.intent) > usage.MAX_INTENT_BYTES:
        raise NodeError(Reason.ENVELOPE_INVALID, "error.exchange.envelope-lengths")
    record, opening, position, problem = rec.UsageRecord(), rec.Opening(), rec.LogPosition(), None
    # What is not yet checked is not kept: else a peer could write into the own log whatever it likes.
    leaf = checkpoint = opening_bytes = b""
    evidence = NO_EVIDENCE
    try:
        record = usage.read_record(request.intent)
        _check_record(record, routing)
        if usage.response_key_hash(request.response_key) != record.intent.response_key_hash:
            raise NodeError.by_reason(Reason.PROOF_INVALID)
        proved = check_receipt(request.intent, request.receipt, member, vault)
        evidence = evidence_of(request.receipt, log_origin(member.code), proved)
        leaf, position, checkpoint = request.intent, proved, request.receipt.checkpoint
        opening = _check_opening(record.intent, request.opening, max_subjects)
        opening_bytes = request.opening
        _check_time(record.time_ms, now, max_skew_ms)
    except NodeError as error:
        problem = error
    return Opened(
        routing=routing,
        response_key=request.response_key,
        intent_leaf=leaf,
        intent_hash=leaf_hash(request.intent),
        intent=record.intent,
        time_ms=record.time_ms,
        opening_bytes=opening_bytes,
        opening=opening,
        requester_log=position,
        checkpoint=checkpoint,
        evidence=evidence,
        problem=problem,
        late=now.timestamp() * 1000 - record.time_ms > max_skew_ms,
    )


def _check_record(record: rec.UsageRecord, routing: Routing) -> None:
    if record.WhichOneof("body") != "intent":
        raise NodeError.by_reason(Reason.PROOF_INVALID)
    if (record.requester, record.provider, record.exchange_id) != (
        routing.requester,
        routing.provider,
        routing.exchange_id,
    ):
        raise NodeError.by_reason(Reason.PROOF_INVALID)
    check_intent(record.intent)


def _check_opening(intent: rec.Intent, body: bytes, max_subjects: int) -> rec.Opening:
    """The opening, when it is the one of the intent and as long as subjects and claims let it be."""
    if usage.opening_commitment(body) != intent.commitment:
        raise NodeError.by_reason(Reason.PROOF_INVALID)
    opening = wire.read(rec.Opening, body, "error.wire.of.opening")
    if len(opening.salt) != usage.SALT_BYTES or len(opening.subjects) != intent.subjects:
        raise NodeError.by_reason(Reason.PROOF_INVALID)
    if len(opening.subjects) > max_subjects:
        raise too_many_subjects()
    if len(body) > usage.MAX_OPENING_BYTES:
        raise NodeError.by_reason(Reason.QUERY_INVALID)
    for subject in opening.subjects:
        _check_subject(subject)
    return opening


def _check_subject(subject: rec.Subject) -> None:
    if len(subject.id.encode()) > MAX_ID_BYTES:
        raise NodeError.by_reason(Reason.QUERY_INVALID)
    claims = subject.claims
    if not claims:
        return
    if (
        len(claims) > MAX_CLAIMS
        or max(map(len, claims)) > MAX_CLAIM_NAME
        or max(map(len, claims.values())) > MAX_CLAIM
    ):
        raise NodeError.by_reason(Reason.QUERY_INVALID)


def _check_time(time_ms: int, now: datetime, max_skew_ms: int) -> None:
    age_ms = now.timestamp() * 1000 - time_ms
    if age_ms > MAX_AGE_MS:
        raise NodeError(Reason.CLOCK_SKEWED, "denial.age.what", clause=AGE_CLAUSE)
    if age_ms < -max_skew_ms:
        raise clocks_apart()


def too_many_subjects() -> NodeError:
    """What a request is denied for that is about more subjects than this node takes in one."""
    return NodeError(Reason.QUERY_INVALID, "denial.subjects.what", clause=SUBJECTS_CLAUSE)


def clocks_apart() -> NodeError:
    """What a request is denied for whose requester goes by another time."""
    return NodeError(Reason.CLOCK_SKEWED, "denial.clock.what", clause=CLOCK_CLAUSE)
