"""Writes usage logs of any length, with the records that a provider writes when it answers."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

import numpy as np

from node.app.live.own_keys import load_keys, log_keys
from node.app.node import DATABASE
from node.config.file import load_settings
from node.core.deciding.budget import Spent
from node.core.deciding.cost import Day, exchange_cost
from node.core.deciding.evaluator import Decision
from node.core.log import usage
from node.core.log.checkpoint import log_origin
from node.core.log.commit import AnsweredExchange, Append
from node.core.log.kept_receipt import SHARED_FROM, SIGNATURE, KeptReceipt, put_together, siblings_below
from node.core.log.merkle import HASH, leaf_hash
from node.core.messages.envelope import Routing
from node.core.milliseconds import to_ms
from node.core.policy.rule import Limits
from node.core.revision import REVISION
from node.core.state.data_load import DataLoad
from node.crypto.vault import NodeVault
from node.demo.city import CityNode
from node.exchange.evidence import evidence_of
from node.exchange.group import GroupCommit
from node.exchange.job import Job, Recorded
from node.exchange.ledger import Ledger
from node.exchange.opened import Opened
from node.exchange.provider_answer import Computed, verify_answers
from node.exchange.spent import Budgets
from node.exchange.verdict import VerdictJob
from node.store.store import Store
from node.v1 import record_pb2 as rec
from scripts.benchmarks.load import no_collection
from scripts.benchmarks.population import Population
from scripts.benchmarks.site import CASE, DATASET, PROVIDER, PURPOSE, QUESTION, REQUESTER, make_grant, utc_now

_AT_ONCE = 20_000
_FAR = 100_000_000
"""Where the intents stand in the log of the other side: far from those of real exchanges."""
_POSITION = rec.LogPosition(index=99_999, size=100_000, root=bytes(range(HASH)))
_KEPT = KeptReceipt(
    bytes(SIGNATURE), bytes(HASH * siblings_below(99_999, 100_000, SHARED_FROM)), bytes(HASH * 4)
)
_ORIGIN = log_origin(REQUESTER.code)
_EVIDENCE = evidence_of(put_together(_KEPT, _ORIGIN, _POSITION), _ORIGIN, _POSITION)
_GRANT = make_grant(datetime.now(UTC))
_DECISION = Decision(
    permit=True,
    reason=None,
    rule="window",
    clause="",
    shown=("", ""),
    question=None,
    grant=_GRANT,
    limits=Limits(per_day=10**9, per_subject_per_day=10**6),
    region="",
)


@dataclass(frozen=True, slots=True)
class Appended:
    """What appending took: seconds, without making what is appended, and the wait for each record."""

    seconds: float
    latencies: tuple[float, ...]

    @property
    def records(self) -> int:
        """How many were appended."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """Durable records a second."""
        return self.records / self.seconds

    def then(self, other: Appended) -> Appended:
        """Both together."""
        return Appended(self.seconds + other.seconds, self.latencies + other.latencies)


NOTHING = Appended(0.0, ())


@dataclass(slots=True)
class RecordJob:
    """A record that is ready to be written, with everything that is kept beside it."""

    append: Append

    counters: Sequence[str] = ()
    exchange: tuple[str, bytes] | None = None

    def repeat(self, earlier: AnsweredExchange, recorded: Recorded, opening: bytes) -> int | None:
        """Never."""
        return None

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        """The record."""
        return self.append

    def finish(self, append: Append, recorded: Recorded) -> tuple[Append, int]:
        """Where it stands."""
        return append, recorded.index


class Exchanges:
    """Makes exchanges as a provider has them at the end of step 10: asked, permitted and answered."""

    def __init__(
        self, vault: NodeVault, population: Population, random: np.random.Generator, first: int
    ) -> None:
        """For a log of `first` records: no two verdicts in it name one place of the other side's log."""
        self._places = itertools.count(_FAR + first)
        self._vault = vault
        self._population = population
        self._random = random

    def verdicts(self, count: int) -> list[VerdictJob]:
        """That many exchanges about one subject each, to be charged, recorded and sealed."""
        now = datetime.now(UTC)
        return [self._make(subject, now) for subject in self._population.some(count, self._random)]

    def records(self, count: int, first_index: int) -> list[RecordJob]:
        """The same, settled, for a log of `first_index` records."""
        time_ms = to_ms(datetime.now(UTC))
        budgets = Budgets(lambda _: Spent(frozenset(), 0))
        return [
            RecordJob(verdict.settle(Ledger({}, lambda _: None, budgets), time_ms, index))
            for index, verdict in enumerate(self.verdicts(count), first_index)
        ]

    def _make(self, subject: str, now: datetime) -> VerdictJob:
        routing = Routing(
            REQUESTER.code, PROVIDER.code, usage.new_exchange_id(now, os.urandom), "0123456789abcdef"
        )
        parties = usage.Parties(routing.requester, routing.provider, routing.exchange_id)
        opening = rec.Opening(salt=os.urandom(32), subjects=[rec.Subject(id=subject)])
        opening_bytes, response_key = opening.SerializeToString(), os.urandom(32)
        intent = rec.Intent(
            dataset=DATASET,
            question=QUESTION,
            purpose=PURPOSE,
            case_number=CASE,
            grant_id=_GRANT.id,
            subjects=1,
            commitment=usage.opening_commitment(opening_bytes),
            role="system",
            caller=response_key,
            response_key_hash=usage.response_key_hash(response_key),
        )
        time_ms = to_ms(now)
        leaf = usage.intent_record(time_ms, parties, intent)
        opened = Opened(
            routing=routing,
            response_key=response_key,
            intent_leaf=leaf,
            intent_hash=leaf_hash(leaf),
            intent=intent,
            time_ms=time_ms,
            opening_bytes=opening_bytes,
            opening=opening,
            requester_log=_place(next(self._places)),
            checkpoint=b"",
            evidence=_EVIDENCE,
            problem=None,
        )
        return VerdictJob(
            opened=opened,
            digest=response_key,
            decision=_DECISION,
            computed=Computed(
                verify_answers([True], os.urandom(32)), load=DataLoad(1, 1_800_000_000_000, 1_800_000_000_000)
            ),
            cost=exchange_cost(_DECISION, REQUESTER.code, DATASET, [subject], Day.of(now), self._pseudonym),
            policy_digest=response_key,
            revision=REVISION,
            grants=lambda _: _GRANT,
            vault=self._vault,
        )

    def _pseudonym(self, identifier: str) -> str:
        return self._vault.pseudonym(b"ledger/subject", identifier.encode()).hex()


