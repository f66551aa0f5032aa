"""The load generator: a number of callers, each of which asks again as soon as it has its answer."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import perf_counter

import grpc

from node.documents.pki import CertificateFiles

Call = Callable[[bytes], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Round:
    """One round of calls: how long all and each took (s), and the answers in the order of the requests."""

    seconds: float
    latencies: tuple[float, ...]
    answers: tuple[bytes, ...]

    @property
    def rate(self) -> float:
        """Calls a second."""
        return len(self.latencies) / self.seconds


async def ask_all(call: Call, bodies: Sequence[bytes], concurrency: int) -> Round:
    """Send every body once, `concurrency` at a time. An error of one call ends the round."""
    answers = [b""] * len(bodies)
    latencies = [0.0] * len(bodies)
    source = iter(enumerate(bodies))

    async def caller() -> None:
        for position, body in source:
            began = perf_counter()
            answers[position] = await call(body)
            latencies[position] = perf_counter() - began

    with no_collection():
        began = perf_counter()
        await asyncio.gather(*(caller() for _ in range(concurrency)))
        seconds = perf_counter() - began
    return Round(seconds, tuple(latencies), tuple(answers))


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep this process's garbage collector from interrupting what it measures in others."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@asynccontextmanager
async def channel(port: int, files: CertificateFiles) -> AsyncIterator[grpc.aio.Channel]:
    """A connected channel to a port of this machine, with a department's certificate."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=files.roots.read_bytes(),
        private_key=files.key.read_bytes(),
        certificate_chain=files.certificate.read_bytes(),
    )
    options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials, options) as opened:
        await asyncio.wait_for(opened.channel_ready(), 30)
        yield opened
