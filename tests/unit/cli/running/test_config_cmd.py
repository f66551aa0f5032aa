"""Mistakes in node.yaml: for people in either language with their place, for programs by key."""

from __future__ import annotations

import gzip
import io
import json
import re
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from support.cli_run import dxnode
from support.places import POLICIES

from node.config.file import reference
from node.texts.message import Message
from node.texts.wording import can_say

MISTAKES = """\
department: {code: 123, title: " x", region: "99", level: hamlet}
authority: x
exchange: {listen: a, advertise: b, foo: 1, certificat: x}
desk: {reflection: "true"}
limits: {concurrent: 0, batch_chunks: 99999999, message_bytes: abc}
timezone: Mars
roles: {clerk: {questions: [], purposes: [A]}, system: {questions: [x]}, officer: {questions: x}}
sources: {a: {csv: x, parquet: y}, B: {csv: x}, c: {url: "postgresql://u:p@h/d"}, d: {url_env: X}, e: 3}
"""


def test_every_mistake_in_the_settings_is_told_in_chinese_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "node.yaml"
    file.write_text(MISTAKES)
    chinese = dxnode("config", "check", file, "--lang", "zh").out.splitlines()
    english = dxnode("config", "check", file).out.splitlines()
    assert len(chinese) == len(english) >= 20
    for line, other in zip(chinese, english, strict=True):
        place = line.split(": ", 1)[0]
        assert re.fullmatch(rf"{re.escape(str(file))}:\d+:\d+", place)
        assert other.startswith(place)
        assert re.search("[\u4e00-\u9fff]", line), other
        assert not re.search("[\u4e00-\u9fff]", other)
        assert not re.search(r"must|should|is not|unknown", line)


def test_a_command_tells_the_first_mistakes_in_the_language_spoken_and_how_many_more(tmp_path: Path) -> None:
    file = tmp_path / "node.yaml"
    file.write_text(MISTAKES)
    refused = dxnode("status", "--config", file, "--lang", "zh").err
    assert f"{file}:1:" in refused
    assert re.search("另有 [0-9]+ 处", refused)
    assert not re.search(" must | is missing| needs ", refused)


def test_mistakes_as_json_have_key_and_arguments(tmp_path: Path) -> None:
    file = tmp_path / "node.yaml"
    file.write_text(MISTAKES)
    found = json.loads(dxnode("config", "check", file, "--json").out)
    for each in found:
        assert each["message"]
        assert can_say(Message(each["key"], each["args"]))
    keys = {each["setting"]: each["key"] for each in found}
    assert keys["limits.concurrent"] == "setting.problem.least"
    assert keys["exchange.certificat"] == "setting.problem.meant"
    assert next(each for each in found if each["setting"] == "limits.concurrent")["args"]["least"] == 1


ROWS = "resident_id,name\n441999196503080016,王芳\n"


def workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


def checked(folder: Path, content: bytes, how: str = "csv") -> tuple[int, str]:
    """`config check` where a dataset is in a file with this content."""
    (folder / "people").write_bytes(content)
    text = reference().replace("sources: {}\n", f"sources: {{people: {{{how}: people}}}}\n", 1)
    file = folder / "node.yaml"
    file.write_text(text, "utf-8")
    ran = dxnode("config", "check", file)
    return ran.code, ran.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (workbook(), "people:1:1: the file is an Excel workbook (.xlsx)"),
        (ROWS.encode("utf-16"), "people:1:1: the file is UTF-16"),
        (ROWS.encode("utf-16-le"), "people:1:1: the file is UTF-16"),
        (gzip.compress(ROWS.encode(), mtime=0), "people:1:1: the file is compressed"),
        (b"<html><table>", "people:1:1: the file is a web page"),
        (ROWS.encode("gb18030"), "set encoding: gb18030"),
        (ROWS.encode() + b"1,2,3\n", "people:3:5: the row has more than 2 values"),
        (b"", "people:1:1: the file is empty"),
    ],
    ids=["workbook", "utf-16", "utf-16-le", "gzip", "html", "gb18030", "row", "empty"],
)
def test_data_files_are_read_and_what_is_wrong_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    code, out = checked(tmp_path, content)

    assert code == 2
    assert words in out


def test_parquet_and_csv_are_told_apart(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    pd.DataFrame({"resident_id": ["441999196503080016"]}).to_parquet(buffer)

    assert "the file is Parquet" in checked(tmp_path, buffer.getvalue())[1]
    assert checked(tmp_path, buffer.getvalue(), "parquet")[0] == 0
    assert "no parquet file" in checked(tmp_path, ROWS.encode(), "parquet")[1]
    assert "Excel workbook" in checked(tmp_path, workbook(), "parquet")[1]


def test_sound_data_files_are_in_order_and_missing_ones_are_not(tmp_path: Path) -> None:
    assert checked(tmp_path, ROWS.encode())[0] == 0
    assert checked(tmp_path, ROWS.encode("utf-8-sig"))[0] == 0
    (tmp_path / "people").unlink()
    ran = dxnode("config", "check", tmp_path / "node.yaml", "--json")
    assert ran.code == 2
    (problem,) = json.loads(ran.out)
    assert (problem["setting"], problem["key"]) == ("sources.people.csv", "error.source.data-file-missing")


CASE_OF_A_LIVE_TABLE = """
CREATE TABLE t (resident_id text, name text, status text, months_paid integer, region text);
INSERT INTO t VALUES ('441999650308001', '甲', 'active', 1, '441900003'),
  (' 441999197110010003 ', '乙', 'active', 1, '441900003'),
  ('441999198806150017', '丙', 'active  ', 1, '441900003');
"""


def test_live_table_is_looked_at_and_what_is_in_no_form_is_named(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "register.db")) as database:
        database.executescript(CASE_OF_A_LIVE_TABLE)
    (tmp_path / "policies").mkdir()
    for name in ("definitions.yaml", "pension-insurance.yaml"):
        (tmp_path / "policies" / name).write_bytes((POLICIES / name).read_bytes())
    table = f"{{url: 'sqlite:///{tmp_path / 'register.db'}', table: t}}"
    file = tmp_path / "node.yaml"
    text = reference().replace("sources: {}\n", f"sources: {{pension-insurance: {table}}}\n", 1)
    file.write_text(text, "utf-8")

    ran = dxnode("config", "check", file)

    assert ran.code == 2
    assert "2 identifiers are in another form than the product's" in ran.out
    assert "the column status has 1 values in another form" in ran.out
    assert "2 of its 3 rows have no valid identifier" in ran.out
    assert "4419" not in ran.out


def test_columns_are_held_to_the_policy(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    for name in ("definitions.yaml", "pension-insurance.yaml"):
        (tmp_path / "policies" / name).write_bytes((POLICIES / name).read_bytes())
    (tmp_path / "data.csv").write_text(ROWS, "utf-8")
    file = tmp_path / "node.yaml"
    text = reference().replace("sources: {}\n", "sources: {pension-insurance: {csv: data.csv}}\n", 1)
    file.write_text(text, "utf-8")

    assert "no column named status" in dxnode("config", "check", file).out