def _place(index: int) -> rec.LogPosition:
    root = hashlib.sha256(index.to_bytes(8)).digest()
    return rec.LogPosition(index=index, size=index + 1, root=root)


@dataclass(frozen=True, slots=True)
class Writing:
    """The usage log of a node that does not run, open for writing in this process."""

    commit: GroupCommit
    exchanges: Exchanges

    async def append_records(self, records: int, callers: int) -> Appended:
        """Append verdicts that are ready, for that many callers at once."""
        done = NOTHING
        while left := records - done.records:
            jobs = self.exchanges.records(min(_AT_ONCE, left), self.commit.head.size)
            done = done.then(await self._run(jobs, callers))
        return done

    async def append_verdicts(self, records: int, callers: int) -> Appended:
        """Charge, record and seal (steps 9, 11 and 12), for that many callers at once."""
        return await self._run(self.exchanges.verdicts(records), callers)

    async def _run(self, jobs: Sequence[Job[object]], callers: int) -> Appended:
        latencies: list[float] = []
        source = iter(jobs)

        async def caller() -> None:
            for job in source:
                began = perf_counter()
                await self.commit.run(job)
                latencies.append(perf_counter() - began)

        with no_collection():
            began = perf_counter()
            await asyncio.gather(*(caller() for _ in range(callers)))
            seconds = perf_counter() - began
        return Appended(seconds, tuple(latencies))


@asynccontextmanager
async def writing(node: CityNode, population: Population) -> AsyncIterator[Writing]:
    """Open the log of a node that does not run."""
    settings = load_settings(node.config)
    keys = load_keys(settings, utc_now(), os.urandom)
    store = Store.open(settings.state / DATABASE)
    try:
        commit = GroupCommit(store, log_keys(keys, settings), lambda: to_ms(utc_now()))
        vault = NodeVault(keys.ring, keys.data, os.urandom)
        yield Writing(commit, Exchanges(vault, population, np.random.default_rng(2), commit.head.size))
        await commit.stop()
    finally:
        store.close()
