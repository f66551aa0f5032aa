"""Forgets what is over: used up days, answered exchanges, openings after their time.

Whatever is forgotten lies together at the beginning of an index, and goes in steps of a few milliseconds, so
that no exchange waits long for one and none has to look for what is over.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from node.core.deciding.budget import HOUR_MS, counter_key
from node.core.state.clean_up import Due, Step
from node.store import driver
from node.store.engine import BEGIN, is_busy, never_wait, store_errors

ROWS_MOST = 1000
ROWS_LEAST = 16
"""Rows that one step forgets, at most and at least."""
STEP_SECONDS = 0.004
"""What a step aims to hold the writer for."""


# Each finds its rows at the beginning of an index. A request without an outcome stays until it has one.
_COUNTERS = "DELETE FROM counter WHERE key IN (SELECT key FROM counter WHERE key < ? ORDER BY key LIMIT ?)"
_MARKS = (
    "DELETE FROM mark WHERE key IN (SELECT key FROM mark WHERE until_hour <= ? ORDER BY until_hour LIMIT ?)"
)
_BEFORE = "DELETE FROM {0} WHERE {1} IN (SELECT {1} FROM {0} WHERE {1} < ?{2} ORDER BY {1} LIMIT ?)"
_ANSWERED = _BEFORE.format("answered", "seq", "")
_RESEND = _BEFORE.format("resend", "intent_index", "")
_ASKED = _BEFORE.format("asked", "intent_index", " AND outcome_index >= 0")
_OPENINGS = _BEFORE.format("opening", "seq", "")


class Cleaner:
    """Forgets step by step. Not for two threads at once, nor beside an open transaction of the store."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = perf_counter) -> None:
        self._engine = engine
        self._clock = clock
        self._connection: PoolProxiedConnection | None = None
        self._rows = ROWS_LEAST

    def step(self, due: Due) -> Step:
        """Forget some rows, none while another connection writes. Raises NodeError(STORE_UNAVAILABLE)."""
        with store_errors():
            if self._connection is None or not self._connection.is_valid:
                self._connection = _open(self._engine)
            began = self._clock()
            try:
                rows = self._forget(self._connection, due)
                self._connection.commit()
            except driver.Error as error:
                if is_busy(error):
                    return Step(0, 0.0, more=True)
                self._connection.invalidate()
                raise
        seconds = self._clock() - began
        step = Step(rows, seconds, more=rows == self._rows)
        if seconds > STEP_SECONDS:
            self._rows = max(ROWS_LEAST, self._rows // 2)
        elif step.more and seconds < STEP_SECONDS / 2:
            self._rows = min(ROWS_MOST, self._rows * 2)
        return step

    def settle(self) -> None:
        """Work the journal into the database, while others write. Raises NodeError(STORE_UNAVAILABLE)."""
        if self._connection is not None:
            with store_errors():
                cursor = self._connection.cursor()
                cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                cursor.close()

    def close(self) -> None:
        """Give the connection back to the system."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _forget(self, connection: PoolProxiedConnection, due: Due) -> int:
        cursor = connection.cursor()
        try:
            cursor.execute(BEGIN[self._engine.dialect.name])
            left = self._rows
            for sql, bound in _bounds(due):
                if left:
                    cursor.execute(sql, (bound, left))
                    left -= cursor.rowcount
        finally:
            cursor.close()
        return self._rows - left


def _bounds(due: Due) -> tuple[tuple[str, str | int], ...]:
    hour = due.now_ms // HOUR_MS
    return (
        (_COUNTERS, counter_key((hour + 1) * HOUR_MS, "")),
        (_MARKS, hour),
        (_ANSWERED, due.answered_before),
        (_RESEND, due.answered_before),
        (_ASKED, due.asked_before),
        (_OPENINGS, due.openings_before),
    )


def _open(engine: Engine) -> PoolProxiedConnection:
    """A connection whose commits do not wait for the disk: what is forgotten once can be forgotten again.

    Nor do they work the journal into the database, which takes far longer than a step.
    """
    connection = engine.raw_connection()
    connection.detach()  # nobody else may get it from the pool, whose commits have to be on the disk
    never_wait(connection)
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA wal_autocheckpoint = 0")
    cursor.close()
    return connection
