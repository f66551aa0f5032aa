"""One unary call with its deadline and its errors turned into `NodeError`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import grpc
from google.protobuf.message import Message as ProtoMessage

from node.client.arguments import require
from node.client.call_error import node_error
from node.client.desk_tls import Credentials
from node.core.deadlines import CLIENT_SECONDS
from node.errors import NodeError, Reason

Response = TypeVar("Response", bound=ProtoMessage)


@dataclass(frozen=True, slots=True)
class Reach:
    """How a desk is reached: for how many seconds a call waits, where it is, and with what at a port."""

    timeout: float
    desk: str
    credentials: Credentials | None = None

    @classmethod
    def of(cls, desk: str, credentials: Credentials | None, timeout: float | None) -> Reach:
        """As a program gives it; without a `timeout` longer than any node takes to say what hung.

        Raises TypeError, NodeError CONFIG_INVALID for a time that is none.
        """
        seconds = CLIENT_SECONDS if timeout is None else timeout
        require("timeout", seconds, (int, float), "float")
        if not seconds > 0:
            raise NodeError(Reason.CONFIG_INVALID, "error.client.timeout-zero")
        return cls(seconds, desk, credentials)

    def error(self, failed: grpc.RpcError) -> NodeError:
        """What a failed call stands for; of a desk that is silent, what is the matter with it."""
        error = node_error(failed)
        return error if error.wording.key != "error.desk.silent" else self._why_silent() or error

    def _why_silent(self) -> NodeError | None:
        from node.client import silent_port, silent_socket  # seldom needed

        if self.desk.startswith("unix:"):
            return silent_socket.why_silent(Path(self.desk.removeprefix("unix:")))
        return None if self.credentials is None else silent_port.why_silent(self.desk, self.credentials)


def unary(method: Callable[..., Response], request: ProtoMessage, reach: Reach) -> Response:
    """Call `method` and wait. Raises the NodeError that a failure stands for."""
    try:
        return method(request, timeout=reach.timeout)
    except grpc.RpcError as error:
        raise reach.error(error) from None
