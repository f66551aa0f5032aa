"""Runs blocking calls for a bounded time: a driver that waits for a dead server holds up only itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

from node.core.outage import Outage, OutageError
from node.core.stop import Stop
from node.errors import NodeError, Reason

T = TypeVar("T")


class Workers:
    """A few threads that calls are handed to.

    They are daemons, unlike those of an executor: a call that never returns does not keep the node from
    stopping either.
    """

    def __init__(self, count: int, seconds: float) -> None:
        self._seconds = seconds
        self._count = count
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        for _ in range(count):
            Thread(target=self._serve, name="dxnode-database", daemon=True).start()

    def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Raises NodeError(SOURCE_UNAVAILABLE) if that takes too long."""
        future = self.start(work)
        try:
            return future.result(self._seconds)
        except TimeoutError:
            raise self._late(future) from None

    def run_until(self, stop: Stop, work: Callable[[], T], end: Callable[[], None]) -> T:
        """As `run`; once `stop` is asked, `end` is called from time to time, until the work ends by that."""
        future = self.start(work)
        until = time.monotonic() + self._seconds
        while not wait([future], stop.LOOK_SECONDS).done:
            if time.monotonic() > until:
                raise self._late(future)
            if stop.asked and not future.cancel():
                end()
        if future.cancelled():
            raise NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.given-up")
        return future.result()

    def _late(self, future: Future[T]) -> NodeError:
        future.cancel()
        return OutageError(Outage.SLOW, "error.source.database-too-slow", seconds=self._seconds)

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Hand over a call without waiting for it."""
        future: Future[T] = Future()

        def call() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work())
            except Exception as error:
                future.set_exception(error)

        self._calls.put(call)
        return future

    def close(self) -> None:
        """Let the threads end when they have nothing left to do."""
        for _ in range(self._count):
            self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
