"""Adds services to a server so that bytes that are no message are refused like all else that is malformed.

Of peers, messages are taken in canonical bytes alone. The own desk's callers need not write those: what the
schema does not know is taken out of their messages, so that none of it is kept or passed on.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TypeVar, cast

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from node.core import wire
from node.errors import NodeError, Reason
from node.rpc.status import Context

M = TypeVar("M", bound=Message)
Refuse = Callable[[Context, NodeError], Awaitable[None]]
Unary = Callable[[Message, Context], Awaitable[Message]]
Responses = Callable[[Message, Context], AsyncGenerator[Message, None]]
Stream = Callable[[AsyncIterator[Message], Context], AsyncGenerator[Message, None]]


class CheckedServer:
    """Stands for a server in the generated `add_…_to_server`; `refuse` ends a call with its error.

    `strict` is for peers. gRPC itself would answer with the text of the exception, and nobody would have
    recorded it.
    """

    def __init__(self, server: grpc.aio.Server, refuse: Refuse, *, strict: bool) -> None:
        self._server = server
        self._refuse = refuse
        self._read = _strictly if strict else _leniently

    def add_generic_rpc_handlers(self, _handlers: object) -> None:
        """Nothing: the same handlers come by `add_registered_method_handlers`, and no other is served."""

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, grpc.RpcMethodHandler[Message, Message]]
    ) -> None:
        """Add the handlers of one service."""
        methods = descriptor_pool.Default().FindServiceByName(service).methods_by_name
        checked = {
            name: self._checked(handler, self._read(GetMessageClass(methods[name].input_type)))
            for name, handler in handlers.items()
        }
        self._server.add_registered_method_handlers(service, checked)

    def _checked(
        self, handler: grpc.RpcMethodHandler[Message, Message], read: Callable[[bytes], Message]
    ) -> grpc.RpcMethodHandler[Message, Message]:
        if handler.request_streaming:
            return grpc.stream_stream_rpc_method_handler(
                self._stream(cast("Stream", handler.stream_stream)), read, wire.write
            )
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._responses(cast("Responses", handler.unary_stream)), read, wire.write
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(cast("Unary", handler.unary_unary)), read, wire.write
        )

    def _unary(self, behaviour: Unary) -> Unary:
        async def call(request: Message, context: Context) -> Message:
            if isinstance(request, _Malformed):
                await self._refuse(context, request.error)
            return await behaviour(request, context)

        return call

    def _responses(self, behaviour: Responses) -> Responses:
        async def call(request: Message, context: Context) -> AsyncGenerator[Message, None]:
            if isinstance(request, _Malformed):
                await self._refuse(context, request.error)
            async with aclosing(behaviour(request, context)) as responses:
                async for response in responses:
                    yield response

        return call

    def _stream(self, behaviour: Stream) -> Stream:
        async def call(requests: AsyncIterator[Message], context: Context) -> AsyncGenerator[Message, None]:
            async with aclosing(behaviour(_sound(requests), context)) as responses:
                async for response in responses:
                    yield response

        return call


class _Malformed(Message):
    """Stands for bytes that are no message that is taken, and says why."""

    def __init__(self, error: NodeError) -> None:
        self.error = error


def _strictly(kind: type[Message]) -> Callable[[bytes], Message]:
    def read(body: bytes) -> Message:
        try:
            return wire.read(kind, body, "the message")
        except NodeError as error:
            return _Malformed(error)

    return read


def _leniently(kind: type[Message]) -> Callable[[bytes], Message]:
    def read(body: bytes) -> Message:
        try:
            message = kind.FromString(body)
        except DecodeError:
            return _Malformed(
                NodeError(
                    Reason.QUERY_INVALID, "the message cannot be read: use a client of the same version"
                )
            )
        message.DiscardUnknownFields()
        return message

    return read


async def _sound(requests: AsyncIterator[Message]) -> AsyncGenerator[Message, None]:
    async for request in requests:
        if isinstance(request, _Malformed):
            raise request.error
        yield request
