"""Every way to spell a message otherwise is refused, one by one."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message as ProtoMessage
from support.canonical import delimited, varint

from node.core import wire
from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2, exchange_pb2, grant_pb2
from node.v1 import record_pb2 as rec

_ENTRY = b"\x0a\x01a\x12\x01b"
OTHERWISE: dict[str, tuple[type[ProtoMessage], bytes]] = {
    "unknown field": (rec.Intent, delimited(999, b"x")),
    "unknown group": (rec.Intent, varint(999 << 3 | 3) + varint(999 << 3 | 4)),
    "unknown field inside": (rec.UsageRecord, delimited(10, delimited(999, b"x"))),
    "unknown field in a list": (rec.Opening, delimited(2, delimited(999, b"x"))),
    "unknown field in a map": (rec.Subject, delimited(2, _ENTRY + delimited(3, b"x"))),
    "known field of another type": (rec.Intent, delimited(7, b"x")),
    "default written out": (rec.Intent, varint(7 << 3) + b"\x00"),
    "empty text written out": (rec.Intent, delimited(1, b"")),
    "varint too long": (rec.Intent, varint(7 << 3) + b"\x81\x00"),
    "number too large for its type": (rec.Intent, varint(7 << 3) + varint(2**32 + 1)),
    "bool that is neither 0 nor 1": (rec.FieldAnswer, b"\x08\x02"),
    "tag too long": (rec.Intent, b"\x8a\x00\x01a"),
    "length too long": (rec.Intent, b"\x0a\x81\x00a"),
    "order": (rec.Intent, delimited(2, b"b") + delimited(1, b"a")),
    "field twice": (rec.Intent, delimited(1, b"a") * 2),
    "message in two parts": (
        rec.UsageRecord,
        delimited(10, delimited(1, b"a")) + delimited(10, delimited(2, b"b")),
    ),
    "two of a oneof": (rec.UsageRecord, delimited(10, b"") + delimited(11, b"")),
    "numbers not packed": (rec.VerifyAnswers, b"\x08\x01\x08\x01"),
    "numbers packed in two parts": (rec.VerifyAnswers, b"\x0a\x01\x01\x0a\x01\x01"),
    "no numbers written out": (rec.VerifyAnswers, b"\x0a\x00"),
    "keys not sorted": (rec.Subject, delimited(2, b"\x0a\x01b\x12\x01b") + delimited(2, _ENTRY)),
    "key twice": (rec.Subject, delimited(2, _ENTRY) * 2),
    "entry without value": (rec.Subject, delimited(2, b"\x0a\x01a")),
    "entry in another order": (rec.Subject, delimited(2, b"\x12\x01b\x0a\x01a")),
    "enum that is not declared": (rec.Verdict, varint(3 << 3) + b"\x63"),
    "enum inside": (rec.UsageRecord, delimited(11, varint(3 << 3) + b"\x63")),
    "enum in a list": (grant_pb2.ListGrantsResponse, delimited(1, varint(10 << 3) + b"\x63")),
    "enum in a field of a list": (
        catalogue_pb2.SearchCatalogueResponse,
        delimited(1, delimited(1, varint(4 << 3) + b"\x63")),
    ),
    "enum of a suite": (exchange_pb2.Envelope, varint(2 << 3) + b"\x63"),
    "text that is not UTF-8": (rec.Intent, delimited(1, b"\xff\xff")),
    "cut": (rec.Intent, delimited(1, b"abc")[:-1]),
    "zero bytes behind": (rec.Intent, delimited(1, b"a") + b"\x00"),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_another_spelling_is_refused_and_quotes_nothing(name: str) -> None:
    kind, body = OTHERWISE[name]
    with pytest.raises(NodeError) as refused:
        wire.read(kind, body, "error.wire.of.message")
    assert refused.value.reason is Reason.ENVELOPE_INVALID
    assert refused.value.message.startswith("the message ")
    assert refused.value.metadata == {}


def test_presence_is_part_of_the_spelling() -> None:
    assert wire.read(rec.UsageRecord, delimited(10, b""), "error.wire.of.record").HasField("intent")
    assert not wire.read(rec.UsageRecord, b"", "error.wire.of.record").HasField("intent")
    entry = catalogue_pb2.Field(minimum=0)
    assert wire.read(catalogue_pb2.Field, wire.write(entry), "error.wire.of.message").HasField("minimum")


def test_reason_is_the_callers() -> None:
    with pytest.raises(NodeError) as refused:
        wire.read(rec.Intent, b"\xff", "error.wire.of.record", Reason.QUERY_INVALID)
    assert refused.value.reason is Reason.QUERY_INVALID
