"""Which files of a folder are policies, which are nobody's word, and which only look like policies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.policy_samples import POLICY

from node.documents.policy_folder import policy_files, read_folder
from node.files.leftover import is_leftover

LEFT = [
    ".#pension.yaml",
    ".pension.yaml.swp",
    "._pension.yaml",
    ".DS_Store",
    ".~lock.pension.yaml#",
    "~$pension.yaml",
    "pension.yaml~",
    "#pension.yaml#",
    "pension.yaml.swp",
    "pension.yaml.tmp",
    "Thumbs.db",
    "desktop.ini",
    "4913",
]


def _told(folder: Path) -> list[tuple[str, str]]:
    return [(each.key, Path(each.file).name) for each in read_folder(folder).unread]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One policy, its definitions and its table."""
    for name in ("pension.yaml", "definitions.yaml", "pension.test.yaml"):
        (tmp_path / name).write_text(POLICY, "utf-8")
    return tmp_path


def test_policies_are_the_yaml_files_but_for_tables(folder: Path) -> None:
    found = read_folder(folder)
    assert [path.name for path in found.policies] == ["definitions.yaml", "pension.yaml"]
    assert [path.name for path in found.tables] == ["pension.test.yaml"]
    assert found.unread == ()


@pytest.mark.parametrize("name", LEFT)
def test_what_a_program_left_is_neither_read_nor_told(folder: Path, name: str) -> None:
    before = read_folder(folder)
    (folder / name).write_text(POLICY, "utf-8")
    assert is_leftover(name)
    assert read_folder(folder) == before


@pytest.mark.parametrize("name", LEFT)
def test_a_lock_that_is_a_link_to_nothing_keeps_nothing_from_being_read(folder: Path, name: str) -> None:
    before = read_folder(folder)
    (folder / name).symlink_to("user@host.4242:1790000000")
    assert read_folder(folder) == before


@pytest.mark.parametrize(
    ("name", "rename"),
    [
        ("tax.yml", "tax.yaml"),
        ("tax.YAML", "tax.yaml"),
        ("Tax.Yml", "Tax.yaml"),
        ("tax.yaml.txt", "tax.yaml"),
        ("tax.yaml.bak", "tax.yaml"),
        ("tax.yaml.orig", "tax.yaml"),
        ("tax.yaml (1)", "tax.yaml"),
        ("tax.yaml ", "tax.yaml"),
        ("tax．yaml", "tax.yaml"),
        ("tax。yaml", "tax.yaml"),
        ("tax.ｙａｍｌ", "tax.yaml"),
        ("tax", "tax.yaml"),
        ("tax.txt", "tax.yaml"),
        ("tax.test.yml", "tax.test.yaml"),
    ],
)
def test_a_file_that_looks_like_a_policy_and_is_not_read_is_told_with_its_name_to_be(
    folder: Path, name: str, rename: str
) -> None:
    (folder / name).write_text(POLICY, "utf-8")
    (told,) = read_folder(folder).unread
    assert (told.key, dict(told.args)) == ("lint.file-ending", {"words": name, "rename": rename})
    assert policy_files(folder) == [folder / "definitions.yaml", folder / "pension.yaml"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_file_without_an_ending_is_known_by_what_it_holds_in_any_encoding(
    folder: Path, encoding: str
) -> None:
    (folder / "tax").write_bytes(POLICY.encode(encoding))
    (folder / "LICENSE").write_bytes("dataset is a word of this text\n".encode(encoding))
    assert _told(folder) == [("lint.file-ending", "tax")]


def test_json_is_told_where_it_is_a_policy_and_not_where_it_describes_one(folder: Path) -> None:
    (folder / "tax.json").write_text(json.dumps({"dataset": "tax"}), "utf-8")
    (folder / "policy.schema.json").write_text(json.dumps({"properties": {"dataset": {}}}), "utf-8")
    assert _told(folder) == [("lint.file-ending", "tax.json")]


def test_a_link_to_nothing_is_told_and_keeps_nothing_from_being_read(folder: Path) -> None:
    (folder / "gone.yaml").symlink_to(folder / "nowhere")
    (folder / "circle.yaml").symlink_to("circle.yaml")
    assert _told(folder) == [("lint.file-nowhere", "circle.yaml"), ("lint.file-nowhere", "gone.yaml")]
    assert len(policy_files(folder)) == 2


def test_policies_in_a_folder_below_are_told_once_for_the_folder(folder: Path) -> None:
    deep = folder / "old" / "2025"
    deep.mkdir(parents=True)
    for name in ("a.yaml", "b.yml"):
        (deep / name).write_text(POLICY, "utf-8")
    (deep / "compose.yaml").write_text("services: {}\n", "utf-8")
    (folder / ".git").mkdir()
    (folder / ".git" / "c.yaml").write_text(POLICY, "utf-8")
    (folder / "approvals").mkdir()
    (told,) = read_folder(folder).unread
    assert (told.key, dict(told.args)) == ("lint.file-deeper", {"words": "old", "count": "2"})


def test_other_files_beside_policies_are_nobodys_business(folder: Path) -> None:
    for name in ("README.md", "notes.docx", "bundle.note", "run.py", "data.csv"):
        (folder / name).write_text(POLICY, "utf-8")
    assert _told(folder) == []


def test_of_very_many_files_so_many_are_looked_into_and_told(folder: Path) -> None:
    for number in range(300):
        (folder / f"f{number}").write_text(POLICY, "utf-8")
    assert len(_told(folder)) == 50


def test_a_folder_that_is_none_holds_nothing(tmp_path: Path) -> None:
    assert read_folder(tmp_path / "nowhere") == read_folder(tmp_path)
