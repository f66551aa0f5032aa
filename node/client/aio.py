"""The Python client for programs that run in an event loop: many questions at once, on one stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import grpc

from node.client import convert
from node.client.ask_stream import AskStream
from node.client.call import Reach
from node.client.call_error import node_error
from node.client.channel import open_async_channel
from node.client.desk_tls import Credentials
from node.client.questions import (
    Parameters,
    ask_request,
    only_provider,
    providers_of,
    query_message,
    require_types,
    telling_id,
)
from node.client.results import FieldAnswer, QuestionName, Statistic, Subject, Verification
from node.core.deciding.grant import Grant
from node.core.messages.grant_message import grant_from_message
from node.core.policy.question_kind import QuestionKind
from node.v1 import desk_pb2, grant_pb2

_GRANTS = grant_pb2.DESCRIPTOR.services_by_name["GrantAdminService"]
_RECEIVED = f"/{_GRANTS.full_name}/{_GRANTS.methods_by_name['ListReceivedGrants'].name}"


class AsyncClient:
    """As `node.client.Client`, for one event loop; what is asked at once goes together.

        async with AsyncClient("unix:/run/dxnode/desk.sock") as client:
            said = await asyncio.gather(*(
                client.verify(question, each, purpose=purpose, case=case) for each in identifiers
            ))

    It asks; catalogue, batches of files and administration are with `Client`.
    """

    def __init__(
        self,
        desk: str,
        credentials: Credentials | None = None,
        *,
        timeout: float | None = None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Make it in the event loop that uses it. Arguments and errors are as of `Client`."""
        self._timeout = Reach.of(desk, credentials, timeout).timeout
        self._random = random
        self._channel = open_async_channel(desk, credentials)
        self._stream = AskStream(self._channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the connection; questions under way fail."""
        self._stream.close()
        await self._channel.close()

    async def verify(
        self,
        question: str,
        subject: str,
        *,
        purpose: str,
        case: str,
        parameters: Parameters = None,
        claims: Mapping[str, str] | None = None,
        exchange_id: bytes | str = b"",
    ) -> Verification:
        """As `Client.verify`."""
        query = await self._query(question, QuestionKind.VERIFY, purpose, case, parameters)
        response = await self._ask(query, Subject(subject, claims or {}), exchange_id)
        return Verification(convert.verification(response), convert.proof(response.proof))

    async def field(
        self,
        question: str,
        subject: str,
        *,
        purpose: str,
        case: str,
        parameters: Parameters = None,
        claims: Mapping[str, str] | None = None,
        exchange_id: bytes | str = b"",
    ) -> FieldAnswer:
        """As `Client.field`."""
        query = await self._query(question, QuestionKind.FIELD, purpose, case, parameters)
        response = await self._ask(query, Subject(subject, claims or {}), exchange_id)
        return FieldAnswer(convert.field_value(response), convert.proof(response.proof))

    async def statistic(
        self,
        question: str,
        *,
        purpose: str,
        case: str,
        parameters: Parameters = None,
        exchange_id: bytes | str = b"",
    ) -> Statistic:
        """As `Client.statistic`."""
        query = await self._query(question, QuestionKind.STATISTIC, purpose, case, parameters)
        return convert.statistic(await self._ask(query, None, exchange_id))

    async def grants(self, *, refresh: bool = False) -> tuple[Grant, ...]:
        """As `Client.grants`."""
        request = grant_pb2.ListReceivedGrantsRequest(refresh=refresh)
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(_RECEIVED)
        try:
            body = await call(request.SerializeToString(), timeout=self._timeout)
        except grpc.aio.AioRpcError as error:
            raise node_error(error) from None
        return tuple(map(grant_from_message, grant_pb2.ListReceivedGrantsResponse.FromString(body).grants))

    async def _ask(
        self, query: desk_pb2.Query, subject: Subject | None, exchange_id: bytes | str
    ) -> desk_pb2.DeskServiceAskResponse:
        request = ask_request(query, subject, exchange_id, self._random)
        with telling_id(request):
            return await self._stream.ask(request, self._timeout)

    async def _query(
        self, question: str, kind: QuestionKind, purpose: str, case: str, parameters: Parameters
    ) -> desk_pb2.Query:
        require_types(question, purpose, case, parameters)
        name = QuestionName.parse(question)
        provider = name.provider or await self._provider_of(name.dataset)
        return query_message(name, provider, kind, purpose, case, parameters)

    async def _provider_of(self, dataset: str) -> str:
        # A grant that was given a moment ago is known only after asking for it.
        known = providers_of(await self.grants(), dataset)
        return only_provider(known or providers_of(await self.grants(refresh=True), dataset))
