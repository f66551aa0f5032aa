"""The exchange port: other departments ask, fetch their grants, read catalogue and log."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace
from typing import NamedTuple, TypeVar

import grpc
from google.protobuf.message import Message as ProtoMessage

from node.core.deadlines import Deadlines
from node.core.deciding.grant import Grant
from node.core.directory.directory import Member
from node.core.messages.chunk_bound import ChunkBound
from node.core.messages.grant_message import grant_to_message
from node.core.policy.policy import Policies
from node.core.revision import call_since, trim
from node.errors import NodeError, Reason
from node.exchange.admin import Grants
from node.exchange.arrival import Arrival
from node.exchange.batch_order import BatchOrder, ChunkPlace
from node.exchange.provider import Provider
from node.exchange.refusals import Refusals
from node.rpc.callers import Members
from node.rpc.framed import Frame, Framed, Held, Serving
from node.rpc.grpc_status import Context, abort, internal_error, told
from node.rpc.inflow import STREAMS
from node.v1 import exchange_pb2 as pb
from node.v1 import exchange_pb2_grpc, grant_pb2, grant_pb2_grpc

R = TypeVar("R", bound=ProtoMessage)
ON_BEHALF = "dxnode-requester"
"""Metadata by which a gateway says for which department it calls where no envelope says it."""
WINDOW = 4
"""Chunks of one stream that are worked on at once."""
_LAST_WRITES_SECONDS = 0.1
_LINKS_SINCE = call_since(pb.DESCRIPTOR.services_by_name["ExchangeService"].methods_by_name["Link"])
_BESIDE_CIPHERTEXT = 64
"""Bytes of an answer on a link beside its ciphertext, at most."""


class Gate:
    """Identifies the member of each call, and records what is refused."""

    def __init__(self, members: Members, refusals: Refusals) -> None:
        self._members = members
        self._refusals = refusals

    async def run(self, context: Context, work: Callable[[Member], Awaitable[R]], on_behalf: str = "") -> R:
        """`work` for the calling member, who gets of its result what it knows.

        What fails becomes a status, after it was recorded.
        """
        try:
            member = self._members.identify(context, on_behalf)
            return trim(await work(member), member.revision)
        except NodeError as error:
            await self.refuse(context, error)
            raise AssertionError("refuse returns never") from None
        except grpc.aio.AbortError:
            raise
        except Exception:
            await abort(context, internal_error())

    def identify(self, context: Context, on_behalf: str) -> Member:
        """The member that calls, or that a gateway calls for. Raises NodeError."""
        return self._members.identify(context, on_behalf)

    def count(self, member: Member) -> None:
        """Count one more request of a member that was just identified. Raises NodeError(RATE_LIMITED)."""
        self._members.count(member)

    def caller(self, context: Context) -> str:
        """The member that calls, "" when the directory does not list the certificate."""
        return self._members.caller(context)

    async def note(self, context: Context, error: NodeError) -> None:
        """Record a refusal."""
        await self._refusals.note(self._members.code(context), error.reason)

    async def refuse(self, context: Context, error: NodeError) -> None:
        """Record a refusal, then end the call with it."""
        await self.note(context, error)
        await abort(context, error)


class ExchangeService(exchange_pb2_grpc.ExchangeServiceServicer):
    """Steps 6 to 12, see `node.exchange.provider`."""

    def __init__(
        self, provider: Provider, gate: Gate, max_chunks: int, deadlines: Deadlines, held: Held
    ) -> None:
        self._provider = provider
        self._gate = gate
        self._max_chunks = max_chunks
        self._deadlines = deadlines
        self._held = held
        self._streams: Counter[str] = Counter()
        self._links: set[Framed[pb.LinkCall, pb.SealedAnswer, pb.LinkAnswer]] = set()

    def end_links(self) -> None:
        """Begin nothing more on links; each ends when all that was begun on it is answered."""
        for link in self._links:
            link.end()

    async def Ask(self, request: pb.AskRequest, context: Context) -> pb.AskResponse:
        """One sealed request, one sealed response."""
        envelope = request.envelope
        # In time to record that its source was too slow, and to say so, also a peer that waits less than this
        # node would.
        left = context.time_remaining()
        seconds = None if left is None else left - self._deadlines.commit

        async def work(member: Member) -> pb.AskResponse:
            arrival = self._provider.arrival(member)
            return pb.AskResponse(answer=await self._provider.ask(arrival, envelope, seconds=seconds))

        return await self._gate.run(context, work, envelope.requester)

    async def Link(
        self, requests: AsyncIterator[pb.LinkRequest], context: Context
    ) -> AsyncGenerator[pb.LinkResponse, None]:
        """Many exchanges on one stream, each as in `Ask`."""
        # What all know whose answers may be in one frame; a gateway's stream may be of several members.
        known: set[int] = set()

        def enter(
            _: Frame[pb.LinkCall],
        ) -> Callable[[pb.LinkCall], Coroutine[object, object, pb.SealedAnswer]]:
            # With each frame anew: a suspension, an expired directory holds under way too.
            arrived: dict[str, Arrival] = {}

            async def work(call: pb.LinkCall) -> pb.SealedAnswer:
                requester = call.envelope.requester
                arrival = arrived.get(requester)
                if arrival is None:
                    member = self._gate.identify(context, requester)
                    known.add(member.revision)
                    arrival = arrived[requester] = self._provider.arrival(member)
                else:
                    self._gate.count(arrival.peer)
                seconds = call.wait_ms / 1000 - self._deadlines.commit if call.wait_ms else None
                return await self._provider.ask(arrival, call.envelope, seconds=seconds)

            return work

        async def refuse(number: int, error: BaseException) -> pb.LinkAnswer:
            refusal = told(error)
            with contextlib.suppress(NodeError):  # the caller hears of it whether or not it can be recorded
                await self._gate.note(context, refusal)
            return pb.LinkAnswer(number=number, refusal=refusal.reason.wire)

        serving = Serving(self._held, enter, _link_answer, refuse, _answer_size)
        framed = Framed(self._gate.caller(context), serving)
        self._links.add(framed)
        try:
            async with aclosing(framed.answers(_calls(requests))) as frames:
                async for answers in frames:
                    response = pb.LinkResponse(answers=answers, most_bytes=self._held.inflow.largest)
                    yield trim(response, min(known, default=_LINKS_SINCE))
        except NodeError as error:
            await self._gate.refuse(context, error)
        except (grpc.aio.AbortError, asyncio.CancelledError):
            raise
        except Exception:
            await abort(context, internal_error())
        finally:
            self._links.discard(framed)

    async def AskBatch(
        self, requests: AsyncIterator[pb.AskBatchRequest], context: Context
    ) -> AsyncGenerator[pb.AskBatchResponse, None]:
        """A sealed request a chunk; answers in order, at most WINDOW in the works."""
        tasks: asyncio.Queue[asyncio.Task[pb.AskBatchResponse] | NodeError | None] = asyncio.Queue()
        window = asyncio.Semaphore(WINDOW)
        code = self._gate.caller(context)
        self._streams[code] += 1
        begun: set[asyncio.Task[pb.AskBatchResponse]] = set()
        ended = asyncio.Event()
        reader = asyncio.create_task(self._read(requests, context, tasks, window, ended, begun))
        try:
            if self._streams[code] > STREAMS:
                raise NodeError(Reason.RATE_LIMITED, "error.rpc.too-many-streams", streams=STREAMS)
            while (task := await tasks.get()) is not None:
                if isinstance(task, NodeError):
                    raise task
                yield await asyncio.shield(task)
                window.release()
        except NodeError as error:
            # A client's gRPC does not learn why a stream ended in the middle of one of its writes.
            ended.set()
            await asyncio.wait({reader}, timeout=_LAST_WRITES_SECONDS)
            await self._gate.refuse(context, error)
        except (grpc.aio.AbortError, asyncio.CancelledError):
            raise
        except Exception:
            await abort(context, internal_error())
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
            self._leave(code, begun)

    def _leave(self, code: str, begun: set[asyncio.Task[pb.AskBatchResponse]]) -> None:
        """Count a stream no more once what was `begun` on it has been recorded, for which nobody waits now.

        Else a member who opens streams and leaves them at once could have any number of chunks in the works.
        """

        def if_recorded(*_: object) -> None:
            if not begun:  # a task that is done has left it before this is called
                self._streams[code] -= 1

        if_recorded()
        for task in begun:
            task.add_done_callback(if_recorded)

    async def _read(
        self,
        requests: AsyncIterator[pb.AskBatchRequest],
        context: Context,
        tasks: asyncio.Queue[asyncio.Task[pb.AskBatchResponse] | NodeError | None],
        window: asyncio.Semaphore,
        ended: asyncio.Event,
        begun: set[asyncio.Task[pb.AskBatchResponse]],
    ) -> None:
        """Begin what is asked; once the stream has `ended`, only let the caller's writes arrive."""
        order = BatchOrder()
        count = 0
        try:
            while (request := await self._next(requests)) is not None:
                if ended.is_set():
                    continue
                await window.acquire()
                count += 1
                try:
                    # Each chunk anew: a suspension, an expired directory, a rate limit holds under way too.
                    member = self._gate.identify(context, request.envelope.requester)
                    self._check_count(count)
                except NodeError as error:
                    tasks.put_nowait(error)
                    ended.set()
                else:
                    task = asyncio.create_task(self._chunk(member, request.envelope, order.place()))
                    begun.add(task)
                    task.add_done_callback(begun.discard)
                    task.add_done_callback(_seen)
                    tasks.put_nowait(task)
        except NodeError as error:
            tasks.put_nowait(error)
        except grpc.aio.AbortError:
            pass  # the call is over
        except Exception:
            tasks.put_nowait(internal_error())
        finally:
            tasks.put_nowait(None)

    async def _chunk(self, member: Member, envelope: pb.Envelope, place: ChunkPlace) -> pb.AskBatchResponse:
        try:
            answer = await self._provider.ask(self._provider.arrival(member), envelope, place)
        finally:
            place.over()
        return trim(pb.AskBatchResponse(answer=answer), member.revision)

    def _check_count(self, chunks: int) -> None:
        if chunks > self._max_chunks:
            raise NodeError(
                Reason.QUERY_INVALID, "error.rpc.stream-too-many-chunks", max_chunks=self._max_chunks
            )

    async def _next(self, requests: AsyncIterator[pb.AskBatchRequest]) -> pb.AskBatchRequest | None:
        try:
            async with asyncio.timeout(self._deadlines.call):
                return await anext(requests, None)
        except TimeoutError:
            raise NodeError(Reason.TIMEOUT, "error.rpc.stream-idle") from None


