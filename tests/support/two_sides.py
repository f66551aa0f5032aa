"""A requester and a provider with real keys, logs and policies, and a wire between that a test can bend."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from support.places import POLICIES
from support.running import kind_of, pension_grant, pension_policy
from support.small_log import Clock, FaultyStore, open_store
from support.town import HR, TAX

from node.core.deciding.gap import NO_GAPS, Gaps
from node.core.deciding.grant import Grant
from node.core.directory.directory import Member
from node.core.directory.spelling import SealingKey
from node.core.log import usage
from node.core.log.commit import Head
from node.core.log.peer_log import PeerLog
from node.core.outage import Outage, OutageError
from node.core.policy.policy import DEFINITIONS_FILE, PolicyFile
from node.core.policy.question import Question
from node.core.policy.question_kind import QuestionKind
from node.core.reading.build import build_policies
from node.core.role import OPERATOR, OPERATOR_FINGERPRINT, Caller, Roles
from node.core.state.data_load import KeptLoad
from node.core.stop import Stop
from node.core.subject import SubjectKey, Unclear
from node.core.workdays import Calendar
from node.crypto.data_key import DataKey, DataKeyRing
from node.crypto.sealing import KeyRing
from node.crypto.signing import open_note, sign_note
from node.crypto.vault import NodeVault
from node.documents.keys import KeyUse, PrivateKey, generate
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob
from node.exchange.arrival import Arrival, ProviderState
from node.exchange.asking import Query
from node.exchange.computing import Computing
from node.exchange.counts import Counts
from node.exchange.group import GroupCommit, LogKeys
from node.exchange.peer_logs import PeerLogs
from node.exchange.ports import Noisy
from node.exchange.provider import Provider, ProviderLimits
from node.exchange.rate import Rate
from node.exchange.requester import Requester
from node.exchange.turns import TurnBounds, Turns
from node.store.store import Store
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

T = TypeVar("T")
ZONE = ZoneInfo("Asia/Shanghai")
CALLER = Caller(OPERATOR, OPERATOR_FINGERPRINT)
_START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Dongguan
_YEAR = timedelta(days=365)
LOAD = KeptLoad(1, 1_795_000_000_000, "mark")
_KEYS: dict[str, dict[KeyUse, PrivateKey]] = {}


def _keys(code: str) -> dict[KeyUse, PrivateKey]:
    # Making an ML-DSA and an X-Wing key takes longer than most tests here.
    if code not in _KEYS:
        made = {use: generate(use, _START - _YEAR, _START + _YEAR, os.urandom) for use in KeyUse}
        _KEYS[code] = made
    return _KEYS[code]


class OtherLogs:
    """The usage logs of other departments, asked as their nodes would be; `away` when they cannot."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.logs: dict[str, GroupCommit] = {}
        self.away = False
        self.asked: list[tuple[int, int]] = []

    async def consistency_proof(self, code: str, first: int, second: int) -> Sequence[bytes]:
        self.asked.append((first, second))
        await asyncio.sleep(0)
        return self._said(lambda: self.logs[code].consistency_proof(first, second))

    async def checkpoint(self, code: str) -> bytes:
        return self._said(lambda: self.logs[code].head.note)

    def _said(self, work: Callable[[], T]) -> T:
        if self.away:
            raise NodeError(Reason.PEER_UNAVAILABLE, "away")
        try:
            return work()
        except NodeError as error:
            raise NodeError(error.reason, error.message, decided_by="provider") from None


