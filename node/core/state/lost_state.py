"""A node's state that is older than one it had before, and what tells that it is.

The own log only grows. Whoever shows a checkpoint that an own key has signed and that the own log does not
hold proves that records were lost, or that a second copy of the node runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import TypeAdapter, ValidationError

from node.core.directory.spelling import moment_text
from node.core.log.checkpoint import Checkpoint
from node.core.milliseconds import from_ms
from node.errors import NodeError, Reason
from node.texts.message import Message, Value

MARK = "mark"
"""Who has seen more, if that is the file outside of the state."""


@dataclass(frozen=True, slots=True)
class LostState:
    """What is left: own records, their root (hex) and the time of the last one; and the most that was seen.

    `seen_by` is "mark" or the credit code of a department; `found_ms` is when it was found. `marked` names
    the log of the mark, where that differs from the own one: size and root, else "".
    """

    own_size: int
    own_root: str
    last_record_ms: int
    seen_size: int
    seen_root: str
    seen_by: str
    found_ms: int
    marked: str = ""

    def facts(self) -> Mapping[str, str]:
        """What officers sign when they accept the loss."""
        return MappingProxyType(
            {
                "own_size": str(self.own_size),
                "own_root": self.own_root,
                "last_record": _text(self.last_record_ms),
                "seen_size": str(self.seen_size),
                "seen_root": self.seen_root,
                "seen_by": self.seen_by,
                "found": _text(self.found_ms),
            }
        )

    def wording(self) -> Message:
        """What is known."""
        if self.seen_by == MARK:
            where = Message("state.own.mark")
        else:
            where = Message("state.own.department", {"code": self.seen_by})
        if self.seen_size > self.own_size:
            args: dict[str, Value] = {"own": self.own_size, "where": where, "seen": self.seen_size}
            return Message("state.own.fewer-records", args)
        return Message("state.own.another-log", {"where": where, "seen": self.seen_size})

    def to_fact(self) -> str:
        """For keeping."""
        return _ADAPTER.dump_json(self).decode()

    @classmethod
    def from_fact(cls, text: str) -> LostState:
        """As it was kept. Raises NodeError(LOG_CORRUPT)."""
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError:
            raise NodeError(Reason.LOG_CORRUPT, "error.state.fact-unreadable") from None

    def error(self) -> NodeError:
        """Why nothing is asked or answered, and what to do."""
        return NodeError(
            Reason.STATE_LOST,
            "error.state.older",
        )


_ADAPTER = TypeAdapter(LostState)


def is_news(seen: Checkpoint, own_size: int, own_root: Callable[[int], bytes], accepted: int) -> bool:
    """Whether a checkpoint of the own log shows that records are missing, or that two copies run.

    `own_root` gives the root of the own log at a size up to `own_size`. What was lost up to the size
    `accepted` has been decided on.
    """
    if seen.size <= accepted:
        return False
    return seen.size > own_size or own_root(seen.size) != seen.root


def _text(milliseconds: int) -> str:
    return moment_text(from_ms(milliseconds))
