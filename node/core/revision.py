"""Revisions of the schema: what a node knows that it talks to, so that it is sent that and nothing else.

A member announces its revision in the directory. With which revision a field, an enum value or a call came is
said by its option of `protos/node/v1/revision.proto`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message as ProtoMessage

from node.core.wire import is_map
from node.errors import NodeError, Reason
from node.texts.message import Message
from node.v1 import revision_pb2 as pb

REVISION: Final = 4
"""The revision that this node knows, and with it all before."""
M = TypeVar("M", bound=ProtoMessage)


def common(announced: int) -> int:
    """The revision that a pair speaks: what this node knows and the other one has `announced`."""
    return min(REVISION, announced)


def mismatch(announced: int) -> Message | None:
    """What to do if this node's own entry announces another revision than it knows, None if it does not."""
    if announced == REVISION:
        return None
    key = "newer" if announced > REVISION else "older"
    return Message(f"state.schema.{key}", {"announced": announced, "known": REVISION})


def trim(message: M, revision: int) -> M:
    """The message itself, without what came later: fields are cleared, values of enums replaced."""
    cuts = _cuts(message.DESCRIPTOR, revision)
    if cuts:  # as a rule there are none
        _trim(message, cuts)
    return message


def call_since(method: MethodDescriptor) -> int:
    """The revision that a call came with."""
    return _option(method.GetOptions(), pb.call_since) or 1


def require_call(method: MethodDescriptor, revision: int) -> None:
    """Raises NodeError(PEER_UNAVAILABLE) for a call that a node of this revision does not know."""
    if call_since(method) > revision:
        raise NodeError(
            Reason.PEER_UNAVAILABLE,
            "error.revision.peer-too-old",
            name=method.name,
        )


class _Cut(NamedTuple):
    """What to do with one field: clear it, replace values of its enum, or look into its messages."""

    name: str
    repeated: bool
    clear: bool
    instead: Mapping[int, int]
    inside: tuple[_Cut, ...]


@cache
def _cuts(kind: Descriptor, revision: int) -> tuple[_Cut, ...]:
    found: list[_Cut] = []
    for field in kind.fields:
        clear = _option(field.GetOptions(), pb.since) > revision
        instead = {} if field.enum_type is None else _instead(field.enum_type, revision)
        inside = () if field.message_type is None or clear else _cuts(field.message_type, revision)
        if clear or instead or inside:
            assert clear or not is_map(field)  # no map of ours has messages or enums in it
            found.append(_Cut(field.name, field.is_repeated, clear, MappingProxyType(instead), inside))
    return tuple(found)


def _instead(enum: EnumDescriptor, revision: int) -> dict[int, int]:
    """The numbers that are not known at a revision, and what is said in their place."""
    newer = {
        value.number: _option(value.GetOptions(), pb.value_before)
        for value in enum.values
        if _option(value.GetOptions(), pb.value_since) > revision
    }

    def known(number: int) -> int:
        while number in newer:
            number = newer[number]
        return number

    return {number: known(number) for number in newer}


def _option(options: ProtoMessage, extension: FieldDescriptor) -> int:
    value: int = options.Extensions[extension]  # type: ignore[index]  # the stubs know of no extension in proto3
    return value


def _trim(message: ProtoMessage, cuts: tuple[_Cut, ...]) -> None:
    for name, repeated, clear, instead, inside in cuts:
        if clear:
            message.ClearField(name)
        elif instead:
            value = getattr(message, name)
            if repeated:
                value[:] = [instead.get(each, each) for each in value]
            elif value in instead:
                setattr(message, name, instead[value])
        elif repeated:
            for each in getattr(message, name):
                _trim(each, inside)
        elif message.HasField(name):
            _trim(getattr(message, name), inside)
