"""Reads messages from other parties, and writes them: in canonical bytes of what this node knows.

A message has one spelling: fields in ascending order of their numbers; fields without presence left out
at their default; each field once, repeated numbers packed; entries of maps sorted by key, with key and
value in each; every varint as short as can be; enums at a number that is declared. It is what protobuf's
deterministic encoder (upb) writes, and tests/property/test_wire_properties.py holds that to another one.

Nothing else is read: what the schema does not know would travel through, unchecked, into logs that are kept
for good. docs/wire.md says all this for those who write another node.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, TypeVar

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtoMessage

from node.errors import NodeError, Reason
from node.texts.message import Message

M = TypeVar("M", bound=ProtoMessage)


def read(kind: type[M], body: bytes, what: str, reason: Reason = Reason.ENVELOPE_INVALID) -> M:
    """The message whose canonical bytes are `body`; `what` is the key of a text that names it.

    Raises NodeError(`reason`).
    """
    try:
        message = kind.FromString(body)
    except DecodeError:
        raise NodeError(reason, "error.wire.unreadable", what=Message(what)) from None
    message.DiscardUnknownFields()
    enums = _enums_of(kind.DESCRIPTOR)
    if write(message) != body or (enums is not None and not _enums_known(message, enums)):
        raise NodeError(
            reason,
            "error.wire.unknown-fields",
            what=Message(what),
        )
    return message


def write(message: ProtoMessage) -> bytes:
    """The canonical bytes of a message that holds nothing unknown."""
    return message.SerializeToString(deterministic=True)


def is_map(field: FieldDescriptor) -> bool:
    """Whether a field is a map."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


class _Enum(NamedTuple):
    """A field that is an enum of these numbers, or a message that has such fields `inside`."""

    name: str
    repeated: bool
    numbers: frozenset[int]
    inside: _Enums | None


class _Enums(NamedTuple):
    """The fields of a message that are enums or hold some; of each oneof those that do, by name."""

    fields: tuple[_Enum, ...]
    choices: tuple[tuple[str, Mapping[str, _Enums]], ...]


@cache
def _enums_of(kind: Descriptor) -> _Enums | None:
    fields: list[_Enum] = []
    choices: dict[str, dict[str, _Enums]] = {}
    for field in kind.fields:
        if field.enum_type is not None:
            numbers = frozenset(field.enum_type.values_by_number)
            fields.append(_Enum(field.name, field.is_repeated, numbers, None))
        elif field.message_type is not None and (inside := _enums_of(field.message_type)) is not None:
            # No map of ours has enums or messages in it; the values of one that had would be looked into.
            assert not is_map(field)
            if field.containing_oneof is None:
                fields.append(_Enum(field.name, field.is_repeated, frozenset(), inside))
            else:
                choices.setdefault(field.containing_oneof.name, {})[field.name] = inside
    return _Enums(tuple(fields), tuple(choices.items())) if fields or choices else None


def _enums_known(message: ProtoMessage, enums: _Enums) -> bool:
    """Whether each enum has a number that is declared: protobuf keeps any other as it came."""
    # Every message that comes passes here, so there is no call that can be spared.
    for name, repeated, numbers, inside in enums.fields:
        if inside is None:
            value = getattr(message, name)
            if not (all(each in numbers for each in value) if repeated else value in numbers):
                return False
        elif repeated:
            if not all(_enums_known(each, inside) for each in getattr(message, name)):
                return False
        elif message.HasField(name) and not _enums_known(getattr(message, name), inside):
            return False
    for oneof, choice in enums.choices:
        name = message.WhichOneof(oneof)
        inside = choice.get(name) if name is not None else None
        if inside is not None and not _enums_known(getattr(message, name), inside):
            return False
    return True
