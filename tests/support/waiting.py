"""Waits for what has to come, for as long as a busy machine may need; what comes at once costs no time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from time import monotonic, sleep
from typing import Final, TypeVar

from node.errors import NodeError

T = TypeVar("T")

PATIENCE: Final = 60.0
"""Seconds before anything that has to come is given up."""
_POLL: Final = 0.05


def wait_for(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something holds; fail when it does not in time."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "waited in vain"
        sleep(_POLL)


async def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something holds, and let the event loop go on meanwhile."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.005)


async def reached(event: threading.Event) -> None:
    """Wait for what another thread has to do, and let the event loop go on meanwhile."""
    assert await asyncio.to_thread(event.wait, PATIENCE), "waited in vain"


def join(*threads: threading.Thread) -> None:
    """Wait until these have ended."""
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "waited in vain"


def patiently(work: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Try until it works, or the time is over; the last error then."""
    deadline = monotonic() + seconds
    while True:
        try:
            return work()
        except NodeError:
            if monotonic() > deadline:
                raise
            sleep(_POLL)
