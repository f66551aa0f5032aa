"""Answers are as fast among many rows, and behind a long usage log, as without either."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import grpc
import numpy as np

from scripts.benchmarks.figures import Figure, Setting, Spread, at_most, spread
from scripts.benchmarks.load import Call, ask_all, channel
from scripts.benchmarks.longlog import ROWS, long_log
from scripts.benchmarks.population import Population
from scripts.benchmarks.prepared import Preparer, preparing
from scripts.benchmarks.site import ASK, Site, build_site, exchange_files, log_size, running, start_seconds

CALLERS = (1, 16)
TARGET = at_most(1.3)


@dataclass(slots=True)
class _Provider:
    """One of the providers that are compared, and how long its answers took."""

    name: str
    site: Site
    preparer: Preparer
    ask: Call
    latencies: list[float] = field(default_factory=list)

    async def measure(self, calls: int, callers: int, random: np.random.Generator) -> None:
        prepared = await self.preparer.singles(self.site.population.some(calls, random), callers)
        done = await ask_all(self.ask, [request.body for request in prepared], callers)
        self.preparer.check(prepared[-1], done.answers[-1])
        self.latencies += done.latencies


def flat(setting: Setting) -> list[Figure]:
    """The ratio of the medians: many rows to few, and a long log to none."""
    rows = 50_000 if setting.quick else 10_000_000
    long = long_log(setting).site
    setting.tell(f"flat: writing a register of {rows:,} rows")
    few = build_site(setting.folder / "few", Population(ROWS))
    many = build_site(setting.folder / "many", Population(rows))
    setting.tell("flat: a node builds its dataset of them")
    built = start_seconds(many.provider)
    with running(few.provider, many.provider, long.provider):
        records = log_size(long.provider)
        sites = {"few": few, f"{rows:,} rows": many, f"{records:,} log records": long}
        figures = asyncio.run(_compare(setting, sites))
    return [*figures, Figure(f"building a dataset of {rows:,} rows", built, "s")]


async def _compare(setting: Setting, sites: dict[str, Site]) -> list[Figure]:
    calls, rounds = (100, 2) if setting.quick else (1_000, 7)
    random = np.random.default_rng(5)
    figures = []
    async with AsyncExitStack() as stack:
        providers = [await _reach(stack, name, site) for name, site in sites.items()]
        for callers in CALLERS:
            setting.tell(
                f"flat: {callers} callers, {rounds} rounds of {calls:,} calls to each of three nodes"
            )
            for number in range(-1, rounds):
                for provider in providers:
                    await provider.measure(calls, callers, random)
                    if number < 0:
                        provider.latencies.clear()  # warmed up
            few, *others = providers
            base = spread(few.latencies)
            figures += [_against(base, provider, callers) for provider in others]
            name = f"concurrency {callers}: p50 with few rows and no log"
            figures.append(Figure(name, base.p50_ms, "ms", None, base))
            for provider in providers:
                provider.latencies.clear()
    return figures


async def _reach(stack: AsyncExitStack, name: str, site: Site) -> _Provider:
    preparer = await stack.enter_async_context(preparing(site, site.issue_grant().id))
    files = exchange_files(site.requester)
    to_node = await stack.enter_async_context(channel(site.provider.exchange_port, files))
    ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = to_node.unary_unary(ASK)
    return _Provider(name, site, preparer, ask)


def _against(base: Spread, provider: _Provider, callers: int) -> Figure:
    found = spread(provider.latencies)
    name = f"concurrency {callers}: {provider.name} / {ROWS:,} rows and no log"
    return Figure(name, found.p50_ms / base.p50_ms, "", TARGET, found)
