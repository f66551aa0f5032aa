"""Questions on a link: at the provider alone, and from a client through both nodes, against a unary echo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median

import grpc
import numpy as np

from node.client import AsyncClient
from node.errors import NodeError
from node.frames.asking import AskingStream
from node.v1 import exchange_pb2 as pb
from scripts.benchmarks.echo import METHOD, Echo, running_echo
from scripts.benchmarks.figures import BenchError, Figure, Setting, Target, at_least, at_most, spread
from scripts.benchmarks.load import channel
from scripts.benchmarks.population import Population
from scripts.benchmarks.processes import cpu_seconds
from scripts.benchmarks.site import (
    CASE,
    DATASET,
    PROVIDER,
    PURPOSE,
    QUESTION,
    Site,
    build_site,
    exchange_files,
    log_size,
    running,
)
from scripts.benchmarks.unary import Contest, Server, contest

LINK = "/node.v1.ExchangeService/Link"
MOST = 4 << 20
REQUEST_BYTES, ANSWER_BYTES = 3_500, 4_200
"""About what a sealed question and its sealed answer have, for the echo."""
SECONDS = 60.0
RATES = {16: at_least(0.65), 64: at_least(0.9)}
COSTS = {16: at_most(1.6), 64: at_most(1.15)}
THROUGH: dict[int, Target | None] = {1: None, 16: at_least(0.18), 64: at_least(0.3)}
SLOWER = at_most(8)
"""One caller through both nodes waits so many times as long as for the echo."""
SHARE = at_most(1.5)
"""What an exchange costs the requester, of what it costs the provider."""


class _Exchanges:
    """How exchanges are said, as the requester's node says them."""

    def frame(self, calls: Sequence[pb.LinkCall]) -> bytes:
        return pb.LinkRequest(calls=calls, most_bytes=MOST).SerializeToString(deterministic=True)

    def read(self, frame: bytes) -> tuple[list[tuple[int, pb.SealedAnswer | NodeError]], int]:
        said = pb.LinkResponse.FromString(frame)
        refused = [each.refusal for each in said.answers if each.refusal]
        if refused:
            raise BenchError(f"an exchange was refused: {refused[0]}")
        return [(each.number, each.answer) for each in said.answers], said.most_bytes

    def off(self, number: int) -> pb.LinkCall:
        return pb.LinkCall(number=number)

    def too_slow(self) -> NodeError:
        raise BenchError("an exchange took too long")

    def ended(self) -> NodeError:
        raise BenchError("the link ended")

    def broken(self, error: grpc.aio.AioRpcError) -> NodeError:
        raise BenchError(f"the link broke: {error.code().name}")

    def unasked(self) -> NodeError:
        raise BenchError("something was answered that nobody asked")


@asynccontextmanager
async def _linked(site: Site) -> AsyncIterator[Callable[[bytes], Awaitable[bytes]]]:
    """A link to the provider, asked with a serialised AskRequest as by a call."""
    async with channel(site.provider.exchange_port, exchange_files(site.requester)) as opened:
        stream: AskingStream[pb.LinkCall, pb.SealedAnswer] = AskingStream(
            opened.stream_stream(LINK)(), _Exchanges()
        )

        async def ask(body: bytes) -> bytes:
            envelope = pb.AskRequest.FromString(body).envelope

            def call(number: int) -> pb.LinkCall:
                return pb.LinkCall(number=number, envelope=envelope)

            answer = await stream.ask(call, len(body), SECONDS)
            return pb.AskResponse(answer=answer).SerializeToString()

        yield ask


