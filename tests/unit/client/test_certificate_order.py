"""A client shows its certificate first, whatever order its file has, as a node does with its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import grpc
import pytest
from support.town import HR

from node.client import Client, Credentials
from node.crypto.certificates import Certified, issue_desk, issue_desk_user, make_authority
from node.errors import NodeError, Reason

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> Certified:
    return make_authority("desk", NOW, DAY)


@pytest.fixture(scope="module")
def port(authority: Certified) -> Iterator[int]:
    """A port that asks for a certificate, and knows no service."""
    own = issue_desk(authority, "desk", ["localhost"], NOW, DAY)
    server = grpc.server(ThreadPoolExecutor(1))
    credentials = grpc.ssl_server_credentials(
        [(own.key, own.certificate)], authority.certificate, require_client_auth=True
    )
    number = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    yield number
    server.stop(0).wait()


@pytest.fixture
def files(tmp_path: Path, authority: Certified) -> Credentials:
    user = issue_desk_user(authority, HR, "clerk", "window", NOW, DAY)
    given = Credentials(tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "roots.pem")
    given.certificate.write_bytes(user.certificate)
    given.key.write_bytes(user.key)
    given.roots.write_bytes(authority.certificate)
    return given


def reached(port: int, files: Credentials) -> Reason:
    """Why a call came to nothing: CONFIG_INVALID if it got there, where no desk is."""
    with Client(f"localhost:{port}", files) as client, pytest.raises(NodeError) as failed:
        client.grants()
    return failed.value.reason


def test_chain_is_shown_with_the_own_certificate_first_in_whatever_order_it_stands(
    port: int, files: Credentials, authority: Certified
) -> None:
    other = make_authority("another", NOW, DAY)
    own = files.certificate.read_bytes()
    for order in permutations((own, authority.certificate, other.certificate)):
        files.certificate.write_bytes(b"".join(order))
        assert reached(port, files) is Reason.CONFIG_INVALID
