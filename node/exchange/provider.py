"""The provider's side of an exchange: steps 6 to 12 of the fifteen (see ARCHITECTURE.md)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from binascii import b2a_base64
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TypeVar

from node.core import wire
from node.core.deciding.cost import NO_COST, Cost, Day, exchange_cost, outage_debits
from node.core.deciding.evaluator import Decision, Evaluator
from node.core.deciding.grant import Grant
from node.core.directory.directory import Member
from node.core.identity import normalise_subject
from node.core.log.commit import DIGEST
from node.core.messages.chunk_bound import ChunkBound
from node.core.messages.envelope import Routing
from node.core.milliseconds import to_ms
from node.core.policy.question import Question
from node.core.policy.question_kind import QuestionKind, kind_from_message
from node.core.policy.request import Request, RequestingDepartment
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.arrival import Admitted, Arrival, ProviderState
from node.exchange.batch_order import ChunkPlace, ChunksUnderWay
from node.exchange.computing import Computing, Permitted
from node.exchange.group import GroupCommit
from node.exchange.opened import Opened, clocks_apart, open_envelope, routing_of, too_many_subjects
from node.exchange.peer_logs import PeerLogs
from node.exchange.ports import Vault
from node.exchange.provider_answer import NOT_COMPUTED, Computed
from node.exchange.rate import Rate
from node.exchange.running import Running
from node.exchange.verdict import VerdictJob
from node.v1 import exchange_pb2 as pb

log = logging.getLogger(__name__)
T = TypeVar("T")
LOG_CLAUSE = "log"
"""What denies a requester whose usage log contradicts itself."""
DENIAL_BYTES = 1024
"""Bytes of a record and what is kept with it that count as one denial."""
_SHORT = 12
"""Bytes of a pseudonym that name a counter: of a billion, two have one name in 10^11 times."""


@dataclass(frozen=True, slots=True)
class ProviderLimits:
    """Bounds on one exchange."""

    chunk: ChunkBound = field(default_factory=ChunkBound)
    max_skew_ms: int = 300_000


class Provider:
    """Answers members of the directory. One exchange is in progress once, however often it is asked."""

    def __init__(
        self,
        *,
        code: str,
        state: Callable[[], ProviderState],
        grants: Callable[[str], Grant | None],
        commit: GroupCommit,
        vault: Vault,
        computing: Computing,
        zone: tzinfo,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        denials: Rate,
        limits: ProviderLimits,
        ready: Callable[[], Awaitable[None]],
        peer_logs: PeerLogs,
        answered: Callable[[str, bytes], bool],
        time_of: Callable[[Member], Awaitable[int]],
    ) -> None:
        """`denials` bounds how many records of denials one requester can cause.

        `ready` returns once this state is known to be the newest; `answered` says whether an exchange of a
        requester was answered before; `time_of` asks a member what time it is (ms, 0 if it does not know).
        """
        self._code = code
        self._state = state
        self._grants = grants
        self._commit = commit
        self._vault = vault
        self._computing = computing
        self._zone = zone
        self._clock = clock
        self._random = random
        self._denials = denials
        self._limits = limits
        self._ready = ready
        self._peer_logs = peer_logs
        self._answered = answered
        self._time_of = time_of
        self._running: dict[tuple[str, bytes], Running] = {}
        self._chunks = ChunksUnderWay()
        self._evaluator: Evaluator | None = None

    def arrival(self, peer: Member) -> Arrival:
        """What is common to all that `peer` asks now. Raises NodeError while the time is not known."""
        now = self._clock()
        moment = now.astimezone(self._zone)
        department = RequestingDepartment(peer.code, peer.region, peer.level, peer.suspended)
        return Arrival(peer, department, self._state(), now, moment, Day.of(moment), {})

    async def ask(
        self,
        arrival: Arrival,
        envelope: pb.Envelope,
        place: ChunkPlace | None = None,
        seconds: float | None = None,
    ) -> pb.SealedAnswer:
        """Answer one sealed request of who arrived, who waits so many `seconds` for what is looked up.

        A denial is an answer too. Raises NodeError only for what fails before the envelope is open,
        or when nothing can be recorded.
        """
        until = None if seconds is None else asyncio.get_running_loop().time() + seconds
        await self._ready()
        # 6: the caller is a member (the RPC edge saw to it) and says so in the envelope.
        routing = routing_of(envelope, arrival.peer.code, self._code)
        digest = hashlib.sha256(wire.write(envelope)).digest()[:DIGEST]
        key = (routing.requester, routing.exchange_id)
        while (running := self._running.get(key)) is not None:
            if running.digest != digest:
                raise NodeError(Reason.REQUEST_REPLAYED, "error.exchange.exchange-id-taken")
            if (done := await running.join()) is not None:
                return done.result()
            # Who began it went away before the end: who waits takes over.
        running = self._running[key] = Running(digest)
        try:
            answer = await self._exchange(arrival, envelope, routing, digest, place, until)
        except BaseException as error:
            running.failed(error)
            raise
        else:
            running.answered(answer)
            return answer
        finally:
            del self._running[key]

    async def _exchange(
        self,
        arrival: Arrival,
        envelope: pb.Envelope,
        routing: Routing,
        digest: bytes,
        place: ChunkPlace | None,
        until: float | None,
    ) -> pb.SealedAnswer:
        peer, limits = arrival.peer, self._limits
        self._denials.check(peer.code)
        # 7: open, verify the checkpoint's signature, the intent's inclusion and its commitment.
        opened = open_envelope(
            envelope, routing, peer, self._vault, arrival.now, limits.max_skew_ms, limits.chunk.subjects
        )
        if place is not None or opened.problem is not None or not opened.intent.HasField("batch"):
            return await self._opened(Admitted(arrival, opened, until), digest, place)
        with self._chunks.place(peer.code, opened.intent.batch) as found:
            return await self._opened(Admitted(arrival, opened, until), digest, found)

    async def _opened(self, admitted: Admitted, digest: bytes, place: ChunkPlace | None) -> pb.SealedAnswer:
        arrival, peer = admitted.arrival, admitted.arrival.peer
        if admitted.opened.checkpoint:
            opened = await self._held_to_its_log(peer.code, admitted.opened)
            opened = await self._held_to_the_time(peer, opened)
            admitted = admitted._replace(opened=opened)
        # 8: decide.
        if place is not None:
            await place.turn_to_look()
        decision, subjects = self._decide(admitted, place)
        if place is not None:
            place.looked.set()
        question = decision.question
        if not decision.permit or question is None:
            return await self._record(admitted, digest, decision, place)
        cost = self._cost(admitted, decision, subjects)
        asked = _permitted(admitted, decision, question, subjects, cost)
        source = arrival.state.sources.get(asked.dataset)
        # 10: compute. Nothing of it leaves before 9 and 11 are durable.
        if question.kind is QuestionKind.STATISTIC:
            # What a count holds, it holds until it is charged: so that no other counts for the same budget.
            async with AsyncExitStack() as held:
                computed = await self._computing.count(source, asked, held)
                return await self._record(admitted, digest, decision, place, cost, computed, subjects)
        computed = await self._computing.look_up(source, asked)
        return await self._record(admitted, digest, decision, place, cost, computed, subjects)

    async def _record(
        self,
        admitted: Admitted,
        digest: bytes,
        decision: Decision,
        place: ChunkPlace | None,
        cost: Cost = NO_COST,
        computed: Computed = NOT_COMPUTED,
        subjects: Sequence[SubjectKey] = (),
    ) -> pb.SealedAnswer:
        """9, 11, 12: charge, record, seal; durable in one transaction with all that arrived together."""
        if computed.failure is not None:
            cost = self._with_outages(cost, admitted, decision.rule, subjects)
        arrival = admitted.arrival
        job = VerdictJob(
            opened=admitted.opened,
            digest=digest,
            decision=decision,
            computed=computed,
            cost=cost,
            policy_digest=arrival.state.policies.digest,
            revision=arrival.peer.revision,
            grants=self._grants,
            vault=self._vault,
        )
        if place is not None:
            await place.turn_to_charge()
            place.charged.set()  # who waits goes on once this job stands in line
        answer = await self._commit.run(job)
        if job.denied:
            # By what it takes on the disk, so that a denial about many subjects counts as what it is.
            self._denials.spend(arrival.peer.code, -(-job.written // DENIAL_BYTES))
        return answer

    async def _held_to_its_log(self, code: str, opened: Opened) -> Opened:
        """The request as it is, or with the problem that its requester's log contradicts what was seen of it.

        Raises NodeError(PEER_UNAVAILABLE) when that cannot be found out now.
        """
        logs, position, note = self._peer_logs, opened.requester_log, opened.checkpoint
        try:
            # What was answered before is answered from its record, however old the request is by now; and
            # what is denied anyway is not worth a proof.
            if (
                not logs.believe(code, position, note)
                and opened.problem is None
                and not self._answered(code, opened.routing.exchange_id)
            ):
                await logs.prove(code, position, note)
        except NodeError as error:
            if error.reason is not Reason.LOG_DIFFERS:
                raise
            return opened._replace(problem=opened.problem or error)
        return opened

    async def _held_to_the_time(self, peer: Member, opened: Opened) -> Opened:
        """The request as it is, or with the problem that its requester's clock is behind this one.

        A late request is a repeated one if both clocks agree now. Raises NodeError(PEER_UNAVAILABLE) when
        that cannot be found out.
        """
        if not opened.late or opened.problem is not None:
            return opened
        if self._answered(peer.code, opened.routing.exchange_id):
            return opened
        try:
            told_ms = await self._time_of(peer)
        except NodeError:
            raise NodeError(Reason.PEER_UNAVAILABLE, "error.exchange.time-untold") from None
        if abs(to_ms(self._clock()) - told_ms) <= self._limits.max_skew_ms:
            return opened
        return opened._replace(problem=clocks_apart())

    def _decide(self, admitted: Admitted, place: ChunkPlace | None) -> tuple[Decision, list[SubjectKey]]:
        """The decision, and the subjects it permits to be asked about; never raises."""
        try:
            if admitted.opened.problem is not None:
                raise admitted.opened.problem
            if place is not None:
                place.check(admitted.intent)
            return self._by_policy(admitted)
        except NodeError as error:
            clause = LOG_CLAUSE if error.reason is Reason.LOG_DIFFERS else "request"
            return Decision.denial(error.reason, error.metadata.get("clause", clause)), []
        except Exception:
            log.exception("deciding failed")
            return Decision.denial(Reason.INTERNAL, "request"), []

    def _by_policy(self, admitted: Admitted) -> tuple[Decision, list[SubjectKey]]:
        intent, given, arrival = admitted.intent, admitted.opened.opening.subjects, admitted.arrival
        claims = frozenset(given[0].claims) if given else frozenset()
        if any(frozenset(subject.claims) != claims for subject in given):
            raise NodeError.by_reason(Reason.QUERY_INVALID)
        request = Request(
            requester=arrival.department,
            dataset=intent.dataset,
            question=intent.question,
            parameters=tuple((p.name, p.value) for p in intent.parameters),
            claims=claims,
            purpose=intent.purpose,
            case_number=intent.case_number,
            grant_id=intent.grant_id,
            subjects=len(given),
            at=arrival.moment,
            role=intent.role,
            kind=kind_from_message(intent.kind),
        )
        decision = self._evaluator_of(arrival.state).decide(self._grants, request)
        if not decision.permit or decision.question is None:
            return decision, []
        if decision.question.kind is QuestionKind.STATISTIC and intent.HasField("batch"):
            # In a stream nobody could be seen to wait for it.
            raise NodeError.by_reason(Reason.QUERY_INVALID)
        policy = arrival.state.policies.datasets[intent.dataset]
        if len(given) > 1 and len(given) > self._limits.chunk.given(policy, decision.question):
            raise too_many_subjects()
        kind = policy.subject_type
        return decision, [SubjectKey(normalise_subject(s.id, kind), dict(s.claims)) for s in given]

    def _evaluator_of(self, state: ProviderState) -> Evaluator:
        """What decides under these policies and holidays, until there are others."""
        found = self._evaluator
        if found is None or found.policies is not state.policies or found.calendar is not state.calendar:
            found = self._evaluator = Evaluator(state.policies, state.calendar)
        return found

    def _cost(self, admitted: Admitted, decision: Decision, subjects: Sequence[SubjectKey]) -> Cost:
        ids, day = [subject.id for subject in subjects], admitted.arrival.day
        requester, dataset = admitted.arrival.peer.code, admitted.intent.dataset
        return exchange_cost(decision, requester, dataset, ids, day, self._pseudonym, self._older)

    def _with_outages(
        self, cost: Cost, admitted: Admitted, rule: str, subjects: Sequence[SubjectKey]
    ) -> Cost:
        """The cost with what a failure of the data source costs; only made once there is one."""
        ids, day = [subject.id for subject in subjects], admitted.arrival.day
        requester, dataset = admitted.arrival.peer.code, admitted.intent.dataset
        outages = outage_debits(cost, rule, requester, dataset, ids, day, self._pseudonym, self._older)
        return cost._replace(outages=outages)

    def _pseudonym(self, text: str) -> str:
        return _short(self._vault.pseudonym(b"ledger/subject", text.encode()))

    def _older(self, text: str) -> tuple[str, ...]:
        return tuple(map(_short, self._vault.older_pseudonyms(b"ledger/subject", text.encode())))


def _permitted(
    admitted: Admitted, decision: Decision, question: Question, subjects: Sequence[SubjectKey], cost: Cost
) -> Permitted:
    intent, arrival = admitted.intent, admitted.arrival
    state = arrival.state
    policy = state.policies.get(intent.dataset)
    return Permitted(
        peer=arrival.peer,
        exchange_id=admitted.opened.routing.exchange_id,
        dataset=intent.dataset,
        question=question,
        parameters={p.name: p.value for p in intent.parameters},
        region=decision.region,
        subjects=subjects,
        cost=cost,
        budget=None if policy is None else policy.budget,
        load=arrival.load_of(intent.dataset),
        moment=arrival.moment,
        until=admitted.until,
    )


def _short(pseudonym: bytes) -> str:
    """Enough of a pseudonym to tell two apart, in the alphabet of a key: there is one a subject and limit."""
    return b2a_base64(pseudonym[:_SHORT], newline=False).decode()
