"""Clocks of a machine that a test sets by hand."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from node.core.clock import Reading

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class HandClock:
    """Clocks that run by themselves; `moved` sets the date alone, `passed` lets time go by on both."""

    moved: timedelta = timedelta()
    passed: timedelta = timedelta()
    _began: tuple[datetime, float] = field(default_factory=lambda: (datetime.now(UTC), time.monotonic()))

    def __call__(self) -> Reading:
        wall, monotonic = self._began
        ran = timedelta(seconds=time.monotonic() - monotonic) + self.passed
        return Reading(wall + ran + self.moved, ran)

    @property
    def true(self) -> datetime:
        """The time that has really come."""
        return self().wall - self.moved


def following(wall: Callable[[], datetime]) -> Callable[[], Reading]:
    """A machine on which what runs goes with the date, also where a test sets that back."""

    def read() -> Reading:
        now = wall()
        return Reading(now, now - _EPOCH)

    return read
