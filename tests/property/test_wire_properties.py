"""Messages have one spelling: what another encoder of it writes is read, and every other is refused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st
from support.canonical import delimited, encode, varint
from support.examples import examples

from node.core import wire
from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2, desk_pb2, exchange_pb2, grant_pb2, record_pb2, usage_log_pb2

FILES = (catalogue_pb2, desk_pb2, exchange_pb2, grant_pb2, record_pb2, usage_log_pb2)
KINDS = [kind for file in FILES for kind in file.DESCRIPTOR.message_types_by_name.values()]
UNKNOWN = 999

texts = st.text(max_size=12)
_SCALARS: Mapping[int, st.SearchStrategy[object]] = {
    FieldDescriptor.TYPE_STRING: texts,
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=12),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.TYPE_UINT64: st.integers(0, 2**64 - 1),
    FieldDescriptor.TYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SINT64: st.integers(-(2**63), 2**63 - 1),
}


@cache
def messages(kind: Descriptor) -> st.SearchStrategy[ProtoMessage]:
    """Any message of a kind, with any of its fields."""
    fields = {field.name: _values(field) for field in kind.fields}
    return st.fixed_dictionaries({}, optional=fields).map(lambda values: GetMessageClass(kind)(**values))


def _values(field: FieldDescriptor) -> st.SearchStrategy[object]:
    if wire.is_map(field):
        return st.dictionaries(texts, texts, max_size=4)
    one: st.SearchStrategy[object]
    if field.message_type is not None:
        one = st.deferred(lambda: messages(field.message_type))
    elif field.enum_type is not None:
        one = st.sampled_from(sorted(field.enum_type.values_by_number))
    else:
        one = _SCALARS[field.type]
    return st.lists(one, max_size=3) if field.is_repeated else one


def refused(kind: type[ProtoMessage], body: bytes) -> bool:
    """Whether the bytes are refused, for the reason that they are none of ours."""
    try:
        wire.read(kind, body, "error.wire.of.message")
    except NodeError as error:
        return error.reason is Reason.ENVELOPE_INVALID
    return False


@examples(300)
@given(kind=st.sampled_from(KINDS), data=st.data())
def test_a_message_has_the_bytes_that_another_encoder_writes(kind: Descriptor, data: st.DataObject) -> None:
    message = data.draw(messages(kind))
    body = encode(message)
    assert wire.write(message) == body
    assert wire.read(type(message), body, "error.wire.of.message") == message


@examples(300)
@given(kind=st.sampled_from(KINDS), data=st.data())
def test_what_the_schema_does_not_know_is_refused_wherever_it_stands(
    kind: Descriptor, data: st.DataObject
) -> None:
    message = data.draw(messages(kind))
    body = wire.write(message)
    for place in _places(message):
        before = wire.write(place)
        for extra in (delimited(UNKNOWN, b"x"), varint(UNKNOWN << 3) + b"\x01"):
            place.MergeFromString(extra)
            assert refused(type(message), wire.write(message))
            place.DiscardUnknownFields()
        assert wire.write(place) == before
    assert not refused(type(message), body)


def _places(message: ProtoMessage) -> list[ProtoMessage]:
    """The message and all that are inside it."""
    found = [message]
    for field, value in message.ListFields():
        if field.message_type is not None and not wire.is_map(field):
            for each in value if field.is_repeated else (value,):
                found += _places(each)
    return found


@examples(300)
@given(kind=st.sampled_from(KINDS), data=st.data())
def test_any_other_spelling_of_a_message_is_refused(kind: Descriptor, data: st.DataObject) -> None:
    message = data.draw(messages(kind))
    body = encode(message)
    parts = [encode(part) for part in _apart(message)]
    shuffled = b"".join(data.draw(st.permutations(parts)))
    assert refused(type(message), shuffled) is (shuffled != body)
    for part in parts:  # once more
        assert refused(type(message), body + part) is (
            encode(type(message).FromString(body + part)) != body + part
        )


def _apart(message: ProtoMessage) -> list[ProtoMessage]:
    """A message for each field that is set."""
    found = []
    for field, _ in message.ListFields():
        one = type(message)()
        one.CopyFrom(message)
        for other, _ in message.ListFields():
            if other.number != field.number:
                one.ClearField(other.name)
        found.append(one)
    return found


@examples(300)
@given(kind=st.sampled_from(KINDS), body=st.binary(max_size=60))
def test_any_bytes_are_the_one_spelling_of_a_message_or_refused(kind: Descriptor, body: bytes) -> None:
    made = GetMessageClass(kind)
    if not refused(made, body):
        assert encode(made.FromString(body)) == body
