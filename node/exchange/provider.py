"""The provider's side of an exchange: steps 6 to 12 of the fifteen (see ARCHITECTURE.md)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from binascii import b2a_base64
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TypeVar

from node.core import wire
from node.core.cost import NO_COST, Cost, Day, budget_debits, exchange_cost
from node.core.decide import Decider, Decision
from node.core.directory import Member
from node.core.envelope import Routing
from node.core.grant import Grant
from node.core.identity import normalise_subject
from node.core.policy import Policies
from node.core.question import Question
from node.core.question_kind import QuestionKind, kind_from_message
from node.core.request import Request, Requester
from node.core.subject import SubjectKey
from node.core.workdays import Calendar
from node.errors import NodeError, Reason
from node.exchange.answering import Computed, field_answers, release_key, verify_answers
from node.exchange.group import GroupCommit
from node.exchange.opened import Opened, open_request, routing_of
from node.exchange.ports import Noise, Source, Vault
from node.exchange.rate import Rate
from node.exchange.verdict import VerdictJob
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProviderState:
    """What a reload replaces, as one value."""

    policies: Policies
    sources: Mapping[str, Source]
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class ProviderLimits:
    """Bounds on one exchange."""

    subjects: int = 1000
    max_skew_ms: int = 300_000
    source_seconds: float = 10.0


class Provider:
    """Answers members of the directory. One exchange is in progress once, however often it is asked."""

    def __init__(
        self,
        *,
        code: str,
        state: Callable[[], ProviderState],
        grants: Callable[[str], Grant | None],
        stored_release: Callable[[bytes], bytes | None],
        commit: GroupCommit,
        vault: Vault,
        noise: Noise,
        zone: tzinfo,
        workers: Executor,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        denials: Rate,
        limits: ProviderLimits,
    ) -> None:
        """`denials` bounds how many records of denials one requester can cause."""
        self._code = code
        self._state = state
        self._grants = grants
        self._stored_release = stored_release
        self._commit = commit
        self._vault = vault
        self._noise = noise
        self._zone = zone
        self._workers = workers
        self._clock = clock
        self._random = random
        self._denials = denials
        self._limits = limits
        self._running: dict[tuple[str, bytes], _Running] = {}
        self._decider: Decider | None = None

    async def ask(
        self, peer: Member, envelope: pb.Envelope, batch: BatchOrder | None = None
    ) -> pb.SealedAnswer:
        """Answer one sealed request of `peer`.

        A denial is an answer too. Raises NodeError only for what fails before the envelope is open,
        or when nothing can be recorded.
        """
        # 6: the caller is a member (the RPC edge saw to it) and says so in the envelope.
        routing = routing_of(envelope, peer.code, self._code)
        digest = hashlib.sha256(wire.write(envelope)).digest()
        key = (routing.requester, routing.exchange_id)
        while (running := self._running.get(key)) is not None:
            if running.digest != digest:
                raise NodeError(Reason.REQUEST_REPLAYED, "the exchange id is in use: choose a new one")
            if (done := await running.join()) is not None:
                return done.result()
            # Who began it went away before the end: who waits takes over.
        running = self._running[key] = _Running(digest)
        try:
            answer = await self._exchange(peer, envelope, routing, digest, batch)
        except BaseException as error:
            running.failed(error)
            raise
        else:
            running.answered(answer)
            return answer
        finally:
            del self._running[key]

    async def _exchange(
        self, peer: Member, envelope: pb.Envelope, routing: Routing, digest: bytes, batch: BatchOrder | None
    ) -> pb.SealedAnswer:
        self._denials.check(peer.code)
        now, state = self._clock(), self._state()
        # 7: open, verify the checkpoint's signature, the intent's inclusion and its commitment.
        opened = open_request(envelope, routing, peer, self._vault, now, self._limits.max_skew_ms)
        # 8: decide.
        decision, subjects = self._decide(state, peer, opened, now, batch)
        computed, cost = Computed(), NO_COST
        if decision.permit and decision.question is not None:
            moment = now.astimezone(self._zone)
            cost = self._cost(decision, peer, opened, subjects, moment)
            # 10: compute. Nothing of it leaves before 9 and 11 are durable.
            computed = await self._compute(state, decision, decision.question, peer, opened, subjects, moment)
        # 9, 11, 12: charge, record, seal; durable in one transaction with all that arrived together.
        job = VerdictJob(
            opened=opened,
            digest=digest,
            decision=decision,
            computed=computed,
            cost=cost,
            policy_digest=state.policies.digest,
            revision=peer.revision,
            grants=self._grants,
            vault=self._vault,
        )
        answer = await self._commit.run(job)
        if job.denied:
            self._denials.spend(peer.code)
        return answer

    def _decide(
        self,
        state: ProviderState,
        peer: Member,
        opened: Opened,
        now: datetime,
        batch: BatchOrder | None,
    ) -> tuple[Decision, list[SubjectKey]]:
        try:
            if opened.problem is not None:
                raise opened.problem
            if batch is not None:
                batch.check(opened.intent)
            return self._decide_opened(state, peer, opened, now)
        except NodeError as error:
            return Decision.denial(error.reason, "request", error.message), []
        except Exception:
            log.exception("deciding failed")
            return Decision.denial(Reason.INTERNAL, "request", "the provider could not decide"), []

    def _decide_opened(
        self, state: ProviderState, peer: Member, opened: Opened, now: datetime
    ) -> tuple[Decision, list[SubjectKey]]:
        intent, given = opened.intent, opened.opening.subjects
        if len(given) > self._limits.subjects:
            raise NodeError(
                Reason.QUERY_INVALID,
                f"one request has at most {self._limits.subjects} subjects: send more requests",
            )
        claims = frozenset(given[0].claims) if given else frozenset()
        if any(frozenset(subject.claims) != claims for subject in given):
            raise NodeError(Reason.QUERY_INVALID, "all subjects of a request need the same claims")
        request = Request(
            requester=Requester(peer.code, peer.region, peer.level, peer.suspended),
            dataset=intent.dataset,
            question=intent.question,
            parameters=tuple((p.name, p.value) for p in intent.parameters),
            claims=claims,
            purpose=intent.purpose,
            case_number=intent.case_number,
            grant_id=intent.grant_id,
            subjects=len(given),
            at=now.astimezone(self._zone),
            role=intent.role,
            kind=kind_from_message(intent.kind),
        )
        decision = self._deciding(state).decide(self._grants, request)
        if not decision.permit or decision.question is None:
            return decision, []
        statistic = decision.question.kind is QuestionKind.STATISTIC
        if statistic == bool(given):
            expected = "no subject" if statistic else "at least one subject"
            raise NodeError(Reason.QUERY_INVALID, f"this question needs {expected}")
        policy = state.policies.get(intent.dataset)
        if policy is None:
            raise NodeError(Reason.NOT_SHARED, "the dataset is not shared")
        kind = policy.subject_type
        return decision, [SubjectKey(normalise_subject(s.id, kind), dict(s.claims)) for s in given]

    def _deciding(self, state: ProviderState) -> Decider:
        """What decides under these policies and holidays, until there are others."""
        found = self._decider
        if found is None or found.policies is not state.policies or found.calendar is not state.calendar:
            found = self._decider = Decider(state.policies, state.calendar)
        return found

    def _cost(
        self,
        decision: Decision,
        peer: Member,
        opened: Opened,
        subjects: Sequence[SubjectKey],
        moment: datetime,
    ) -> Cost:
        def pseudonym(text: str) -> str:
            name = self._vault.pseudonym(b"ledger/subject", text.encode())
            return b2a_base64(name, newline=False).decode()

        def older(text: str) -> tuple[str, ...]:
            names = self._vault.older_pseudonyms(b"ledger/subject", text.encode())
            return tuple(b2a_base64(name, newline=False).decode() for name in names)

        ids, day = [subject.id for subject in subjects], Day.of(moment)
        return exchange_cost(decision, peer.code, opened.intent.dataset, ids, day, pseudonym, older)

    async def _compute(
        self,
        state: ProviderState,
        decision: Decision,
        question: Question,
        peer: Member,
        opened: Opened,
        subjects: Sequence[SubjectKey],
        moment: datetime,
    ) -> Computed:
        source = state.sources.get(opened.intent.dataset)
        try:
            if source is None:
                raise NodeError(
                    Reason.SOURCE_UNAVAILABLE, "the dataset has no data source now: ask again later"
                )
            parameters = {p.name: p.value for p in opened.intent.parameters}
            snapshot = source.snapshot
            if question.kind is QuestionKind.STATISTIC:
                return await self._statistic(
                    state, source, decision, question, peer, opened, parameters, moment
                )
            ask = source.verify if question.kind is QuestionKind.VERIFY else source.field
            if source.quick and len(subjects) == 1:
                values: Sequence[object] = ask(question, parameters, decision.region, subjects)
            else:
                values = await self._in_worker(ask, question, parameters, decision.region, subjects)
        except NodeError as error:
            return Computed(failure=error)
        except Exception:
            log.exception("a data source failed")
            return Computed(
                failure=NodeError(Reason.SOURCE_UNAVAILABLE, "the data source failed: ask again later")
            )
        make = verify_answers if question.kind is QuestionKind.VERIFY else field_answers
        return Computed(answers=make(values, self._random(32)), snapshot=snapshot)

    async def _statistic(
        self,
        state: ProviderState,
        source: Source,
        decision: Decision,
        question: Question,
        peer: Member,
        opened: Opened,
        parameters: Mapping[str, str],
        moment: datetime,
    ) -> Computed:
        policy = state.policies.get(opened.intent.dataset)
        if question.statistic is None or policy is None or policy.budget is None:
            raise NodeError(
                Reason.POLICY_NOT_LOADED, "the statistic has no privacy budget: set one in the policy"
            )
        snapshot = source.snapshot
        key = release_key(opened.intent.dataset, question, parameters, decision.region, snapshot)
        if (stored := self._stored_release(key)) is not None:
            return Computed(answers=rec.Answers.FromString(stored), snapshot=snapshot, release_key=key)
        table = await self._in_worker(source.count, question, parameters, decision.region)
        noisy = await self._in_worker(
            self._noise,
            [count for _, count in table],
            question.statistic.unit_contributes,
            question.statistic.epsilon_micros,
        )
        debits = budget_debits(
            policy.budget, opened.intent.dataset, peer.code, peer.organisation, moment, noisy.epsilon_micros
        )
        cells = [
            rec.StatisticCell(key=group, count=count)
            for (group, _), count in zip(table, noisy.counts, strict=True)
        ]
        statistic = rec.StatisticAnswer(
            cells=cells, epsilon_micros=noisy.epsilon_micros, accuracy_95=noisy.accuracy_95, snapshot=snapshot
        )
        answers = rec.Answers(salt=self._random(32), statistic=statistic)
        return Computed(answers=answers, snapshot=snapshot, release_key=key, budget=debits)

    async def _in_worker(self, work: Callable[..., T], *args: object) -> T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.source_seconds):
                return await loop.run_in_executor(self._workers, work, *args)
        except TimeoutError:
            raise NodeError(
                Reason.SOURCE_UNAVAILABLE, "the data source took too long: ask again later"
            ) from None


class _Running:
    """An exchange in progress, which the same request may join while it lasts."""

    __slots__ = ("_joined", "digest")

    def __init__(self, digest: bytes) -> None:
        self.digest = digest
        self._joined: asyncio.Future[pb.SealedAnswer] | None = None

    async def join(self) -> asyncio.Future[pb.SealedAnswer] | None:
        """Wait for its end; None when it was given up."""
        if self._joined is None:
            self._joined = asyncio.get_running_loop().create_future()
        await asyncio.wait([self._joined])
        return None if self._joined.cancelled() else self._joined

    def answered(self, answer: pb.SealedAnswer) -> None:
        """Give the answer to all who joined."""
        if self._joined is not None:
            self._joined.set_result(answer)

    def failed(self, error: BaseException) -> None:
        """Tell all who joined; anything but a NodeError is a caller that went away."""
        if self._joined is None:
            return
        if isinstance(error, NodeError):
            self._joined.set_exception(error)
            self._joined.exception()  # seen: nobody else may be waiting
        else:
            self._joined.cancel()


class BatchOrder:
    """Holds the chunks of one batch stream to their order: the first may be any, then without gaps."""

    def __init__(self) -> None:
        self._batch: bytes | None = None
        self._next = 0

    def check(self, intent: rec.Intent) -> None:
        """Raises NodeError(REQUEST_REPLAYED) for a chunk out of order or of another batch."""
        if not intent.HasField("batch"):
            raise NodeError(Reason.QUERY_INVALID, "a chunk needs its place in the batch")
        place = intent.batch
        if self._batch is not None and (place.batch_id != self._batch or place.chunk != self._next):
            raise NodeError(
                Reason.REQUEST_REPLAYED, "a chunk came twice, too early or from another batch: start anew"
            )
        self._batch, self._next = place.batch_id, place.chunk + 1


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)