async def _at_provider(both: Contest, callers: int, requests: int, rounds: int) -> list[Figure]:
    """One round to warm up, then `rounds` of link and echo, taking turns at being first."""
    random = np.random.default_rng(callers)
    async with _linked(both.site) as ask:
        link, echo = Server(ask, both.node_pid), Server(both.echo, both.echo_pid)
        for number in range(-1, rounds):
            prepared = await both.preparer.singles(both.site.population.some(requests, random), callers)
            bodies = [request.body for request in prepared]
            if number == 0:
                link, echo = Server(ask, both.node_pid), Server(both.echo, both.echo_pid)
            size = log_size(both.site.provider)
            if number % 2:
                await echo.measure(bodies, callers)
            answers = await link.measure(bodies, callers)
            if not number % 2:
                await echo.measure(bodies, callers)
            for request, answer in zip(prepared[::80], answers[::80], strict=True):
                both.preparer.check(request, answer)
            if log_size(both.site.provider) != size + requests:
                raise BenchError("the provider did not record every exchange once")
    name = f"link, concurrency {callers}"
    ratios = tuple(a / b for a, b in zip(link.rates, echo.rates, strict=True))
    return [
        Figure(
            f"{name}: node / unary echo",
            median(link.rates) / median(echo.rates),
            "",
            RATES[callers],
            rounds=ratios,
        ),
        Figure(f"{name}: processor, node / unary echo", link.cpu / echo.cpu, "", COSTS[callers]),
        *link.figures(f"{name}: node"),
        *echo.figures(f"{name}: echo"),
    ]


async def _through(site: Site, echo: Echo, callers: int, requests: int, rounds: int) -> list[Figure]:
    """Client, desk and both nodes on one machine, against the echo."""
    random = np.random.default_rng(callers)
    provider_pid, requester_pid = site.provider.process.pid, site.requester.process.pid
    if provider_pid is None or requester_pid is None:
        raise BenchError("a node has ended")
    question = f"{PROVIDER.code}/{DATASET}/{QUESTION}"
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            AsyncClient(site.requester.desk_address, site.requester.credentials("system"), timeout=SECONDS)
        )
        await client.grants(refresh=True)
        to_echo = await stack.enter_async_context(channel(echo.port, exchange_files(site.requester)))
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = to_echo.unary_unary(METHOD)

        async def ask(body: bytes) -> bytes:
            said = await client.verify(question, body.decode(), purpose=PURPOSE, case=CASE)
            return bytes([said.answer])

        through, bare, asker = Server(ask, provider_pid), Server(call, echo.pid), 0.0
        for number in range(-1, rounds):
            bodies = [subject.encode() for subject in site.population.some(requests, random)]
            if number == 0:
                through, bare, asker = Server(ask, provider_pid), Server(call, echo.pid), 0.0
            before = cpu_seconds(requester_pid)
            await through.measure(bodies, callers)
            asker += cpu_seconds(requester_pid) - before
            await bare.measure([body.ljust(REQUEST_BYTES, b"0") for body in bodies], callers)
    name = f"through both nodes, {callers} callers"
    slower = spread(through.latencies).p50_ms / spread(bare.latencies).p50_ms
    return [
        Figure(f"{name}: nodes / echo", median(through.rates) / median(bare.rates), "", THROUGH[callers]),
        Figure(f"{name}: p50 / echo's", slower, "", SLOWER if callers == 1 else None),
        Figure(f"{name}: processor, requester / provider", asker / max(through.cpu, 0.01), "", SHARE),
        *through.figures(f"{name}: provider"),
        *bare.figures(f"{name}: echo"),
    ]


def link(setting: Setting) -> list[Figure]:
    """Ratios of rates and of processor time at 16 and 64 at once, and through both nodes."""
    population = Population(2_000 if setting.quick else 100_000)
    requests, rounds = (300, 1) if setting.quick else (4_000, 5)

    async def at_provider(site: Site) -> list[Figure]:
        found: list[Figure] = []
        async with contest(site) as both:
            for callers in RATES:
                setting.tell(f"link: {callers} at once, {rounds} rounds of {requests} exchanges each")
                found += await _at_provider(both, callers, requests, rounds)
        return found

    async def through(site: Site, echo: Echo) -> list[Figure]:
        found: list[Figure] = []
        for callers in THROUGH:
            count = max(100, requests // 8) if callers == 1 else requests // 2
            setting.tell(f"link: through both nodes, {callers} callers, {rounds} rounds of {count}")
            found += await _through(site, echo, callers, count, rounds)
        return found

    # Requests that are made beside a requester's node would contradict its log: so there are two of them.
    alone = build_site(setting.folder / "link", population)
    with running(alone.provider):
        found = asyncio.run(at_provider(alone))
    pair = build_site(setting.folder / "pair", population)
    with running(pair.provider, pair.requester):
        pair.issue_grant()
        with running_echo(exchange_files(pair.provider), ANSWER_BYTES) as echo:
            found += asyncio.run(through(pair, echo))
    return found
