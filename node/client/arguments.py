"""Looks at what a program hands to the client: a wrong type is told by name, before anything is asked.

What comes of it otherwise is an error deep in a library, or an answer that was not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from node.errors import NodeError, Reason
from node.texts.message import Message
from node.texts.wording import say


def require(argument: str, value: object, wanted: type | tuple[type, ...], shown: str = "") -> None:
    """Raises TypeError, without the value, unless that is of the type `wanted`, named `shown`."""
    if not isinstance(value, wanted) or isinstance(value, bool):
        name = shown or (wanted.__name__ if isinstance(wanted, type) else "")
        args = {"argument": argument, "wanted": name, "type": type(value).__name__}
        raise TypeError(say(Message("error.client.argument-type", args), "en"))


def require_texts(argument: str, value: object) -> None:
    """Raises TypeError unless `value` is a mapping of text to text, such as parameters."""
    require(argument, value, Mapping, "dict[str, str]")
    assert isinstance(value, Mapping)
    for name, each in value.items():
        require(f"a name in {argument}", name, str)
        require(f"{argument}[{name!r}]", each, str)


def id_bytes(argument: str, value: bytes | str) -> bytes:
    """An id as its 16 bytes, given so or in hex, as errors and `--json` tell it; none (b"" or "") as b"".

    Raises NodeError QUERY_INVALID for a text that is no id, TypeError for anything else.
    """
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, str):
        try:
            return UUID(value).bytes if value else b""
        except ValueError:
            raise NodeError(Reason.QUERY_INVALID, "error.client.id-malformed", argument=argument) from None
    require(argument, value, bytes)
    return value
