"""Does the parts of a reload each by itself, and knows what is wrong with which."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TypeVar

from node.errors import NodeError

log = logging.getLogger(__name__)
T = TypeVar("T")


class Attempts:
    """The parts that were tried, and the problems of those that failed the last time."""

    def __init__(self) -> None:
        self._problems: dict[str, str] = {}

    @property
    def problems(self) -> Mapping[str, str]:
        """What is wrong, for people, by part."""
        return dict(self._problems)

    def failed(self, part: str) -> bool:
        """Whether a part has a problem."""
        return part in self._problems

    def note(self, part: str, problem: str) -> None:
        """Say what is wrong with a part; "" for nothing."""
        self._problems.pop(part, None)
        if problem:
            self._problems[part] = problem

    def __call__(self, part: str, work: Callable[[], T], otherwise: T) -> T:
        """What `work` gives; `otherwise`, and a problem of the part, when it raises NodeError."""
        try:
            result = work()
        except NodeError as error:
            message = "; ".join(error.message.splitlines())
            log.warning("%s not loaded: %s", part, message)
            self.note(part, message)
            return otherwise
        self.note(part, "")
        return result
