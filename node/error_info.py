"""The one way back from the gRPC status of a failed call to the `NodeError` that the called node raised."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from node.errors import NodeError, Reason

DOMAIN: Final = "dxnode"
"""Of every google.rpc.ErrorInfo that a node makes."""


def stated_error(error: grpc.RpcError) -> NodeError | None:
    """What the called node stated by ErrorInfo: its reason, message and metadata; None without one.

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
                return NodeError(Reason[info.reason], error.details() or "", **dict(info.metadata))
    return None
