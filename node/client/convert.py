"""Between the wire messages of the desk and the client's values."""

from __future__ import annotations

from datetime import UTC, datetime

from node.client.results import (
    Cell,
    ChunkResult,
    ClockStatus,
    DatasetStatus,
    KeyStatus,
    NodeStatus,
    Proof,
    Refusal,
    RevokedCertificate,
    Statistic,
    Subject,
    WaitingDataset,
)
from node.errors import NodeError, Reason
from node.v1 import desk_pb2, record_pb2


def subject_message(subject: Subject) -> record_pb2.Subject:
    """As a message."""
    # Most subjects come without claims, and an empty map costs as much as the rest of the message.
    if not subject.claims:
        return record_pb2.Subject(id=subject.id)
    return record_pb2.Subject(id=subject.id, claims=subject.claims)


def proof(message: desk_pb2.Proof) -> Proof:
    """From a message."""
    return Proof(
        exchange_id=message.exchange_id,
        own_index=message.own_index,
        provider_index=message.provider_index,
        provider_size=message.provider_size,
        rule=message.rule,
    )


def verification(response: desk_pb2.DeskServiceAskResponse) -> bool:
    """The one bit. Raises NodeError QUOTA_EXHAUSTED when the subject's own limit is used up."""
    _check_limit(response.answers)
    return _verifications(response.answers, subjects=1)[0]


def field_value(response: desk_pb2.DeskServiceAskResponse) -> str | None:
    """The one value. Raises as `verification`."""
    _check_limit(response.answers)
    return _field_values(response.answers, subjects=1)[0]


def _check_limit(answers: record_pb2.Answers) -> None:
    if answers.refused:
        raise NodeError(Reason.QUOTA_EXHAUSTED, "the limit for this subject is used up: ask again tomorrow")


def _verifications(answers: record_pb2.Answers, subjects: int) -> tuple[bool, ...]:
    if answers.WhichOneof("kind") != "verify" or len(answers.verify.results) != subjects:
        raise _mismatch("verify")
    return tuple(answers.verify.results)


def _field_values(answers: record_pb2.Answers, subjects: int) -> tuple[str | None, ...]:
    if answers.WhichOneof("kind") != "field" or len(answers.field.answers) != subjects:
        raise _mismatch("field")
    return tuple(answer.value if answer.present else None for answer in answers.field.answers)


def statistic(response: desk_pb2.DeskServiceAskResponse) -> Statistic:
    """The release in a response."""
    if response.answers.WhichOneof("kind") != "statistic":
        raise _mismatch("statistic")
    release = response.answers.statistic
    return Statistic(
        cells=tuple(Cell(tuple(cell.key), cell.count) for cell in release.cells),
        epsilon_micros=release.epsilon_micros,
        accuracy_95=release.accuracy_95,
        snapshot=release.snapshot,
        reused=release.reused,
        proof=proof(response.proof),
    )


def chunk_result(response: desk_pb2.DeskServiceAskBatchResponse, subjects: int) -> ChunkResult:
    """The answers or the refusal of a chunk of `subjects`. Raises NodeError when they do not fit it."""
    answers: tuple[bool, ...] | tuple[str | None, ...] = ()
    refusal = None
    if response.WhichOneof("result") == "refusal":
        refusal = _refusal(response.refusal)
    elif response.answers.WhichOneof("kind") == "field":
        answers = _field_values(response.answers, subjects)
    else:
        answers = _verifications(response.answers, subjects)
    over_limit = frozenset(response.answers.refused)
    return ChunkResult(response.chunk, answers, over_limit, refusal, proof(response.proof))


def _refusal(message: desk_pb2.Refusal) -> Refusal:
    try:
        reason = Reason(message.reason)
    except ValueError:
        reason = Reason.INTERNAL
    return Refusal(reason, message.rule, message.clause, message.message)


def _mismatch(kind: str) -> NodeError:
    return NodeError(
        Reason.QUERY_INVALID, f"the answer is not one to a {kind} question: look up its kind in the catalogue"
    )


def node_status(message: desk_pb2.GetStatusResponse) -> NodeStatus:
    """From a message."""
    return NodeStatus(
        department=message.department,
        title=message.title,
        version=message.version,
        state=message.state,
        problems=tuple(message.problems),
        log_size=message.log_size,
        checkpoint=message.checkpoint,
        directory_version=message.directory_version,
        directory_expires=time_of(message.directory_expires_ms),
        policy_digest=message.policy_digest,
        datasets=tuple(
            DatasetStatus(d.dataset, d.snapshot, d.rows, d.invalid_subjects, d.duplicates, d.problem)
            for d in message.datasets
        ),
        active_grants=message.active_grants,
        keys=tuple(KeyStatus(key.use, key.key_id, time_of(key.expires_ms)) for key in message.keys),
        workdays_known_until=message.workdays_known_until,
        holidays_digest=message.holidays_digest,
        policies_unsigned=message.policies_unsigned,
        policy_version=message.policy_version,
        policy_valid_until=time_of(message.policy_valid_until_ms),
        policy_approved=tuple(message.policy_approved),
        waiting=tuple(
            WaitingDataset(each.dataset, tuple(each.lacking), tuple(each.problems))
            for each in message.waiting
        ),
        waiting_total=message.waiting_total,
        clock=ClockStatus(
            message.clock.standing,
            time_of(message.clock.node_ms),
            time_of(message.clock.system_ms),
            message.clock.told,
        ),
        sqlite=message.sqlite,
    )


def revoked_certificate(message: desk_pb2.RevokedDeskCertificate) -> RevokedCertificate:
    """From a message."""
    return RevokedCertificate(message.fingerprint.hex(), time_of(message.time_ms), message.reason)


def time_of(milliseconds: int) -> datetime | None:
    """The UTC time of milliseconds since 1970-01-01; None for 0, which says that there is none."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
