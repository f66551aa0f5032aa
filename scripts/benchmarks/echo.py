"""The yardstick: a bare grpc.aio server with mutual TLS that answers every call with the same bytes.

It runs as a process of its own, `python -m scripts.benchmarks.echo CERTIFICATE KEY ROOTS SIZE`, prints its
port and serves until its standard input ends.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from node.documents.pki import CertificateFiles
from scripts.benchmarks.figures import BenchError

METHOD = "/bench.Echo/Ask"
ROOT = Path(__file__).parents[2]
_STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Echo:
    """A running echo server."""

    port: int
    pid: int


@contextmanager
def running_echo(files: CertificateFiles, answer_bytes: int) -> Iterator[Echo]:
    """An echo server with the certificate of a node, whose callers need one of the same authority.

    Raises BenchError when it does not start.
    """
    paths = (files.certificate, files.key, files.roots)
    process = subprocess.Popen(  # noqa: S603 - this interpreter, this module
        [sys.executable, "-m", "scripts.benchmarks.echo", *map(str, paths), str(answer_bytes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            if not port:
                raise BenchError("the echo server did not start")
            yield Echo(int(port), process.pid)
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


async def serve(credentials: grpc.ServerCredentials, answer_bytes: int) -> None:
    """Serve until standard input ends."""
    answer = os.urandom(answer_bytes)

    async def ask(_request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        return answer

    server = grpc.aio.server()
    service, _, method = METHOD.strip("/").partition("/")
    handler: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(ask)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(None)


if __name__ == "__main__":
    certificate, key, roots = (Path(path).read_bytes() for path in sys.argv[1:4])
    mutual = grpc.ssl_server_credentials([(key, certificate)], roots, require_client_auth=True)
    asyncio.run(serve(mutual, int(sys.argv[4])))
