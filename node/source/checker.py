"""Keeps what is known of a live table as a whole: from a look on opening, and with each new load."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import date
from threading import Event, Lock

from sqlalchemy.engine import Connection

from node.source.live_check import Findings
from node.source.sessions import DatabaseSessions
from node.source.spec import Exactness

# What was found, or could not be asked, is looked at again after a pause of so many times what a look took.
_PATIENCE = 20
_PAUSE_SECONDS = 60.0


class Checker:
    """Looks at a table in the background, one look at a time; safe to use from many threads."""

    def __init__(
        self,
        sessions: DatabaseSessions,
        look: Callable[[Connection], Findings],
        today: Callable[[], date],
        seconds: float,
    ) -> None:
        """Begin the first look; `seconds` is how long one may take, by the sessions too."""
        self._sessions = sessions
        self._look = look
        self._today = today
        self._seconds = seconds
        self._lock = Lock()
        self._ended = Event()
        self._findings: Findings | None = None
        self._looked = self._ran_out = False
        self._rests_until = 0.0
        self._ended.set()
        self._begin()

    @property
    def findings(self) -> Findings | None:
        """What the newest look found; None before the first, and if the table could not be looked through."""
        return self._findings

    @property
    def exactness(self) -> Exactness:
        """How far the table is known. While a look is repeated, the one before it counts."""
        if self._findings is not None:
            return Exactness.CHECKED
        late = time.monotonic() - self._began > 2 * self._seconds
        return Exactness.UNCHECKED if self._looked or late else Exactness.CHECKING

    def wait(self, seconds: float) -> None:
        """Give the look that is under way so long to end."""
        self._ended.wait(seconds)

    def tend(self, *, asked: bool = False) -> None:
        """Look again: on a new day, and if something was wrong, after a pause or when it is `asked` for."""
        findings = self._findings
        is_good = findings is not None and not findings.problems()
        rests = self._ran_out or time.monotonic() < self._rests_until
        if self._today() != self._began_on or (not is_good and (asked or not rests)):
            self._begin()

    def look_again(self) -> None:
        """Look now, as the table is another than the look before found."""
        self._begin()

    def _begin(self) -> None:
        with self._lock:
            if not self._ended.is_set():
                return
            self._ended.clear()
            self._began_on, self._began = self._today(), time.monotonic()
        self._sessions.start(self._look).add_done_callback(self._end)

    def _end(self, look: Future[Findings]) -> None:
        took = time.monotonic() - self._began
        with self._lock:
            self._findings = None if look.exception() is not None else look.result()
            self._looked = True
            # A table that takes too long today does so in a minute as well.
            self._ran_out = self._findings is None and took > self._seconds / 2
            self._rests_until = time.monotonic() + max(_PAUSE_SECONDS, _PATIENCE * took)
            self._ended.set()
