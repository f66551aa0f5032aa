"""The requester's side of an exchange: steps 1 to 5 and 15 (see ARCHITECTURE.md)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, tzinfo

from node.core.bounds import SUBJECTS_CLAUSE
from node.core.deciding.grant import Grant
from node.core.directory.directory import Member
from node.core.identity import normalise_subject
from node.core.log import usage
from node.core.messages.chunk_bound import ChunkBound
from node.core.messages.envelope import Routing
from node.core.messages.intent import check_asked
from node.core.own_grant import covering_grant
from node.core.policy.question_kind import COMMANDS
from node.core.role import Caller, Roles
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import (
    Answered,
    Asked,
    BatchPlace,
    IntentJob,
    Query,
    asked_intent,
    attempt,
    clean,
)
from node.exchange.batch import BatchRun, ChunkResult
from node.exchange.concluding import Concluding
from node.exchange.group import GroupCommit
from node.exchange.peer_logs import PeerLogs
from node.exchange.ports import Peers, PeerStream, Vault
from node.exchange.repeated import AskedStore, Repeated, asked_content
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

_CLOSED_AT_ONCE = 256
UNDER_WAY = 4096
"""Exchanges under way at one time, a quarter of them one caller's: they go on when their callers leave."""
_ASKED = b"asked"
_END_A_BATCH = frozenset(
    {
        Reason.PROOF_INVALID,
        Reason.ENVELOPE_INVALID,
        Reason.LOG_DIFFERS,
        Reason.STATE_LOST,
        Reason.STORE_UNAVAILABLE,
    }
)
"""After these, no further chunk of a batch would fare better."""


@dataclass(frozen=True, slots=True)
class _Running:
    """An exchange under way: what it asks, and its task; a chunk's belongs to its batch."""

    digest: bytes
    task: asyncio.Task[Answered] | None = None


