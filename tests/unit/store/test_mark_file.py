"""The mark on the disk: private, written in turn, and never in the way of what it marks."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from support.told import english

from node.core.log.checkpoint import Checkpoint
from node.core.state.mark import Mark
from node.errors import NodeError, Reason
from node.store.mark_file import FILE, MarkFile

ORIGIN = "dxnode/11441900000000019Y"
MARK = Mark(Checkpoint(ORIGIN, 7, b"r" * 32), 1000, 2000, 3, 4)


def again(folder: Path, origin: str = ORIGIN) -> Mark | None:
    file = MarkFile.open(folder, origin)
    file.close()
    return file.last


def test_newest_mark_is_there_after_a_restart(tmp_path: Path) -> None:
    file = MarkFile.open(tmp_path / "mark", ORIGIN)
    assert file.last is None
    for size in (7, 9, 8):
        file.write(replace(MARK, log=replace(MARK.log, size=size)))
    file.close()
    found = again(tmp_path / "mark")
    assert found is not None
    assert (found.log.size, found.directory, found.policies) == (8, 3, 4)


def test_mark_is_for_its_owner_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        MarkFile.open(tmp_path / "mark", ORIGIN).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "mark").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "mark" / FILE).stat().st_mode) == 0o600


def test_mark_of_another_department_is_refused(tmp_path: Path) -> None:
    file = MarkFile.open(tmp_path, ORIGIN)
    file.write(MARK)
    file.close()
    with pytest.raises(NodeError) as refused:
        MarkFile.open(tmp_path, "dxnode/11441900000000035L")
    assert refused.value.reason is Reason.CONFIG_INVALID


def test_damaged_mark_is_none_and_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no mark")
    file = MarkFile.open(tmp_path, ORIGIN)
    assert file.last is None
    file.write(MARK)
    file.close()
    assert again(tmp_path) == MARK


@pytest.mark.parametrize("make", ["pipe", "folder", "link"])
def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path, make: str) -> None:
    path = tmp_path / FILE
    if make == "pipe":
        os.mkfifo(path)
    elif make == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NodeError) as refused:
        MarkFile.open(tmp_path, ORIGIN)
    assert refused.value.reason is Reason.CONFIG_INVALID


def test_mark_that_cannot_be_written_says_so_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = MarkFile.open(tmp_path, ORIGIN)

    def fails(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", fails)
        file.write(MARK)
        assert "no space left" in english(file.problem)
        assert file.last is None
    file.write(MARK)
    file.close()
    assert file.problem is None
    assert again(tmp_path) == MARK
