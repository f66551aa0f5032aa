"""One table of reasons: every reason has its code, and the client turns a status back into the same error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from support.places import ROOT
from support.running import as_is
from support.town import HR
from support.waiting import PATIENCE

from node.client import call_error
from node.errors import NodeError, Reason, wording_of
from node.rpc.grpc_status import CODE_OF, to_status
from node.rpc.peer_errors import peer_error
from node.texts.carried import from_text
from node.texts.message import Message

TITLE = "市人力资源和社会保障局"

DOMAIN = "dxnode"  # part of the wire format
DENIED = "error.exchange.provider-denied"
PROTO = ROOT / "protos/node/v1/error_reason.proto"


def _documented() -> dict[str, str]:
    """Reason to gRPC code, as the comments of the .proto say."""
    comment, found = "", {}
    for line in PROTO.read_text().splitlines():
        text = line.strip()
        if text.startswith("//"):
            comment += f" {text[2:].strip()}"
        else:
            name = re.match(r"ERROR_REASON_(\w+) = \d+[; ]", text)
            code = re.match(r" ([A-Z_]+)\. ", comment)
            if name and code:
                found[name[1]] = code[1]
            comment = ""
    return found


def test_every_reason_has_the_code_that_the_wire_format_documents() -> None:
    assert {reason.name: CODE_OF[reason].name for reason in Reason} == _documented()


def test_status_holds_reason_domain_and_metadata() -> None:
    status = to_status(NodeError(Reason.NO_GRANT, DENIED, rule="r", clause="c"))
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    given = dict(info.metadata)
    assert from_text(given.pop("wording")) == Message(DENIED, {"rule": "r", "clause": "c"})
    assert (info.reason, info.domain, given) == ("NO_GRANT", DOMAIN, {"rule": "r", "clause": "c"})
    code, _ = grpc.StatusCode.PERMISSION_DENIED.value
    assert (status.code, status.message) == (code, "the provider denied it")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server that fails as its request says: a serialised Status, or nothing for no answer."""

    def fail(request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort_with_status(rpc_status.to_status(Status.FromString(request)))
        return b""

    handlers = {"Fail": grpc.unary_unary_rpc_method_handler(fail, as_is, as_is)}
    server = grpc.server(ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def _failed(address: str, status: Status) -> grpc.RpcError:
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as failed:
        channel.unary_unary("/test/Fail", as_is, as_is)(status.SerializeToString(), timeout=PATIENCE)
    return failed.value


async def _failed_at_peer(address: str, status: Status) -> grpc.aio.AioRpcError:
    async with grpc.aio.insecure_channel(address) as channel:
        call = channel.unary_unary("/test/Fail", request_serializer=as_is, response_deserializer=as_is)
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await call(status.SerializeToString(), timeout=PATIENCE)
    return failed.value


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.name)
async def test_both_clients_are_the_inverse_of_the_mapping(address: str, reason: Reason) -> None:
    error = NodeError(reason, DENIED, rule="r")
    at_desk = call_error.node_error(_failed(address, to_status(error)))
    assert (at_desk.reason, at_desk.message, dict(at_desk.metadata)) == (
        reason,
        error.message,
        {"rule": "r"},
    )
    at_peer = peer_error(await _failed_at_peer(address, to_status(error)), HR, TITLE)
    assert at_peer.reason is reason
    assert at_peer.metadata["decided_by"] == "provider"


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK])
async def test_status_without_a_reason_of_ours_is_a_typed_error_too(
    address: str, code: grpc.StatusCode
) -> None:
    bare = Status(code=code.value[0], message="from somewhere between")
    foreign = to_status(NodeError(Reason.NO_GRANT, DENIED))
    info = ErrorInfo(reason="NO_GRANT", domain="other.example")
    foreign.details[0].Pack(info)
    unknown = Status(code=code.value[0], message="x")
    unknown.details.add().Pack(ErrorInfo(reason="NEWER_THAN_US", domain=DOMAIN))
    for status in (bare, unknown):
        assert isinstance(call_error.node_error(_failed(address, status)), NodeError)
        assert isinstance(peer_error(await _failed_at_peer(address, status), HR, TITLE), NodeError)
    said = peer_error(await _failed_at_peer(address, foreign), HR, TITLE)
    assert said.reason is not Reason.NO_GRANT


NESTED = '{"key":"init.steps","args":{"config":%s,"folder":"x","code":"c","authority":"a"}}'


@pytest.mark.parametrize(
    "wording",
    [
        NESTED % (NESTED % (NESTED % (NESTED % '"x"'))),
        '{"key":"ask.verified","args":{}}',
        '{"key":"error.rpc.peer-refused","args":{"problem":["pay","at","evil.example/pay"]}}',
        '{"key":"error.rpc.peer-refused","args":{"problem":{"at":"9999-12-31T23:59:59Z"}}}',
        '{"key":"' + "a" * 300 + '.x","args":{}}',
    ],
    ids=["amplified", "an answer", "a sentence", "a time", "a long name"],
)
async def test_of_what_another_department_says_of_its_error_the_reason_alone_counts(
    address: str, wording: str
) -> None:
    status = Status(code=7, message="pay at evil.example")
    info = ErrorInfo(reason="NO_GRANT", domain=DOMAIN, metadata={"wording": wording, "rule": "pay"})
    status.details.add().Pack(info)
    error = peer_error(await _failed_at_peer(address, status), HR, TITLE)
    refused = {
        "peer": HR,
        "peer_title": TITLE,
        "problem": wording_of(Reason.NO_GRANT),
        "decided_by": "provider",
    }
    assert (error.reason, error.wording.args) == (Reason.NO_GRANT, refused)
    assert "pay" not in str(to_status(error))
