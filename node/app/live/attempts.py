"""Does the parts of a reload each by itself, and knows what is wrong with which."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

from node.core.state.part import Part, on_one_line
from node.errors import NodeError
from node.texts.message import Message
from node.texts.wording import say

log = logging.getLogger(__name__)
T = TypeVar("T")


class Attempts:
    """The parts that were tried, and the problems of those that failed the last time."""

    def __init__(self) -> None:
        self._problems: dict[Part, Message] = {}

    @property
    def problems(self) -> Mapping[Part, Message]:
        """What is wrong, by part."""
        return dict(self._problems)

    def failed(self, part: Part) -> bool:
        """Whether a part has a problem."""
        return part in self._problems

    def note(self, part: Part, problem: Message | None) -> None:
        """Say what is wrong with a part; None for nothing."""
        self._problems.pop(part, None)
        if problem is not None:
            self._problems[part] = problem

    def __call__(self, part: Part, work: Callable[[], T], otherwise: T) -> T:
        """What `work` gives; `otherwise`, and a problem of the part, when it raises NodeError."""
        try:
            result = work()
        except NodeError as error:
            if (
                self._problems.get(part) != error.wording
            ):  # what is tried again every few seconds is told once
                log.warning("%s not loaded: %s", say(part.title, "en"), on_one_line(error.message))
            self.note(part, error.wording)
            return otherwise
        self.note(part, None)
        return result
