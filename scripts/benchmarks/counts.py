"""Statistics: how long a new one takes, and what another department notices of a storm of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

import grpc
import numpy as np

from node.demo.departments import AUTHORITY
from scripts.benchmarks.batch import ASK_BATCH, CHUNK
from scripts.benchmarks.figures import BenchError, Figure, Setting, at_most, spread
from scripts.benchmarks.load import ask_all, channel
from scripts.benchmarks.population import Population
from scripts.benchmarks.prepared import Prepared, Preparer, Statistic, preparing
from scripts.benchmarks.processes import cpu_seconds
from scripts.benchmarks.site import (
    ASK,
    LIST_QUESTION,
    POLICY,
    PURPOSE,
    Site,
    build_site,
    exchange_files,
    running,
)

_TARGET = at_most(60)
_CALLERS = 4
_STORM = 64
_QUESTIONS, _CHOICES = 40, 50


@dataclass(slots=True)
class _Other:
    """Another department: asks about one subject at a time, and sends chunks of a batch."""

    site: Site
    preparer: Preparer
    to_node: grpc.aio.Channel
    singles: list[float] = field(default_factory=list)
    chunks: list[float] = field(default_factory=list)
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))

    async def ask(self, requests: int, chunks: int) -> None:
        """Ask so many times, a few at once, and then for so many chunks; each answer has to be right."""
        ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = self.to_node.unary_unary(ASK)
        prepared = await self.preparer.singles(self.site.population.some(requests, self.random), _CALLERS)
        done = await ask_all(ask, [request.body for request in prepared], _CALLERS)
        for request, answer in zip(prepared, done.answers, strict=True):
            self.preparer.check(request, answer)
        self.singles += done.latencies
        batch = await self.preparer.chunks(
            [self.site.population.some(CHUNK, self.random) for _ in range(chunks)], LIST_QUESTION
        )
        stream: grpc.aio.StreamStreamCall[bytes, bytes] = self.to_node.stream_stream(ASK_BATCH)()
        for chunk in batch:
            began = perf_counter()
            await stream.write(chunk.body)
            told: object = await stream.read()
            self.chunks.append(perf_counter() - began)
            if not isinstance(told, bytes):
                raise BenchError("the provider ended a batch")
            self.preparer.check(chunk, told)
        await stream.done_writing()

    def figures(self, when: str) -> list[Figure]:
        """What it waited for answers."""
        return [
            Figure(f"another department, {name}, {when}", median(took) * 1e3, "ms", spread=spread(took))
            for name, took in (("one subject", self.singles), (f"{CHUNK:,} subjects", self.chunks))
        ]


@dataclass(slots=True)
class _Asker:
    """Who asks for statistics, each of which is new."""

    preparer: Preparer
    ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
    new: Iterator[Statistic]
    became: Counter[str] = field(default_factory=Counter)

    async def one(self) -> float:
        """How long one took, in s."""
        (request,) = await self.prepare(1)
        began = perf_counter()
        answer = await self.ask(request.body)
        seconds = perf_counter() - began
        self._note(request, answer)
        return seconds

    async def prepare(self, count: int) -> list[Prepared]:
        """Requests for statistics that were never asked for."""
        return await self.preparer.statistics([next(self.new) for _ in range(count)])

    async def storm(self, until: asyncio.Event) -> None:
        """Ask as many at once as a storm has, again and again."""

        async def caller() -> None:
            while not until.is_set():
                (request,) = await self.prepare(1)
                self._note(request, await self.ask(request.body))

        await asyncio.gather(*(caller() for _ in range(_STORM)))

    def _note(self, request: Prepared, answer: bytes) -> None:
        answers, clause = self.preparer.read(request, answer)
        if answers is not None and (len(answers.statistic.cells) != 8 or answers.statistic.reused):
            raise BenchError("an answer is no new table of eight cells")
        self.became[clause or "answered"] += 1


def counts(setting: Setting) -> list[Figure]:
    """Statistics over 100,000 rows, alone and in a storm."""
    rows, alone, requests, chunks = (2_000, 5, 100, 3) if setting.quick else (100_000, 100, 3_000, 100)
    site = build_site(setting.folder / "counts", Population(rows))
    path = site.provider.policies / POLICY.name
    path.write_text(_with_statistics(path.read_text("utf-8")), "utf-8")
    site.approve(2)
    site.put_in_place()

    async def measure() -> list[Figure]:
        async with AsyncExitStack() as stack:
            asker, other, calm = await _connect(stack, site)
            setting.tell(f"counts: {alone} new statistics over {rows:,} rows, one after the other")
            cold = await asker.one()
            before = _processor(site)
            warm = [await asker.one() for _ in range(alone)]
            cost = (_processor(site) - before) / alone
            setting.tell("counts: another department asks, first alone, then in a storm of statistics")
            await calm.ask(requests, chunks)
            asker.became.clear()
            over = asyncio.Event()
            began = perf_counter()
            storm = asyncio.create_task(asker.storm(over))
            await asyncio.sleep(1)
            await other.ask(requests, chunks)
            over.set()
            await storm
            rate = asker.became["answered"] / (perf_counter() - began)
            if set(asker.became) - {"answered", "source.busy"}:
                raise BenchError(f"statistics were denied: {dict(asker.became)}")
            return [
                Figure(
                    f"a new statistic over {rows:,} rows", median(warm) * 1e3, "ms", _TARGET, spread(warm)
                ),
                Figure("the same, processor of the node and its processes", cost * 1e3, "ms"),
                Figure("the first, which starts a process", cold * 1e3, "ms"),
                Figure(f"statistics, {_STORM} asked for at once", rate, "/s"),
                *calm.figures("before"),
                *other.figures("in the storm"),
            ]

    with running(site.provider):
        return asyncio.run(measure())


async def _connect(stack: AsyncExitStack, site: Site) -> tuple[_Asker, _Other, _Other]:
    names = frozenset(f"counted-{number}" for number in range(_QUESTIONS))
    mine = site.issue_grant(requester=AUTHORITY.code, questions=names)
    preparer = await stack.enter_async_context(preparing(site, mine.id, site.authority))
    to_node = await stack.enter_async_context(
        channel(site.provider.exchange_port, exchange_files(site.authority))
    )
    new = (Statistic(name, {"n": str(months)}) for months in range(1, _CHOICES + 1) for name in sorted(names))
    asker = _Asker(preparer, to_node.unary_unary(ASK), new)
    theirs = await stack.enter_async_context(preparing(site, site.issue_grant().id))
    to_theirs = await stack.enter_async_context(
        channel(site.provider.exchange_port, exchange_files(site.requester))
    )
    return asker, _Other(site, theirs, to_theirs), _Other(site, theirs, to_theirs)


def _processor(site: Site) -> float:
    """Processor time of the provider's node and of the processes that it started, s."""
    node = site.provider.process.pid or 0
    started = [
        int(pid)
        for path in Path(f"/proc/{node}/task").glob("*/children")
        for pid in path.read_text("ascii").split()
    ]
    return sum(cpu_seconds(pid) for pid in (node, *started))


def _with_statistics(policy: str) -> str:
    """The policy with statistics that the authority may ask for."""
    choices = ", ".join(str(months) for months in range(1, _CHOICES + 1))
    names = [f"counted-{number}" for number in range(_QUESTIONS)]
    questions = "".join(_question(name, number, choices) for number, name in enumerate(names))
    rule = (
        f"  - {{id: counted, allow: [{', '.join(names)}], to: {{departments: [{AUTHORITY.code}]}}, "
        f"for: [{PURPOSE}]}}\n"
    )
    budget = "privacy: {budget: {dataset: 1000, organisation: 1000, requester: 1000}, period: year}\n"
    return policy.replace("\nrules:", f"\n{questions}rules:", 1) + rule + budget


def _question(name: str, number: int, choices: str) -> str:
    return f"""\
  {name}:
    title: t
    title_en: t
    statistic: count
    where: months_paid >= :n AND months_paid <> {number}
    parameters: {{n: {{choices: [{choices}]}}}}
    group_by: [region]
    unit_contributes: 1
    epsilon: 0.1
"""
