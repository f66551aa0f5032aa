"""Adds services to a server so that bytes that are no message are refused like all else that is malformed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TypeVar, cast

import grpc
from google.protobuf.message import DecodeError, Message

from node.errors import NodeError, Reason
from node.rpc.status import Context

M = TypeVar("M", bound=Message)
Refuse = Callable[[Context, NodeError], Awaitable[None]]
Unary = Callable[[Message, Context], Awaitable[Message]]
Responses = Callable[[Message, Context], AsyncGenerator[Message, None]]
Stream = Callable[[AsyncIterator[Message], Context], AsyncGenerator[Message, None]]


class CheckedServer:
    """Stands for a server in the generated `add_…_to_server`; `refuse` ends a call with its error.

    gRPC itself would answer with the text of the exception, and nobody would have recorded it.
    """

    def __init__(self, server: grpc.aio.Server, refuse: Refuse) -> None:
        self._server = server
        self._refuse = refuse

    def add_generic_rpc_handlers(self, _handlers: object) -> None:
        """Nothing: the same handlers come by `add_registered_method_handlers`, and no other is served."""

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, grpc.RpcMethodHandler[Message, Message]]
    ) -> None:
        """Add the handlers of one service."""
        checked = {name: self._checked(handler) for name, handler in handlers.items()}
        self._server.add_registered_method_handlers(service, checked)

    def _checked(
        self, handler: grpc.RpcMethodHandler[Message, Message]
    ) -> grpc.RpcMethodHandler[Message, Message]:
        if handler.request_deserializer is None:
            raise NodeError(Reason.INTERNAL, "a service has no deserializer")
        read = _lenient(handler.request_deserializer)
        if handler.request_streaming:
            return grpc.stream_stream_rpc_method_handler(
                self._stream(cast("Stream", handler.stream_stream)), read, handler.response_serializer
            )
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                self._responses(cast("Responses", handler.unary_stream)), read, handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(
            self._unary(cast("Unary", handler.unary_unary)), read, handler.response_serializer
        )

    def _unary(self, behaviour: Unary) -> Unary:
        async def call(request: Message, context: Context) -> Message:
            if request is _MALFORMED:
                await self._refuse(context, _unreadable())
            return await behaviour(request, context)

        return call

    def _responses(self, behaviour: Responses) -> Responses:
        async def call(request: Message, context: Context) -> AsyncGenerator[Message, None]:
            if request is _MALFORMED:
                await self._refuse(context, _unreadable())
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
    """Stands for bytes that are no message."""


_MALFORMED = _Malformed()


def _lenient(parse: Callable[[bytes], Message]) -> Callable[[bytes], Message]:
    def read(body: bytes) -> Message:
        try:
            return parse(body)
        except DecodeError:
            return _MALFORMED

    return read


async def _sound(requests: AsyncIterator[Message]) -> AsyncGenerator[Message, None]:
    async for request in requests:
        if request is _MALFORMED:
            raise _unreadable()
        yield request


def _unreadable() -> NodeError:
    return NodeError(Reason.QUERY_INVALID, "the message cannot be read: use a client of the same version")
