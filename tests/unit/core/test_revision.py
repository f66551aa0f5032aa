"""What a node of an earlier revision does not know is taken out, wherever it stands, and nothing else."""

from __future__ import annotations

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.text_format import Parse

from node.core import wire
from node.core.revision import REVISION, _option, call_since, common, require_call, trim
from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2, desk_pb2, error_reason_pb2, exchange_pb2, grant_pb2, usage_log_pb2
from node.v1 import record_pb2 as rec
from node.v1 import revision_pb2 as pb

FILES = (catalogue_pb2, desk_pb2, error_reason_pb2, exchange_pb2, grant_pb2, rec, usage_log_pb2)
_FILE = """
name: "tests/revision.proto" package: "tests.revision" syntax: "proto3" dependency: "node/v1/revision.proto"
enum_type { name: "Why"
  value { name: "NONE" number: 0 } value { name: "BUSY" number: 1 }
  value { name: "VERY_BUSY" number: 2 options { [node.v1.value_since]: 2 [node.v1.value_before]: 1 } }
  value { name: "TOO_BUSY" number: 3 options { [node.v1.value_since]: 3 [node.v1.value_before]: 2 } }
  value { name: "GONE" number: 4 options { [node.v1.value_since]: 3 } } }
message_type { name: "Inner"
  field { name: "old" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "newer" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL options { [node.v1.since]: 2 } } }
message_type { name: "Outer"
  field { name: "one" number: 1 type: TYPE_MESSAGE type_name: ".tests.revision.Inner" label: LABEL_OPTIONAL }
  field { name: "many" number: 2 type: TYPE_MESSAGE type_name: ".tests.revision.Inner" label: LABEL_REPEATED }
  field { name: "why" number: 3 type: TYPE_ENUM type_name: ".tests.revision.Why" label: LABEL_OPTIONAL }
  field { name: "whys" number: 4 type: TYPE_ENUM type_name: ".tests.revision.Why" label: LABEL_REPEATED }
  field { name: "third" number: 5 type: TYPE_MESSAGE type_name: ".tests.revision.Inner" label: LABEL_OPTIONAL
          options { [node.v1.since]: 3 } } }
service { name: "Calls"
  method { name: "Old" input_type: ".tests.revision.Inner" output_type: ".tests.revision.Inner" }
  method { name: "Newer" input_type: ".tests.revision.Inner" output_type: ".tests.revision.Inner"
           options { [node.v1.call_since]: 2 } } }
"""


@pytest.fixture(scope="module")
def pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(Parse(_FILE, FileDescriptorProto()).SerializeToString())
    return pool


@pytest.fixture
def outer(pool: descriptor_pool.DescriptorPool) -> type[ProtoMessage]:
    return GetMessageClass(pool.FindMessageTypeByName("tests.revision.Outer"))


@pytest.fixture
def calls(pool: descriptor_pool.DescriptorPool) -> ServiceDescriptor:
    return pool.FindServiceByName("tests.revision.Calls")


def _full(outer: type[ProtoMessage]) -> ProtoMessage:
    inner = {"old": "a", "newer": "b"}
    return outer(one=inner, many=[inner, {"newer": "c"}], why=3, whys=[0, 1, 2, 3, 4], third=inner)


@pytest.mark.parametrize(
    ("revision", "left"),
    [
        (1, {"one": {"old": "a"}, "many": [{"old": "a"}, {}], "why": 1, "whys": [0, 1, 1, 1, 0]}),
        (
            2,
            {
                "one": {"old": "a", "newer": "b"},
                "many": [{"old": "a", "newer": "b"}, {"newer": "c"}],
                "why": 2,
                "whys": [0, 1, 2, 2, 0],
            },
        ),
    ],
)
def test_what_came_later_is_taken_out_wherever_it_stands(
    outer: type[ProtoMessage], revision: int, left: dict[str, object]
) -> None:
    message = _full(outer)
    assert trim(message, revision) is message
    assert message == outer(**left)


def test_what_is_known_stays(outer: type[ProtoMessage]) -> None:
    assert trim(_full(outer), 3) == _full(outer)
    assert trim(outer(), 1) == outer()
    assert not trim(outer(third={}), 1).HasField("one")


def test_a_call_that_is_not_known_is_not_made(calls: ServiceDescriptor) -> None:
    old, newer = calls.methods_by_name["Old"], calls.methods_by_name["Newer"]
    assert (call_since(old), call_since(newer)) == (1, 2)
    require_call(old, 1)
    require_call(newer, 2)
    with pytest.raises(NodeError) as refused:
        require_call(newer, 1)
    assert refused.value.reason is Reason.PEER_UNAVAILABLE


def test_a_pair_speaks_the_lower_of_their_revisions() -> None:
    assert [common(announced) for announced in (1, REVISION, REVISION + 5)] == [1, REVISION, REVISION]


def test_nothing_is_of_a_revision_that_is_still_to_come() -> None:
    named = [
        *(
            _option(field.GetOptions(), pb.since)
            for file in FILES
            for kind in file.DESCRIPTOR.message_types_by_name.values()
            for field in kind.fields
        ),
        *(
            call_since(m)
            for file in FILES
            for s in file.DESCRIPTOR.services_by_name.values()
            for m in s.methods
        ),
        *(
            _option(value.GetOptions(), pb.value_since)
            for file in FILES
            for enum in file.DESCRIPTOR.enum_types_by_name.values()
            for value in enum.values
        ),
    ]
    assert max(named) <= REVISION


def test_messages_of_today_are_left_as_they_are() -> None:
    record = rec.UsageRecord(
        version=1, verdict=rec.Verdict(decision=rec.DECISION_DENY, reason=Reason.TIMEOUT.wire)
    )
    assert trim(rec.UsageRecord.FromString(wire.write(record)), 1) == record
