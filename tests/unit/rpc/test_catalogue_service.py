"""Searching the catalogue cannot keep the node from answering: it is bounded by caller and in all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from support.policy_samples import MEDICAL, TAX, build
from support.waiting import PATIENCE, until

from node.core.catalogue.publication import ServedVersion
from node.core.catalogue.registry import Catalogue, Shown, own_shelf
from node.core.catalogue.search import Lookup
from node.errors import NodeError, Reason
from node.rpc.catalogue_service import SEARCHES_AT_ONCE, SEARCHING, WAITING, CatalogueService, admit_members
from node.rpc.exchange_service import Gate
from node.rpc.grpc_status import Context
from node.v1 import catalogue_pb2 as pb


class OpenGate:
    """Lets in whom the context names."""

    async def run(self, context: Any, work: Callable[[Any], Awaitable[object]]) -> object:
        return await work(SimpleNamespace(code=context))


class NoHistory:
    def served_versions(self, dataset: str, limit: int) -> list[ServedVersion]:
        return []


class Slow:
    """A catalogue that finds nothing until it may, and says how many searches were in it at one time."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.most = self._now = 0

    def search(self, lookup: Lookup, limit: int) -> Shown:
        self._now += 1
        self.most = max(self.most, self._now)
        self.may_end.wait(PATIENCE)
        self._now -= 1
        return Shown((), 0)


def service(catalogue: Catalogue | Slow) -> CatalogueService:
    """One whose clock stands still: however slow the machine, nobody may ask more in between."""
    policies = build()
    return CatalogueService(
        lambda: policies,
        lambda: cast("Catalogue", catalogue),
        admit_members(cast("Gate", OpenGate())),
        str,
        NoHistory(),
        lambda dataset: None,
        clock=lambda: 0.0,
    )


def by(code: str) -> Context:
    return cast("Context", code)


SEARCH = pb.SearchCatalogueRequest(text="养老")
HISTORY = pb.GetDatasetHistoryRequest(dataset="pension-insurance")


def test_flood_of_searches_of_one_member_is_cut_off_and_others_go_on_searching() -> None:
    async def run() -> None:
        catalogue = service(Catalogue(own_shelf(build())))
        for number in range(int(SEARCHES_AT_ONCE)):
            if number % 2:
                await catalogue.SearchCatalogue(SEARCH, by(TAX))
            else:
                await catalogue.GetDatasetHistory(HISTORY, by(TAX))
        for ask in (
            lambda: catalogue.SearchCatalogue(SEARCH, by(TAX)),
            lambda: catalogue.GetDatasetHistory(HISTORY, by(TAX)),
        ):
            with pytest.raises(NodeError) as refused:
                await ask()
            assert refused.value.reason is Reason.RATE_LIMITED
        assert (await catalogue.SearchCatalogue(SEARCH, by(MEDICAL))).total == 1
        assert (await catalogue.ListDatasets(pb.ListDatasetsRequest(), by(TAX))).datasets

    asyncio.run(run())


def test_searches_of_many_members_wait_for_each_other_and_no_more_wait_than_fit() -> None:
    async def run() -> None:
        slow = Slow()
        catalogue = service(slow)
        held = [
            asyncio.create_task(catalogue.SearchCatalogue(SEARCH, by(str(number))))
            for number in range(SEARCHING + WAITING)
        ]
        await asyncio.sleep(0.2)
        with pytest.raises(NodeError) as refused:
            await catalogue.SearchCatalogue(SEARCH, by("one too many"))
        assert refused.value.reason is Reason.OVERLOADED
        slow.may_end.set()
        await asyncio.gather(*held)
        assert slow.most <= SEARCHING
        assert (await catalogue.SearchCatalogue(SEARCH, by("one too many"))).total == 0

    asyncio.run(run())


def test_searches_of_one_member_leave_room_to_wait_and_the_next_turn_to_another() -> None:
    async def run() -> None:
        slow = Slow()
        catalogue = service(slow)
        asked = [catalogue.SearchCatalogue(SEARCH, by(TAX)) for _ in range(SEARCHING + WAITING)]
        held = [asyncio.create_task(each) for each in asked]
        await asyncio.sleep(0.2)
        refused = [task for task in held if task.done()]
        assert len(refused) == WAITING // 2
        other = asyncio.create_task(catalogue.SearchCatalogue(SEARCH, by(MEDICAL)))
        await asyncio.sleep(0)
        assert not other.done()
        slow.may_end.set()
        assert (await other).total == 0
        results = await asyncio.gather(*held, return_exceptions=True)
        assert sum(isinstance(result, NodeError) for result in results) == WAITING // 2

    asyncio.run(run())


def test_search_that_is_given_up_keeps_its_place_until_its_thread_has_ended() -> None:
    async def run() -> None:
        slow = Slow()
        catalogue = service(slow)
        for _ in range(5):
            given_up = [
                asyncio.create_task(catalogue.SearchCatalogue(SEARCH, by(TAX))) for _ in range(SEARCHING)
            ]
            await until(lambda: slow._now == SEARCHING)
            for task in given_up:
                task.cancel()
            await asyncio.gather(*given_up, return_exceptions=True)
        slow.may_end.set()
        await catalogue.SearchCatalogue(SEARCH, by(MEDICAL))
        assert slow.most == SEARCHING

    asyncio.run(run())
