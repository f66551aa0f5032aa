"""Unary verification at the provider, steps 6 to 12 durable, against a bare echo of the same sizes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from statistics import median

import grpc
import numpy as np

from scripts.benchmarks.echo import METHOD, running_echo
from scripts.benchmarks.figures import BenchError, Figure, Setting, at_least, spread
from scripts.benchmarks.load import Call, ask_all, channel
from scripts.benchmarks.population import Population
from scripts.benchmarks.prepared import Prepared, Preparer, preparing
from scripts.benchmarks.processes import cpu_seconds
from scripts.benchmarks.site import ASK, Site, build_site, exchange_files, log_size, running

CALLERS = (16, 64)
TARGET = at_least(0.6)
_CHECKED = 50


@dataclass(slots=True)
class Server:
    """One of the two servers, and what was measured of it."""

    call: Call
    pid: int
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    cpu: float = 0.0

    async def measure(self, bodies: list[bytes], callers: int) -> tuple[bytes, ...]:
        """Put it under load for one round; the answers."""
        before = cpu_seconds(self.pid)
        done = await ask_all(self.call, bodies, callers)
        self.cpu += cpu_seconds(self.pid) - before
        self.rates.append(done.rate)
        self.latencies += done.latencies
        return done.answers

    def figures(self, name: str) -> list[Figure]:
        """Its rate, and what a call costs it."""
        cost = self.cpu / len(self.latencies) * 1e6
        return [
            Figure(
                name, median(self.rates), "calls/s", spread=spread(self.latencies), rounds=tuple(self.rates)
            ),
            Figure(f"{name}, processor", cost, "µs/call"),
        ]


@dataclass(frozen=True, slots=True)
class Contest:
    """Node and echo side by side, and requests for them."""

    site: Site
    preparer: Preparer
    ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
    echo: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
    node_pid: int
    echo_pid: int

    async def run(self, callers: int, requests: int, rounds: int) -> list[Figure]:
        """One round to warm up, then `rounds` of each, taking turns at being first."""
        random = np.random.default_rng(callers)
        node, echo = Server(self.ask, self.node_pid), Server(self.echo, self.echo_pid)
        for number in range(-1, rounds):
            prepared = await self.preparer.singles(self.site.population.some(requests, random), callers)
            bodies = [request.body for request in prepared]
            if number == 0:
                node, echo = Server(self.ask, self.node_pid), Server(self.echo, self.echo_pid)
            if number % 2:
                await echo.measure(bodies, callers)
            await self._measure_node(node, prepared, callers)
            if not number % 2:
                await echo.measure(bodies, callers)
        ratios = tuple(a / b for a, b in zip(node.rates, echo.rates, strict=True))
        ratio = median(node.rates) / median(echo.rates)
        name = f"concurrency {callers}"
        return [
            Figure(f"{name}: node / echo", ratio, "", TARGET, rounds=ratios),
            *node.figures(f"{name}: node"),
            *echo.figures(f"{name}: echo"),
        ]

    async def _measure_node(self, node: Server, prepared: list[Prepared], callers: int) -> None:
        size = log_size(self.site.provider)
        answers = await node.measure([request.body for request in prepared], callers)
        for request, answer in list(zip(prepared, answers, strict=True))[:: len(prepared) // _CHECKED or 1]:
            self.preparer.check(request, answer)
        if log_size(self.site.provider) != size + len(prepared):
            raise BenchError("the provider did not record every exchange once")


@asynccontextmanager
async def contest(site: Site) -> AsyncIterator[Contest]:
    """Connect to the site's provider, which runs, and to an echo server."""
    files = exchange_files(site.requester)
    async with AsyncExitStack() as stack:
        preparer = await stack.enter_async_context(preparing(site, site.issue_grant().id))
        to_node = await stack.enter_async_context(channel(site.provider.exchange_port, files))
        ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = to_node.unary_unary(ASK)
        # One answer shows how many bytes the echo has to send.
        (probe,) = await preparer.singles(site.population.identifiers(np.arange(1)), 1)
        answer = await ask(probe.body)
        preparer.check(probe, answer)
        echo = stack.enter_context(running_echo(exchange_files(site.provider), len(answer)))
        to_echo = await stack.enter_async_context(channel(echo.port, files))
        node_pid = site.provider.process.pid
        if node_pid is None:
            raise BenchError("the provider has ended")
        yield Contest(site, preparer, ask, to_echo.unary_unary(METHOD), node_pid, echo.pid)


def unary(setting: Setting) -> list[Figure]:
    """The ratio of the rates at 16 and at 64 concurrent callers."""
    site = build_site(setting.folder / "unary", Population(2_000 if setting.quick else 100_000))
    requests, rounds = (300, 2) if setting.quick else (4_000, 7)

    async def measure() -> list[Figure]:
        found: list[Figure] = []
        async with contest(site) as both:
            for callers in CALLERS:
                setting.tell(f"unary: {callers} concurrent callers, {rounds} rounds of {requests} calls each")
                found += await both.run(callers, requests, rounds)
        return found

    with running(site.provider):
        return asyncio.run(measure())
