"""Runs a node as a process of its own: its signals, its limit of open files, its end."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
from collections.abc import Callable
from pathlib import Path

from node.app.logs import set_up
from node.app.node import Node
from node.app.timekeeping import read_clocks
from node.core.clock import Reading
from node.core.role import Caller
from node.errors import NodeError, Reason
from node.no_dumps import forbid_dumps
from node.rpc.admin_service import ReloadReport

DESCRIPTORS = 65_536
"""Files that the node may have open, at most."""


def run(config: Path) -> None:
    """Run the node of a settings file. Raises NodeError when it cannot start."""
    forbid_dumps()
    set_up()
    _raise_file_limit()
    asyncio.run(serve(config))


async def serve(config: Path, clock: Callable[[], Reading] = read_clocks) -> None:
    """Run a node until SIGTERM or SIGINT; SIGHUP reads its files again. `clock` reads the machine's clocks.

    Raises NodeError(INTERNAL) when a port ended by itself, so that the service manager starts the node anew.
    """
    loop = asyncio.get_running_loop()
    node = Node(config, clock)
    ended = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    reloads: set[asyncio.Task[ReloadReport]] = set()

    def reload() -> None:
        task = loop.create_task(node.reload(Caller("node")))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    await node.start()
    asked, failed = loop.create_task(ended.wait()), loop.create_task(node.ended())
    try:
        await asyncio.wait((asked, failed), return_when=asyncio.FIRST_COMPLETED)
        if not ended.is_set():
            raise NodeError(Reason.INTERNAL, "error.app.port-ended")
    finally:
        for task in (asked, failed):
            task.cancel()
        await asyncio.gather(asked, failed, return_exceptions=True)
        with contextlib.suppress(NodeError):
            await node.stop()


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
