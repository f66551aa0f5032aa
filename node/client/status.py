"""Turns a failed gRPC call at the desk back into the `NodeError` that the node raised."""

from __future__ import annotations

import grpc

from node.error_info import stated_error
from node.errors import NodeError, Reason

# For a status without ErrorInfo: it comes from gRPC itself or from something in between.
_WITHOUT_INFO = {
    grpc.StatusCode.UNAUTHENTICATED: (
        Reason.CALLER_UNIDENTIFIED,
        "show a desk certificate that carries a role",
    ),
    grpc.StatusCode.PERMISSION_DENIED: (Reason.CALLER_UNIDENTIFIED, "the desk does not admit this caller"),
    grpc.StatusCode.INVALID_ARGUMENT: (Reason.QUERY_INVALID, "the desk could not read the request"),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (Reason.RATE_LIMITED, "ask less at once or less often"),
    grpc.StatusCode.UNAVAILABLE: (Reason.PEER_UNAVAILABLE, "the desk does not answer: is the node running"),
    grpc.StatusCode.DEADLINE_EXCEEDED: (Reason.TIMEOUT, "the desk did not answer in time: ask again"),
    grpc.StatusCode.CANCELLED: (Reason.TIMEOUT, "the call was cancelled: ask again"),
    grpc.StatusCode.UNIMPLEMENTED: (Reason.CONFIG_INVALID, "this is not a desk of the same version"),
    grpc.StatusCode.DATA_LOSS: (Reason.LOG_CORRUPT, "the node reports damaged data: call the operator"),
}


def node_error(error: grpc.RpcError) -> NodeError:
    """The `NodeError` that a failed call stands for.

    What the desk states holds. Any other status comes from the transport: it is mapped by its code and marked
    by the metadata `peer="desk"`.
    """
    if (stated := stated_error(error)) is not None:
        return stated
    # Every error that a call raises is also that call.
    assert isinstance(error, grpc.Call)
    code = error.code()
    reason, message = _WITHOUT_INFO.get(code, (Reason.INTERNAL, f"the desk failed with {code.name.lower()}"))
    return NodeError(reason, message, peer="desk")
