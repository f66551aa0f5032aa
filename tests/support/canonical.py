"""The canonical bytes of a message, by hand as docs/wire.md says, for `node.core.wire`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.message import Message as ProtoMessage

_PLAIN = (Field.TYPE_UINT32, Field.TYPE_UINT64, Field.TYPE_INT64, Field.TYPE_ENUM, Field.TYPE_BOOL)


def varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def delimited(number: int, body: bytes) -> bytes:
    """A field of bytes, text or message."""
    return varint(number << 3 | 2) + varint(len(body)) + body


def encode(message: ProtoMessage) -> bytes:
    """Ascending numbers; what has no presence is left out at its default."""
    fields = message.DESCRIPTOR.fields_by_number
    return b"".join(
        part for number in sorted(fields) for part in _parts(message, cast("Field", fields[number]))
    )


def _parts(message: ProtoMessage, field: Field) -> Iterator[bytes]:
    value = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        yield from _map(field.number, field.message_type, value)
    elif field.is_repeated:
        yield from _repeated(field, value)
    elif message.HasField(field.name) if field.has_presence else value != field.default_value:
        yield _tagged(field.number, field, value)


def _map(number: int, entry: Descriptor, value: Mapping[str, object]) -> Iterator[bytes]:
    of_key, of_value = entry.fields_by_name["key"], entry.fields_by_name["value"]
    # Where one key begins with another, the longer comes first: no byte is larger than the end.
    for key in sorted(value, key=lambda key: (*key.encode(), 256)):
        yield delimited(number, _tagged(1, of_key, key) + _tagged(2, of_value, value[key]))


def _repeated(field: Field, value: Iterable[object]) -> Iterator[bytes]:
    if field.type in (Field.TYPE_STRING, Field.TYPE_BYTES, Field.TYPE_MESSAGE):
        yield from (_tagged(field.number, field, each) for each in value)
    elif packed := b"".join(_number(field, each) for each in value):
        yield delimited(field.number, packed)


def _tagged(number: int, field: Field, value: object) -> bytes:
    if isinstance(value, ProtoMessage):
        return delimited(number, encode(value))
    if isinstance(value, str):
        return delimited(number, value.encode())
    if isinstance(value, bytes):
        return delimited(number, value)
    return varint(number << 3) + _number(field, value)


def _number(field: Field, value: object) -> bytes:
    assert isinstance(value, int)
    if field.type == Field.TYPE_SINT64:
        return varint(2 * value if value >= 0 else -2 * value - 1)
    assert field.type in _PLAIN, f"no message of ours has a field of type {field.type}"
    return varint(value % 2**64)
