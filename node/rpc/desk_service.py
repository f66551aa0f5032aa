"""The desk: the department's own staff and systems ask through their own node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol

from node.core.bounds import MAX_CLAIM, MAX_CLAIMS
from node.core.identity import SubjectType, common_code, normalise_subject
from node.core.log.usage import EXCHANGE_ID_BYTES
from node.core.normal_form import line, unreadable
from node.core.policy.question_kind import kind_from_message
from node.core.purpose import Purpose
from node.core.role import CLERK, ROLES, SYSTEM, Caller
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import MAX_TEXT, Answered, BatchPlace, Query
from node.exchange.requester import Requester
from node.rpc.callers import Staff
from node.rpc.framed import Frame, Framed, Held, Serving
from node.rpc.grpc_status import Context, answered, streamed, told
from node.texts.carried import to_text
from node.v1 import catalogue_pb2, desk_pb2, desk_pb2_grpc
from node.v1 import record_pb2 as rec

_Framed = Framed[desk_pb2.AskManyCall, desk_pb2.DeskServiceAskResponse, desk_pb2.AskManyAnswer]
_Work = Callable[[desk_pb2.AskManyCall], Coroutine[object, object, desk_pb2.DeskServiceAskResponse]]


class PeerCatalogue(Protocol):
    """What the desk needs of the other nodes beyond asking."""

    async def catalogue(self, provider: str, dataset: str) -> list[catalogue_pb2.Dataset]: ...


class DeskService(desk_pb2_grpc.DeskServiceServicer):
    """Steps 1 to 5 and 13 to 15, see `node.exchange.requester`."""

    def __init__(
        self,
        requester: Requester,
        staff: Staff,
        peers: PeerCatalogue,
        own_catalogue: Callable[[str], list[catalogue_pb2.Dataset]],
        own_code: str,
        imported: Callable[[str, str], catalogue_pb2.Dataset | None],
        subject_type: Callable[[str, str], SubjectType | None],
        purposes: Callable[[], Iterable[Purpose]],
        seconds: float,
        held: Held,
    ) -> None:
        """`imported` has the entry of a dataset and provider in a catalogue that was imported.

        `subject_type` says whom a provider's dataset is about, as far as is known; `purposes` are those that
        the own policies know.
        An exchange that takes longer than so many `seconds` goes on, but nobody waits for it.
        """
        self._requester = requester
        self._staff = staff
        self._peers = peers
        self._own_catalogue = own_catalogue
        self._own_code = own_code
        self._imported = imported
        self._subject_type = subject_type
        self._purposes = purposes
        self._seconds = seconds
        self._held = held
        self._streams: set[_Framed] = set()

    async def Ask(
        self, request: desk_pb2.DeskServiceAskRequest, context: Context
    ) -> desk_pb2.DeskServiceAskResponse:
        """One question about one subject, or one statistic."""

        async def work() -> desk_pb2.DeskServiceAskResponse:
            return await self._ask(await self._staff.admit(context, CLERK, SYSTEM), request)

        return await answered(context, work())

    async def AskMany(
        self, requests: AsyncIterator[desk_pb2.AskManyRequest], context: Context
    ) -> AsyncGenerator[desk_pb2.AskManyResponse, None]:
        """Many questions on one stream, each as in `Ask`."""
        framed = Framed(
            self._staff.caller(context), Serving(self._held, self._enter(context), _answer, _refuse, _size)
        )
        self._streams.add(framed)
        try:
            frames = streamed(context, lambda: framed.answers(_calls(requests)))
            async with aclosing(frames):
                async for answers in frames:
                    yield desk_pb2.AskManyResponse(answers=answers, most_bytes=self._held.inflow.largest)
        finally:
            self._streams.discard(framed)

    def end_streams(self) -> None:
        """Begin nothing more on streams of questions; each ends when all that was begun on it is answered."""
        for framed in self._streams:
            framed.end()

    def _enter(self, context: Context) -> Callable[[object], _Work]:
        def enter(_: object) -> _Work:
            admitted: Caller | None = None

            async def work(call: desk_pb2.AskManyCall) -> desk_pb2.DeskServiceAskResponse:
                nonlocal admitted
                if admitted is None:
                    admitted = await self._staff.admit(context, CLERK, SYSTEM)
                else:
                    await self._staff.count(admitted)
                return await self._ask(admitted, call.ask)

            return work

        return enter

    async def _ask(
        self, caller: Caller, request: desk_pb2.DeskServiceAskRequest
    ) -> desk_pb2.DeskServiceAskResponse:
        query = _query(request.query)
        kind = self._subject_type(query.provider, query.dataset)
        subjects = [_subject(request.subject, kind)] if request.HasField("subject") else []
        try:
            async with asyncio.timeout(self._seconds):
                done = await self._requester.ask(caller, query, subjects, request.exchange_id)
        except TimeoutError:
            raise NodeError(Reason.TIMEOUT, "error.rpc.own-node-too-slow") from None
        return desk_pb2.DeskServiceAskResponse(answers=done.answers, proof=_proof(done))

    async def AskBatch(
        self, requests: AsyncIterator[desk_pb2.DeskServiceAskBatchRequest], context: Context
    ) -> AsyncIterator[desk_pb2.DeskServiceAskBatchResponse]:
        """The same question about many subjects, chunk by chunk."""
        async with aclosing(streamed(context, lambda: self._batch(requests, context))) as responses:
            async for response in responses:
                yield response

    async def BrowseCatalogue(
        self, request: desk_pb2.BrowseCatalogueRequest, context: Context
    ) -> desk_pb2.BrowseCatalogueResponse:
        """The own catalogue, or a peer's."""

        async def work() -> desk_pb2.BrowseCatalogueResponse:
            await self._staff.admit(context, *ROLES)
            if request.provider in ("", self._own_code):
                datasets = self._own_catalogue(request.dataset)
            else:
                datasets = await self._elsewhere(request.provider, request.dataset)
            purposes = () if request.dataset else self._purposes()
            return desk_pb2.BrowseCatalogueResponse(
                datasets=datasets,
                purposes=[
                    desk_pb2.PurposeTitle(code=each.code, title=each.title, title_en=each.title_en)
                    for each in purposes
                ],
            )

        return await answered(context, work())

    async def _elsewhere(self, provider: str, dataset: str) -> list[catalogue_pb2.Dataset]:
        """As the other node says or, if that cannot be asked, as it stands in an imported catalogue."""
        try:
            return await self._peers.catalogue(provider, dataset)
        except NodeError as error:
            kept = self._imported(dataset, provider)
            # A catalogue may be imported of a department that is no member.
            if error.reason not in (Reason.PEER_UNAVAILABLE, Reason.NOT_FOUND) or kept is None:
                raise
            return [kept]

    async def _batch(
        self, requests: AsyncIterator[desk_pb2.DeskServiceAskBatchRequest], context: Context
    ) -> AsyncGenerator[desk_pb2.DeskServiceAskBatchResponse, None]:
        caller = await self._staff.admit(context, SYSTEM)
        first = await anext(aiter(requests), None)
        if first is None or first.WhichOneof("kind") != "header":
            raise NodeError(Reason.QUERY_INVALID, "error.rpc.batch-header-missing")
        if len(first.header.batch_id) != EXCHANGE_ID_BYTES:
            raise NodeError(Reason.QUERY_INVALID, "error.rpc.batch-id-length")
        query = _query(first.header.query)
        results = self._requester.ask_batch(
            caller,
            query,
            first.header.batch_id,
            self._chunks(query, requests, context),
        )
        async with aclosing(results):
            async for item in results:
                if isinstance(item.result, Answered):
                    yield desk_pb2.DeskServiceAskBatchResponse(
                        chunk=item.chunk, answers=item.result.answers, proof=_proof(item.result)
                    )
                else:
                    exchange_id = BatchPlace(first.header.batch_id, item.chunk).exchange_id()
                    yield desk_pb2.DeskServiceAskBatchResponse(
                        chunk=item.chunk,
                        refusal=_refusal(item.result),
                        proof=desk_pb2.Proof(exchange_id=exchange_id),
                    )

    async def _chunks(
        self, query: Query, requests: AsyncIterator[desk_pb2.DeskServiceAskBatchRequest], context: Context
    ) -> AsyncIterator[tuple[int, Sequence[SubjectKey]]]:
        expected: int | None = None
        async for request in requests:
            await self._staff.look_again(context)
            if request.WhichOneof("kind") != "chunk":
                raise NodeError(Reason.QUERY_INVALID, "error.rpc.batch-header-twice")
            chunk = request.chunk
            if expected is not None and chunk.chunk != expected:
                raise NodeError(Reason.QUERY_INVALID, "error.rpc.chunk-gap")
            if not chunk.subjects:
                raise NodeError(Reason.QUERY_INVALID, "error.rpc.chunk-empty")
            expected = chunk.chunk + 1
            kind = self._subject_type(query.provider, query.dataset)
            yield chunk.chunk, [_subject(subject, kind) for subject in chunk.subjects]


