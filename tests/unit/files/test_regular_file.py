"""A pipe, socket, device or folder where a file is named is refused at once, whatever names it."""

from __future__ import annotations

import ast
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.cli_run import Ran, dxnode
from support.places import ROOT
from support.waiting import PATIENCE

from node.app.live.imported import read_import
from node.client.channel import open_channel
from node.client.desk_tls import Credentials
from node.config.file import read_settings
from node.config.settings import Source
from node.documents.keys import read_key
from node.errors import NodeError
from node.files.regular_file import open_regular, read_regular
from node.files.whole import read_file, read_private_file


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening(path: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)  # the path of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def folder(path: Path) -> None:
    path.mkdir()


KINDS = [pipe, listening, device, folder]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "odd"
    request.param(path)
    return path


def in_time(work: Callable[[], object]) -> object:
    """What `work` gives or raises; it may take as long as the machine likes, but waits for nobody."""
    ended: list[object] = []

    def run() -> None:
        try:
            ended.append(work())
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert ended, "it waits"
    return ended[0]


def test_what_is_no_file_is_not_opened(odd: Path) -> None:
    for work in (lambda: open_regular(odd), lambda: read_regular(odd, 10)):
        error = in_time(work)
        assert isinstance(error, OSError)
        assert error.strerror in ("Is a directory", "is not a file")


def test_file_is_read_also_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_regular(tmp_path / "link", 4) == b"cont"
    with open_regular(tmp_path / "file") as file:
        assert file.read() == b"content"
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "none")


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError):  # noqa: PT011 - which one, the others say
            open_regular(path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_a_node_reads_has_to_be_files(odd: Path) -> None:
    catalogue = odd.with_name("x.catalogue")
    odd.rename(catalogue)
    odd = catalogue
    works: list[Callable[[], object]] = [
        lambda: read_file(odd, 10),
        lambda: read_private_file(odd, 10),
        lambda: read_key(odd),
        lambda: read_import(odd),
        lambda: Source.model_validate(
            {"url_file": str(odd), "table": "t"}, context={"base": odd.parent}
        ).database_url({}),
        lambda: open_channel("localhost:1", Credentials(odd, odd, odd)),
    ]
    for work in works:
        assert isinstance(in_time(work), NodeError)
    _, problems = read_settings(odd)
    assert "cannot be read" in problems[0].message


COMMANDS = {
    "settings": "config check ODD",
    "policies": "policy check ODD",
    "subject": "verify d/q --purpose p/q --case C-1 --subject-from ODD --desk unix:/nowhere",
    "batch": "batch d/q ODD out.csv --purpose p/q --case C-1 --subject-column s --desk unix:/nowhere",
    "export": "log verify ODD --log-key ODD",
    "directory": "pki directory show ODD --authority-key x+00000000+AAAA",
    "order": "order show ODD",
    "passphrase": "order sign ODD --key ODD --passphrase-file ODD",
    "catalogue": "catalogue import ODD --config ODD",
    "certificate": "desk revoke ODD --reason x --desk unix:/nowhere",
    "holidays": "policy diff ODD ODD --holidays ODD",
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_what_a_command_reads_has_to_be_files(odd: Path, command: str) -> None:
    arguments = [str(odd) if word == "ODD" else word for word in command.split()]
    ran = in_time(lambda: dxnode(*arguments))
    assert isinstance(ran, Ran)
    assert ran.code in (2, 5, 12)
    assert "defect" not in ran.err


# Where something else is opened: made by the node itself, or written.
OPENED_ELSEWHERE = {
    "files/regular_file.py": 1,
    "app/backup.py": 4,  # written; packed, and unpacked from what was opened in the one place
    "store/copying.py": 2,  # written, and made durable
    "store/engine.py": 2,  # the database and the lock
    "store/mark_file.py": 1,  # the node's own, held open for reading and writing: a plain file alone
    "files/whole.py": 2,  # written; a folder, to make it durable
    "documents/keys.py": 1,  # written
    "documents/bundle_folder.py": 2,  # written; the lock
    "cli/batch/output_file.py": 2,  # the output
    "cli/log/file.py": 1,  # the output
    "cli/terminal/streams.py": 3,  # /dev/null, and what was closed before the start
    "texts/wording.py": 1,  # from here on of the package itself
    "cli/policy/example.py": 1,
    "config/file.py": 1,
}


def opened(path: Path) -> Iterator[ast.Call]:
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            owner = ast.unparse(call.func.value)
            # Not what is called alike: `Store.open`, `MarkFile.open`, `vault.open`, `key.open`.
            alike = owner in ("vault", "key", "self._ring") or owner.endswith(("Store", "MarkFile"))
            if call.func.attr in ("open", "read_bytes", "read_text") and not alike:
                yield call
        elif isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "open":
            yield call


def test_files_are_opened_in_one_place() -> None:
    # The data sources have the same rule for themselves; the demo reads what it has made.
    elsewhere = {
        str(path.relative_to(ROOT / "node")): count
        for path in sorted((ROOT / "node").rglob("*.py"))
        if path.relative_to(ROOT / "node").parts[0] not in ("demo", "source", "v1")
        and (count := len(list(opened(path))))
    }
    assert elsewhere == OPENED_ELSEWHERE