class Requester:
    """Asks other departments on behalf of the desk."""

    def __init__(
        self,
        *,
        code: str,
        member: Callable[[str], Member],
        grants: Callable[[str], Sequence[Grant]],
        refresh_grants: Callable[[str], Awaitable[None]],
        roles: Callable[[], Roles],
        store: AskedStore,
        commit: GroupCommit,
        vault: Vault,
        peers: Peers,
        refused: Callable[[str, Reason, rec.Intent], Awaitable[None]],
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        ready: Callable[[], Awaitable[None]],
        doubted: Callable[[str], Awaitable[None]],
        peer_logs: PeerLogs,
        zone: tzinfo,
        chunk: ChunkBound = ChunkBound(),  # noqa: B008 - a frozen value
        max_skew_ms: int = 300_000,
    ) -> None:
        """`refused` records what the desk refuses to ask a provider before there is an intent.

        `ready` returns once this state is known to be the newest; `doubted` hears of a provider that has seen
        another state of the own log.
        """
        self._code = code
        self._member = member
        self._grants = grants
        self._refresh_grants = refresh_grants
        self._roles = roles
        self._store = store
        self._commit = commit
        self._vault = vault
        self._repeated = Repeated(store, vault)
        self._peers = peers
        self._refused = refused
        self._clock = clock
        self._random = random
        self._ready = ready
        self._peer_logs = peer_logs
        self._chunk = chunk
        self._concluding = Concluding(
            member=member,
            store=store,
            commit=commit,
            vault=vault,
            clock=clock,
            doubted=doubted,
            peer_logs=peer_logs,
            max_skew_ms=max_skew_ms,
            zone=zone,
        )
        self._running: dict[bytes, _Running] = {}
        self._asking: Counter[bytes] = Counter()

    async def ask(
        self, caller: Caller, query: Query, subjects: Sequence[SubjectKey], exchange_id: bytes = b""
    ) -> Answered:
        """One question, and its answer once both sides have recorded it.

        A repeated `exchange_id` with the same content gets the same answer; with other content it
        raises NodeError(REQUEST_REPLAYED). A denial raises its NodeError with rule and clause.
        """
        exchange_id = exchange_id or usage.new_exchange_id(self._clock(), self._random)
        digest = await self._admit(caller, query, subjects, exchange_id)
        running = self._running.get(exchange_id)
        if running is None:
            if len(self._running) >= UNDER_WAY or self._asking[caller.fingerprint] >= UNDER_WAY // 4:
                raise await self._no(_too_many(), caller, query)
            # A task of its own: an exchange that was begun gets its outcome, whether or not its caller waits.
            task = asyncio.get_running_loop().create_task(
                self._ask(caller, query, subjects, exchange_id, digest)
            )
            running = self._running[exchange_id] = _Running(digest, task)
            self._asking[caller.fingerprint] += 1
            task.add_done_callback(lambda done: self._finished(caller, exchange_id, done))
        if running.digest != digest or running.task is None:
            raise await self._no(_under_way(), caller, query)
        return await asyncio.shield(running.task)

    async def ask_batch(
        self,
        caller: Caller,
        query: Query,
        batch_id: bytes,
        chunks: AsyncIterator[tuple[int, Sequence[SubjectKey]]],
        open_stream: Callable[[], PeerStream],
    ) -> AsyncGenerator[ChunkResult, None]:
        """The same question about many subjects, chunk by chunk, in order.

        A denied chunk is a result; a lost stream raises NodeError, and the batch can be asked again.
        """

        async def prepare(chunk: int, subjects: Sequence[SubjectKey]) -> Asked | Answered:
            place = BatchPlace(batch_id, chunk)
            exchange_id = place.exchange_id()
            digest = await self._admit(caller, query, subjects, exchange_id, place)
            if exchange_id in self._running:
                raise await self._no(_under_way(), caller, query)
            self._running[exchange_id] = _Running(digest)
            ready: Asked | Answered | None = None
            try:
                ready = await self._prepare(caller, query, subjects, exchange_id, place, digest)
                return ready
            finally:
                if not isinstance(ready, Asked):
                    del self._running[exchange_id]

        async def conclude(asked: Asked, answer: pb.SealedAnswer) -> Answered | NodeError:
            try:
                return await self._conclude_chunk(asked, answer)
            finally:
                self._running.pop(asked.parties.exchange_id, None)

        async def give_up(asked: Asked, error: NodeError) -> None:
            try:
                await self._concluding.fail(asked, error)
            finally:
                self._running.pop(asked.parties.exchange_id, None)

        async with aclosing(BatchRun(prepare, conclude, give_up, open_stream).results(chunks)) as results:
            async for result in results:
                yield result

    async def close_abandoned(self) -> int:
        """Give every exchange that nobody works on any more its outcome; returns how many there were.

        After a crash these are the intents without one; later, those whose outcome could not be written.
        """
        await self._ready()
        left = [each for each in self._store.unfinished() if each[0] not in self._running]
        for start in range(0, len(left), _CLOSED_AT_ONCE):
            await asyncio.gather(
                *(self._concluding.abandon(*each) for each in left[start : start + _CLOSED_AT_ONCE])
            )
        return len(left)

    async def stop(self) -> None:
        """End what is under way; each gets its outcome."""
        tasks = [running.task for running in self._running.values() if running.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(
        self,
        caller: Caller,
        query: Query,
        subjects: Sequence[SubjectKey],
        exchange_id: bytes,
        digest: bytes,
    ) -> Answered:
        asked = await self._prepare(caller, query, subjects, exchange_id, None, digest)
        if isinstance(asked, Answered):
            return asked
        try:
            answer = await self._peers.ask(query.provider, asked.envelope)  # 5
        except NodeError as error:
            await self._concluding.fail(asked, error)
            raise
        except asyncio.CancelledError:
            await self._concluding.fail(asked, NodeError(Reason.DRAINING, "error.exchange.shut-down"))
            raise
        # 13, 14; 15: only now does the caller get the answer.
        return await self._concluding.conclude(asked, answer)

    def _finished(self, caller: Caller, exchange_id: bytes, task: asyncio.Task[Answered]) -> None:
        del self._running[exchange_id]
        self._asking[caller.fingerprint] -= 1
        if not self._asking[caller.fingerprint]:
            del self._asking[caller.fingerprint]
        if not task.cancelled():
            task.exception()  # seen: perhaps nobody waits any more

    async def _admit(
        self,
        caller: Caller,
        query: Query,
        subjects: Sequence[SubjectKey],
        exchange_id: bytes,
        place: BatchPlace | None = None,
    ) -> bytes:
        await self._ready()
        # 1: the caller and its role were identified by the RPC edge; what may the role ask?
        try:
            self._roles().check_ask(caller, query.dataset, query.question, query.purpose)
            self._check(query, subjects, exchange_id)
            check_asked(asked_intent(caller, query, len(subjects), place))
        except NodeError as error:
            raise await self._no(error, caller, query) from None
        return self._vault.pseudonym(_ASKED, asked_content(caller, query, subjects))

    async def _prepare(
        self,
        caller: Caller,
        query: Query,
        subjects: Sequence[SubjectKey],
        exchange_id: bytes,
        place: BatchPlace | None,
        digest: bytes,
    ) -> Asked | Answered:
        earlier = self._store.asked(exchange_id)
        if earlier is not None:
            if not self._vault.is_pseudonym(earlier.digest, _ASKED, asked_content(caller, query, subjects)):
                raise await self._no(_used_before(), caller, query)
            return self._repeated.again(earlier)
        try:
            member = self._member(query.provider)
            self._peer_logs.require(query.provider)
            grant = await self._own_grant(query, caller.role, subjects)  # 2
            key = member.sealing_key(self._clock())
        except NodeError as error:
            raise await self._no(error, caller, query) from None
        routing = Routing(self._code, query.provider, exchange_id, key.key_id)
        job = IntentJob(
            parties=usage.Parties(self._code, query.provider, exchange_id),
            query=query,
            caller=caller,
            grant_id=grant.id,
            subjects=subjects,
            place=place,
            digest=digest,
            salt=self._random(usage.SALT_BYTES),
            response_key=self._random(32),
            recipient=key.encoded,
            routing=routing,
            revision=member.revision,
            vault=self._vault,
        )
        return await self._commit.run(job)  # 3, 4

    async def _no(self, error: NodeError, caller: Caller, query: Query) -> NodeError:
        """Record a refusal of the own desk, with what was attempted."""
        await self._refused(clean(query.provider), error.reason, attempt(caller, query))
        return error

    def _check(self, query: Query, subjects: Sequence[SubjectKey], exchange_id: bytes) -> None:
        if len(exchange_id) != usage.EXCHANGE_ID_BYTES:
            raise NodeError(Reason.QUERY_INVALID, "error.exchange.exchange-id-length")
        if len(subjects) > (most := self._chunk.taken(query.kind)):
            raise NodeError(
                Reason.QUERY_INVALID,
                "error.exchange.too-many-subjects",
                max_subjects=most,
                clause=SUBJECTS_CLAUSE,
            )
        if query.provider == self._code:
            raise NodeError(Reason.QUERY_INVALID, "error.exchange.provider-own")

    async def _own_grant(self, query: Query, role: str, subjects: Sequence[SubjectKey]) -> Grant:
        try:
            return self._known_grant(query, role, subjects)
        except NodeError:
            await self._refresh_grants(query.provider)
        return self._known_grant(query, role, subjects)

    def _known_grant(self, query: Query, role: str, subjects: Sequence[SubjectKey]) -> Grant:
        grants = self._grants(query.provider)
        grant = covering_grant(grants, query.dataset, query.question, query.purpose, self._clock(), role)
        kind = grant.kind_of(query.question)
        if kind is not None and kind is not query.kind:
            raise NodeError(
                Reason.QUERY_INVALID,
                "error.exchange.question-kind",
                kind=kind,
                commands=COMMANDS[kind],
                clause="question.kind",
            )
        if grant.subject_type is not None:
            # Whatever a provider would find out for the price of a try is not sent.
            for subject in subjects:
                normalise_subject(subject.id, grant.subject_type)
        return grant

    async def _conclude_chunk(self, asked: Asked, answer: pb.SealedAnswer) -> Answered | NodeError:
        try:
            return await self._concluding.conclude(asked, answer)
        except NodeError as error:
            if error.reason in _END_A_BATCH:
                raise
            return error


def _too_many() -> NodeError:
    return NodeError(Reason.RATE_LIMITED, "error.exchange.too-many-exchanges")


def _under_way() -> NodeError:
    return NodeError(Reason.REQUEST_REPLAYED, "error.exchange.exchange-id-running")


def _used_before() -> NodeError:
    return NodeError(Reason.REQUEST_REPLAYED, "error.exchange.exchange-id-reused")
