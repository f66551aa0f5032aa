"""Reaches the other departments' nodes over mutual TLS."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

import grpc

from node.core.approval import Version
from node.core.directory import Member
from node.core.grant import Grant
from node.core.grant_message import grant_from_message
from node.core.publication import Proved, keep_proved
from node.errors import NodeError, Reason
from node.exchange.ports import PeerStream
from node.rpc.links import Link, Links
from node.rpc.status import CODE_OF
from node.stated import stated_error
from node.v1 import (
    catalogue_pb2,
    catalogue_pb2_grpc,
    exchange_pb2_grpc,
    grant_pb2,
    grant_pb2_grpc,
    usage_log_pb2,
    usage_log_pb2_grpc,
)
from node.v1 import exchange_pb2 as pb

_RETRIED = frozenset(reason for reason, code in CODE_OF.items() if code is grpc.StatusCode.UNAVAILABLE)
_ATTEMPTS = 3
_LONGEST_MESSAGE = 2000
_BatchCall: TypeAlias = "grpc.aio.StreamStreamCall[pb.AskBatchRequest, pb.AskBatchResponse]"
_TIME_SECONDS = 5.0


class PeerClient:
    """Asks providers, over one link to each."""

    def __init__(self, links: Links, deadline_seconds: float, message_bytes: int, proved: Proved) -> None:
        """`proved` says which of the approvals that a provider tells count."""
        self._links = links
        self._proved = proved
        self._deadline = deadline_seconds
        self._message_bytes = message_bytes

    async def ask(self, provider: str, envelope: pb.Envelope) -> pb.SealedAnswer:
        """One exchange, retried with the same envelope while the peer is away.

        Raises NodeError: the peer's reason, or (PEER_UNAVAILABLE), (TIMEOUT).
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self._deadline
        earlier: NodeError | None = None
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self._over(provider) as channel:
                    stub = exchange_pb2_grpc.ExchangeServiceStub(channel)
                    request, left = pb.AskRequest(envelope=envelope), max(0.1, end - loop.time())
                    answer: pb.SealedAnswer = (await stub.Ask(request, timeout=left)).answer
                    return answer
            except NodeError as error:
                if earlier is not None and error.reason is Reason.TIMEOUT:
                    raise earlier from None  # why it was asked again says more
                earlier = error
                pause = 0.1 * 2**attempt * (0.5 + random.random())  # noqa: S311 - spreads retries, no secret
                if error.reason not in _RETRIED or attempt == _ATTEMPTS or loop.time() + pause >= end:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    def open_batch(self, provider: str) -> PeerStream:
        """A batch stream to a provider, which is called with the first chunk."""
        return _Stream(self._links, provider, self._deadline)

    async def grants(self, provider: str) -> list[Grant]:
        """The grants that this department has at a provider. Raises NodeError."""
        async with self._over(provider) as channel:
            stub = grant_pb2_grpc.GrantServiceStub(channel)
            response = await stub.ListGrants(grant_pb2.ListGrantsRequest(), timeout=self._deadline)
        return [grant_from_message(grant) for grant in response.grants]

    async def time_of(self, member: Member) -> int:
        """What time it is by a member's clock (milliseconds), 0 when it does not know. Raises NodeError.

        The directory may have expired: a node asks when it does not know what time it is.
        """
        async with self._on(await self._links.to_member(member)) as channel:
            response = await usage_log_pb2_grpc.UsageLogServiceStub(channel).GetCheckpoint(
                usage_log_pb2.GetCheckpointRequest(), timeout=min(_TIME_SECONDS, self._deadline)
            )
        return int(response.time_ms)

    async def catalogue(self, provider: str, dataset: str) -> list[catalogue_pb2.Dataset]:
        """One dataset of a provider in full, or the summaries of all. Raises NodeError."""
        async with self._over(provider) as channel:
            stub = catalogue_pb2_grpc.CatalogueServiceStub(channel)
            if dataset:
                request = catalogue_pb2.GetDatasetRequest(dataset=dataset)
                response = await stub.GetDataset(request, timeout=self._deadline)
                keep_proved(response.dataset, self._proved)
                return [response.dataset]
            return [catalogue_pb2.Dataset(summary=each) for each in await self._summaries(stub)]

    async def search(
        self, provider: str, request: catalogue_pb2.SearchCatalogueRequest
    ) -> catalogue_pb2.SearchCatalogueResponse:
        """What a provider's catalogue has of what is looked for. Raises NodeError."""
        sent = catalogue_pb2.SearchCatalogueRequest(
            text=request.text,
            field=request.field,
            purpose=request.purpose,
            limit=request.limit,
            department=request.department,
        )
        async with self._over(provider) as channel:
            stub = catalogue_pb2_grpc.CatalogueServiceStub(channel)
            response: catalogue_pb2.SearchCatalogueResponse = await stub.SearchCatalogue(
                sent, timeout=self._deadline
            )
        for entry in response.datasets:
            keep_proved(entry, self._proved)
        return response

    async def history(self, provider: str, dataset: str) -> catalogue_pb2.GetDatasetHistoryResponse:
        """The versions of a dataset that a provider has served. Raises NodeError."""
        request = catalogue_pb2.GetDatasetHistoryRequest(dataset=dataset)
        async with self._over(provider) as channel:
            stub = catalogue_pb2_grpc.CatalogueServiceStub(channel)
            response: catalogue_pb2.GetDatasetHistoryResponse = await stub.GetDatasetHistory(
                request, timeout=self._deadline
            )
        for each in response.versions:
            kept = self._proved(Version(dataset, provider, each.entry_digest), each.approvals)
            del each.approvals[:]
            each.approvals.extend(kept)
        return response

    async def close(self) -> None:
        """Close all channels."""
        await self._links.close()

    @asynccontextmanager
    async def _over(self, provider: str) -> AsyncIterator[grpc.aio.Channel]:
        """The channel to a provider, for one call; its failure becomes a NodeError."""
        async with self._on(await self._links.to(provider)) as channel:
            yield channel

    @asynccontextmanager
    async def _on(self, link: Link) -> AsyncIterator[grpc.aio.Channel]:
        """As `_over`, over a link that is there."""
        try:
            yield link.channel
        except grpc.aio.AioRpcError as error:
            told = peer_error(error)
            if told.reason is Reason.PEER_UNAVAILABLE:
                self._links.doubt(link)
            raise told from None

    async def _summaries(
        self, stub: catalogue_pb2_grpc.CatalogueServiceStub
    ) -> Sequence[catalogue_pb2.DatasetSummary]:
        found: list[catalogue_pb2.DatasetSummary] = []
        token, size = "", 0
        try:
            # All pages together, as one would be: a provider may have ever more of them.
            async with asyncio.timeout(self._deadline):
                while True:
                    request = catalogue_pb2.ListDatasetsRequest(page_token=token)
                    page = await stub.ListDatasets(request, timeout=self._deadline)
                    size += page.ByteSize()
                    if size > self._message_bytes:
                        raise NodeError(
                            Reason.QUERY_INVALID, "the provider's catalogue is too long to list: search it"
                        )
                    found.extend(page.datasets)
                    if not page.next_page_token or page.next_page_token <= token:
                        return found
                    token = page.next_page_token
        except TimeoutError:
            raise NodeError(
                Reason.TIMEOUT, "the provider's catalogue did not come in time: search it"
            ) from None


