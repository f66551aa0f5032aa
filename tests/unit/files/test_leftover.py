"""What programs leave beside the files of people is never read, and never keeps those from being read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.app.live.imported import imported_files
from node.documents.keys import KeyUse, generate, read_keys, write_key
from node.documents.pki import read_officers
from node.files.leftover import is_leftover

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BEFORE = (".#{}", "._{}", ".~lock.{}", "~${}")


@pytest.mark.parametrize(
    "name",
    [
        "pension.yaml",
        "definitions.yaml",
        "log-0f.json",
        "wang.vkey",
        "a~b.yaml",
        "x#.yaml",
        "#x.yaml",
        "swp.yaml",
    ],
)
def test_the_files_of_people_are_no_leftovers(name: str) -> None:
    assert not is_leftover(name)


@pytest.mark.parametrize("left", BEFORE)
def test_a_lock_beside_keys_keeps_no_key_from_being_read(left: str, tmp_path: Path) -> None:
    key = generate(KeyUse.LOG, NOW, NOW + timedelta(days=1), lambda count: b"\1" * count)
    path = write_key(tmp_path, key)
    (tmp_path / left.format(path.name)).symlink_to("wang@desk.4242:1790000000")
    assert read_keys(tmp_path) == (key,)


@pytest.mark.parametrize("left", BEFORE)
def test_a_lock_beside_imported_catalogues_is_none(left: str, tmp_path: Path) -> None:
    (tmp_path / left.format("11441900000000027R.catalogue")).symlink_to("nowhere")
    assert imported_files(tmp_path) == []


@pytest.mark.parametrize("left", BEFORE)
def test_a_lock_beside_the_keys_of_officers_is_nobodys_key(left: str, tmp_path: Path) -> None:
    for name in ("wang.vkey", "wang.key"):
        (tmp_path / left.format(name)).symlink_to("nowhere")
    assert read_officers(tmp_path) == ()
