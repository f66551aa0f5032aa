"""A load that is built and not used, because it may be no good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from node.source.snapshot import Manifest
from node.source.spec import LoadReport
from node.texts.message import Message


@dataclass(frozen=True, slots=True)
class Held:
    """What to say of a load that is not used, and the last good snapshot; "" if there never was one.

    That one is kept, and if it `stays` in use, answered from. `alone` is to be said where it is not.
    """

    problem: Message
    alone: Message
    good: str
    stays: bool


Judge = Callable[[Manifest], Held | None]
"""Says of a load whether it is held; one that is not is remembered as the last good one."""

TableJudge = Callable[[LoadReport], Message | None]
"""The same of a live table that was looked through: why nothing is answered from it, None if it is good."""
