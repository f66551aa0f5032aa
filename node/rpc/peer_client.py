"""Reaches the other departments' nodes over mutual TLS."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import TypeVar

import grpc
from google.protobuf.message import Message as ProtoMessage

from node.core.catalogue.publication import Proved, keep_proved
from node.core.catalogue.search import MAX_RESULTS
from node.core.catalogue.taken import check_found, check_history, check_own
from node.core.deadlines import Deadlines
from node.core.deciding.grant import Grant
from node.core.directory.directory import Member
from node.core.messages.grant_message import grant_from_message
from node.core.policy.approval import Version
from node.errors import NodeError, Reason
from node.exchange.own_state import SeenOfUs
from node.rpc.grpc_status import CODE_OF
from node.rpc.link_stream import LinkStream, knows_links
from node.rpc.links import Links
from node.rpc.peer_call import Call
from node.rpc.peer_errors import peer_error, too_slow
from node.v1 import catalogue_pb2, grant_pb2, usage_log_pb2
from node.v1 import exchange_pb2 as pb

_RETRIED = frozenset(reason for reason, code in CODE_OF.items() if code is grpc.StatusCode.UNAVAILABLE)
_ATTEMPTS = 3
_LEAST = 0.1
"""Seconds that a last attempt has, however late it is."""
A = TypeVar("A", bound=ProtoMessage)

_ASK = Call.of(pb, "ExchangeService", "Ask", pb.AskResponse)
_LIST_GRANTS = Call.of(grant_pb2, "GrantService", "ListGrants", grant_pb2.ListGrantsResponse)
_CHECKPOINT = Call.of(usage_log_pb2, "UsageLogService", "GetCheckpoint", usage_log_pb2.GetCheckpointResponse)
_SEEN = Call.of(
    usage_log_pb2, "UsageLogService", "GetSeenCheckpoint", usage_log_pb2.GetSeenCheckpointResponse
)
_CONSISTENCY = Call.of(
    usage_log_pb2, "UsageLogService", "GetConsistencyProof", usage_log_pb2.GetConsistencyProofResponse
)
_LIST_DATASETS = Call.of(
    catalogue_pb2, "CatalogueService", "ListDatasets", catalogue_pb2.ListDatasetsResponse
)
_GET_DATASET = Call.of(catalogue_pb2, "CatalogueService", "GetDataset", catalogue_pb2.GetDatasetResponse)
_SEARCH = Call.of(catalogue_pb2, "CatalogueService", "SearchCatalogue", catalogue_pb2.SearchCatalogueResponse)
_HISTORY = Call.of(
    catalogue_pb2, "CatalogueService", "GetDatasetHistory", catalogue_pb2.GetDatasetHistoryResponse
)


class PeerClient:
    """Asks providers, over one link to each."""

    def __init__(self, links: Links, deadlines: Deadlines, message_bytes: int, proved: Proved) -> None:
        """`proved` says which of the approvals that a provider tells count."""
        self._links = links
        self._proved = proved
        self._deadline = deadlines.call
        self._on_the_way = deadlines.proof
        self._message_bytes = message_bytes
        self._streams: dict[str, LinkStream] = {}

    async def ask(self, provider: str, envelope: pb.Envelope) -> pb.SealedAnswer:
        """One exchange, retried with the same envelope while the peer is away.

        Raises NodeError: the peer's reason, or (PEER_UNAVAILABLE), (TIMEOUT), (ENVELOPE_INVALID).
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self._deadline
        earlier: NodeError | None = None
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._ask(provider, envelope, max(_LEAST, end - loop.time()))
            except NodeError as error:
                if earlier is not None and error.reason is Reason.TIMEOUT:
                    raise earlier from None  # why it was asked again says more
                earlier = error
                pause = 0.1 * 2**attempt * (0.5 + random.random())  # noqa: S311 - spreads retries, no secret
                if error.reason not in _RETRIED or attempt == _ATTEMPTS or loop.time() + pause >= end:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def grants(self, provider: str) -> list[Grant]:
        """The grants that this department has at a provider. Raises NodeError."""
        request = grant_pb2.ListGrantsRequest()
        response = await self._call(provider, _LIST_GRANTS, request, self._on_the_way)
        return [grant_from_message(grant) for grant in response.grants]

    async def time_of(self, member: Member) -> int:
        """What time it is by a member's clock (milliseconds), 0 when it does not know. Raises NodeError.

        The directory may have expired: a node asks when it does not know what time it is.
        """
        request = usage_log_pb2.GetCheckpointRequest()
        return int((await self._call_to(member, _CHECKPOINT, request, self._on_the_way)).time_ms)

    async def catalogue(self, provider: str, dataset: str) -> list[catalogue_pb2.Dataset]:
        """One dataset of a provider in full, or the summaries of all. Raises NodeError."""
        if dataset:
            request = catalogue_pb2.GetDatasetRequest(dataset=dataset)
            response = await self._call(provider, _GET_DATASET, request)
            check_own(response.dataset, provider, dataset)
            keep_proved(response.dataset, self._proved)
            return [response.dataset]
        entries = [catalogue_pb2.Dataset(summary=each) for each in await self._summaries(provider)]
        for entry in entries:
            check_own(entry, provider)
        return entries

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
        response = await self._call(provider, _SEARCH, sent)
        limit = min(request.limit or MAX_RESULTS, MAX_RESULTS)
        check_found(response.datasets, provider, request.department, limit)
        for entry in response.datasets:
            keep_proved(entry, self._proved)
        return response

    async def history(self, provider: str, dataset: str) -> catalogue_pb2.GetDatasetHistoryResponse:
        """The versions of a dataset that a provider has served. Raises NodeError."""
        request = catalogue_pb2.GetDatasetHistoryRequest(dataset=dataset)
        response = await self._call(provider, _HISTORY, request)
        check_history(response.versions)
        for each in response.versions:
            kept = self._proved(Version(dataset, provider, each.entry_digest), each.approvals)
            del each.approvals[:]
            each.approvals.extend(kept)
        return response

    async def consistency_proof(self, code: str, first: int, second: int) -> Sequence[bytes]:
        """The proof that the usage log of a department grew from one size to another. Raises NodeError."""
        request = usage_log_pb2.GetConsistencyProofRequest(first_size=first, second_size=second)
        return tuple((await self._call(code, _CONSISTENCY, request, self._on_the_way)).hashes)

    async def checkpoint(self, code: str) -> bytes:
        """The newest checkpoint of a department's usage log, as it shows it now. Raises NodeError."""
        request = usage_log_pb2.GetCheckpointRequest()
        return (await self._call(code, _CHECKPOINT, request, self._on_the_way)).checkpoint

    async def seen_of_us(self, code: str) -> SeenOfUs:
        """What a department has seen of the own usage log. Raises NodeError."""
        request = usage_log_pb2.GetSeenCheckpointRequest()
        response = await self._call(code, _SEEN, request, self._on_the_way)
        return SeenOfUs(response.checkpoint, response.contradicting)

    async def close(self) -> None:
        """Close all streams and channels."""
        for stream in self._streams.values():
            stream.close()
        await self._links.close()

    async def _ask(self, provider: str, envelope: pb.Envelope, seconds: float) -> pb.SealedAnswer:
        member = self._links.member(provider)
        if not knows_links(member):
            return (await self._call_to(member, _ASK, pb.AskRequest(envelope=envelope), seconds)).answer
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        stream = await self._stream(member, seconds)
        try:
            return await stream.ask(envelope, max(_LEAST, end - loop.time()))
        except NodeError as error:
            if not stream.open and error.reason is Reason.PEER_UNAVAILABLE:
                self._links.doubt(stream.link)
            raise

    async def _stream(self, member: Member, seconds: float) -> LinkStream:
        """The stream that stands to a member; a new one when there is none, or its link counts no more."""
        try:
            async with asyncio.timeout(seconds):
                link = await self._links.to_member(member)
        except TimeoutError:
            raise too_slow(member.code, member.title) from None
        stream = self._streams.get(member.code)
        if stream is None or not stream.open or stream.link is not link:
            stream = self._streams[member.code] = LinkStream(link, member, self._message_bytes)
        return stream

    async def _call(self, provider: str, call: Call[A], request: ProtoMessage, seconds: float = 0.0) -> A:
        """One call and what it brings, in the deadline of all or in `seconds`. Raises NodeError."""
        member = self._links.member(provider)
        return await self._call_to(member, call, request, seconds or self._deadline)

    async def _call_to(self, member: Member, call: Call[A], request: ProtoMessage, seconds: float) -> A:
        body = call.request(member, request)
        try:
            # With the way there: else a node that lets nobody in would be waited for twice as long.
            async with asyncio.timeout(seconds):
                link = await self._links.to_member(member)
                try:
                    answer = await call.unary(link.channel)(body, timeout=seconds)
                except grpc.aio.AioRpcError as error:
                    told = peer_error(error, member.code, member.title)
                    if told.reason is Reason.PEER_UNAVAILABLE:
                        self._links.doubt(link)
                    raise told from None
        except TimeoutError:
            raise too_slow(member.code, member.title) from None
        return call.read(answer)

    async def _summaries(self, provider: str) -> Sequence[catalogue_pb2.DatasetSummary]:
        found: list[catalogue_pb2.DatasetSummary] = []
        token, size = "", 0
        try:
            # All pages together, as one would be: a provider may have ever more of them.
            async with asyncio.timeout(self._deadline):
                while True:
                    request = catalogue_pb2.ListDatasetsRequest(page_token=token)
                    page = await self._call(provider, _LIST_DATASETS, request)
                    size += page.ByteSize()
                    if size > self._message_bytes:
                        raise NodeError(Reason.TOO_LARGE, "error.rpc.peer-catalogue-too-long", peer=provider)
                    found.extend(page.datasets)
                    if not page.next_page_token or page.next_page_token <= token:
                        return found
                    token = page.next_page_token
        except TimeoutError:
            if not found:
                raise too_slow(provider, self._links.title(provider)) from None
            raise NodeError(Reason.TIMEOUT, "error.rpc.peer-catalogue-too-slow", peer=provider) from None
