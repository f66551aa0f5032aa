"""Reading the log: whoever asks for much of it at once does not take the threads that exchanges need."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

from node.rpc.log_service import READING, UsageLogService
from node.rpc.status import Context
from node.v1 import usage_log_pb2 as pb


class Slow:
    """A log of ten records; knows how many have read it at one time."""

    def __init__(self) -> None:
        self.most = self._now = 0
        self._turn = threading.Lock()

    def leaves(self, start: int, limit: int) -> list[tuple[int, bytes]]:
        with self._turn:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.02)
        with self._turn:
            self._now -= 1
        return [(index, b"leaf") for index in range(start, min(10, start + limit))]


async def everybody(
    _: Context, work: Callable[[str | None], Awaitable[pb.ListRecordsResponse]]
) -> pb.ListRecordsResponse:
    return await work(None)


async def test_lists_asked_for_at_once_are_read_a_few_at_a_time() -> None:
    store = Slow()
    commit = SimpleNamespace(head=SimpleNamespace(size=9))
    with ThreadPoolExecutor(8) as workers:
        service = UsageLogService(commit, store, workers, everybody, lambda: 0)  # type: ignore[arg-type]
        asked = [service.ListRecords(pb.ListRecordsRequest(start=7), None) for _ in range(20)]  # type: ignore[arg-type]
        told = await asyncio.gather(*asked)
    assert store.most == READING
    for each in told:
        assert [record.index for record in each.records] == [7, 8]
        assert (each.next_start, each.size) == (9, 9)
