"""The asking end of a link: exchanges with one provider, many at once on one stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from node.core.directory.directory import Member
from node.core.revision import call_since
from node.errors import NodeError, Reason
from node.frames.asking import AskingStream
from node.rpc.links import Link
from node.rpc.peer_call import Call
from node.rpc.peer_errors import gone, peer_error, refused_by, too_slow, unasked
from node.v1 import exchange_pb2 as pb

_LINK = Call.of(pb, "ExchangeService", "Link", pb.LinkResponse)
_REASONS = frozenset(map(int, Reason))
_BESIDE_CIPHERTEXT = 2_048
"""Bytes of a call beside its ciphertext, at most: routing data, and a session secret that is sealed."""


def knows_links(member: Member) -> bool:
    """Whether a member's node serves links; others are asked by a call each."""
    return member.revision >= call_since(_LINK.method)


class LinkStream:
    """One stream to one provider, for as long as it lasts."""

    def __init__(self, link: Link, member: Member, most_bytes: int) -> None:
        """`most_bytes` is how long a message this node takes. Make it in the event loop that uses it."""
        self.link = link
        self._asking = AskingStream(_LINK.stream(link.channel)(), _Exchanges(link, member, most_bytes))

    @property
    def open(self) -> bool:
        """Whether it can be asked on."""
        return self._asking.open

    async def ask(self, envelope: pb.Envelope, seconds: float) -> pb.SealedAnswer:
        """One exchange, for whose answer is waited so many `seconds`.

        Raises NodeError: the provider's reason, (PEER_UNAVAILABLE), (TIMEOUT), (ENVELOPE_INVALID).
        """
        wait_ms = int(seconds * 1000)

        def call(number: int) -> pb.LinkCall:
            return pb.LinkCall(number=number, envelope=envelope, wait_ms=wait_ms)

        return await self._asking.ask(call, len(envelope.ciphertext) + _BESIDE_CIPHERTEXT, seconds)

    def close(self) -> None:
        """End the stream, and whatever is under way on it."""
        self._asking.close()


@dataclass(frozen=True, slots=True)
class _Exchanges:
    """How exchanges with a member are said. Who it was at the beginning may count no more by now."""

    link: Link
    member: Member
    most_bytes: int

    def frame(self, calls: Sequence[pb.LinkCall]) -> bytes:
        self.link.check()
        return _LINK.request(self.member, pb.LinkRequest(calls=calls, most_bytes=self.most_bytes))

    def read(self, frame: bytes) -> tuple[list[tuple[int, pb.SealedAnswer | NodeError]], int]:
        self.link.check()
        said = _LINK.read(frame)
        return [(each.number, self._result(each)) for each in said.answers], said.most_bytes

    def _result(self, answer: pb.LinkAnswer) -> pb.SealedAnswer | NodeError:
        result = answer.WhichOneof("result")
        if result == "answer":
            return answer.answer
        if result == "refusal" and answer.refusal in _REASONS:
            return refused_by(Reason(answer.refusal), self.member.code, self.member.title)
        return unasked(self.member.code, self.member.title)

    def off(self, number: int) -> pb.LinkCall:
        return pb.LinkCall(number=number)

    def too_slow(self) -> NodeError:
        return too_slow(self.member.code, self.member.title)

    def ended(self) -> NodeError:
        return gone(self.member.code, self.member.title)

    def broken(self, error: grpc.aio.AioRpcError) -> NodeError:
        return peer_error(error, self.member.code, self.member.title)

    def unasked(self) -> NodeError:
        return unasked(self.member.code, self.member.title)
