"""How long a running node takes to read many rules anew, and what its callers notice of it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

import grpc
import numpy as np

from scripts.benchmarks.figures import BenchError, Figure, Setting, at_most
from scripts.benchmarks.load import ask_all, channel
from scripts.benchmarks.population import Population
from scripts.benchmarks.prepared import Preparer, preparing
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

_CALLERS = 16
_SECONDS, _DROPPED = at_most(3), at_most(0)
_SETTLING = 0.5


@dataclass(slots=True)
class Traffic:
    """Callers that ask the site's provider, and how long each of them waited for each answer, s."""

    site: Site
    preparer: Preparer
    ask: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    dropped: int = 0

    async def run(self, requests: int) -> tuple[float, ...]:
        """Ask that often; what was not answered is counted, what was answered has to be right."""
        subjects = self.site.population.some(requests, self.random)
        prepared = await self.preparer.singles(subjects, _CALLERS)
        done = await ask_all(self._try, [request.body for request in prepared], _CALLERS)
        for request, answer in zip(prepared, done.answers, strict=True):
            if answer:
                self.preparer.check(request, answer)
            else:
                self.dropped += 1
        return done.latencies

    async def _try(self, body: bytes) -> bytes:
        try:
            return await self.ask(body)
        except grpc.RpcError:
            return b""


def reloading(setting: Setting) -> list[Figure]:
    """Seconds of a reload under load, requests that were not answered, and the longest wait for an answer."""
    rules, requests, rounds = (500, 600, 2) if setting.quick else (10_000, 8_000, 5)
    site = build_site(setting.folder / "reload", Population(2_000))
    _approve(site, rules, edition=1)
    site.put_in_place()
    took: list[float] = []

    async def measure() -> tuple[Traffic, float, float]:
        async with AsyncExitStack() as stack:
            preparer = await stack.enter_async_context(preparing(site, site.issue_grant().id))
            to_node = await stack.enter_async_context(
                channel(site.provider.exchange_port, exchange_files(site.requester))
            )
            traffic = Traffic(site, preparer, to_node.unary_unary(ASK))
            setting.tell(f"reload: {_CALLERS} callers ask")
            calm = max(await traffic.run(requests))
            busy = 0.0
            for reload in range(1, rounds + 1):
                setting.tell(f"reload: {rules:,} rules while {_CALLERS} callers ask, {reload} of {rounds}")
                _approve(site, rules, edition=reload + 1)
                asking = asyncio.create_task(traffic.run(requests))
                await asyncio.sleep(_SETTLING)
                site.put_in_place()
                took.append(await asyncio.to_thread(_reload, site))
                if asking.done():
                    raise BenchError("the callers were done before the reload was")
                busy = max(busy, *await asking)
            return traffic, calm, busy

    with running(site.provider):
        traffic, calm, busy = asyncio.run(measure())
    return [
        Figure(f"reload of {rules:,} rules under load", median(took), "s", _SECONDS, rounds=tuple(took)),
        Figure("requests that got no answer", traffic.dropped, "", _DROPPED),
        Figure("longest wait for an answer, without", calm * 1e3, "ms"),
        Figure("longest wait for an answer, reloading", busy * 1e3, "ms"),
    ]


def _reload(site: Site) -> float:
    """Have the provider read its files again; the seconds until the new policy was in use."""
    with site.provider.operator() as desk:
        before = desk.admin.status().policy_digest
        began = perf_counter()
        report = desk.admin.reload()
        seconds = perf_counter() - began
        if report.refused or desk.admin.status().policy_digest == before:
            raise BenchError(f"the new policy was not taken up: {[each.message for each in report.refused]}")
    return seconds


def _approve(site: Site, rules: int, edition: int) -> None:
    """Sign a bundle of the usual policy with so many rules that are for others, no two editions alike."""
    what = f"allow: [{LIST_QUESTION}], to: {{levels: [town]}}, for: [{PURPOSE}]"
    others = [f"  - {{id: e{edition}-{number}, {what}}}\n" for number in range(rules - 2)]
    path = site.provider.policies / POLICY.name
    path.write_text("".join((POLICY.read_text("utf-8"), *others)), "utf-8")
    site.approve(edition + 1)
