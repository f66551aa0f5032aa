"""Claims about a file that is read several times and has to be the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from node.cli.batch.unchanged import PART, Unchanged
from node.errors import NodeError


def made(path: Path, size: int) -> Path:
    path.write_bytes(bytes(number % 251 for number in range(size)))
    return path


def test_it_is_read_again_as_it_was(tmp_path: Path) -> None:
    path = made(tmp_path / "f", PART + 17)
    with Unchanged(path) as file:
        assert file.reader().read() == path.read_bytes()
        assert not file.has_changed()


def test_what_is_appended_is_not_read_and_is_noticed(tmp_path: Path) -> None:
    path = made(tmp_path / "f", PART + 17)
    with Unchanged(path) as file:
        before = path.read_bytes()
        with path.open("ab") as more:
            more.write(b"more")
        assert file.reader().read() == before
        assert file.has_changed()


def test_another_file_in_its_place_does_no_harm_and_is_noticed(tmp_path: Path) -> None:
    path = made(tmp_path / "f", 100)
    with Unchanged(path) as file:
        before = path.read_bytes()
        made(tmp_path / "other", 50).replace(path)
        assert file.reader().read() == before
        assert file.has_changed()
        path.unlink()
        assert file.has_changed()


def test_touching_it_is_no_change(tmp_path: Path) -> None:
    path = made(tmp_path / "f", 100)
    with Unchanged(path) as file:
        os.utime(path, (1, 1))
        assert not file.has_changed()


@pytest.mark.parametrize("offset", [0, PART - 1, PART + 3])
def test_one_byte_written_over_is_an_error_before_it_is_handed_out(tmp_path: Path, offset: int) -> None:
    path = made(tmp_path / "f", PART + 17)
    with Unchanged(path) as file:
        status = path.stat()
        with path.open("r+b") as other:
            other.seek(offset)
            other.write(b"\xff")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        reader = file.reader()
        reader.seek(offset // PART * PART)
        with pytest.raises(NodeError, match="has changed"):
            reader.read(1)


def test_file_that_was_cut_off_is_an_error(tmp_path: Path) -> None:
    path = made(tmp_path / "f", PART + 17)
    with Unchanged(path) as file:
        os.truncate(path, PART + 3)
        reader = file.reader()
        assert len(reader.read(PART)) == PART
        with pytest.raises(NodeError, match="has changed"):
            reader.read(1)


def test_file_that_changes_at_its_first_reading_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "f", 3 * PART)

    def grow(part: bytes) -> None:
        with path.open("ab") as more:
            more.write(b"x")

    with pytest.raises(NodeError, match="changes while it is read"):
        Unchanged(path, grow)
