"""Ports for nodes that are started on one machine: what is given out, no other process is given."""

from __future__ import annotations

import random
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

LOWEST: Final = 10_000
_USUAL_END: Final = 32_000
_TRIED: Final = 1000
_RANGE: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
_KEPT: list[socket.socket] = []
"""What keeps the ports of this process: the system lets go of them when the process ends, however it ends."""


def free_ports(count: int, shuffled: Callable[[Sequence[int]], Sequence[int]] | None = None) -> list[int]:
    """Find `count` ports on 127.0.0.1 that nothing listens on, and keep them until this process ends.

    A port is given out some time before its node listens on it, and the node may be started anew. So each is
    reserved among all processes that call this, by a socket of its name. No port is one that the system gives
    to whoever connects without naming one. Raises RuntimeError when there are no more.
    """
    order = shuffled or _shuffled
    found: list[int] = []
    for port in order(range(LOWEST, _end())):
        if len(found) == count:
            break
        if _reserve(port):
            found.append(port)
    if len(found) < count:
        raise RuntimeError("no port is free on 127.0.0.1")
    return found


def _reserve(port: int) -> bool:
    name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        name.bind(f"\0dxnode-port-{port}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        name.close()
        return False
    _KEPT.append(name)
    return True


def _shuffled(ports: Sequence[int]) -> Sequence[int]:
    """Some of them in any order: to shuffle all takes longer than to try these."""
    return random.sample(ports, min(len(ports), _TRIED))


def _end() -> int:
    """Where the ports begin that the system gives out by itself, if that leaves some below."""
    with suppress(OSError, ValueError):
        begin = int(_RANGE.read_text().split()[0])
        if begin > LOWEST + 1000:
            return begin
    return _USUAL_END
