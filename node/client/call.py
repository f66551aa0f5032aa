"""One unary call with its deadline and its errors turned into `NodeError`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import grpc
from google.protobuf.message import Message as ProtoMessage

from node.client.call_error import node_error

Response = TypeVar("Response", bound=ProtoMessage)


def unary(method: Callable[..., Response], request: ProtoMessage, timeout: float) -> Response:
    """Call `method` with a deadline of `timeout` seconds. Raises the NodeError that a failure stands for."""
    try:
        return method(request, timeout=timeout)
    except grpc.RpcError as error:
        raise node_error(error) from None
