"""Between the wire messages of the desk and the client's values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from node.client.results import (
    AccountStatus,
    Cell,
    ChunkResult,
    ClockStatus,
    DatasetStatus,
    KeyStatus,
    Load,
    LostState,
    NodeStatus,
    PeerContradiction,
    PeerLog,
    Proof,
    Refusal,
    Reloaded,
    RevokedCertificate,
    Statistic,
    Subject,
    WaitingDataset,
)
from node.core.state.part import Part, PartKind, PartProblem
from node.errors import NodeError, Reason, wording_of
from node.texts.carried import from_text
from node.texts.message import Message, Value
from node.v1 import desk_pb2, record_pb2

"""Kind of a question to the command that asks it."""
_EXACTNESS: Mapping[int, str] = {
    desk_pb2.EXACTNESS_READ: "read",
    desk_pb2.EXACTNESS_CHECKED: "checked",
    desk_pb2.EXACTNESS_CHECKING: "checking",
    desk_pb2.EXACTNESS_UNCHECKED: "unchecked",
}


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
        data_as_of=time_of(message.load.as_of_ms),
        data_overdue=message.load.overdue,
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
        raise NodeError(Reason.QUOTA_EXHAUSTED, "error.client.subject-limit-used-up")


def _verifications(answers: record_pb2.Answers, subjects: int) -> tuple[bool, ...]:
    if answers.WhichOneof("kind") != "verify" or len(answers.verify.results) != subjects:
        raise _mismatch("error.client.no-verify-answer")
    return tuple(answers.verify.results)


def _field_values(answers: record_pb2.Answers, subjects: int) -> tuple[str | None, ...]:
    if answers.WhichOneof("kind") != "field" or len(answers.field.answers) != subjects:
        raise _mismatch("error.client.no-field-answer")
    return tuple(answer.value if answer.present else None for answer in answers.field.answers)


def statistic(response: desk_pb2.DeskServiceAskResponse) -> Statistic:
    """The release in a response."""
    if response.answers.WhichOneof("kind") != "statistic":
        raise _mismatch("error.client.no-statistic-answer")
    release = response.answers.statistic
    return Statistic(
        cells=tuple(Cell(tuple(cell.key), cell.count) for cell in release.cells),
        epsilon_micros=release.epsilon_micros,
        accuracy_95=release.accuracy_95,
        load=_load(release.load),
        reused=release.reused,
        proof=proof(response.proof),
    )


def chunk_result(response: desk_pb2.DeskServiceAskBatchResponse, subjects: int) -> ChunkResult:
    """The answers or the refusal of a chunk of `subjects`. Raises NodeError when they do not fit it."""
    answers: tuple[bool, ...] | tuple[str | None, ...] = ()
    refused = None
    if response.WhichOneof("result") == "refusal":
        refused = refusal(response.refusal)
    elif response.answers.WhichOneof("kind") == "field":
        answers = _field_values(response.answers, subjects)
    else:
        answers = _verifications(response.answers, subjects)
    over_limit = frozenset(response.answers.refused)
    return ChunkResult(response.chunk, answers, over_limit, refused, proof(response.proof))


def refusal(message: desk_pb2.Refusal) -> Refusal:
    """From a message; of a reason that is not known here, INTERNAL."""
    try:
        reason = Reason(message.reason)
    except ValueError:
        reason = Reason.INTERNAL
    return Refusal(reason, message.rule, message.clause, from_text(message.wording) or wording_of(reason))


def _mismatch(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.QUERY_INVALID, key, **args)


def _load(message: record_pb2.DataLoad) -> Load:
    return Load(message.number, time_of(message.time_ms), time_of(message.as_of_ms))


def _wording(text: str) -> Message:
    """What a node tells; of a newer one there may be no text here."""
    return from_text(text) or Message("state.unknown")


def _part_problem(message: desk_pb2.PartProblem) -> PartProblem:
    kind = PartKind(message.part) if message.part in set(PartKind) else PartKind.OTHER
    return PartProblem(Part(kind, message.name), _wording(message.wording))


def reloaded(message: desk_pb2.ReloadResponse) -> Reloaded:
    """From a message."""
    return Reloaded(
        tuple(map(_wording, message.done_wordings)), tuple(map(_part_problem, message.part_problems))
    )


def node_status(message: desk_pb2.GetStatusResponse) -> NodeStatus:
    """From a message."""
    problems = tuple(map(_part_problem, message.part_problems))
    of_sources: dict[str, PartProblem] = {}
    for each in problems:
        if each.part.kind is PartKind.SOURCE:
            of_sources.setdefault(each.part.name, each)
    return NodeStatus(
        department=message.department,
        title=message.title,
        version=message.version,
        state=message.state,
        problems=problems,
        log_size=message.log_size,
        checkpoint=message.checkpoint,
        directory_version=message.directory_version,
        directory_expires=time_of(message.directory_expires_ms),
        policy_digest=message.policy_digest,
        datasets=tuple(_dataset(each, of_sources.get(each.dataset)) for each in message.datasets),
        active_grants=message.active_grants,
        keys=tuple(KeyStatus(key.use, key.key_id, time_of(key.expires_ms)) for key in message.keys),
        workdays_known_until=message.workdays_known_until,
        holidays_digest=message.holidays_digest,
        policies_unsigned=message.policies_unsigned,
        policy_version=message.policy_version,
        policy_valid_until=time_of(message.policy_valid_until_ms),
        policy_approved=tuple(message.policy_approved),
        waiting=tuple(
            WaitingDataset(each.dataset, tuple(each.lacking), tuple(map(_wording, each.problem_wordings)))
            for each in message.waiting
        ),
        waiting_total=message.waiting_total,
        notices=tuple(map(_wording, message.notice_wordings)),
        lost=_lost(message.lost) if message.HasField("lost") else None,
        stopped_peers=tuple(message.stopped_peers),
        clock=ClockStatus(
            message.clock.standing,
            time_of(message.clock.node_ms),
            time_of(message.clock.system_ms),
            message.clock.told,
        ),
        sqlite=message.sqlite,
        accounts=tuple(
            AccountStatus(
                each.account,
                tuple(each.datasets),
                tuple(each.counted_with),
                each.period,
                time_of(each.from_ms),
                time_of(each.until_ms),
                each.spent_micros,
                each.limit_micros,
            )
            for each in message.accounts
        ),
    )


def _dataset(message: desk_pb2.DatasetStatus, problem: PartProblem | None) -> DatasetStatus:
    return DatasetStatus(
        dataset=message.dataset,
        load=_load(message.load),
        rows=message.rows,
        invalid_subjects=message.invalid_subjects,
        duplicates=message.duplicates,
        problem=problem,
        lines=message.lines,
        header_lines=message.header_lines,
        blank_lines=message.blank_lines,
        continued_lines=message.continued_lines,
        refused_values=message.refused_values,
        exactness=_EXACTNESS.get(message.exactness, ""),
    )


def _lost(message: desk_pb2.LostState) -> LostState:
    return LostState(
        own_size=message.own_size,
        own_root=message.own_root,
        seen_size=message.seen_size,
        seen_root=message.seen_root,
        seen_by=message.seen_by,
        found=time_of(message.found_ms),
        last_record=time_of(message.last_record_ms),
    )


def peer_log(message: desk_pb2.PeerLog) -> PeerLog:
    """From a message."""
    return PeerLog(
        department=message.department,
        newest=message.newest,
        newest_seen=time_of(message.newest_ms),
        proved=message.proved,
        proved_seen=time_of(message.proved_ms),
        stopped=message.stopped,
        contradictions=tuple(
            PeerContradiction(
                time_of(each.found_ms), each.kind, each.remembered, each.other, time_of(each.accepted_ms)
            )
            for each in message.contradictions
        ),
    )


def revoked_certificate(message: desk_pb2.RevokedDeskCertificate) -> RevokedCertificate:
    """From a message."""
    return RevokedCertificate(message.fingerprint.hex(), time_of(message.time_ms), message.reason)


def time_of(milliseconds: int) -> datetime | None:
    """The UTC time of milliseconds since 1970-01-01; None for 0, which says that there is none."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
