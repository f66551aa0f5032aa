"""Ends a node of this process as a power cut does: nothing is written any more, and nobody is told."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

from node.app.node import Node


async def crash(node: Node) -> None:
    """What is durable stays, what waits is lost; ports, files and threads are let go."""
    # What is being written is so far not known to anybody: it is durable as a whole, or not at all.
    node._commit._disk.shutdown(wait=True)
    node._store.close()
    os.close(node._history._mark._descriptor)
    with suppress(Exception):
        await node._recurring.stop()
        await asyncio.gather(node._ports.exchange.stop(None), node._ports.desk.stop(None))
        await node._requester.stop()
        await node._working.stop()
        await node._peers.close()
    node._workers.shutdown(wait=False, cancel_futures=True)
    node._cleaner.close()
    os.close(node._lock)
