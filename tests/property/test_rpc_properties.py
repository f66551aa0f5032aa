"""Whatever bytes or messages reach an RPC of either port get a typed status; the node serves on."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import dataclass

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.log_audit import audit
from support.running import (
    CASE,
    DEFERRAL,
    ENROLLED,
    Running,
    as_is,
    pension_town,
    resident,
    running,
)
from support.town import HR, TAX
from support.waiting import PATIENCE

from node.error_info import DOMAIN
from node.errors import Reason
from node.rpc.grpc_status import CODE_OF
from node.v1 import catalogue_pb2, desk_pb2, exchange_pb2, grant_pb2, usage_log_pb2

_FILES = (catalogue_pb2, desk_pb2, exchange_pb2, grant_pb2, usage_log_pb2)
_SERVICES = {
    service.name: service for file in _FILES for service in file.DESCRIPTOR.services_by_name.values()
}
EXCHANGE = ("ExchangeService", "UsageLogService", "CatalogueService", "GrantService")
DESK = ("DeskService", "AdminService", "UsageLogService", "CatalogueService", "GrantAdminService")
METHODS = [
    (port, method)
    for port, names in (("exchange", EXCHANGE), ("desk", DESK))
    for name in names
    for method in _SERVICES[name].methods
]
_IDS = [f"{port}-{method.full_name.rpartition('v1.')[2]}" for port, method in METHODS]
_FEW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True, slots=True)
class Ports:
    """A node, and a channel to each of its ports."""

    nodes: Running
    channels: dict[str, grpc.Channel]


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ports]:
    town = pension_town(tmp_path_factory.mktemp("town"))
    with running(town, HR, TAX) as nodes:
        nodes.grant()
        office = town.offices[TAX]
        tls = grpc.ssl_channel_credentials(
            town.tls_authority.certificate,
            (office.folder / "tls" / "exchange.key").read_bytes(),
            (office.folder / "tls" / "exchange.pem").read_bytes(),
        )
        with (
            grpc.secure_channel(town.member(HR).endpoint, tls) as exchange,
            grpc.insecure_channel(
                f"unix:{town.offices[HR].socket}", options=[("grpc.default_authority", "desk")]
            ) as desk,
        ):
            yield Ports(nodes, {"exchange": exchange, "desk": desk})


_TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(string.ascii_lowercase + "/-", max_size=30),
    st.sampled_from(
        [
            "",
            HR,
            TAX,
            "pension-insurance",
            "is-enrolled",
            DEFERRAL,
            CASE,
            resident(2),
            "g-0",
            "\0",
            "a" * 5000,
        ]
    ),
)
_BYTES = st.one_of(st.binary(max_size=40), st.just(bytes(16)), st.just(bytes(32)))
_SCALARS: dict[int, st.SearchStrategy[object]] = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(0, 10)),
    FieldDescriptor.CPPTYPE_UINT32: st.one_of(st.integers(0, 2**32 - 1), st.integers(0, 10)),
    FieldDescriptor.CPPTYPE_UINT64: st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 10)),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_ENUM: st.integers(0, 5),
}


@st.composite
def _messages(draw: st.DrawFn, descriptor: Descriptor) -> ProtoMessage:
    """Any message of a type: each field empty or filled."""
    message: ProtoMessage = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if not draw(st.integers(0, 3)):
            continue
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            getattr(message, field.name).update(
                draw(st.dictionaries(st.text(max_size=5), _TEXTS, max_size=3))
            )
        elif field.is_repeated:
            for _ in range(draw(st.integers(0, 3))):
                if field.message_type is not None:
                    getattr(message, field.name).add().CopyFrom(draw(_messages(field.message_type)))
                else:
                    getattr(message, field.name).append(draw(_value(field)))
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(draw(_messages(field.message_type)))
        else:
            setattr(message, field.name, draw(_value(field)))
    return message


def _value(field: FieldDescriptor) -> st.SearchStrategy[object]:
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _BYTES
    return _SCALARS.get(field.cpp_type, _TEXTS)


def _call(channel: grpc.Channel, method: MethodDescriptor, requests: list[bytes]) -> grpc.RpcError | None:
    """Call with these bytes as they are; the error, if there was one."""
    path = f"/{method.containing_service.full_name}/{method.name}"
    try:
        if method.client_streaming:
            list(channel.stream_stream(path, as_is, as_is)(iter(requests), timeout=PATIENCE))
        else:
            channel.unary_unary(path, as_is, as_is)(requests[0], timeout=PATIENCE)
    except grpc.RpcError as error:
        return error
    return None


def _check(error: grpc.RpcError | None) -> None:
    """An error is one of the table: its code belongs to its reason, and nothing of the inside is told."""
    if error is None:
        return
    assert isinstance(error, grpc.Call)
    status = rpc_status.from_call(error)
    assert status is not None, f"no reason: {error.code()} {error.details()}"
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == DOMAIN
    reason = Reason[info.reason]
    assert reason is not Reason.INTERNAL, status.message
    assert CODE_OF[reason].value[0] == status.code
    for word in ("Traceback", "Error", ".py", "Exception", "<class"):
        assert word not in status.message


@pytest.mark.parametrize(("port", "method"), METHODS, ids=_IDS)
@_FEW
@given(data=st.data())
def test_any_message_gets_an_answer_or_a_reason(
    ports: Ports, port: str, method: MethodDescriptor, data: st.DataObject
) -> None:
    requests = st.lists(_messages(method.input_type), min_size=1, max_size=3)
    sent = [message.SerializeToString() for message in data.draw(requests)]
    _check(_call(ports.channels[port], method, sent))


@pytest.mark.parametrize(("port", "method"), METHODS, ids=_IDS)
@_FEW
@given(body=st.binary(min_size=1, max_size=200), again=st.booleans())
def test_any_bytes_get_an_answer_or_a_reason(
    ports: Ports, port: str, method: MethodDescriptor, body: bytes, again: bool
) -> None:
    _check(_call(ports.channels[port], method, [body] * (1 + again)))


@pytest.mark.parametrize(("port", "method"), METHODS, ids=_IDS)
def test_bytes_that_are_no_message_are_told_so(ports: Ports, port: str, method: MethodDescriptor) -> None:
    error = _call(ports.channels[port], method, [b"\xff\xff\xff"])
    _check(error)
    assert isinstance(error, grpc.Call)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_after_all_that_the_node_answers_and_its_log_is_whole(ports: Ports) -> None:
    with ports.nodes.operator(HR) as hr, ports.nodes.operator(TAX) as tax:
        said = tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE)
        assert said.answer is True
        assert audit(hr, ports.nodes.town.member(HR)) == []
        assert hr.admin.status().state == "SERVING"


def test_malformed_messages_are_recorded_as_refusals(ports: Ports) -> None:
    method = _SERVICES["ExchangeService"].methods_by_name["Ask"]
    for _ in range(20):
        _call(ports.channels["exchange"], method, [b"\xff"])
    recorded = [
        record.refusals
        for record in ports.nodes.records(HR)
        if record.WhichOneof("body") == "refusals" and record.requester == TAX
    ]
    assert any(each.reason == Reason.QUERY_INVALID.wire for each in recorded)
