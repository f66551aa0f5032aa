"""Turns a failed gRPC call at the desk back into the `NodeError` that the node raised."""

from __future__ import annotations

import grpc

from node.error_info import error_in, is_too_large
from node.errors import NodeError, Reason

# For a status without ErrorInfo: it comes from gRPC itself or from something in between.
_WITHOUT_INFO = {
    grpc.StatusCode.UNAUTHENTICATED: (
        Reason.CALLER_UNIDENTIFIED,
        "error.desk.show-certificate",
    ),
    grpc.StatusCode.PERMISSION_DENIED: (Reason.CALLER_UNIDENTIFIED, "error.desk.not-admitted"),
    grpc.StatusCode.INVALID_ARGUMENT: (Reason.QUERY_INVALID, "error.desk.unreadable-request"),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (Reason.OVERLOADED, "error.desk.too-much"),
    grpc.StatusCode.UNAVAILABLE: (Reason.PEER_UNAVAILABLE, "error.desk.silent"),
    grpc.StatusCode.DEADLINE_EXCEEDED: (Reason.TIMEOUT, "error.desk.too-slow"),
    grpc.StatusCode.CANCELLED: (Reason.TIMEOUT, "error.desk.cancelled"),
    grpc.StatusCode.UNIMPLEMENTED: (Reason.CONFIG_INVALID, "error.desk.another-version"),
    grpc.StatusCode.DATA_LOSS: (Reason.LOG_CORRUPT, "error.desk.damaged"),
}


def node_error(error: grpc.RpcError) -> NodeError:
    """The `NodeError` that a failed call stands for.

    What the desk states holds. Any other status comes from the transport: it is mapped by its code and marked
    by the metadata `peer="desk"`.
    """
    if (stated := error_in(error)) is not None:
        return stated
    # Every error that a call raises is also that call.
    assert isinstance(error, (grpc.Call, grpc.aio.AioRpcError))
    code = error.code()
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and is_too_large(error):
        return NodeError(Reason.TOO_LARGE, "error.desk.too-large", peer="desk")
    if code not in _WITHOUT_INFO:
        return NodeError(Reason.INTERNAL, "error.desk.failed", peer="desk", code=code.name.lower())
    reason, key = _WITHOUT_INFO[code]
    return NodeError(reason, key, peer="desk")
