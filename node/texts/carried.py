"""Messages as JSON, for other processes and other nodes: keys and arguments travel, never texts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Final, TypeAlias

from node.texts.message import Message, Value
from node.texts.wording import can_say, utc

_Json: TypeAlias = "str | int | float | list[_Json] | dict[str, _Json]"
_MOST_DEEP: Final = 8
_CLOSED: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,79}").fullmatch
LONGEST: Final = 16_384
"""Characters of a message as JSON that are read."""


def to_text(message: Message) -> str:
    """A message as one line of JSON."""
    return json.dumps(_plain(message), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _plain(value: Value) -> _Json:
    if isinstance(value, Message):
        return {"key": value.key, "args": {name: _plain(each) for name, each in value.args.items()}}
    if isinstance(value, datetime):
        return {"at": utc(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def from_text(text: str) -> Message | None:
    """The message in a line of JSON; None for what is none, or what this version has no text for."""
    if len(text) > LONGEST:
        return None
    try:
        found = _value(json.loads(text), 0)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, Message) else None


def _value(read: object, depth: int) -> Value:
    if depth > _MOST_DEEP or isinstance(read, bool):
        raise ValueError
    if isinstance(read, str | int | float):
        return read
    if isinstance(read, list):
        return tuple(_value(each, depth + 1) for each in read)
    if isinstance(read, dict) and read.keys() == {"at"} and isinstance(read["at"], str):
        return datetime.fromisoformat(read["at"]).astimezone(UTC)
    if isinstance(read, dict) and read.keys() == {"key", "args"} and isinstance(read["args"], dict):
        message = Message(
            str(read["key"]), {name: _value(each, depth + 1) for name, each in read["args"].items()}
        )
        if can_say(message):
            return message
    raise ValueError


def is_closed(value: Value) -> bool:
    """Whether a message is filled with numbers, times and names alone: no sentence of others fits in."""
    if isinstance(value, Message):
        return all(map(is_closed, value.args.values()))
    if isinstance(value, tuple):
        return all(map(is_closed, value))
    return not isinstance(value, str) or _CLOSED(value) is not None
