"""Shows usage records to people: a row each, or everything as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from node.cli.terminal.output import Json, when_ms
from node.core.log.usage import parse_record
from node.errors import NodeError, Reason
from node.texts.wording import listing, t
from node.v1 import record_pb2 as pb

_OUTCOME = {
    pb.OUTCOME_KIND_ANSWERED: "answered",
    pb.OUTCOME_KIND_DENIED: "denied",
    pb.OUTCOME_KIND_FAILED: "failed",
    pb.OUTCOME_KIND_ABANDONED: "abandoned",
}


COLUMNS: Final = ("index", "time", "kind", "other", "what", "purpose", "result", "policies", "exchange")
"""What a row says, by the keys of their titles."""

Intents = Mapping[bytes, pb.Intent]
"""What was asked, by the id of the exchange."""


def intents_in(leaves: Iterable[bytes]) -> Intents:
    """The intents among records."""
    found: dict[bytes, pb.Intent] = {}
    for leaf in leaves:
        with suppress(NodeError):
            record = parse_record(leaf)
            if record.HasField("intent"):
                found[record.exchange_id] = record.intent
    return found


def lacks_intent(leaves: Iterable[bytes], known: Intents) -> bool:
    """Whether one of the records is of an outcome of which it is not known what was asked."""
    for leaf in leaves:
        with suppress(NodeError):
            record = parse_record(leaf)
            if record.HasField("outcome") and record.exchange_id not in known:
                return True
    return False


def row(index: int, leaf: bytes, intents: Intents) -> tuple[str, ...]:
    """What a record says, in the order of `COLUMNS`; `intents` has what outcomes are of, as far as known."""
    try:
        record = parse_record(leaf)
    except NodeError:
        return (str(index), "-", t("log.unreadable"), *["-"] * (len(COLUMNS) - 3))
    kind = record.WhichOneof("body") or ""
    before = (str(index), when_ms(record.time_ms), t(f"log.{kind}"))
    exchange = record.exchange_id.hex() or "-"
    match kind:
        case "intent":
            return (*before, record.provider, *_asked(record.intent), "-", "-", exchange)
        case "verdict":
            verdict = record.verdict
            asked = _asked(_intent(verdict.intent))
            return (*before, record.requester, *asked, _decision(verdict), _policies(verdict), exchange)
        case "outcome":
            outcome = record.outcome
            asked = _asked(intents.get(record.exchange_id, pb.Intent()))
            return (*before, record.provider, *asked, _outcome(outcome), _policies(outcome), exchange)
        case "refusals":
            refusals = record.refusals
            # What the own desk did not let pass was meant for a provider; else somebody wanted to ask here.
            other = record.provider if refusals.HasField("attempt") else record.requester
            times = f"{refusals.count}x " if refusals.count > 1 else ""
            result = f"{times}{_reason(refusals.reason)}"
            return (*before, other or "-", *_asked(refusals.attempt), result, "-", exchange)
        case _:
            admin = record.admin
            return (*before, admin.role, _done(record), "-", admin.note or "-", "-", exchange)


def describe(index: int, leaf: bytes, intents: Intents) -> Json:
    """Everything that a record says; the intent that a verdict or an outcome is of is opened too.

    `policies` is the digest (hex) that `dxnode status` names policies by, "" where nothing was decided.
    """
    try:
        record = parse_record(leaf)
    except NodeError:
        return {"index": index, "leaf": leaf.hex()}
    body = _members(record)
    if record.HasField("verdict"):
        body["asked"] = _members(_intent(record.verdict.intent))
    elif record.HasField("outcome") and record.exchange_id in intents:
        body["asked"] = _members(intents[record.exchange_id])
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


def _asked(intent: pb.Intent) -> tuple[str, str]:
    """The question with its parameters, and the purpose; "-" for what is not on record."""
    parameters = listing(f"{parameter.name}={parameter.value}" for parameter in intent.parameters)
    asked = "/".join(filter(None, (intent.dataset, intent.question)))
    return (f"{asked} ({parameters})" if parameters else asked) or "-", intent.purpose or "-"


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


def _reason(number: int) -> str:
    return Reason(number).name if number in Reason.__members__.values() else "-"
