"""A gRPC server that looks at calls before they take a place, so that no caller stops it or fills it up.

It stands on inner parts of grpc.aio, which offers nothing for this; whether a new version still has them,
tests/integration/test_hostile_connections.py says.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import grpc
from grpc._cython import cygrpc
from grpc.aio import _server

from node.errors import NodeError, Reason
from node.rpc.grpc_status import Context

log = logging.getLogger(__name__)
_CORE_LOG = logging.getLogger("grpc._cython.cygrpc")


@dataclass(frozen=True, slots=True)
class Door:
    """Who comes to a port.

    `caller` names who calls, None for whom nothing bounds, and raises NodeError for who may not be here (any
    more): it is asked again while a stream goes on. `refuse` records why, and ends the call.
    """

    caller: Callable[[Context], str | None]
    refuse: Callable[[Context, NodeError], Awaitable[None]]


@dataclass(slots=True)
class Places:
    """The calls that are open, from first byte to last: at most so many, and half of them one caller's.

    A caller may leave a call open for ever: send no message, or let none of the answer through. It takes its
    own places then, and not everybody's.
    """

    most: int
    _taken: Counter[str] = field(default_factory=Counter)
    _all: int = 0

    def take(self, caller: str) -> None:
        """Take a place. Raises NodeError(OVERLOADED) when there is none, (RATE_LIMITED) for the caller."""
        if self._all >= self.most:
            raise NodeError(Reason.OVERLOADED, "error.exchange.overloaded")
        if self._taken[caller] >= max(1, self.most // 2):
            raise NodeError(Reason.RATE_LIMITED, "error.rpc.too-many-calls")
        self._taken[caller] += 1
        self._all += 1

    def give_back(self, caller: str) -> None:
        """Give a place back."""
        self._all -= 1
        self._taken[caller] -= 1
        if not self._taken[caller]:
            del self._taken[caller]


class _GuardedCore(cygrpc.AioServer):  # type: ignore[misc]  # untyped
    """The inner server. Known methods have to be registered with it: it refuses all others.

    gRPC 1.85 decodes the path of a call of no registered method in its main loop, and the first one that is
    not UTF-8 ends that loop, and with it the port. Here such calls never get there.
    """

    door: Door
    places: Places
    loop: asyncio.AbstractEventLoop
    refusing: set[asyncio.Task[None]]

    async def _request_call(self) -> object:
        while True:
            context = self._context(await super()._request_call())
            self._end(context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!"))

    async def _request_registered_call(self, method: bytes) -> object:
        while True:
            call = await super()._request_registered_call(method)
            context = self._context(call)
            try:
                self._admit(context)
            except NodeError as error:
                self._end(self.door.refuse(context, error))
            else:
                return call

    def _admit(self, context: Context) -> None:
        try:
            caller = self.door.caller(context)
        except NodeError:
            raise
        except Exception:  # nothing that comes over the wire may end the main loop
            log.exception("a caller cannot be named")
            raise NodeError(Reason.CALLER_UNIDENTIFIED, "error.rpc.caller-unnamed") from None
        if caller is None:
            return
        self.places.take(caller)
        context.add_done_callback(partial(self._left, caller))  # type: ignore[arg-type]

    def _left(self, caller: str, _context: Context) -> None:
        self.places.give_back(caller)

    def _context(self, call: object) -> Context:
        context: Context = cygrpc._ServicerContext(call, None, None, self.loop)
        return context

    def _end(self, work: Awaitable[None]) -> None:
        task = self.loop.create_task(_quietly(work))
        self.refusing.add(task)
        task.add_done_callback(self.refusing.discard)


def _is_ours_to_say(record: logging.LogRecord) -> bool:
    """Not what gRPC says of headers that are no text: it quotes them, once a call."""
    return not str(record.msg).startswith("Invalid encoding")  # it may be an exception


class GuardedServer(_server.Server):
    """A `grpc.aio.Server` of registered methods alone, in the running event loop."""

    def __init__(self, options: Sequence[tuple[str, int]], places: Places, door: Door) -> None:
        _CORE_LOG.addFilter(_is_ours_to_say)
        self._loop = cygrpc.get_working_loop()
        self._server = core = _GuardedCore(self._loop, None, (), None, tuple(options), None)
        core.door, core.places, core.loop, core.refusing = door, places, self._loop, set()


async def _quietly(work: Awaitable[None]) -> None:
    # Whoever is refused may be gone by now.
    with suppress(Exception):
        await work