class Side:
    """What either side has: keys, a log on a real database, and its entry in the directory."""

    def __init__(self, code: str, folder: Path, clock: Clock) -> None:
        keys = _keys(code)
        self.hold: NodeError | None = None
        self.lost = NO_GAPS
        origin = f"dxnode/{code}"
        self.signer, cosigner = keys[KeyUse.LOG].signer(origin), keys[KeyUse.COSIGN].signer(origin)
        folder.mkdir(exist_ok=True)
        self.store = open_store(folder)
        self.faults = FaultyStore(self.store)
        self.ring = KeyRing([keys[KeyUse.SEALING].sealing_key()])
        self.data_keys = [keys[KeyUse.DATA].data_key(os.urandom)]
        self.vault = NodeVault(self.ring, DataKeyRing(self.data_keys[0]), os.urandom)
        self.log_keys = LogKeys(
            origin,
            lambda body: sign_note(body, self.signer),
            lambda body: sign_note(body, self.signer, cosigner),
            lambda note: open_note(note, (self.signer.verifier,)).body,
        )
        self.other_logs = OtherLogs()
        self.peer_logs = PeerLogs(
            code,
            self.store,
            self.other_logs,
            lambda code: self.other_logs.members[code],
            self.vault.open_checkpoint,
            self._record,
            clock,
            os.urandom,
        )
        self.commit = GroupCommit(self.faults, self.log_keys, clock, watch=self)
        self.member = Member(
            code=code,
            title=code,
            region="441900",
            level="city",
            organisation=code,
            roles=(),
            endpoint="127.0.0.1:1",
            certificates=(),
            tls_roots="",
            sealing_keys=(SealingKey.parse(keys[KeyUse.SEALING].sealing_key().public.encode()),),
            log_keys=(self.signer.verifier.vkey(),),
            cosign_keys=(cosigner.verifier.vkey(),),
            suspended=False,
        )

    # What goes along with its log (`node.exchange.watch.Watch`).

    def held(self) -> NodeError | None:
        return self.hold

    def gaps(self) -> Gaps:
        return self.lost

    def changed(self) -> tuple[PeerLog, ...]:
        return self.peer_logs.changed()

    def durable(self, head: Head, kept: Sequence[PeerLog]) -> None:
        self.peer_logs.kept(kept)

    async def ready(self) -> None:
        if self.hold is not None:
            raise self.hold

    async def _record(self, job: AdminJob) -> int:
        return await self.commit.run(job, by_staff=True)

    def rotate_data_key(self) -> None:
        """Write with a new key from now on, and read with the older ones."""
        older, new = list(self.data_keys), DataKey(os.urandom(32), os.urandom)
        self.data_keys.append(new)
        self.vault.replace_keys(self.ring, DataKeyRing(new, older))

    def records(self) -> list[rec.UsageRecord]:
        """Its usage log."""
        return [usage.parse_record(leaf) for _, leaf in self.store.leaves(0, 100_000)]

    def bodies(self) -> list[str | None]:
        """What each of its records is."""
        return [record.WhichOneof("body") for record in self.records()]


class Register:
    """A data source: whoever's number is even is active. It can be made to fail, to wait, to be unclear."""

    quick = True

    def __init__(self) -> None:
        self.asked = 0
        self.counted = 0
        self.stops: list[Stop] = []
        self.before: Callable[[], None] = lambda: None
        self.unclear: set[str] = set()

    def verify(
        self, question: Question, parameters: Mapping[str, str], region: str, subjects: Sequence[SubjectKey]
    ) -> list[bool | Unclear]:
        self._read()
        return [
            Unclear.SEVERAL_ROWS
            if subject.id in self.unclear
            else _even(subject) and subject.claims in ({}, {"name": "right"})
            for subject in subjects
        ]

    def field(
        self, question: Question, parameters: Mapping[str, str], region: str, subjects: Sequence[SubjectKey]
    ) -> list[str | None]:
        self._read()
        return ["[0,60)" if _even(subject) else None for subject in subjects]

    def count(
        self, question: Question, parameters: Mapping[str, str], region: str, stop: Stop
    ) -> list[tuple[tuple[str, ...], int]]:
        self.counted += 1
        self.stops.append(stop)
        self._read()
        return [((f"44190000{n}",), 100 * n) for n in range(8)]

    def _read(self) -> None:
        self.asked += 1
        self.before()


def _even(subject: SubjectKey) -> bool:
    return int(subject.id[14:17]) % 2 == 0


def noise(counts: Sequence[int], unit_contributes: int, epsilon_micros: int, stop: Stop) -> Noisy:
    """Counts with a noise of one."""
    return Noisy(tuple(count + 1 for count in counts), epsilon_micros, 6)


@dataclass(slots=True)
class Wire:
    """Carries envelopes to the provider. A test bends what passes, loses it, or cuts the wire."""

    provider: Provider
    requester: Member
    lose_request: NodeError | None = None
    lose_answer: NodeError | None = None
    bend: Callable[[pb.SealedAnswer], None] = lambda _: None
    carried: list[pb.Envelope] = field(default_factory=list)
    before: Callable[[], asyncio.Future[None]] | None = None
    until: int | None = None
    """After so many answers the provider is gone."""

    async def ask(self, provider: str, envelope: pb.Envelope) -> pb.SealedAnswer:
        if self.lose_request is not None:
            raise self.lose_request
        if self.before is not None:
            await self.before()
        self.carried.append(envelope)
        answer = await self.provider.ask(self.provider.arrival(self.requester), envelope)
        if self.lose_answer is not None:
            raise self.lose_answer
        if self.until is not None:
            if not self.until:
                raise NodeError(Reason.PEER_UNAVAILABLE, "gone")
            self.until -= 1
        self.bend(answer)
        return answer


