"""Messages as JSON, for other processes and for the clients of the own desk: keys and arguments, never texts.

No message of another department's node is read: whoever chooses among our texts and fills them can say much.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final, TypeAlias

from node.texts.message import Message, Value
from node.texts.wording import can_say

_Json: TypeAlias = "str | int | float | list[_Json] | dict[str, _Json]"
_MOST_DEEP: Final = 8
_LARGEST: Final = 2**53
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
LONGEST: Final = 16_384
"""Characters of a message as JSON that are read."""


def to_text(message: Message) -> str:
    """A message as one line of JSON."""
    return json.dumps(_plain(message), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _plain(value: Value) -> _Json:
    if isinstance(value, Message):
        return {"key": value.key, "args": {name: _plain(each) for name, each in value.args.items()}}
    if isinstance(value, datetime):
        return {"at": value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value


def from_text(text: str) -> Message | None:
    """The message in a line of JSON; None for what is none, or what this version has no text for."""
    if len(text) > LONGEST:
        return None
    try:
        found = _value(json.loads(text, parse_constant=_refuse), 0)
    except (ValueError, OverflowError, RecursionError):
        return None
    return found if isinstance(found, Message) else None


def _refuse(number: str) -> float:
    raise ValueError(number)


def _value(read: object, depth: int) -> Value:
    if depth > _MOST_DEEP or isinstance(read, bool):
        raise ValueError
    if isinstance(read, int | float) and not abs(read) <= _LARGEST:
        raise ValueError
    if isinstance(read, str | int | float):
        return read
    if isinstance(read, list):
        return tuple(_value(each, depth + 1) for each in read)
    if isinstance(read, dict) and read.keys() == {"at"} and isinstance(read["at"], str):
        moment = datetime.fromisoformat(read["at"]).astimezone(UTC)
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise ValueError
        return moment
    if isinstance(read, dict) and read.keys() == {"key", "args"} and isinstance(read["args"], dict):
        message = Message(
            str(read["key"]), {name: _value(each, depth + 1) for name, each in read["args"].items()}
        )
        if can_say(message):
            return message
    raise ValueError
