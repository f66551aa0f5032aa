"""Run one node as a real process: start it, wait until it is healthy, drain it, leave no orphan."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import grpc
from grpc_health.v1 import health_pb2

DXNODE = (sys.executable, "-m", "node.cli.main")
_INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_POLL = 0.05
# Without these, gRPC waits for a second and more before it looks for the socket again.
_CHANNEL = (
    ("grpc.default_authority", "desk"),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 100),
)
_TAIL = 20  # lines of a node's output that are shown when it does not start


class NodeProcess:
    """One `dxnode serve`; what it prints goes to `output`, a file."""

    def __init__(
        self, config: Path, desk_socket: Path, output: Path, command: Sequence[str] = (*DXNODE, "serve")
    ) -> None:
        """`command` runs a node whose settings are given with --config."""
        self.config = config
        self._command = command
        self.output = output
        self._health_at = f"unix:{desk_socket}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def start(self) -> None:
        """Start it; it has a session of its own, so that Ctrl-C reaches it only through `stop`."""
        with _no_interrupt(), self.output.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, this package
                [*self._command, "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.config.parent,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    def wait_until_healthy(self, timeout: float) -> None:
        """Return when it serves. Raises RuntimeError, with what it printed last, when it does not."""
        deadline = monotonic() + timeout
        with grpc.insecure_channel(self._health_at, options=_CHANNEL) as channel:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            while monotonic() < deadline:
                if self.pid is None:
                    raise RuntimeError(f"{self.config} did not start:\n{self.last_output()}")
                try:
                    answer = check(health_pb2.HealthCheckRequest(), timeout=1.0)
                except grpc.RpcError:
                    sleep(_POLL)
                    continue
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    return
                sleep(_POLL)
        raise RuntimeError(f"{self.config} did not become healthy in {timeout:g} s:\n{self.last_output()}")

    def ask_to_stop(self) -> None:
        """Ask it to drain and end."""
        self._signal(signal.SIGTERM)

    def wait(self, timeout: float) -> int | None:
        """Wait until it ended, kill it after `timeout` seconds; return its exit code."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._signal(signal.SIGKILL)

    def last_output(self) -> str:
        """The last lines that it printed."""
        try:
            lines = self.output.read_text("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            lines = []
        return "\n".join(lines[-_TAIL:])

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Hold signals back until the end: one in the middle of starting a process would lose sight of it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are handled in the main thread only
        return
    arrived: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _INTERRUPTS}
    for number in _INTERRUPTS:
        signal.signal(number, lambda number, _: arrived.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for each in arrived:
            signal.raise_signal(each)
