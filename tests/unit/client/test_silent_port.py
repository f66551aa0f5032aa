"""Why nobody answers at a desk's port is told apart: host, port, roots, certificate, key."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from support.cli_run import dxnode
from support.fake_catalogue import PURPOSE
from support.fake_desk import VERIFY, FakeDesk, resident, serving_tls
from support.waiting import PATIENCE

from node.client import Client, Credentials, NodeError, Reason
from node.client.silent_port import why_silent

HR, TAX = "11441900000000019Y", "11441900000000035L"


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """Two departments with a clerk each, and the port at which the desk of the first listens."""
    place = tmp_path_factory.mktemp("window")
    for name, code in (("hr", HR), ("tax", TAX)):
        made = ("--dev-authority", place / "authority", "--code", code, "--title", name)
        assert dxnode("init", place / name, *made).code == 0
        user = ("--role", "clerk", "--out", place / name / "staff", "--config", place / name / "node.yaml")
        assert dxnode("pki", "desk-user", "w", *user).code == 0
    with serving_tls(FakeDesk(), place / "hr" / "tls") as port:
        yield place, port


def of(place: Path, certificate: str = "hr", key: str = "hr", roots: str = "hr") -> Credentials:
    """What the clerks of these departments have."""
    return Credentials(
        place / certificate / "staff" / "w.pem",
        place / key / "staff" / "w.key",
        place / roots / "staff" / "desk-roots.pem",
    )


def said(desk: str, credentials: Credentials) -> str:
    """What the command line says of a question that is asked there."""
    ran = dxnode(
        *("verify", VERIFY, "--purpose", PURPOSE, "--case", "DG-1", "--desk", desk, "--timeout", "20"),
        *("--cert", credentials.certificate, "--key", credentials.key, "--roots", credentials.roots),
        stdin=resident(2),
    )
    assert ran.code in (2, 4)
    # Nothing was begun, so there is no answer to fetch; nor does the library speak for itself.
    assert "--exchange-id" not in ran.err
    assert "ssl_" not in ran.err
    return ran.err


def test_the_desk_answers_whom_it_knows(window: tuple[Path, int]) -> None:
    place, port = window
    assert why_silent(f"localhost:{port}", of(place)) is None
    with Client(f"localhost:{port}", of(place), timeout=PATIENCE) as client:
        assert client.verify(VERIFY, resident(2), purpose=PURPOSE, case="DG-1")


def test_nobody_listens(window: tuple[Path, int]) -> None:
    place, _ = window
    with socket.socket() as bound:  # and does not listen
        bound.bind(("127.0.0.1", 0))
        desk = f"localhost:{bound.getsockname()[1]}"
        assert f"nobody listens at {desk}" in said(desk, of(place))


def test_a_host_that_nobody_knows(window: tuple[Path, int]) -> None:
    place, port = window
    assert "no computer of the name desk.invalid is known" in said(f"desk.invalid:{port}", of(place))


def test_certificate_of_another_department(window: tuple[Path, int]) -> None:
    place, port = window
    told = said(f"localhost:{port}", of(place, certificate="tax", key="tax"))
    assert f"does not take {place / 'tax' / 'staff' / 'w.pem'}" in told


def test_roots_of_another_department(window: tuple[Path, int]) -> None:
    place, port = window
    told = said(f"localhost:{port}", of(place, roots="tax"))
    assert (
        f"does not show a certificate that {place / 'tax' / 'staff' / 'desk-roots.pem'} vouches for" in told
    )


def test_key_of_another_certificate_is_told_before_anything_is_sent(window: tuple[Path, int]) -> None:
    place, port = window
    assert "is not the key of" in said(f"localhost:{port}", of(place, key="tax"))
    with pytest.raises(NodeError, match="is not the key of") as raised:
        Client("localhost:1", of(place, key="tax"))
    assert raised.value.reason is Reason.CONFIG_INVALID


def test_port_of_something_else(window: tuple[Path, int]) -> None:
    place, _ = window
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        other.settimeout(PATIENCE)

        def greet() -> None:
            with other.accept()[0] as caller:
                caller.sendall(b"220 mail.example.org\r\n")

        thread = Thread(target=greet)
        thread.start()
        found = why_silent(f"127.0.0.1:{port}", of(place))
        thread.join()
    assert found is not None
    assert found.wording.key == "error.client.port-without-tls"


@pytest.mark.parametrize(
    ("desk", "told"),
    [
        ("https://localhost:8444", "without https://"),
        ("localhost", "the port is missing"),
        ("localhost：8444", "full-width"),
        ("localhost:84444", "no number from 1 to 65535"),
        ("state/desk.sock", "give unix:state/desk.sock"),
        ("/run/dxnode/desk.sock", "give unix:/run/dxnode/desk.sock"),
        ("2001:db8::7:8444", "in brackets"),
    ],
)
def test_what_is_wrong_with_an_address_is_told(desk: str, told: str) -> None:
    with pytest.raises(NodeError, match=told) as raised:
        Client(desk)
    assert raised.value.reason is Reason.CONFIG_INVALID
