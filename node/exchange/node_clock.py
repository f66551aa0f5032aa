"""The one clock of a running node: certificates, directory, policies, quotas and records go by it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from node.core.clock import (
    Clock,
    ClockBounds,
    Reading,
    Standing,
    TimeUnknownError,
    clock_problem,
    looked,
    started,
)
from node.core.milliseconds import to_ms
from node.texts.message import Message
from node.texts.wording import say

log = logging.getLogger(__name__)


class NodeClock:
    """Reads the machine's clocks, and gives the time that is believed. May be asked from any thread."""

    def __init__(
        self,
        read: Callable[[], Reading],
        known: datetime | None,
        bounds: ClockBounds,
        certain: datetime | None = None,
    ) -> None:
        """`known` is the last time that the node knew before it started, None for a new node.

        `certain` is what had certainly come, where that is less.
        """
        self._read = read
        self.bounds = bounds
        self._lock = threading.Lock()
        self._clock = started(read(), known, bounds, certain)
        if self._clock.standing is not Standing.AGREED:
            self._tell()

    def now(self) -> datetime:
        """The time that the node goes by; while it waits, the last that it knew, and what ran since."""
        clock, reading = self.look()
        return clock.time(reading)

    def now_ms(self) -> int:
        """As `now`, in milliseconds."""
        return to_ms(self.now())

    def believed(self) -> datetime:
        """The time, to ask, answer and record by. Raises NodeError(CLOCK_SKEWED) while it is not known."""
        clock, reading = self.look()
        if clock.standing is Standing.WAITING:
            raise TimeUnknownError
        return clock.time(reading)

    def believed_ms(self) -> int:
        """As `believed`, in milliseconds."""
        return to_ms(self.believed())

    def certain_ms(self) -> int:
        """A time that has certainly come, in milliseconds: to forget by."""
        clock, reading = self.look()
        return to_ms(clock.certain_time(reading))

    def shown_ms(self) -> int:
        """What other departments are told, in milliseconds; 0 when the node knows nothing."""
        clock, reading = self.look()
        told = clock.shown_to_others(reading)
        return 0 if told is None else to_ms(told)

    def known(self) -> bool:
        """Whether the node knows the time, so that it can ask and answer."""
        return self.look()[0].standing is not Standing.WAITING

    def problem(self) -> Message | None:
        """What is wrong, None when nothing is."""
        return clock_problem(*self.look())

    def look(self) -> tuple[Clock, Reading]:
        """What is known of the time now."""
        with self._lock:
            reading = self._read()
            before = self._clock
            clock = looked(before, reading, self.bounds)
            if clock is before:
                return clock, reading
            self._clock = clock
        if clock.standing is not before.standing:
            self._tell()
        return clock, reading

    def change(self, before: Standing, made: Callable[[Clock, Reading], Clock]) -> None:
        """Go on by the clock that `made` gives, unless the standing is another than `before` meanwhile."""
        with self._lock:
            if self._clock.standing is not before:
                return
            old, self._clock = self._clock, made(self._clock, self._read())
        if self._clock.standing is not old.standing:
            self._tell()

    def _tell(self) -> None:
        # Read without the lock: another thread may have gone on meanwhile, and tells the rest.
        problem = clock_problem(self._clock, self._read())
        if problem:
            log.warning("clock: %s", say(problem, "en"))
        else:
            log.info("clock: the system's clock is believed")
