"""Reaches the other departments' nodes over mutual TLS."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import grpc
from google.protobuf.message import Message

from node.core.approval import Version
from node.core.catalogue_search import MAX_RESULTS
from node.core.catalogue_taken import check_found, check_history, check_own
from node.core.directory import Member
from node.core.grant import Grant
from node.core.grant_message import grant_from_message
from node.core.publication import Proved, keep_proved
from node.errors import NodeError, Reason
from node.exchange.ports import PeerStream
from node.rpc.peer_call import Call
from node.stated import stated_error
from node.v1 import catalogue_pb2, grant_pb2, usage_log_pb2
from node.v1 import exchange_pb2 as pb

_RETRIED = frozenset({grpc.StatusCode.UNAVAILABLE})
_ATTEMPTS = 3
_LONGEST_MESSAGE = 2000
_TIME_SECONDS = 5.0
A = TypeVar("A", bound=Message)

_ASK = Call.of(pb, "ExchangeService", "Ask", pb.AskResponse)
_ASK_BATCH = Call.of(pb, "ExchangeService", "AskBatch", pb.AskBatchResponse)
_LIST_GRANTS = Call.of(grant_pb2, "GrantService", "ListGrants", grant_pb2.ListGrantsResponse)
_LIST_DATASETS = Call.of(
    catalogue_pb2, "CatalogueService", "ListDatasets", catalogue_pb2.ListDatasetsResponse
)
_GET_DATASET = Call.of(catalogue_pb2, "CatalogueService", "GetDataset", catalogue_pb2.GetDatasetResponse)
_CHECKPOINT = Call.of(usage_log_pb2, "UsageLogService", "GetCheckpoint", usage_log_pb2.GetCheckpointResponse)
_SEARCH = Call.of(catalogue_pb2, "CatalogueService", "SearchCatalogue", catalogue_pb2.SearchCatalogueResponse)
_HISTORY = Call.of(
    catalogue_pb2, "CatalogueService", "GetDatasetHistory", catalogue_pb2.GetDatasetHistoryResponse
)


@dataclass(frozen=True, slots=True)
class Identity:
    """This node's certificate chain and private key for the exchange port, PEM."""

    certificate: bytes
    key: bytes


@dataclass(slots=True)
class _Link:
    made_for: tuple[str, str, Identity]
    channel: grpc.aio.Channel


