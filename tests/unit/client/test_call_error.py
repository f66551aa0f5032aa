"""Claims about the way back from a gRPC status to a NodeError."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fake_catalogue import PURPOSE
from support.fake_desk import EXCHANGE, VERIFY, FakeDesk, resident, serving

from node.client import Client
from node.errors import NodeError, Reason


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_survives_the_way_to_the_client(reason: Reason, tmp_path: Path) -> None:
    desk = FakeDesk(
        fail_with=NodeError(reason, "error.exchange.provider-denied", rule="r-1", clause="when.hours")
    )
    with serving(desk, tmp_path) as address, Client(address) as client, pytest.raises(NodeError) as raised:
        client.verify(VERIFY, resident(1), purpose=PURPOSE, case="DG-1", exchange_id=EXCHANGE)
    assert raised.value.reason is reason
    assert raised.value.message == "the provider denied it"
    told = {"rule": "r-1", "clause": "when.hours", "exchange_id": EXCHANGE.hex()}
    assert dict(raised.value.metadata) == told


def test_unreachable_desk_is_told_apart_from_an_unreachable_peer(tmp_path: Path) -> None:
    with Client(f"unix:{tmp_path / 'nobody.sock'}") as client, pytest.raises(NodeError) as raised:
        client.grants()
    assert raised.value.reason is Reason.PEER_UNAVAILABLE
    assert raised.value.metadata["peer"] == "desk"


def test_service_that_is_no_desk_is_a_wrong_setting(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    import grpc

    server = grpc.server(ThreadPoolExecutor(1))
    server.add_insecure_port(f"unix:{tmp_path / 'other.sock'}")
    server.start()
    with Client(f"unix:{tmp_path / 'other.sock'}") as client, pytest.raises(NodeError) as raised:
        client.grants()
    server.stop(0).wait()
    assert raised.value.reason is Reason.CONFIG_INVALID


def test_silent_desk_times_out(tmp_path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "silent.sock"))
        listener.listen()
        client = Client(f"unix:{tmp_path / 'silent.sock'}", timeout=0.3)
        with client, pytest.raises(NodeError) as raised:
            client.grants()
    assert raised.value.reason is Reason.TIMEOUT


@pytest.mark.parametrize("desk", ["", "unix:", "localhost", "localhost:port", ":8444"])
def test_address_that_is_none_is_refused(desk: str) -> None:
    with pytest.raises(NodeError) as raised:
        Client(desk)
    assert raised.value.reason is Reason.CONFIG_INVALID


def test_port_without_credentials_is_refused() -> None:
    with pytest.raises(NodeError) as raised:
        Client("localhost:8444")
    assert raised.value.reason is Reason.CONFIG_INVALID
