"""Batches: one stream of chunks at the provider alone, and from end to end through both nodes."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

import grpc
import numpy as np

from node.client.client import Client
from node.client.results import Chunk, Subject
from scripts.benchmarks.figures import BenchError, Figure, Setting, Target, at_least, spread
from scripts.benchmarks.load import channel, no_collection
from scripts.benchmarks.population import Population
from scripts.benchmarks.prepared import Prepared, Preparer, preparing
from scripts.benchmarks.processes import cpu_seconds
from scripts.benchmarks.site import (
    CASE,
    DATASET,
    LIST_QUESTION,
    PROVIDER,
    PURPOSE,
    QUESTION,
    Site,
    build_site,
    exchange_files,
    log_size,
    running,
)

ASK_BATCH = "/node.v1.ExchangeService/AskBatch"
CHUNK = 1_000
TARGET = at_least(50_000)
WINDOW = 8
"""Chunks that are sent ahead of their answers."""


@dataclass(frozen=True, slots=True)
class _Size:
    chunks: int
    rounds: int


@dataclass(slots=True)
class _Streams:
    """What was measured of some streams of `chunks` chunks each."""

    chunks: int
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    cpu: float = 0.0

    def add(self, seconds: float, latencies: Sequence[float] = (), cpu: float = 0.0) -> None:
        """One stream."""
        self.rates.append(self.chunks * CHUNK / seconds)
        self.latencies += latencies
        self.cpu += cpu

    def figures(self, name: str, target: Target | None = None) -> list[Figure]:
        """The rate, and what a subject costs the provider if that was measured."""
        single = spread(self.latencies) if self.latencies else None
        rates = tuple(self.rates)
        found = [Figure(name, median(rates), "subjects/s", target, single, rates)]
        if self.cpu:
            cost = self.cpu / (len(rates) * self.chunks * CHUNK) * 1e6
            found.append(Figure(f"{name}, processor", cost, "µs/subject"))
        return found


def batch(setting: Setting) -> list[Figure]:
    """Subjects a second of one batch stream, every chunk recorded and receipted on both sides."""
    size = _Size(chunks=5, rounds=2) if setting.quick else _Size(chunks=100, rounds=5)
    population = Population(2_000 if setting.quick else 200_000)
    site = build_site(setting.folder / "batch", population)
    with running(site.provider, site.requester):
        grant_id = site.issue_grant().id
        setting.tell(f"batch: {size.rounds} streams of {size.chunks} chunks of {CHUNK:,} subjects each")
        plain = asyncio.run(_at_provider(site, grant_id, size, LIST_QUESTION))
        counted = asyncio.run(_at_provider(site, grant_id, size, QUESTION))
    # Other nodes: what was prepared is in a log that the requester's node does not have.
    site = build_site(setting.folder / "batch-ends", population)
    with running(site.provider, site.requester):
        site.issue_grant()
        setting.tell("batch: the same from end to end")
        return [
            *plain.figures("at the provider", TARGET),
            *counted.figures("at the provider, with a limit for each subject"),
            *_end_to_end(site, size).figures("client, desk and both nodes"),
        ]


async def _at_provider(site: Site, grant_id: str, size: _Size, question: str) -> _Streams:
    random = np.random.default_rng(3)
    found = _Streams(size.chunks)
    async with (
        preparing(site, grant_id) as preparer,
        channel(site.provider.exchange_port, exchange_files(site.requester)) as to_node,
    ):
        call: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = to_node.stream_stream(ASK_BATCH)
        for number in range(-1, size.rounds):  # the first one warms up
            prepared = await preparer.chunks(
                [site.population.some(CHUNK, random) for _ in range(size.chunks)], question
            )
            cpu = cpu_seconds(site.provider.process.pid or 0)
            seconds, waited = await _stream(call, prepared, preparer)
            if number >= 0:
                found.add(seconds, waited, cpu_seconds(site.provider.process.pid or 0) - cpu)
    return found


async def _stream(
    call: grpc.aio.StreamStreamMultiCallable[bytes, bytes], prepared: Sequence[Prepared], preparer: Preparer
) -> tuple[float, list[float]]:
    """Send all chunks of one batch; the seconds for all, and for each from sending to its answer."""
    stream = call()
    sent: deque[float] = deque()
    latencies: list[float] = []
    answers: list[bytes] = []
    room = asyncio.Semaphore(WINDOW)

    async def send() -> None:
        for chunk in prepared:
            await room.acquire()
            sent.append(perf_counter())
            await stream.write(chunk.body)
        await stream.done_writing()

    with no_collection():
        began = perf_counter()
        sender = asyncio.create_task(send())
        async for answer in stream:
            latencies.append(perf_counter() - sent.popleft())
            answers.append(answer)
            room.release()
        await sender
        seconds = perf_counter() - began
    for chunk, answer in zip(prepared, answers, strict=True):
        preparer.check(chunk, answer)
    return seconds, latencies


def _end_to_end(site: Site, size: _Size) -> _Streams:
    """The Python client at the requester's desk: all fifteen steps, both logs, one machine for all three."""
    random = np.random.default_rng(4)
    found = _Streams(size.chunks)
    with Client(site.requester.desk_address, site.requester.credentials("system"), timeout=60) as client:
        client.grants(refresh=True)
        for number in range(-1, size.rounds):
            chunks = [
                Chunk(place, tuple(Subject(subject) for subject in site.population.some(CHUNK, random)))
                for place in range(size.chunks)
            ]
            before = log_size(site.provider), log_size(site.requester)
            began = perf_counter()
            _ask(client, chunks)
            seconds = perf_counter() - began
            # The provider writes one record a chunk, the requester its intent and its outcome.
            if log_size(site.provider) != before[0] + size.chunks:
                raise BenchError("the provider did not record every chunk once")
            if log_size(site.requester) != before[1] + 2 * size.chunks:
                raise BenchError("the requester did not record every chunk twice")
            if number >= 0:
                found.add(seconds)
    return found


def _ask(client: Client, chunks: Sequence[Chunk]) -> None:
    results = client.batch(
        f"{PROVIDER.code}/{DATASET}/{LIST_QUESTION}",
        chunks,
        purpose=PURPOSE,
        case=CASE,
        batch_id=os.urandom(16),
    )
    for result in results:
        if result.refusal is not None:
            raise BenchError(f"a chunk was refused: {result.refusal.reason.name}")
        if result.answers is None or len(result.answers) != CHUNK or result.over_limit:
            raise BenchError("a chunk does not have an answer for every subject")
