"""The one encoding of a grant: `node.v1.Grant`, on the wire and in the database."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import DecodeError

from node.core import wire
from node.core.bounds import MAX_SUBJECTS
from node.core.deciding.grant import Grant, GrantState
from node.core.identity import SubjectType
from node.core.milliseconds import from_ms, to_ms
from node.core.policy.question_kind import QuestionKind, kind_from_message, kind_to_message
from node.core.role import ASKING_ROLES
from node.errors import NodeError, Reason
from node.v1 import grant_pb2 as pb

_TO_STATE = {
    GrantState.ACTIVE: pb.GRANT_STATE_ACTIVE,
    GrantState.SUSPENDED: pb.GRANT_STATE_SUSPENDED,
    GrantState.REVOKED: pb.GRANT_STATE_REVOKED,
}
_SUBJECT_TYPES: Mapping[str, SubjectType] = {"resident_id": "resident_id", "credit_code": "credit_code"}
_FROM_STATE = {number: state for state, number in _TO_STATE.items()}


def grant_to_message(grant: Grant) -> pb.Grant:
    """As a message."""
    return pb.Grant(
        id=grant.id,
        provider=grant.provider,
        requester=grant.requester,
        dataset=grant.dataset,
        questions=sorted(grant.questions),
        purposes=grant.purposes,
        scope=pb.GrantScope(region=grant.region, subjects_per_day=grant.subjects_per_day),
        valid_from_ms=to_ms(grant.valid_from),
        valid_until_ms=to_ms(grant.valid_until),
        state=_TO_STATE[grant.state],
        basis=grant.basis,
        scenario=grant.scenario,
        note=grant.note,
        roles=grant.roles,
        kinds=map(kind_to_message, grant.kinds),
        subject_type=grant.subject_type or "",
        chunk_subjects=grant.chunk_subjects,
    )


def grant_from_message(message: pb.Grant) -> Grant:
    """From a message; an unknown state reads as revoked, no role as all that may ask.

    Raises NodeError(QUERY_INVALID) on bad times.
    """
    return Grant(
        id=message.id,
        provider=message.provider,
        requester=message.requester,
        dataset=message.dataset,
        questions=frozenset(message.questions),
        purposes=tuple(message.purposes),
        region=message.scope.region,
        subjects_per_day=message.scope.subjects_per_day,
        valid_from=from_ms(message.valid_from_ms),
        valid_until=from_ms(message.valid_until_ms),
        state=_FROM_STATE.get(message.state, GrantState.REVOKED),
        basis=message.basis,
        scenario=message.scenario,
        note=message.note,
        roles=tuple(message.roles) or ASKING_ROLES,
        kinds=_kinds(message),
        subject_type=_SUBJECT_TYPES.get(message.subject_type),
        chunk_subjects=_chunks(message),
    )


def _kinds(message: pb.Grant) -> tuple[QuestionKind, ...]:
    if len(message.kinds) != len(message.questions):
        return ()
    by_name = dict(zip(message.questions, map(kind_from_message, message.kinds), strict=True))
    return tuple(by_name[name] for name in sorted(by_name))


def _chunks(message: pb.Grant) -> tuple[int, ...]:
    told = message.chunk_subjects
    if len(told) != len(message.questions) or not all(1 <= each <= MAX_SUBJECTS for each in told):
        return ()
    by_name = dict(zip(message.questions, told, strict=True))
    return tuple(by_name[name] for name in sorted(by_name))


def grant_to_bytes(grant: Grant) -> bytes:
    """As the database keeps it."""
    return wire.write(grant_to_message(grant))


def grant_from_bytes(body: bytes) -> Grant:
    """From the database. Raises NodeError(LOG_CORRUPT) when it cannot be read."""
    try:
        return grant_from_message(pb.Grant.FromString(body))
    except DecodeError:
        raise NodeError(Reason.LOG_CORRUPT, "error.messages.grant-unreadable") from None
