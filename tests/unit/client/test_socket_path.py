"""The path of a desk's socket: what no socket can have is told, and gRPC says nothing itself."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
from support.cli_run import dxnode

from node.cli.terminal.exits import Exit
from node.client import Client
from node.config.file import parse_settings, reference
from node.errors import NodeError, Reason
from node.files.socket_path import LONGEST, socket_target
from node.rpc.server import add_socket


def _of_length(folder: Path, length: int) -> str:
    return f"{folder}/".ljust(length, "s")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("more", [1, 2, 300])
def test_a_path_that_no_socket_can_have_is_told(
    more: int, lang: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = _of_length(tmp_path, LONGEST + more)
    told = dxnode("status", "--desk", f"unix:{path}", "--lang", lang)
    assert told.code == Exit.USAGE
    assert path in told.err
    assert "desk.socket" in told.err
    assert "/run/dxnode/desk.sock" in told.err
    assert capfd.readouterr().err == "", "gRPC writes a line of its own"


def test_the_longest_path_is_none_that_is_refused(tmp_path: Path) -> None:
    with Client(f"unix:{_of_length(tmp_path, LONGEST)}") as client, pytest.raises(NodeError) as raised:
        client.grants()
    assert raised.value.reason is Reason.PEER_UNAVAILABLE


def test_characters_of_three_bytes_count_as_three(tmp_path: Path) -> None:
    path = f"{tmp_path}/" + "数" * 30
    assert len(path) < LONGEST < len(path.encode())
    with pytest.raises(NodeError) as raised:
        Client(f"unix:{path}")
    assert raised.value.metadata["path"] == path


@pytest.mark.parametrize("left_out", [False, True])
def test_settings_name_the_file_and_the_key_also_of_a_default(left_out: bool) -> None:
    text = reference()
    if left_out:
        text = "".join(line for line in text.splitlines(True) if not line.lstrip().startswith("socket:"))
    _, problems = parse_settings("node.yaml", text.encode(), Path("/" + "s" * LONGEST))
    [problem] = problems
    assert str(problem).startswith("node.yaml:")
    assert "desk.socket" in str(problem)
    assert "/run/dxnode/desk.sock" in str(problem)


@pytest.mark.parametrize(
    "folder", ["a b", "a#b", "a?b", "50%", "%41", "a:b", "政务", "a&b=c"], ids=["blank", *map(str, range(7))]
)
async def test_a_socket_lies_where_its_path_says_whatever_is_in_it(folder: str, tmp_path: Path) -> None:
    path = tmp_path / folder / "desk.sock"
    server = grpc.aio.server()
    add_socket(server, path)
    await server.start()
    try:
        assert path.is_socket()
        async with grpc.aio.insecure_channel(socket_target(path)) as channel:
            await channel.channel_ready()
    finally:
        await server.stop(None)


@pytest.mark.parametrize("name", ["a b", "a#b", "a?b", "%41", "政务"])
def test_a_client_gives_grpc_nothing_to_complain_of(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Client(f"unix:{tmp_path / name}") as client, pytest.raises(NodeError) as raised:
        client.grants()
    assert raised.value.reason is Reason.PEER_UNAVAILABLE
    assert capfd.readouterr().err == ""
