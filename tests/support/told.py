"""What a node tells, in English: tests read it as people do."""

from __future__ import annotations

from collections.abc import Iterable

from node.core.state.part import PartProblem
from node.texts.message import Message
from node.texts.wording import say


def english(told: Message | PartProblem | None) -> str:
    """Its text; "" where nothing is told."""
    if told is None:
        return ""
    return told.message if isinstance(told, PartProblem) else say(told, "en")


def all_english(told: Iterable[Message | PartProblem]) -> list[str]:
    """The text of each."""
    return [english(each) for each in told]
