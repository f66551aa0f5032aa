"""Reading the log: whoever asks for much of it at once does not take the threads that exchanges need."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import cast

from support.waiting import wait_for

from node.errors import Reason
from node.rpc.grpc_status import Context
from node.rpc.log_service import READING, UsageLogService
from node.v1 import usage_log_pb2 as pb


class Slow:
    """A log of ten records; knows how many have read it at one time, and holds them until so many have."""

    def __init__(self, together: int = 1) -> None:
        self._together = together
        self.most = self._now = 0
        self._turn = threading.Lock()

    def leaves(self, start: int, limit: int) -> list[tuple[int, bytes]]:
        with self._turn:
            self._now += 1
            self.most = max(self.most, self._now)
        wait_for(lambda: self.most >= self._together)
        time.sleep(0.02)
        with self._turn:
            self._now -= 1
        return [(index, b"leaf") for index in range(start, min(10, start + limit))]


async def everybody(
    _: Context, work: Callable[[str | None], Awaitable[pb.ListRecordsResponse]]
) -> pb.ListRecordsResponse:
    return await work(None)


def by(caller: str) -> Context:
    return cast("Context", caller)


async def test_lists_asked_for_at_once_are_read_a_few_at_a_time() -> None:
    store = Slow(READING)
    commit = SimpleNamespace(head=SimpleNamespace(size=9))
    with ThreadPoolExecutor(8) as workers:
        service = UsageLogService(commit, store, workers, everybody, lambda: 0, str)  # type: ignore[arg-type]
        asked = [
            service.ListRecords(pb.ListRecordsRequest(start=7), by(str(number % 5))) for number in range(20)
        ]
        told = await asyncio.gather(*asked)
    assert store.most == READING
    for each in told:
        assert [record.index for record in each.records] == [7, 8]
        assert (each.next_start, each.size) == (9, 9)


async def test_one_caller_who_reads_much_leaves_a_place_to_another() -> None:
    store = Slow()
    commit = SimpleNamespace(head=SimpleNamespace(size=9))
    with ThreadPoolExecutor(8) as workers:
        service = UsageLogService(commit, store, workers, everybody, lambda: 0, str)  # type: ignore[arg-type]
        asked = [service.ListRecords(pb.ListRecordsRequest(), by("greedy")) for _ in range(200)]
        greedy = [asyncio.create_task(each) for each in asked]
        await asyncio.sleep(0)
        await service.ListRecords(pb.ListRecordsRequest(), by("other"))
        assert sum(task.done() and not task.exception() for task in greedy) < 10
        results = await asyncio.gather(*greedy, return_exceptions=True)
    assert {getattr(result, "reason", None) for result in results} == {None, Reason.OVERLOADED}
