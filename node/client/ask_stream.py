"""Asks many questions at once on one stream to the desk."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from google.protobuf.message import DecodeError

from node.client import convert
from node.client.call_error import node_error
from node.client.channel import MAX_MESSAGE
from node.errors import NodeError, Reason
from node.frames.asking import AskingStream
from node.v1 import desk_pb2

_DESK = desk_pb2.DESCRIPTOR.services_by_name["DeskService"]
_ASK_MANY = f"/{_DESK.full_name}/{_DESK.methods_by_name['AskMany'].name}"
_Answer = desk_pb2.DeskServiceAskResponse


class AskStream:
    """The stream of one channel, opened when it is needed; used in one event loop."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._open: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(_ASK_MANY)
        self._asking: AskingStream[desk_pb2.AskManyCall, _Answer] | None = None

    async def ask(self, request: desk_pb2.DeskServiceAskRequest, seconds: float) -> _Answer:
        """The answer to one question. Raises NodeError."""
        if self._asking is None or not self._asking.open:
            self._asking = AskingStream(self._open(), _Questions())

        def call(number: int) -> desk_pb2.AskManyCall:
            return desk_pb2.AskManyCall(number=number, ask=request)

        return await self._asking.ask(call, request.ByteSize(), seconds)

    def close(self) -> None:
        """End it; questions under way fail."""
        if self._asking is not None:
            self._asking.close()


class _Questions:
    """How questions are said to the own desk."""

    def frame(self, calls: Sequence[desk_pb2.AskManyCall]) -> bytes:
        return desk_pb2.AskManyRequest(calls=calls, most_bytes=MAX_MESSAGE).SerializeToString()

    def read(self, frame: bytes) -> tuple[list[tuple[int, _Answer | NodeError]], int]:
        try:
            said = desk_pb2.AskManyResponse.FromString(frame)
        except DecodeError:
            raise self.unasked() from None
        return [(each.number, _result(each)) for each in said.answers], said.most_bytes

    def off(self, number: int) -> desk_pb2.AskManyCall:
        return desk_pb2.AskManyCall(number=number)

    def too_slow(self) -> NodeError:
        return NodeError(Reason.TIMEOUT, "error.desk.too-slow", peer="desk")

    def ended(self) -> NodeError:
        return NodeError(Reason.PEER_UNAVAILABLE, "error.desk.silent", peer="desk")

    def broken(self, error: grpc.aio.AioRpcError) -> NodeError:
        return node_error(error)

    def unasked(self) -> NodeError:
        return NodeError(Reason.INTERNAL, "error.desk.another-version", peer="desk")


def _result(answer: desk_pb2.AskManyAnswer) -> _Answer | NodeError:
    if answer.WhichOneof("result") == "answer":
        return answer.answer
    refusal = convert.refusal(answer.refusal)
    return NodeError.of(refusal.reason, refusal.wording)
