"""What a node remembers of another node's usage log, and what in that contradicts itself.

A signed checkpoint commits its department to a whole log. Who keeps the newest one sees when the log shrinks
(a state that was put back), forks (two states that go on), or is rewritten. A larger log is believed at once
and proved afterwards (RFC 6962, 2.1.2); any other is believed only after its proof.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from node.core.log.checkpoint import checkpoint_in
from node.errors import NodeError, Reason
from node.texts.message import Message


class ContradictionKind(StrEnum):
    """How a log contradicts what was seen of it."""

    SHRANK = "shrank"
    """Its node has a log now that is smaller than one it has signed."""
    DIFFERS = "differs"
    """It signed two logs of which neither is the beginning of the other."""


@dataclass(frozen=True, slots=True)
class SeenCheckpoint:
    """A checkpoint of another node's log as its signed note has it, and when it was seen."""

    note: bytes
    time_ms: int
    size: int
    root: bytes

    @classmethod
    def of(cls, note: bytes, time_ms: int) -> SeenCheckpoint:
        """From a note whose signature was verified before. Raises NodeError(PROOF_INVALID)."""
        checkpoint = checkpoint_in(note)
        return cls(note, time_ms, checkpoint.size, checkpoint.root)

    def same_as(self, size: int, root: bytes) -> bool:
        """Whether it commits to that log."""
        return self.size == size and self.root == root


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two checkpoints of one log that cannot both be true: what was remembered, and what came."""

    found_ms: int
    kind: ContradictionKind
    remembered: SeenCheckpoint
    other: SeenCheckpoint
    accepted_ms: int = 0
    """When staff accepted it; 0 before."""

    def wording(self) -> Message:
        """How the log contradicts itself."""
        sizes = {"remembered": self.remembered.size, "other": self.other.size}
        return Message(f"state.peer.{self.kind}", sizes)

    def accepted(self, time_ms: int) -> Contradiction:
        """The same, once staff went on in spite of it."""
        return replace(self, accepted_ms=time_ms)


@dataclass(frozen=True, slots=True)
class PeerLog:
    """The memory of one log: the newest checkpoint, and the newest up to which it was proved to have grown.

    While `stopped` stands, nothing is exchanged with its department.
    """

    code: str
    newest: SeenCheckpoint
    proved: SeenCheckpoint
    stopped: Contradiction | None = None

    @classmethod
    def first(cls, code: str, seen: SeenCheckpoint) -> PeerLog:
        """The memory of a log that is seen for the first time: there is nothing to hold it against."""
        return cls(code, seen, seen)

    @property
    def unproved(self) -> bool:
        """Whether it grew since it was last proved."""
        return not self.newest.same_as(self.proved.size, self.proved.root)

    def grown(self, seen: SeenCheckpoint) -> PeerLog:
        """After a larger log was seen."""
        return replace(self, newest=seen)

    def after_proof(self, seen: SeenCheckpoint) -> PeerLog:
        """After it was proved that the log grew to `seen`."""
        return replace(self, proved=seen) if seen.size >= self.proved.size else self

    def stop(self, contradiction: Contradiction) -> PeerLog:
        """After a contradiction was found."""
        return replace(self, stopped=contradiction)

    def accept(self) -> PeerLog:
        """After staff decided: what came is what is remembered from now on."""
        if self.stopped is None:
            raise NodeError(Reason.NOT_FOUND, "error.log.no-peer-decision")
        return PeerLog.first(self.code, self.stopped.other)
