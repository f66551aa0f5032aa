"""An exchange in progress at the provider, which the same request may join while it lasts."""

from __future__ import annotations

import asyncio

from node.errors import NodeError
from node.v1 import exchange_pb2 as pb


class Running:
    """An exchange in progress, which the same request may join while it lasts."""

    __slots__ = ("_joined", "digest")

    def __init__(self, digest: bytes) -> None:
        self.digest = digest
        self._joined: asyncio.Future[pb.SealedAnswer] | None = None

    async def join(self) -> asyncio.Future[pb.SealedAnswer] | None:
        """Wait for its end; None when it was given up."""
        if self._joined is None:
            self._joined = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._joined])
        return None if self._joined.cancelled() else self._joined

    def answered(self, answer: pb.SealedAnswer) -> None:
        """Give the answer to all who joined."""
        if self._joined is not None:
            self._joined.set_result(answer)

    def failed(self, error: BaseException) -> None:
        """Tell all who joined; anything but a NodeError is a caller that went away."""
        if self._joined is None:
            return
        if isinstance(error, NodeError):
            self._joined.set_exception(error)
            self._joined.exception()  # seen: nobody else may be waiting
        else:
            self._joined.cancel()
