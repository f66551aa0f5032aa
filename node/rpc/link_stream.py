"""The asking end of a link: many exchanges with one provider at once, on one stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

import grpc

from node.core.directory.directory import Member
from node.core.revision import call_since
from node.errors import NodeError, Reason
from node.rpc.frames import Outbox
from node.rpc.links import Link
from node.rpc.peer_call import Call
from node.rpc.peer_errors import against_the_rules, gone, peer_error, refused_by, too_slow
from node.v1 import exchange_pb2 as pb

_LINK = Call.of(pb, "ExchangeService", "Link", pb.LinkResponse)
_BESIDE_CIPHERTEXT = 2_048
"""Bytes of a call beside its ciphertext, at most: routing data, and a session secret that is sealed."""
IDLE_SECONDS = 60.0
"""A stream on which nothing is under way for so long is ended: it holds a place at the other side."""
_Call: TypeAlias = "grpc.aio.StreamStreamCall[bytes, bytes]"
_MakeError = Callable[[], NodeError]


def knows_links(member: Member) -> bool:
    """Whether a member's node serves links; others are asked by a call each."""
    return member.revision >= call_since(_LINK.method)


class LinkStream:
    """One stream to one provider. It lasts until it breaks, or nothing was asked for a while."""

    def __init__(self, link: Link, member: Member) -> None:
        """Make it in the event loop that uses it."""
        self.link = link
        self._member = member
        self._call: _Call = _LINK.stream(link.channel)()
        self._outbox: Outbox[pb.LinkCall] = Outbox()
        self._waiting: dict[int, asyncio.Future[pb.SealedAnswer]] = {}
        self._last = 0
        self._why: _MakeError | None = None
        self._idle: asyncio.TimerHandle | None = None
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._write()), loop.create_task(self._read())]

    @property
    def open(self) -> bool:
        """Whether it can be asked on."""
        return self._why is None

    async def ask(self, envelope: pb.Envelope, seconds: float) -> pb.SealedAnswer:
        """One exchange, for whose answer is waited so many `seconds`.

        Raises NodeError: the provider's reason, (PEER_UNAVAILABLE), (TIMEOUT), (ENVELOPE_INVALID).
        """
        if self._why is not None:
            raise self._why()
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        loop = asyncio.get_running_loop()
        self._last = number = self._last + 1
        answer: asyncio.Future[pb.SealedAnswer] = loop.create_future()
        self._waiting[number] = answer
        call = pb.LinkCall(number=number, envelope=envelope, wait_ms=int(seconds * 1000))
        self._outbox.put(number, call, len(envelope.ciphertext) + _BESIDE_CIPHERTEXT)
        timer = loop.call_later(seconds, self._too_late, number)
        try:
            return await answer
        finally:
            timer.cancel()
            # Nobody waits any more for what is not answered yet.
            if self._waiting.pop(number, None) is not None and not self._outbox.take_back(number):
                self._outbox.put(number, pb.LinkCall(number=number), 0)
            if not self._waiting and self._why is None:
                self._idle = loop.call_later(IDLE_SECONDS, self.close)

    def close(self) -> None:
        """End the stream, and whatever is under way on it."""
        self._break(lambda: gone(self._member.code))

    def _break(self, why: _MakeError) -> None:
        if self._why is not None:
            return
        self._why = why
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(why())
        self._call.cancel()
        for task in self._tasks:
            task.cancel()
        if self._idle is not None:
            self._idle.cancel()

    def _too_late(self, number: int) -> None:
        answer = self._waiting.get(number)
        if answer is not None and not answer.done():
            answer.set_exception(too_slow(self._member.code))

    async def _write(self) -> None:
        try:
            while calls := await self._outbox.frame():
                # Who was the provider when the stream was opened may be nobody by now.
                self.link.check()
                await self._call.write(_LINK.request(self._member, pb.LinkRequest(calls=calls)))
        except NodeError as error:
            reason, wording = error.reason, error.wording
            self._break(lambda: NodeError.of(reason, wording))
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            pass  # the reading end knows why

    async def _read(self) -> None:
        peer = self._member.code
        try:
            while isinstance(body := await self._call.read(), bytes):
                self.link.check()
                for answer in _LINK.read(body).answers:
                    self._answered(answer)
            self._break(lambda: gone(peer))  # it was ended; what was under way is asked again
        except NodeError as error:
            reason, wording = error.reason, error.wording
            self._break(lambda: NodeError.of(reason, wording))
        except grpc.aio.AioRpcError as error:
            broken = error
            self._break(lambda: peer_error(broken, peer))

    def _answered(self, answer: pb.LinkAnswer) -> None:
        if not 0 < answer.number <= self._last:
            raise against_the_rules(self._member.code)
        waiting = self._waiting.pop(answer.number, None)
        if waiting is None or waiting.done():  # nobody waits any more, or it was answered before
            return
        result = answer.WhichOneof("result")
        if result == "answer":
            waiting.set_result(answer.answer)
        elif result == "refusal" and answer.refusal in _REASONS:
            waiting.set_exception(refused_by(Reason(answer.refusal), self._member.code))
        else:
            waiting.set_exception(against_the_rules(self._member.code))


_REASONS = frozenset(map(int, Reason))