async def _calls(
    requests: AsyncIterator[desk_pb2.AskManyRequest],
) -> AsyncGenerator[Frame[desk_pb2.AskManyCall], None]:
    async for request in requests:
        calls = [(call.number, call if call.HasField("ask") else None) for call in request.calls]
        yield Frame(calls, request.ByteSize(), request.most_bytes)


def _answer(number: int, answer: desk_pb2.DeskServiceAskResponse) -> desk_pb2.AskManyAnswer:
    return desk_pb2.AskManyAnswer(number=number, answer=answer)


async def _refuse(number: int, error: BaseException) -> desk_pb2.AskManyAnswer:
    return desk_pb2.AskManyAnswer(number=number, refusal=_refusal(told(error)))


def _size(answer: desk_pb2.AskManyAnswer) -> int:
    return answer.ByteSize()


def _query(message: desk_pb2.Query) -> Query:
    """What is asked, as it was copied from wherever: without blanks around it and what cannot be seen."""
    query = Query(
        provider=common_code(message.provider[: MAX_TEXT + 1]),
        dataset=line(message.dataset),
        question=line(message.question),
        parameters={line(name): line(value) for name, value in message.parameters.items()},
        purpose=line(message.purpose),
        case_number=line(message.case_number),
        kind=kind_from_message(message.kind),
    )
    texts = (query.provider, query.dataset, query.question, query.purpose, *query.parameters.values())
    if not all(0 < len(text) <= MAX_TEXT for text in texts) or len(query.parameters) > MAX_CLAIMS:
        raise NodeError(
            Reason.QUERY_INVALID,
            "error.rpc.question-incomplete",
        )
    return query


