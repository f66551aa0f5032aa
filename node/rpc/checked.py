"""Adds services to a server: each message is bounded, one that can be read, of a caller who may be here.

Of peers, messages are taken in canonical bytes alone. The own desk's callers need not write those: what the
schema does not know is taken out of their messages, so that none of it is kept or passed on.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import NamedTuple, TypeVar, cast

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtoMessage
from google.protobuf.message_factory import GetMessageClass

from node.core import wire
from node.errors import NodeError, Reason
from node.rpc.grpc_status import Context
from node.rpc.guarded import Door
from node.rpc.inflow import Inflow

M = TypeVar("M", bound=ProtoMessage)
Unary = Callable[[ProtoMessage, Context], Awaitable[ProtoMessage]]
Responses = Callable[[ProtoMessage, Context], AsyncGenerator[ProtoMessage, None]]
Stream = Callable[[AsyncIterator[ProtoMessage], Context], AsyncGenerator[ProtoMessage, None]]
LOOK_SECONDS = 2.0
"""How often it is looked at who is at the other end of a stream on which nothing is said."""


class CheckedServer:
    """Stands for a server in the generated `add_…_to_server`.

    Bytes that are no message are refused at the `door`: gRPC itself would answer with the text of the
    exception, and nobody would have recorded it. Calls of one message are served as streams of which one is
    read: of a unary call gRPC takes the message before any code of ours is asked, and here that waits until
    the `inflow` of the caller has room. Who asked on a stream is looked at again before each answer.
    `strict` is for peers.
    """

    def __init__(self, server: grpc.aio.Server, door: Door, inflow: Inflow, *, strict: bool) -> None:
        self._server = server
        self._door = door
        self._inflow = inflow
        self._read = _strictly if strict else _leniently

    def add_generic_rpc_handlers(self, _handlers: object) -> None:
        """Nothing: the same handlers come by `add_registered_method_handlers`, and no other is served."""

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, grpc.RpcMethodHandler[ProtoMessage, ProtoMessage]]
    ) -> None:
        """Add the handlers of one service."""
        methods = descriptor_pool.Default().FindServiceByName(service).methods_by_name
        checked = {
            name: self._checked(handler, self._reader(GetMessageClass(methods[name].input_type)))
            for name, handler in handlers.items()
        }
        self._server.add_registered_method_handlers(service, checked)

    def _reader(self, kind: type[ProtoMessage]) -> Callable[[bytes], ProtoMessage]:
        def read(body: bytes) -> _Read:
            try:
                return _Read(self._read(kind, body), len(body))
            except NodeError as error:
                return _Read(error, len(body))

        return cast("Callable[[bytes], ProtoMessage]", read)

    def _checked(
        self,
        handler: grpc.RpcMethodHandler[ProtoMessage, ProtoMessage],
        read: Callable[[bytes], ProtoMessage],
    ) -> grpc.RpcMethodHandler[ProtoMessage, ProtoMessage]:
        if handler.request_streaming:
            stream = self._stream(cast("Stream", handler.stream_stream))
            return grpc.stream_stream_rpc_method_handler(stream, read, wire.write)
        if handler.response_streaming:
            responses = self._responses(cast("Responses", handler.unary_stream))
            return grpc.stream_stream_rpc_method_handler(responses, read, wire.write)
        unary = self._unary(cast("Unary", handler.unary_unary))
        return grpc.stream_unary_rpc_method_handler(unary, read, wire.write)

    def _unary(self, behaviour: Unary) -> Callable[[object, Context], Awaitable[ProtoMessage]]:
        async def call(_requests: object, context: Context) -> ProtoMessage:
            caller = await self._caller(context)
            await self._inflow.expect(caller)
            held = self._inflow.largest
            try:
                request, size = await self._only(context)
                self._inflow.release(caller, held - size)
                held = size
                return await behaviour(request, context)
            finally:
                self._inflow.release(caller, held)

        return call

    def _responses(self, behaviour: Responses) -> Stream:
        async def call(_requests: object, context: Context) -> AsyncGenerator[ProtoMessage, None]:
            caller = await self._caller(context)
            await self._inflow.expect(caller)
            try:
                request, _ = await self._only(context)
            finally:
                self._inflow.release(caller, self._inflow.largest)
            async with aclosing(self._watched(behaviour(request, context), context, caller)) as responses:
                async for response in responses:
                    yield response

        return call

    def _stream(self, behaviour: Stream) -> Stream:
        async def call(
            requests: AsyncIterator[_Read], context: Context
        ) -> AsyncGenerator[ProtoMessage, None]:
            caller = await self._caller(context)
            try:
                self._inflow.open_stream(caller)
            except NodeError as error:
                await self._door.refuse(context, error)
            try:
                answers = behaviour(_sound(requests), context)
                async with aclosing(self._watched(answers, context, caller)) as responses:
                    async for response in responses:
                        yield response
            finally:
                self._inflow.close_stream(caller)

        return cast("Stream", call)

    async def _caller(self, context: Context) -> str | None:
        try:
            return self._door.caller(context)
        except NodeError as error:
            await self._door.refuse(context, error)
            raise

    async def _only(self, context: Context) -> tuple[ProtoMessage, int]:
        """The message of a call that has one, and its size."""
        read: object = await context.read()
        found = read if isinstance(read, _Read) else _Read(_unreadable(), 0)  # there was none
        if isinstance(found.message, NodeError):
            await self._door.refuse(context, found.message)
            raise found.message
        return found.message, found.size

    async def _watched(
        self, answers: AsyncGenerator[ProtoMessage, None], context: Context, caller: str | None
    ) -> AsyncGenerator[ProtoMessage, None]:
        """The answers, until the caller is no more who it was when it asked."""
        next_answer: asyncio.Task[ProtoMessage | None] | None = None
        try:
            while True:
                next_answer = asyncio.create_task(_next(answers))
                while not next_answer.done():
                    await asyncio.wait({next_answer}, timeout=LOOK_SECONDS)
                    if await self._caller(context) != caller:
                        await self._door.refuse(context, _another())
                answer = next_answer.result()
                if answer is None:
                    return
                yield answer
        finally:
            if next_answer is not None:
                next_answer.cancel()
                await asyncio.gather(next_answer, return_exceptions=True)
            await answers.aclose()


class _Read(NamedTuple):
    """A message, or why it is refused, and how many bytes it came in."""

    message: ProtoMessage | NodeError
    size: int


async def _next(answers: AsyncGenerator[ProtoMessage, None]) -> ProtoMessage | None:
    return await anext(answers, None)


def _strictly(kind: type[ProtoMessage], body: bytes) -> ProtoMessage:
    return wire.read(kind, body, "error.wire.of.message")


def _leniently(kind: type[ProtoMessage], body: bytes) -> ProtoMessage:
    try:
        message = kind.FromString(body)
    except DecodeError:
        raise _unreadable() from None
    message.DiscardUnknownFields()
    return message


async def _sound(requests: AsyncIterator[_Read]) -> AsyncGenerator[ProtoMessage, None]:
    async for request, _ in requests:
        if isinstance(request, NodeError):
            raise request
        yield request


def _unreadable() -> NodeError:
    return NodeError(Reason.QUERY_INVALID, "error.rpc.message-unreadable")


def _another() -> NodeError:
    return NodeError(
        Reason.CALLER_UNIDENTIFIED,
        "error.rpc.certificate-superseded",
    )
