"""The search for identifiers left in the clear finds what is there, and only that."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from node.demo.numbers import old_resident_id
from node.demo.registers import make_registers
from node.demo.traces import find_identifiers

ID = "44199919860923000X"
OTHER = "914419990000000194"


@pytest.mark.parametrize(
    "content",
    [
        ID,
        ID.lower(),
        f"resident {ID}.",
        f"id=7{ID}9",
        "４４１９９９１９８６０９２３０００X",
    ],
)
def test_identifier_in_a_text_file_is_found(tmp_path: Path, content: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "node.log").write_text(content, encoding="utf-8")
    (trace,) = find_identifiers(tmp_path, [OTHER, ID])
    assert trace.path == tmp_path / "deep" / "node.log"
    assert ID not in trace.hint


def test_identifier_in_a_database_is_found(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "state.db") as database:
        database.execute("CREATE TABLE t (a BLOB)")
        database.execute("INSERT INTO t VALUES (?)", (b"\x0a\x12" + ID.encode() + b"\x1a",))
    database.close()
    assert len(find_identifiers(tmp_path, [ID])) == 1


def test_each_identifier_is_told_once_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"{ID} {ID} {OTHER}")
    (tmp_path / "b").write_text(ID)
    assert len(find_identifiers(tmp_path, [ID, OTHER])) == 3


def test_masked_or_split_identifier_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"{ID[:6]}********{ID[-4:]} {ID[:9]} {ID[9:]} {OTHER[:-1]}")
    assert find_identifiers(tmp_path, [ID, OTHER]) == []


def test_skipped_files_and_folders_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "pension.csv").write_text(ID)
    (tmp_path / "list.csv").write_text(ID)
    assert len(find_identifiers(tmp_path, [ID])) == 2
    assert find_identifiers(tmp_path, [ID], skip=[tmp_path / "data", tmp_path / "list.csv"]) == []


def test_old_number_is_found_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(old_resident_id(ID))
    assert find_identifiers(tmp_path, [ID]) == []
    assert len(find_identifiers(tmp_path, [ID, old_resident_id(ID)])) == 1


def test_identifier_with_other_characters_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="letters and digits"):
        find_identifiers(tmp_path, ["44 19"])


def test_whole_register_is_found_in_its_own_file(tmp_path: Path) -> None:
    registers = make_registers(1_000)
    register = registers.datasets["medical-insurance"]
    register.write(tmp_path / "medical.csv")
    subjects = {row[0] for row in register.rows} & registers.identifiers
    assert len(find_identifiers(tmp_path, registers.identifiers)) >= len(subjects)