class TwoSides:
    """Tax asks human resources."""

    def __init__(
        self,
        folder: Path,
        policy: str = "",
        source_seconds: float = 10.0,
        more: Sequence[PolicyFile] = (),
        counts: tuple[int, int, int, int, float] = (2, 2, 100, 100, 10.0),
    ) -> None:
        """`counts` are the bounds on counts, as in `TurnBounds`."""
        self.clock = Clock(int(_START.timestamp() * 1000))
        self.tax, self.hr = Side(TAX, folder / "tax", self.clock), Side(HR, folder / "hr", self.clock)
        for side, other in ((self.tax, self.hr), (self.hr, self.tax)):
            side.other_logs.members[other.member.code] = other.member
            side.other_logs.logs[other.member.code] = other.commit
        files = [PolicyFile("pension.yaml", (policy or pension_policy()).encode())]
        if not any(file.name == DEFINITIONS_FILE for file in more):
            files.append(PolicyFile(DEFINITIONS_FILE, (POLICIES / DEFINITIONS_FILE).read_bytes()))
        self.register = Register()
        policies = build_policies([*files, *more])
        self.state = ProviderState(
            policies,
            dict.fromkeys(policies.datasets, self.register),
            dict.fromkeys(policies.datasets, LOAD),
            Calendar(ZONE),
        )
        self.grant = replace(
            pension_grant(),
            id="g-0123456789abcdef",
            valid_from=_START - timedelta(days=1),
            valid_until=_START + timedelta(days=1),
        )
        self.grants = {self.grant.id: self.grant}
        self.received: list[Grant] = [self.grant]
        self.refreshed = 0
        self.refused: list[Reason] = []
        self.time_asked = 0
        self.time_told: Callable[[int], int] | None = lambda now: now
        self.doubted: list[str] = []
        self.workers = ThreadPoolExecutor(8)
        self.denials = Rate(0.0, 1000.0, lambda: 0.0)
        self.given_up: list[str] = []
        self.counts = Counts(
            Turns(TurnBounds(*counts), _busy), ThreadPoolExecutor(counts[0]), source_seconds, self._give_up
        )
        computing = Computing(
            books=self.hr.store,
            gaps=self.hr.gaps,
            noise=noise,
            counts=self.counts,
            workers=self.workers,
            turns=Turns(TurnBounds(8, 4, 1000, 1000, source_seconds), _busy),
            seconds=source_seconds,
            random=os.urandom,
        )
        self.provider = Provider(
            code=HR,
            state=lambda: self.state,
            grants=lambda grant_id: self.grants.get(grant_id),
            commit=self.hr.commit,
            vault=self.hr.vault,
            computing=computing,
            zone=ZONE,
            clock=self.now,
            random=os.urandom,
            denials=self.denials,
            limits=ProviderLimits(),
            ready=self.hr.ready,
            peer_logs=self.hr.peer_logs,
            answered=self.hr.store.is_answered,
            time_of=self._time_of,
        )
        self.wire = Wire(self.provider, self.tax.member)
        self.requester = self.make_requester()

    def arrival(self) -> Arrival:
        """What the provider knows of the requester, who arrives now."""
        return self.provider.arrival(self.tax.member)

    def make_requester(self) -> Requester:
        """The requester, also as a restart of the node would make it."""
        return Requester(
            code=TAX,
            member=self._member,
            grants=lambda _: self.received,
            refresh_grants=self._refresh,
            roles=lambda: Roles({}),
            store=self.tax.store,
            commit=self.tax.commit,
            vault=self.tax.vault,
            peers=self.wire,
            refused=self._refuse,
            clock=self.now,
            random=os.urandom,
            ready=self.tax.ready,
            doubted=self._doubt,
            peer_logs=self.tax.peer_logs,
            zone=ZONE,
        )

    def now(self) -> datetime:
        """The time on both sides."""
        return datetime.fromtimestamp(self.clock.now / 1000, UTC)

    async def _time_of(self, _member: Member) -> int:
        self.time_asked += 1
        if self.time_told is None:
            raise NodeError(Reason.PEER_UNAVAILABLE, "away")
        return self.time_told(self.clock.now)

    async def close(self) -> None:
        """Stop both."""
        await self.requester.stop()
        await self.counts.stop()
        for side in (self.tax, self.hr):
            await side.commit.stop()
            side.store.close()
        self.workers.shutdown()

    def _member(self, code: str) -> Member:
        if code != HR:
            raise NodeError(Reason.NOT_FOUND, "the directory has no such department")
        return self.hr.member

    async def _give_up(self, member: str) -> None:
        self.given_up.append(member)

    async def _refresh(self, _provider: str) -> None:
        self.refreshed += 1

    async def _doubt(self, provider: str) -> None:
        self.doubted.append(provider)

    async def _refuse(self, _provider: str, reason: Reason, _attempt: rec.Intent) -> None:
        self.refused.append(reason)


def _busy() -> NodeError:
    return OutageError(Outage.BUSY, "error.app.too-many-waiting")


def query(
    question: str = "is-enrolled",
    purpose: str = "social-insurance/pension/deferral",
    kind: QuestionKind | None = None,
) -> Query:
    """A question to human resources."""
    return Query(HR, "pension-insurance", question, {}, purpose, "DG-1", kind or kind_of(question))


def leaves(store: Store) -> list[bytes]:
    """All leaves of a log."""
    return [leaf for _, leaf in store.leaves(0, 100_000)]
