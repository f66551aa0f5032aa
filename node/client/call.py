"""One unary call with its deadline and its errors turned into `NodeError`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import grpc
from google.protobuf.message import Message as ProtoMessage

from node.client.call_error import node_error
from node.client.silent_socket import why_silent
from node.errors import NodeError

Response = TypeVar("Response", bound=ProtoMessage)


@dataclass(frozen=True, slots=True)
class Reach:
    """How a desk is reached: for how many seconds a call waits, and the Unix socket, None for a port."""

    timeout: float
    socket: Path | None = None

    @classmethod
    def of(cls, desk: str, timeout: float) -> Reach:
        """Of an address as a client is given it."""
        path = desk.removeprefix("unix:")
        return cls(timeout, Path(path) if path != desk else None)

    def error(self, failed: grpc.RpcError) -> NodeError:
        """What a failed call stands for; of a socket that is silent, what is the matter with it."""
        error = node_error(failed)
        if self.socket is None or error.wording.key != "error.desk.silent":
            return error
        return why_silent(self.socket) or error


def unary(method: Callable[..., Response], request: ProtoMessage, reach: Reach) -> Response:
    """Call `method` and wait. Raises the NodeError that a failure stands for."""
    try:
        return method(request, timeout=reach.timeout)
    except grpc.RpcError as error:
        raise reach.error(error) from None
