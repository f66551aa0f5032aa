"""What goes along with the log as it grows: it may hold exchanges, and is told of every durable group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from node.core.deciding.gap import NO_GAPS, Gaps
from node.core.log.commit import Head
from node.core.log.peer_log import PeerLog
from node.errors import NodeError


class Watch(Protocol):
    """What goes along with every group, see `node.exchange.history`."""

    def held(self) -> NodeError | None:
        """Why no exchange may be recorded now; None when it may."""

    def gaps(self) -> Gaps:
        """Times of which it is not known what was counted."""

    def changed(self) -> tuple[PeerLog, ...]:
        """What was seen of other logs, to be durable with the group."""

    def durable(self, head: Head, kept: Sequence[PeerLog]) -> None:
        """The group is durable, and the log has this head. Must not fail."""


class Unwatched:
    """Of a log that nobody looks after."""

    def held(self) -> NodeError | None:
        """Nothing."""
        return None

    def gaps(self) -> Gaps:
        """None."""
        return NO_GAPS

    def changed(self) -> tuple[PeerLog, ...]:
        """Nothing."""
        return ()

    def durable(self, head: Head, kept: Sequence[PeerLog]) -> None:
        """Nothing."""