class _Stream:
    """One AskBatch call; every answer has to come within the deadline, and the link has to count."""

    def __init__(self, links: Links, provider: str, seconds: float) -> None:
        self._links = links
        self._provider = provider
        self._seconds = seconds
        self._opening = asyncio.Lock()
        self._opened: tuple[Link, _BatchCall] | None = None

    async def send(self, envelope: pb.Envelope) -> None:
        """Send one chunk. Raises NodeError(PEER_UNAVAILABLE)."""
        link, call = await self._open()
        link.check()
        try:
            async with asyncio.timeout(self._seconds):
                await call.write(pb.AskBatchRequest(envelope=envelope))
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, TimeoutError):
            raise _gone() from None

    async def answers(self) -> AsyncIterator[pb.SealedAnswer]:
        """Sealed answers in the order of the chunks. Raises NodeError."""
        link, call = await self._open()
        while True:
            try:
                async with asyncio.timeout(self._seconds):
                    response = await call.read()
            except grpc.aio.AioRpcError as error:
                raise peer_error(error) from None
            except TimeoutError:
                call.cancel()
                raise _gone() from None
            if not isinstance(response, pb.AskBatchResponse):  # the end of the stream
                return
            link.check()
            yield response.answer

    async def done(self) -> None:
        """No more chunks."""
        if self._opened is None:
            return
        _, call = self._opened
        try:
            await call.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            raise _gone() from None

    def cancel(self) -> None:
        """End the call, whatever is under way."""
        if self._opened is not None:
            self._opened[1].cancel()

    async def _open(self) -> tuple[Link, _BatchCall]:
        async with self._opening:
            if self._opened is None:
                link = await self._links.to(self._provider)
                self._opened = link, exchange_pb2_grpc.ExchangeServiceStub(link.channel).AskBatch()
            return self._opened


def peer_error(error: grpc.aio.AioRpcError) -> NodeError:
    """The peer's own reason, or that it cannot be reached."""
    if (stated := stated_error(error)) is not None:
        # Of the metadata nothing is passed on: another department's node wrote it.
        message = f"the provider's node refused: {stated.message[:_LONGEST_MESSAGE]}"
        return NodeError(stated.reason, message, decided_by="provider")
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return NodeError(Reason.TIMEOUT, "the provider's node did not answer in time: ask again")
    if error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return NodeError(Reason.RATE_LIMITED, "the provider's node is overloaded: ask again in a moment")
    return _gone()


def _gone() -> NodeError:
    return NodeError(Reason.PEER_UNAVAILABLE, "the provider's node cannot be reached: ask again later")