def _subject(message: rec.Subject, kind: SubjectType | None) -> SubjectKey:
    claims: Mapping[str, str] = dict(message.claims)
    if len(claims) > MAX_CLAIMS or any(len(value) > MAX_CLAIM for value in claims.values()):
        raise NodeError(
            Reason.QUERY_INVALID,
            "error.rpc.claims-too-many",
            max_claims=MAX_CLAIMS,
            max_text=MAX_CLAIM,
        )
    for name, value in claims.items():
        # It would be another name, at the price of a try.
        if seen := unreadable(value):
            raise NodeError(Reason.QUERY_INVALID, "error.rpc.claim-unreadable", claim=name, **seen)
    return SubjectKey(normalise_subject(message.id, kind), claims)


def _proof(done: Answered) -> desk_pb2.Proof:
    return desk_pb2.Proof(
        exchange_id=done.exchange_id,
        own_index=done.own_index,
        provider_index=done.provider_index,
        provider_size=done.provider_size,
        rule=done.rule,
        load=done.load,
    )


def _refusal(error: NodeError) -> desk_pb2.Refusal:
    return desk_pb2.Refusal(
        reason=error.reason.wire,
        rule=error.metadata.get("rule", ""),
        clause=error.metadata.get("clause", ""),
        wording=to_text(error.wording),
    )
