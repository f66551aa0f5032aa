"""Claims about where the demo is built: in a new folder, or nowhere; nothing of others is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cli_run import dxnode


@pytest.mark.parametrize("options", [(), ("--keep",), ("--examples",)], ids=["play", "keep", "examples"])
@pytest.mark.parametrize("there", ["notes.txt", ".hidden", "city/node.yaml"])
def test_a_folder_that_holds_something_is_refused_before_anything_is_played(
    there: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).touch()
    before = sorted(tmp_path.rglob("*"))
    ran = dxnode("demo", "--folder", tmp_path, *options)
    assert (ran.code, ran.out) == (2, "")
    assert "--folder" in ran.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_file_in_the_place_of_the_folder_is_called_one(lang: str, tmp_path: Path) -> None:
    (tmp_path / "city").touch()
    ran = dxnode("demo", "--folder", tmp_path / "city", "--lang", lang)
    assert (ran.code, ran.out) == (2, "")
    assert {"en": "a file of this name", "zh": "同名文件"}[lang] in ran.err
