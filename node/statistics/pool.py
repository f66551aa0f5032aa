"""Warm processes for statistics: each makes one count, or the noise of one, at a time, and many in its life.

They start when they are needed, as many as are used at once. One ends when it is idle for some minutes, when
it does not answer in time, and with the node.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from pydantic import ValidationError

from node.core.outage import Outage, OutageError
from node.core.stop import Stop
from node.errors import NodeError, Reason
from node.privacy.mechanism import NoisyCounts
from node.source.child import Child
from node.source.count_query import CountQuery, Row
from node.statistics import protocol
from node.texts.carried import from_text
from node.texts.message import Message

_PROCESS = "node.statistics.process"
_IDLE_SECONDS = 300.0
_MOST_JOBS = 1000
"""After these a process makes room for another, so that what a library may leak has an end."""
_STOP_SECONDS = 1.0
"""How long a process has to end what it was told to stop, before it is ended."""
_STOP = protocol.ORDER.dump_json(protocol.Stop())
Said = TypeVar("Said", protocol.Counted, protocol.Released)


@dataclass(slots=True)
class _Warm:
    child: Child
    jobs: int = 0
    idle_since: float = 0.0


class Pool:
    """Counts and noises in processes of its own; may be used from many threads."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds` is how long one job may take."""
        self._seconds = seconds
        self._clock = clock
        self._lock = Lock()
        self._idle: list[_Warm] = []
        self._closed = False

    def count(self, query: CountQuery, stop: Stop) -> Sequence[Row]:
        """The rows of a query for exact counts. Raises NodeError(SOURCE_UNAVAILABLE)."""
        return self._do(protocol.Count(query), protocol.Counted, stop).rows

    def noise(
        self, counts: Sequence[int], unit_contributes: int, epsilon_micros: int, stop: Stop
    ) -> NoisyCounts:
        """Noisy counts and their price; see `node.privacy.mechanism`. Raises NodeError."""
        job = protocol.Noise(tuple(counts), unit_contributes, epsilon_micros)
        return self._do(job, protocol.Released, stop).release

    def tidy(self) -> None:
        """End the processes that were idle for long."""
        before = self._clock() - _IDLE_SECONDS
        with self._lock:
            old = [each for each in self._idle if each.idle_since <= before]
            self._idle = [each for each in self._idle if each.idle_since > before]
        for each in old:
            each.child.end()

    def close(self) -> None:
        """End all that are idle; those that are not end with their job, which should be stopped."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for each in idle:
            each.child.end()

    def _do(self, job: protocol.Job, outcome: type[Said], stop: Stop) -> Said:
        line = protocol.ORDER.dump_json(job)
        process = self._send(line)
        said: protocol.Reply | None = None
        try:
            with suppress(ValidationError):  # a process that dies may say anything
                said = self._heard(process.child, stop)
        finally:
            self._give_back(process, good=said is not None)
        if isinstance(said, protocol.Failed):
            raise NodeError.of(said.reason, from_text(said.wording) or Message("error.source.failed"))
        if not isinstance(said, outcome):
            raise _unexpected()
        return said

    def _send(self, line: bytes) -> _Warm:
        """A process that was given the job: a warm one, or else a new one."""
        while (process := self._take()) is not None:
            if self._tell(process.child, line):
                return process
        process = _Warm(Child(_PROCESS, {}))
        if self._tell(process.child, line):
            return process
        raise _unexpected()

    def _tell(self, child: Child, line: bytes) -> bool:
        """Give a job to a process, or end it if it takes none."""
        with suppress(TimeoutError):
            if child.tell(line, self._seconds):
                return True
        child.end()
        return False

    def _take(self) -> _Warm | None:
        with self._lock:
            if self._closed:
                raise OutageError(Outage.SILENT, "error.statistics.shutting-down")
            return self._idle.pop() if self._idle else None

    def _give_back(self, process: _Warm, good: bool) -> None:
        process.jobs += 1
        process.idle_since = self._clock()
        with self._lock:
            keep = good and not self._closed and process.jobs < _MOST_JOBS
            if keep:
                self._idle.append(process)
        if not keep:
            process.child.end()

    def _heard(self, child: Child, stop: Stop) -> protocol.Reply | None:
        """What the process says; None when it ended. Raises NodeError(SOURCE_UNAVAILABLE) when it is late."""
        end = time.monotonic() + self._seconds
        told = False
        while (left := end - time.monotonic()) > 0:
            with suppress(TimeoutError):
                if stop.asked and not told:
                    told = True
                    end = min(end, time.monotonic() + _STOP_SECONDS)
                    child.tell(_STOP, 0.0)
                line = child.hear(min(left, stop.LOOK_SECONDS))
                return None if line is None else protocol.REPLY.validate_json(line)
        raise OutageError(Outage.SLOW, "error.statistics.counting-too-slow", seconds=self._seconds)


def _unexpected() -> NodeError:
    return NodeError(Reason.SOURCE_UNAVAILABLE, "error.statistics.counting-ended")
