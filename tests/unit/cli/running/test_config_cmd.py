"""Mistakes in node.yaml: for people in either language with their place, for programs by key."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from support.cli_run import Ran, dxnode
from support.places import POLICIES

from node.crypto.certificates import Certified, issue_desk
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


# --- the files that the settings name ---


@pytest.fixture
def node(tmp_path: Path) -> Path:
    """The folder of a node that could be started."""
    made = dxnode("init", tmp_path / "node", "--dev-authority", tmp_path / "authority")
    assert made.code == 0
    return tmp_path / "node"


def check(node: Path, *options: str) -> Ran:
    return dxnode("config", "check", node / "node.yaml", *options)


def change(content: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content(path.read_bytes()))


BAG = b"Bag Attributes\n    friendlyName: x\n"
SAME: dict[str, Callable[[Path], object]] = {
    "tls/exchange.pem": change(lambda pem: BAG + pem),
    "tls/exchange.key": change(lambda pem: pem.replace(b"\n", b"\r\n")),
    "tls/desk.pem": change(lambda pem: b"\xef\xbb\xbf" + pem),
    "tls/desk.key": change(lambda pem: BAG + pem),
    "tls/desk-roots.pem": change(lambda pem: pem.decode().encode("utf-16")),
    "../authority/directory.note": change(lambda note: note.replace(b"\n", b"\r\n") + b"\r\n"),
}


def test_files_with_other_line_ends_marks_and_texts_around_are_in_order(node: Path) -> None:
    for name, spoil in SAME.items():
        spoil(node / name)
    assert check(node).code == 0, check(node).out


SPOILED: list[tuple[str, Callable[[Path], object], str]] = [
    ("tls/exchange.pem", Path.unlink, "exchange.certificate"),
    ("tls/exchange.pem", change(lambda pem: pem[:100]), "exchange.certificate"),
    ("tls/exchange.key", change(lambda _: b""), "exchange.certificate"),
    ("tls/exchange.key", lambda path: path.chmod(0o644), "exchange.certificate"),
    ("tls/desk.pem", change(lambda _: b"hello"), "desk.certificate"),
    ("tls/desk.key", change(lambda pem: pem.replace(b" PRIVATE", b" PUBLIC")), "desk.certificate"),
    ("tls/desk-roots.pem", Path.unlink, "desk.certificate"),
    ("../authority/directory.note", change(lambda note: note[:-30]), "directory"),
    ("../authority/directory.note", Path.unlink, "directory"),
    ("data/example-enrolment.csv", Path.unlink, "sources.example-enrolment"),
    ("officers/li.vkey", lambda path: path.write_text("no key"), "policies.officers"),
]


def in_the_way(node: Path) -> str:
    (node / "occupied").touch()
    return "occupied"


def below_a_file(_node: Path) -> str:
    return "node.yaml/below"


def link_into_a_file(node: Path) -> str:
    (node / "link").symlink_to(node / "node.yaml")
    return "link/below"


@pytest.mark.parametrize("setting", ["state", "mark"])
@pytest.mark.parametrize("where", [in_the_way, below_a_file, link_into_a_file])
def test_a_folder_that_the_node_could_not_write_to_is_named(
    node: Path, setting: str, where: Callable[[Path], str]
) -> None:
    config = node / "node.yaml"
    text, changes = re.subn(rf"(?m)^{setting}: \w+", f"{setting}: {where(node)}", config.read_text("utf-8"))
    assert changes == 1
    config.write_text(text, "utf-8")
    ran = check(node, "--json")
    errors = [each for each in json.loads(ran.out) if each["severity"] == "error"]
    assert ran.code == 2
    assert [each["setting"] for each in errors] == [setting]


@pytest.mark.parametrize(("name", "spoil", "setting"), SPOILED)
def test_a_file_that_the_node_could_not_use_is_named_at_its_setting(
    node: Path, name: str, spoil: Callable[[Path], object], setting: str
) -> None:
    (node / "officers").mkdir()
    spoil(node / name)
    ran = check(node, "--json")
    found = [each for each in json.loads(ran.out) if each["severity"] == "error"]
    assert ran.code == 2
    assert [each["setting"] for each in found] == [setting]
    assert name.rpartition("/")[2] in found[0]["message"]
    assert f"{node / 'node.yaml'}:{found[0]['line']}:{found[0]['column']}: " in check(node).out
    assert re.search("[\u4e00-\u9fff]", check(node, "--lang", "zh").out)


def test_a_key_file_that_is_damaged_is_named(node: Path) -> None:
    path = next((node / "keys").glob("log-*.json"))
    path.write_text("{}")
    assert path.name in check(node).out


def test_a_certificate_of_another_department_is_named(node: Path, tmp_path: Path) -> None:
    other = ("--code", "11441900000000035L", "--dev-authority", tmp_path / "authority")
    assert dxnode("init", tmp_path / "other", *other).code == 0
    for name in ("exchange.pem", "exchange.key"):
        (node / "tls" / name).write_bytes((tmp_path / "other" / "tls" / name).read_bytes())
    assert "names another department" in check(node).out


def test_files_are_left_out_where_they_are_not(node: Path) -> None:
    (node / "tls/exchange.pem").unlink()
    assert check(node, "--settings-only").code == 0


def test_a_source_whose_url_is_not_there_is_named(node: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = node / "node.yaml"
    text = config.read_text("utf-8")
    source = re.search(r"(?m)^sources: .*$", text)
    assert source is not None
    config.write_text(
        text.replace(source[0], "sources: {people: {url_env: PEOPLE_URL, table: people}}"), "utf-8"
    )
    assert "PEOPLE_URL" in check(node).out
    monkeypatch.setenv("PEOPLE_URL", "postgresql+psycopg://reader@host/people")
    assert check(node).code == 0
    monkeypatch.setenv("PEOPLE_URL", "no url")
    assert check(node).code == 2


@pytest.mark.parametrize(("days", "code"), [(-1, 2), (20, 0), (40, 0)])
def test_a_certificate_that_ended_or_ends_soon_is_told(node: Path, days: int, code: int) -> None:
    now = datetime.now(UTC)
    ca = node / "tls/desk-authority"
    authority = Certified((ca / "ca.pem").read_bytes(), (ca / "ca.key").read_bytes())
    made = issue_desk(authority, "desk", ["localhost"], now - timedelta(days=60), timedelta(days=60 + days))
    (node / "tls/desk.pem").write_bytes(made.certificate)
    (node / "tls/desk.key").write_bytes(made.key)
    os.chmod(node / "tls/desk.key", 0o600)
    ran = check(node)
    assert ran.code == code
    assert ("`dxnode pki rotate desk`" in ran.out) is (days < 30)
    assert dxnode("pki", "rotate", "desk", "--config", node / "node.yaml").code == 0
    assert "rotate desk" not in check(node).out


def test_an_address_that_leads_nowhere_is_a_warning_with_its_place(node: Path) -> None:
    config = node / "node.yaml"
    text = config.read_text("utf-8").replace("advertise: localhost:8443", 'advertise: "[2001:db8::7]:8443"')
    config.write_text(text, "utf-8")
    ran = check(node)
    assert ran.code == 0
    assert re.search(r":\d+:\d+: warning: exchange.advertise tells .* \[2001:db8::7\]:8443", ran.out)
    assert "in order" not in ran.err
    (problem,) = json.loads(check(node, "--json").out)
    assert (problem["severity"], problem["setting"]) == ("warning", "exchange.advertise")


# --- the data that the settings name ---


ROWS = "resident_id,name\n441999196503080016,王芳\n"


def workbook() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return buffer.getvalue()


def with_source(node: Path, sources: str) -> Path:
    """The settings of the node, with these `sources` in the place of its own."""
    file = node / "node.yaml"
    file.write_text(
        re.sub(r"(?m)^sources: .*$", lambda _: f"sources: {sources}", file.read_text("utf-8")), "utf-8"
    )
    return file


def checked(node: Path, content: bytes, how: str = "csv") -> tuple[int, str]:
    """`config check` where a dataset is in a file with this content."""
    (node / "people").write_bytes(content)
    ran = dxnode("config", "check", with_source(node, f"{{people: {{{how}: people}}}}"))
    return ran.code, ran.out


def with_pension_policy(node: Path) -> None:
    """Put the policy of the pension insurance in the place of the example."""
    for old in (node / "policies").glob("*.yaml"):
        old.unlink()
    for name in ("definitions.yaml", "pension-insurance.yaml"):
        (node / "policies" / name).write_bytes((POLICIES / name).read_bytes())


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
def test_data_files_are_read_and_what_is_wrong_is_named(node: Path, content: bytes, words: str) -> None:
    code, out = checked(node, content)

    assert code == 2
    assert words in out


def test_parquet_and_csv_are_told_apart(node: Path) -> None:
    buffer = io.BytesIO()
    pd.DataFrame({"resident_id": ["441999196503080016"]}).to_parquet(buffer)

    assert "the file is Parquet" in checked(node, buffer.getvalue())[1]
    assert checked(node, buffer.getvalue(), "parquet")[0] == 0
    assert "no parquet file" in checked(node, ROWS.encode(), "parquet")[1]
    assert "Excel workbook" in checked(node, workbook(), "parquet")[1]


def test_sound_data_files_are_in_order_and_missing_ones_are_not(node: Path) -> None:
    assert checked(node, ROWS.encode())[0] == 0
    assert checked(node, ROWS.encode("utf-8-sig"))[0] == 0
    (node / "people").unlink()
    ran = check(node, "--json")
    assert ran.code == 2
    (problem,) = (each for each in json.loads(ran.out) if each["severity"] == "error")
    assert (problem["setting"], problem["key"]) == ("sources.people", "error.files.unreadable")


CASE_OF_A_LIVE_TABLE = """
CREATE TABLE t (resident_id text, name text, status text, months_paid integer, region text);
INSERT INTO t VALUES ('441999650308001', '甲', 'active', 1, '441900003'),
  (' 441999197110010003 ', '乙', 'active', 1, '441900003'),
  ('441999198806150017', '丙', 'active  ', 1, '441900003');
"""


def test_live_table_is_looked_at_and_what_is_in_no_form_is_named(node: Path) -> None:
    with closing(sqlite3.connect(node / "register.db")) as database:
        database.executescript(CASE_OF_A_LIVE_TABLE)
    with_pension_policy(node)
    table = f"{{url: 'sqlite:///{node / 'register.db'}', table: t}}"
    file = with_source(node, f"{{pension-insurance: {table}}}")

    ran = dxnode("config", "check", file)

    assert ran.code == 2
    assert "2 identifiers are in another form than the product's" in ran.out
    assert "the column status has 1 value in another form" in ran.out
    assert "2 of its 3 rows have no valid identifier" in ran.out
    assert "4419" not in ran.out


def test_columns_are_held_to_the_policy(node: Path) -> None:
    with_pension_policy(node)
    (node / "data.csv").write_text(ROWS, "utf-8")
    file = with_source(node, "{pension-insurance: {csv: data.csv}}")

    assert "no column named status" in dxnode("config", "check", file).out
