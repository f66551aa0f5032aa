"""Folders with keys or records are for their owner alone, whatever the umask; wider ones are told."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from node.cli.running.node_folder import NewNode, make_node_folder
from node.files.private_folder import make_private, open_to_others
from node.files.whole import PRIVATE, PUBLIC, write_file
from node.store.engine import lock_state
from node.texts.wording import say


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277, 0o777])
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    old = os.umask(request.param)
    yield
    os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.usefixtures("_umask")
def test_folder_is_for_its_owner_alone_and_so_is_what_was_missing_above_it(tmp_path: Path) -> None:
    make_private(tmp_path / "a" / "b" / "c")
    for each in ("a", "a/b", "a/b/c"):
        assert mode(tmp_path / each) == 0o700
    make_private(tmp_path / "a" / "b" / "c")


@pytest.mark.usefixtures("_umask")
def test_folders_of_a_node_with_keys_or_records_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "hr"
    new = NewNode("11441900000000019Y", "x", "441900", "city", "y", "localhost:8443", "", "")
    old = os.umask(0)  # of the others it says nothing here
    try:
        make_private(folder)
    finally:
        os.umask(old)
    make_node_folder(folder, new, tmp_path / "authority", "1144190000000006X2", datetime.now(UTC), os.urandom)
    os.close(lock_state(folder / "state"))
    made = [folder / each for each in ("keys", "tls", "tls/desk-authority", "data", "state")]
    made += [tmp_path / "authority", tmp_path / "authority" / "keys"]
    assert {str(each): mode(each) for each in made} == {str(each): 0o700 for each in made}


def test_folder_that_is_there_stays_as_it_is_and_is_told(tmp_path: Path) -> None:
    for permissions in (0o755, 0o750, 0o701, 0o770):
        folder = tmp_path / f"{permissions:o}"
        folder.mkdir()
        folder.chmod(permissions)
        write_file(folder / "key", b"x", PRIVATE)
        assert mode(folder) == permissions
        warning = open_to_others(folder)
        assert warning is not None
        assert str(folder) in say(warning, "en")
        assert f"{permissions:o}" in say(warning, "en")
    tmp_path.chmod(0o700)
    assert open_to_others(tmp_path) is None
    assert open_to_others(tmp_path / "none") is None


def test_folder_of_what_is_public_is_open(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        write_file(tmp_path / "open" / "file", b"x", PUBLIC)
    finally:
        os.umask(old)
    assert mode(tmp_path / "open") == 0o755
