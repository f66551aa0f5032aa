"""A link of a forged requester: sends frames as a test makes them, and reads answers when told to."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from support.forger import Forger
from support.waiting import PATIENCE

from node.client.call_error import node_error
from node.v1 import exchange_pb2 as pb


class OnLink:
    """One link."""

    def __init__(self, forger: Forger) -> None:
        self._frames: queue.Queue[pb.LinkRequest | None] = queue.Queue()
        self.call = forger.stub.Link(iter(self._frames.get, None), timeout=PATIENCE)
        self._last = 0

    def ask(self, *envelopes: pb.Envelope, wait_ms: int = 0) -> list[int]:
        """Ask these in one frame; their numbers."""
        numbers = [self._last + place for place in range(1, len(envelopes) + 1)]
        self._last += len(envelopes)
        self.send(
            *(
                pb.LinkCall(number=number, envelope=envelope, wait_ms=wait_ms)
                for number, envelope in zip(numbers, envelopes, strict=True)
            )
        )
        return numbers

    def send(self, *calls: pb.LinkCall) -> None:
        """A frame of calls as they are."""
        self._frames.put(pb.LinkRequest(calls=calls, most_bytes=4 << 20))

    def answers(self, count: int) -> dict[int, pb.LinkAnswer]:
        """So many answers, by number. Raises the NodeError of the status that the stream ends with."""
        found: dict[int, pb.LinkAnswer] = {}
        try:
            while len(found) < count:
                for answer in next(self.call).answers:
                    assert answer.number not in found
                    found[answer.number] = answer
        except grpc.RpcError as error:
            raise node_error(error) from None
        return found

    def end(self) -> None:
        """Ask no more."""
        self._frames.put(None)


@contextmanager
def on_link(forger: Forger) -> Iterator[OnLink]:
    """A link until the end of the block."""
    link = OnLink(forger)
    try:
        yield link
    finally:
        link.end()
        link.call.cancel()
