"""A provider that answers as it likes takes neither a requester's memory nor its time without end."""

from __future__ import annotations

import asyncio

import pytest

from node.errors import NodeError, Reason
from node.rpc.client import PeerClient
from node.v1 import catalogue_pb2 as pb


class Endless:
    """A catalogue that has always another page."""

    def __init__(self, datasets: int, seconds: float) -> None:
        self._datasets, self._seconds = datasets, seconds

    async def ListDatasets(  # noqa: N802
        self, request: pb.ListDatasetsRequest, **_options: float
    ) -> pb.ListDatasetsResponse:
        await asyncio.sleep(self._seconds)
        datasets = [pb.DatasetSummary(dataset="pension-insurance") for _ in range(self._datasets)]
        return pb.ListDatasetsResponse(datasets=datasets, next_page_token=request.page_token + "a")


@pytest.mark.parametrize(
    ("catalogue", "reason"), [(Endless(100, 0), Reason.QUERY_INVALID), (Endless(0, 0.01), Reason.TIMEOUT)]
)
def test_list_of_a_provider_that_never_ends_is_given_up(catalogue: Endless, reason: Reason) -> None:
    client = PeerClient(None, 1.0, 100_000, None)  # type: ignore[arg-type]  # none of them is asked

    async def listed() -> object:
        return await asyncio.wait_for(client._summaries(catalogue), 10)  # type: ignore[arg-type]

    with pytest.raises(NodeError) as given_up:
        asyncio.run(listed())
    assert given_up.value.reason is reason
