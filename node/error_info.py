"""How an error crosses gRPC: as google.rpc.ErrorInfo with reason, key and arguments, and back."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from node.errors import NodeError, Reason, wording_of
from node.texts.carried import from_text, to_text
from node.texts.message import Message

DOMAIN: Final = "dxnode"
"""Of every google.rpc.ErrorInfo that a node makes."""
_WORDING: Final = "wording"
"""Under this name the metadata hold key and arguments, as JSON."""


def error_info(error: NodeError) -> ErrorInfo:
    """What a called node states: the reason; in the metadata the wording, and by name what programs go by."""
    metadata = {**error.metadata, _WORDING: to_text(error.wording)}
    return ErrorInfo(reason=error.reason.name, domain=DOMAIN, metadata=metadata)


def reason_in(error: grpc.RpcError) -> Reason | None:
    """The reason that another department's node stated; nothing else that it wrote is looked at."""
    found = _info_in(error)
    return None if found is None else found[0]


def error_in(error: grpc.RpcError) -> NodeError | None:
    """What the own node stated at its desk: its reason and wording; None without one.

    What this version has no text for is worded by its reason alone.
    """
    if (found := _info_in(error)) is None:
        return None
    reason, given = found
    wording = from_text(given.pop(_WORDING, ""))
    return NodeError.of(reason, wording or Message(wording_of(reason).key, given))


def is_too_large(error: grpc.RpcError) -> bool:
    """Whether gRPC itself ended a call, here or there, because a message is larger than was agreed.

    It says so in words alone, which are compared and passed on to nobody.
    """
    assert isinstance(error, (grpc.Call, grpc.aio.AioRpcError))
    return "larger than max" in (error.details() or "")


def _info_in(error: grpc.RpcError) -> tuple[Reason, dict[str, str]] | None:
    """Reason and metadata of the ErrorInfo that a node of ours made; None without one.

    A status that carries none comes from gRPC itself or from something in between, and so does one whose
    details contradict it.
    """
    # Every error that a call raises is also that call.
    assert isinstance(error, (grpc.Call, grpc.aio.AioRpcError))
    with suppress(DecodeError, ValueError):
        status = rpc_status.from_call(error)  # type: ignore[arg-type]
        for detail in status.details if status is not None else ():
            info = ErrorInfo()
            if detail.Unpack(info) and info.domain == DOMAIN and info.reason in Reason.__members__:
                return Reason[info.reason], dict(info.metadata)
    return None