async def _calls(requests: AsyncIterator[pb.LinkRequest]) -> AsyncGenerator[Frame[pb.LinkCall], None]:
    async for request in requests:
        calls = [(call.number, call if call.HasField("envelope") else None) for call in request.calls]
        yield Frame(calls, request.ByteSize(), request.most_bytes)


def _link_answer(number: int, answer: pb.SealedAnswer) -> pb.LinkAnswer:
    return pb.LinkAnswer(number=number, answer=answer)


def _answer_size(answer: pb.LinkAnswer) -> int:
    return len(answer.answer.ciphertext) + _BESIDE_CIPHERTEXT


def _seen(task: asyncio.Task[pb.AskBatchResponse]) -> None:
    if not task.cancelled():
        task.exception()  # perhaps nobody waits for it any more


class _Told(NamedTuple):
    """What a member was told, and of what that was made; it is trimmed to its revision."""

    own: tuple[Grant, ...]
    policies: Policies | None
    revision: int
    message: grant_pb2.ListGrantsResponse


class GrantService(grant_pb2_grpc.GrantServiceServicer):
    """A requester fetches its own grants."""

    def __init__(
        self, grants: Grants, gate: Gate, policies: Callable[[], Policies], chunk: ChunkBound
    ) -> None:
        self._grants = grants
        self._chunk = chunk
        self._gate = gate
        self._told: dict[str, _Told] = {}
        self._policies = policies

    async def ListGrants(
        self, request: grant_pb2.ListGrantsRequest, context: Context
    ) -> grant_pb2.ListGrantsResponse:
        """The caller's grants, in every state."""

        async def work(member: Member) -> grant_pb2.ListGrantsResponse:
            return self._tell(member)

        return await self._gate.run(context, work, on_behalf_of(context))

    def _tell(self, member: Member) -> grant_pb2.ListGrantsResponse:
        """What a member was granted: made once under the same policies, however often it asks."""
        own, policies = self._grants.of(member.code), self._enforced()
        kept = self._told.get(member.code)
        if (
            kept is None
            or kept.own is not own
            or kept.policies is not policies
            or kept.revision != member.revision
        ):
            message = grant_pb2.ListGrantsResponse(
                grants=[grant_to_message(_told(grant, policies, self._chunk)) for grant in own]
            )
            kept = self._told[member.code] = _Told(own, policies, member.revision, message)
        return kept.message

    def _enforced(self) -> Policies | None:
        try:
            return self._policies()
        except NodeError:
            return None


def _told(grant: Grant, policies: Policies | None, chunk: ChunkBound) -> Grant:
    """The grant, with what the policies say of its dataset and questions, where they do."""
    policy = None if policies is None else policies.get(grant.dataset)
    if policy is None:
        return grant
    grant = replace(grant, subject_type=policy.subject_type)
    if grant.questions - policy.questions.keys():
        return grant
    questions = [policy.questions[name] for name in sorted(grant.questions)]
    return replace(
        grant,
        kinds=tuple(each.kind for each in questions),
        chunk_subjects=tuple(chunk.given(policy, each) for each in questions),
    )


def on_behalf_of(context: Context) -> str:
    """The department that a gateway says it calls for, "" without one."""
    for key, value in context.invocation_metadata() or ():
        if key == ON_BEHALF and isinstance(value, str):
            return value
    return ""
