"""Why a desk's socket is silent is told apart: not there, left behind, closed to this user, no socket."""

from __future__ import annotations

import json
import os
import pwd
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.cli_run import dxnode
from support.fake_catalogue import PURPOSE
from support.fake_desk import VERIFY, resident

from node.client import Chunk, Client, Subject
from node.client.silent_socket import why_silent
from node.core.policy.question_kind import QuestionKind
from node.errors import NodeError, Reason
from node.texts.message import Message
from node.texts.wording import say

NOBODY = 65_534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, into which everybody may look."""
    with TemporaryDirectory() as made:
        os.chmod(made, 0o755)  # noqa: S103 - another user has to get to what is in it
        yield Path(made)


def listening(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    made.listen(1)
    return made


def test_a_socket_that_somebody_listens_at_is_not_silent(folder: Path) -> None:
    with listening(folder / "desk.sock"):
        assert why_silent(folder / "desk.sock") is None


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_socket_that_is_not_there_is_told(folder: Path, lang: str) -> None:
    ran = dxnode("status", "--desk", f"unix:{folder}/desk.sock", "--lang", lang)
    assert (ran.code, f"{folder}/desk.sock" in ran.err, "`dxnode serve`" in ran.err) == (4, True, True)
    assert ("there is no socket" in ran.err) is (lang == "en")


def test_a_socket_in_a_folder_that_is_not_there_is_not_there(folder: Path) -> None:
    (folder / "file").write_text("")
    for path in (folder / "none" / "desk.sock", folder / "file" / "desk.sock"):
        found = why_silent(path)
        assert found is not None
        assert (found.reason, found.wording.key) == (Reason.PEER_UNAVAILABLE, "error.client.socket-missing")


def test_a_socket_that_was_left_behind_is_told(folder: Path) -> None:
    listening(folder / "desk.sock").close()
    ran = dxnode("status", "--desk", f"unix:{folder}/desk.sock")
    assert (ran.code, "nobody listens" in ran.err) == (4, True)


def test_what_is_no_socket_is_told(folder: Path) -> None:
    (folder / "desk.sock").write_text("")
    ran = dxnode("status", "--desk", f"unix:{folder}/desk.sock")
    assert (ran.code, "is no socket" in ran.err) == (2, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(("closed", "mode"), [("state", 0o700), ("state/desk.sock", 0o600)])
def test_a_socket_that_this_user_may_not_use_names_who_may(folder: Path, closed: str, mode: int) -> None:
    path = folder / "state" / "desk.sock"
    path.parent.mkdir()
    with listening(path):
        path.chmod(0o666)
        (folder / closed).chmod(mode)
        found = as_nobody(path)
    assert found == {
        "key": "error.client.socket-forbidden",
        "path": str(path),
        "folder": str(folder / closed),
        "name": pwd.getpwuid(NOBODY).pw_name,
        "needed": "root",
        "group": "root",
        "mode": f"{mode:03o}",
    }


def as_nobody(path: Path) -> object:
    """What `why_silent` says to a user who may do nothing here."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        found = why_silent(path)
        wording = {"key": found.wording.key, **found.wording.args} if found is not None else {}
        os.write(theirs, json.dumps(wording).encode())
        os._exit(0)
    os.close(theirs)
    os.waitpid(child, 0)
    with os.fdopen(ours, "rb") as pipe:
        return json.loads(pipe.read())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_who_may_use_a_socket_is_said_in_both_languages(lang: str) -> None:
    args = dict.fromkeys(("path", "folder", "name", "group", "mode"), "x")
    said = say(Message("error.client.socket-forbidden", {**args, "needed": "dxnode"}), lang)
    assert "`sudo -u dxnode dxnode status`" in said


@pytest.mark.parametrize(
    ("what", "key"),
    [
        ("nothing", "error.client.socket-missing"),
        ("left behind", "error.client.socket-stale"),
        ("a file", "error.client.no-socket"),
    ],
)
def test_the_python_client_tells_what_the_command_line_tells(folder: Path, what: str, key: str) -> None:
    path = folder / "desk.sock"
    if what == "left behind":
        listening(path).close()
    elif what == "a file":
        path.write_text("")
    with Client(f"unix:{path}") as client:
        asked: list[Callable[[], object]] = [
            client.grants,
            client.admin.status,
            client.log.checkpoints,
            lambda: client.verify(VERIFY, resident(1), purpose=PURPOSE, case="DG-1"),
            lambda: list(
                client.batch(
                    VERIFY,
                    [Chunk(0, (Subject(resident(1)),))],
                    purpose=PURPOSE,
                    case="DG-1",
                    batch_id=bytes(16),
                    kind=QuestionKind.VERIFY,
                )
            ),
        ]
        for ask in asked:
            with pytest.raises(NodeError) as failed:
                ask()
            assert (failed.value.wording.key, failed.value.metadata["path"]) == (key, str(path))
