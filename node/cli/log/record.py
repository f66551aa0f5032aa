"""Shows usage records to people: a line each, or everything as JSON."""

from __future__ import annotations

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from node.cli.terminal.output import Json, when_ms
from node.core.log.usage import parse_record
from node.errors import NodeError, Reason
from node.texts.wording import t
from node.v1 import record_pb2 as pb

_OUTCOME = {
    pb.OUTCOME_KIND_ANSWERED: "answered",
    pb.OUTCOME_KIND_DENIED: "denied",
    pb.OUTCOME_KIND_FAILED: "failed",
    pb.OUTCOME_KIND_ABANDONED: "abandoned",
}


def row(index: int, leaf: bytes) -> tuple[str, ...]:
    """Index, time, kind, other side, what, purpose, result and policies of a record."""
    try:
        record = parse_record(leaf)
    except NodeError:
        return (str(index), "-", t("log.unreadable"), "-", "-", "-", "-", "-")
    kind = record.WhichOneof("body") or ""
    before = (str(index), when_ms(record.time_ms), t(f"log.{kind}"))
    match kind:
        case "intent":
            return (*before, record.provider, _asked(record.intent), record.intent.purpose, "-", "-")
        case "verdict":
            verdict = record.verdict
            intent = _intent(verdict.intent)
            asked, result = _asked(intent), _decision(verdict)
            return (*before, record.requester, asked, intent.purpose, result, _policies(verdict))
        case "outcome":
            outcome = record.outcome
            return (*before, record.provider, _exchange(record), "-", _outcome(outcome), _policies(outcome))
        case "refusals":
            refusals = record.refusals
            return (
                *before,
                record.requester or "-",
                f"{refusals.count}x",
                "-",
                _reason(refusals.reason),
                "-",
            )
        case _:
            admin = record.admin
            return (*before, admin.role, _done(record), "-", admin.note or "-", "-")


def describe(index: int, leaf: bytes) -> Json:
    """Everything that a record says; a verdict's intent is opened too.

    `policies` is the digest (hex) that `dxnode status` names policies by, "" where nothing was decided.
    """
    try:
        record = parse_record(leaf)
    except NodeError:
        return {"index": index, "leaf": leaf.hex()}
    body = _members(record)
    if record.WhichOneof("body") == "verdict":
        intent = _intent(record.verdict.intent)
        body["asked"] = _members(intent)
    decided = record.verdict.policy_digest or record.outcome.policy_digest
    return {
        "index": index,
        "time": when_ms(record.time_ms).replace(" ", "T"),
        "policies": decided.hex(),
        "record": body,
    }


def _members(message: Message) -> dict[str, Json]:
    """The fields of a message that are set, as JSON: bytes in hex like everywhere, enums by name."""
    return {
        field.name: [_member(field, each) for each in value] if field.is_repeated else _member(field, value)
        for field, value in message.ListFields()
    }


def _member(field: FieldDescriptor, value: object) -> Json:
    if isinstance(value, Message):
        return _members(value)
    if isinstance(value, bytes):
        return value.hex()
    if field.enum_type is not None and isinstance(value, int):
        known = field.enum_type.values_by_number.get(value)
        return known.name if known is not None else value
    return value if isinstance(value, bool | int | float | str) else str(value)


def _done(record: pb.UsageRecord) -> str:
    """What staff did; of a clock, from which time to which the log went."""
    admin = record.admin
    if not admin.HasField("clock"):
        return f"{admin.action} {admin.object}"
    last = admin.clock.last_record_ms
    return f"{admin.action} {when_ms(last) if last else '-'} → {when_ms(record.time_ms)}"


def _intent(leaf: bytes) -> pb.Intent:
    try:
        return parse_record(leaf).intent
    except NodeError:
        return pb.Intent()


def _asked(intent: pb.Intent) -> str:
    parameters = ", ".join(f"{parameter.name}={parameter.value}" for parameter in intent.parameters)
    asked = f"{intent.dataset}/{intent.question}"
    return f"{asked} ({parameters})" if parameters else asked


def _decision(verdict: pb.Verdict) -> str:
    if verdict.decision == pb.DECISION_PERMIT:
        return f"{t('label.permit')} {verdict.rule}".rstrip()
    return f"{t('label.deny')} {_reason(verdict.reason)} {verdict.clause}".rstrip()


def _outcome(outcome: pb.Outcome) -> str:
    kind = _OUTCOME.get(outcome.kind, "unreadable")
    return f"{t(f'log.{kind}')} {_reason(outcome.reason) if outcome.reason else ''}".rstrip()


def _policies(decided: pb.Verdict | pb.Outcome) -> str:
    """As much of the digest as `dxnode status` shows."""
    return decided.policy_digest.hex()[:16] or "-"


def _exchange(record: pb.UsageRecord) -> str:
    return record.exchange_id.hex()[:8]


def _reason(number: int) -> str:
    return Reason(number).name if number in Reason.__members__.values() else "-"