class PeerClient:
    """Channels to providers, made when needed and made anew when the directory or the identity changes."""

    def __init__(
        self,
        member: Callable[[str], Member],
        identity: Callable[[], Identity],
        deadline_seconds: float,
        message_bytes: int,
        proved: Proved,
    ) -> None:
        """`proved` says which of the approvals that a provider tells count."""
        self._member = member
        self._identity = identity
        self._proved = proved
        self._deadline = deadline_seconds
        self._message_bytes = message_bytes
        self._links: dict[str, _Link] = {}

    async def ask(self, provider: str, envelope: pb.Envelope) -> pb.SealedAnswer:
        """One exchange, retried with the same envelope while the peer is away.

        Raises NodeError: the peer's reason, or (PEER_UNAVAILABLE), (TIMEOUT), (ENVELOPE_INVALID).
        """
        member = self._member(provider)
        request, call = (
            _ASK.request(member, pb.AskRequest(envelope=envelope)),
            _ASK.unary(self._channel_to(member)),
        )
        loop = asyncio.get_running_loop()
        end = loop.time() + self._deadline
        earlier: grpc.aio.AioRpcError | None = None
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                body = await call(request, timeout=max(0.1, end - loop.time()))
            except grpc.aio.AioRpcError as error:
                if earlier is not None and error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                    raise peer_error(earlier) from None  # why it was asked again says more
                earlier = error
                pause = 0.1 * 2**attempt * (0.5 + random.random())  # noqa: S311 - spreads retries, no secret
                if error.code() not in _RETRIED or attempt == _ATTEMPTS or loop.time() + pause >= end:
                    raise peer_error(error) from None
                await asyncio.sleep(pause)
            else:
                return _ASK.read(body).answer
        raise AssertionError("unreachable")

    def open_batch(self, provider: str) -> PeerStream:
        """A batch stream to a provider."""
        member = self._member(provider)
        return _Stream(_ASK_BATCH.stream(self._channel_to(member))(), member, self._deadline)

    async def grants(self, provider: str) -> list[Grant]:
        """The grants that this department has at a provider. Raises NodeError."""
        response = await self._call(provider, _LIST_GRANTS, grant_pb2.ListGrantsRequest())
        return [grant_from_message(grant) for grant in response.grants]

    async def time_of(self, member: Member) -> int:
        """What time it is by a member's clock (milliseconds), 0 when it does not know. Raises NodeError.

        The directory may have expired: a node asks when it does not know what time it is.
        """
        request, seconds = usage_log_pb2.GetCheckpointRequest(), min(_TIME_SECONDS, self._deadline)
        return int((await self._call_to(member, _CHECKPOINT, request, seconds)).time_ms)

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

    async def close(self) -> None:
        """Close all channels."""
        links, self._links = list(self._links.values()), {}
        for link in links:
            await link.channel.close()

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

    async def _call(self, provider: str, call: Call[A], request: Message) -> A:
        """One call and what it brings. Raises NodeError."""
        return await self._call_to(self._member(provider), call, request, self._deadline)

    async def _call_to(self, member: Member, call: Call[A], request: Message, seconds: float) -> A:
        body = call.request(member, request)
        try:
            answer = await call.unary(self._channel_to(member))(body, timeout=seconds)
        except grpc.aio.AioRpcError as error:
            raise peer_error(error) from None
        return call.read(answer)

    def _channel_to(self, member: Member) -> grpc.aio.Channel:
        identity = self._identity()
        wanted = (member.endpoint, member.tls_roots, identity)
        link = self._links.get(member.code)
        if link is None or link.made_for != wanted:
            if link is not None:
                asyncio.get_running_loop().create_task(link.channel.close(self._deadline))
            link = self._links[member.code] = _Link(wanted, self._open(member, identity))
        return link.channel

    def _open(self, member: Member, identity: Identity) -> grpc.aio.Channel:
        credentials = grpc.ssl_channel_credentials(
            root_certificates=member.tls_roots.encode(),
            private_key=identity.key,
            certificate_chain=identity.certificate,
        )
        options = [
            ("grpc.max_receive_message_length", self._message_bytes),
            ("grpc.max_send_message_length", self._message_bytes),
            ("grpc.enable_http_proxy", 0),
            ("grpc.enable_retries", 0),  # retries are ours: the same envelope, within one deadline
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.max_reconnect_backoff_ms", 5000),
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.keepalive_timeout_ms", 10_000),
        ]
        return grpc.aio.secure_channel(member.endpoint, credentials, options=options)


class _Stream:
    """One AskBatch call; every answer has to come within the deadline."""

    def __init__(self, call: grpc.aio.StreamStreamCall[bytes, bytes], member: Member, seconds: float) -> None:
        self._call = call
        self._member = member
        self._seconds = seconds

    async def send(self, envelope: pb.Envelope) -> None:
        """Send one chunk. Raises NodeError(PEER_UNAVAILABLE)."""
        body = _ASK_BATCH.request(self._member, pb.AskBatchRequest(envelope=envelope))
        try:
            async with asyncio.timeout(self._seconds):
                await self._call.write(body)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError, TimeoutError):
            raise _gone() from None

    async def answers(self) -> AsyncIterator[pb.SealedAnswer]:
        """Sealed answers in the order of the chunks. Raises NodeError."""
        while True:
            try:
                async with asyncio.timeout(self._seconds):
                    body = await self._call.read()
            except grpc.aio.AioRpcError as error:
                raise peer_error(error) from None
            except TimeoutError:
                self._call.cancel()
                raise _gone() from None
            if not isinstance(body, bytes):  # the end of the stream
                return
            yield _ASK_BATCH.read(body).answer

    async def done(self) -> None:
        """No more chunks."""
        try:
            await self._call.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            raise _gone() from None

    def cancel(self) -> None:
        """End the call, whatever is under way."""
        self._call.cancel()


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
