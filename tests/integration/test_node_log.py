"""Claims about what a node writes to standard error: lines in its own format, whoever knocks at its ports."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from support.town import TAX, Office, Town
from support.waiting import PATIENCE

from node.demo.process import DXNODE, NodeProcess

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+08:00 (DEBUG|INFO|WARNING|ERROR) node\.\S+ .+")
Visit = Callable[[Town, Path, int], None]


def without_certificate(town: Town, folder: Path, port: int) -> None:
    handshake(trusting(), port)


def with_a_strange_certificate(town: Town, folder: Path, port: int) -> None:
    strange = Town(folder).add(TAX).folder / "tls"
    context = trusting()
    context.load_cert_chain(strange / "exchange.pem", strange / "exchange.key")
    handshake(context, port)


def with_an_old_version(town: Town, folder: Path, port: int) -> None:
    context = trusting()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    handshake(context, port)


def without_http_2(town: Town, folder: Path, port: int) -> None:
    context = trusting()
    context.set_alpn_protocols(["http/1.1"])
    handshake(context, port)


def in_plain_text(town: Town, folder: Path, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain, suppress(ConnectionError):
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        plain.recv(1)


def hanging_up(town: Town, folder: Path, port: int) -> None:
    socket.create_connection(("127.0.0.1", port), PATIENCE).close()


VISITS: list[Visit] = [
    without_certificate,
    with_a_strange_certificate,
    with_an_old_version,
    without_http_2,
    in_plain_text,
    hanging_up,
]


def trusting() -> ssl.SSLContext:
    """A caller who does not look at the node's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    return context


def handshake(context: ssl.SSLContext, port: int) -> None:
    """Knock, and wait until the node has hung up."""
    with (
        socket.create_connection(("127.0.0.1", port), PATIENCE) as plain,
        suppress(ssl.SSLError, ConnectionError),
        context.wrap_socket(plain) as secure,
    ):
        # In TLS 1.3 the caller is done before the node has looked at its certificate.
        while secure.recv(4096):
            pass


def serving(folder: Path) -> Iterator[tuple[Town, Office]]:
    """A node's process that is healthy, and has stopped afterwards."""
    town = Town(folder)
    office = town.add(TAX)
    town.publish()
    process = NodeProcess(office.config, office.socket, folder / "output")
    process.start()
    try:
        process.wait_until_healthy(PATIENCE)
        yield town, office
    finally:
        process.ask_to_stop()
        process.wait(PATIENCE)


def knock(town: Town, office: Office, folder: Path) -> None:
    """Every visit, at both ports."""
    for visit in VISITS:
        for port in (office.exchange_port, office.desk_port):
            visit(town, folder / f"{visit.__name__}-{port}", port)


def test_failed_handshakes_leave_nothing_but_lines_of_the_nodes_own_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GRPC_VERBOSITY", raising=False)  # the node sets it, not this process
    for town, office in serving(tmp_path):
        knock(town, office, tmp_path)
    lines = (tmp_path / "output").read_text("utf-8").splitlines()
    assert any("serving" in line for line in lines)
    assert [line for line in lines if not LINE.fullmatch(line)] == []


def test_command_that_does_not_trust_its_node_says_so_in_our_words_alone(tmp_path: Path) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "GRPC_VERBOSITY"}
    for _, office in serving(tmp_path):
        clerk, strange = office.desk_user("clerk"), Town(tmp_path / "strange").add(TAX).desk_user("clerk")
        options = [f"--cert={clerk}/cert.pem", f"--key={clerk}/key.pem", f"--roots={strange}/roots.pem"]
        ran = subprocess.run(  # noqa: S603 - this interpreter, this package
            [*DXNODE, "grant", "received", "--desk", f"127.0.0.1:{office.desk_port}", *options],
            capture_output=True,
            env=environ | {"DXNODE_LANG": "en"},
            check=False,
            text=True,
        )
    first, *rest = ran.stderr.splitlines()
    assert first.startswith("error: ")
    assert [line for line in rest if not line.startswith("  ")] == []


def test_operator_can_have_what_grpc_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRPC_VERBOSITY", "INFO")
    for town, office in serving(tmp_path):
        knock(town, office, tmp_path)
    lines = (tmp_path / "output").read_text("utf-8").splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] != []
