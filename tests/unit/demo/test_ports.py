"""Claims about the ports that are given to nodes on one machine."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
from collections.abc import Sequence

import pytest

from node.demo.ports import LOWEST, free_ports

FIRST = random.sample(range(LOWEST, 32_000), 40)


def first(_: Sequence[int]) -> Sequence[int]:
    """The same few ports in the same order, so that whoever looks meets the others."""
    return FIRST


def test_ports_that_were_given_out_are_not_given_again_though_nobody_listens() -> None:
    given = free_ports(4, first)
    assert len(set(given)) == 4
    assert not set(given) & set(free_ports(4, first))


def test_two_processes_are_never_given_the_same_ports() -> None:
    code = (
        "from node.demo.ports import free_ports\n"
        f"print(*free_ports(6, lambda _: {FIRST}), flush=True)\n"
        "input()\n"
    )
    others = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    try:
        lines = [other.stdout.readline() for other in others if other.stdout is not None]
        given = [int(port) for line in lines for port in line.split()]
        assert len(given) == len(set(given)) == 12
        assert not set(given) & set(free_ports(6, first))
    finally:
        for other in others:
            other.communicate("\n")
    again = free_ports(12, first)
    assert set(again) & set(given), "whoever ends lets go"


def test_port_that_somebody_listens_on_is_passed_over() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    with listening:
        taken = listening.getsockname()[1]
        with pytest.raises(RuntimeError, match="no port is free"):
            free_ports(1, lambda _: [taken])
