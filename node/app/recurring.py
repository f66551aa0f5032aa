"""What a node does again and again beside its calls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from node.errors import NodeError

log = logging.getLogger(__name__)


class Recurring:
    """Works that are each done at once, and again some seconds after they ended, even if they failed."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, *works: tuple[float, Callable[[], Awaitable[None]]]) -> None:
        """Do these from now on, each with its seconds between."""
        self._tasks += [asyncio.create_task(_repeat(seconds, work)) for seconds, work in works]

    async def stop(self) -> None:
        """Cancel what is being done, and do nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _repeat(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except NodeError as error:
            log.warning("%s", error.message)
        except Exception:
            log.exception("a recurring task failed")
        await asyncio.sleep(seconds)
