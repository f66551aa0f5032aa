"""Claims about the files that a batch reads: encodings, workbooks, Parquet, and rounded numbers."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.batches import answers, batch, people
from support.fake_desk import FakeDesk, resident
from support.workbooks import Cell, Table, ods, xlsx, xlsx_of

HERE = Path(__file__).parent
LIST: Table = [["no", "id", "name"], *[[str(number), resident(number), "某某"] for number in range(20)]]
ROUNDED = ["4.41900195001010E+17", "441900195001013000", "4.419E17"]


def asked(desk: FakeDesk) -> list[str]:
    return [subject for _, _, subjects in desk.chunks for subject in subjects]


def twenty() -> list[str]:
    return [resident(number) for number in range(20)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("plain", [0, 4000])
def test_file_is_read_in_its_encoding_wherever_the_first_chinese_stands(
    tmp_path: Path, address: str, encoding: str, plain: int
) -> None:
    source = people(tmp_path / "in.csv", plain + 20)
    rows = source.read_text("utf-8").replace("某某", "x", plain)
    source.write_text(rows, encoding=encoding)
    assert batch(source, address).code == 0
    written = (tmp_path / "out.csv").read_bytes()
    marked = source.read_bytes()[:2] in (b"\xff\xfe", b"\xef\xbb")
    assert (written[:2] == source.read_bytes()[:2]) or not marked
    found = answers(tmp_path / "out.csv", encoding)
    assert [row["name"] for row in found] == ["x"] * plain + ["某某"] * 20
    assert [row["no"] for row in found] == [str(number) for number in range(plain + 20)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "no,id\n1,某某某某某某某某\n".encode() + "2,张三\n".encode("gb18030"),
            "3:3: it is UTF-8 up to here",
        ),
        (b"no,id\n1,x\n2,\xff\xff\n", "3:3: from here it is neither UTF-8 nor GB 18030"),
        ("no,id\n1,某某\n".encode("gb18030") + b"2,\xff\n", "3:3: from here it is neither"),
        ("no,id\n1,x\n".encode("utf-16") + b"x", "from here it is neither"),
        ("no,id\n1,x\n".encode("utf-32"), "UTF-32"),
        (b"<html><table><tr><td>id</td></tr></table></html>", "web page"),
        (b"%PDF-1.7", "PDF"),
        (b"\x1f\x8b\x08\0", "compressed"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place_or_what_it_is(
    tmp_path: Path, address: str, desk: FakeDesk, content: bytes, said: str
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    ran = batch(tmp_path / "in.csv", address)
    assert ran.code == 2
    assert said in ran.err
    assert "defect" not in ran.err
    assert desk.chunks == []
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "desk.sock"}


@pytest.mark.parametrize("form", ['"=""{}"""', '="{}"', "'{}", '"\t{}"', " {}"])
def test_identifier_that_an_export_kept_from_rounding_is_asked_about(
    tmp_path: Path, address: str, desk: FakeDesk, form: str
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id,note\n" + "".join(f"{form.format(each)},x\n" for each in twenty()))
    assert batch(source, address).code == 0
    assert asked(desk) == twenty()


@pytest.mark.parametrize(
    "form", ["'{}'", "\u202a{}\u202c", "\u2800{}", '"=""\u200b{}"""', "\ufeff{}", "\uff07{}"]
)
def test_identifier_is_asked_about_whatever_nobody_sees_around_it(
    tmp_path: Path, address: str, desk: FakeDesk, form: str
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id,note\n" + "".join(f"{form.format(each)},x\n" for each in twenty()), "utf-8")
    assert batch(source, address).code == 0
    assert asked(desk) == twenty()


@pytest.mark.parametrize(
    "header", ["no, ID ,name", "no,\u200bid,name", "no,ｉｄ,name", "\ufeffno,'id\u00a0,name"]
)
def test_column_is_found_whatever_an_export_made_of_its_name(
    tmp_path: Path, address: str, desk: FakeDesk, header: str
) -> None:
    source = people(tmp_path / "in.csv", 20)
    source.write_text(source.read_text("utf-8").replace("no,id,name", header.replace("'", "")), "utf-8")
    assert batch(source, address, "--claim", "name= NAME").code == 0
    assert asked(desk) == twenty()
    xlsx(tmp_path / "in.xlsx", {"A": [[" Id ", "x"], *[[each, "x"] for each in twenty()]]})
    assert batch(tmp_path / "in.xlsx", address, "--force").code == 0
    pq.write_table(pa.table({"ID": twenty()}), tmp_path / "in.parquet")
    assert batch(tmp_path / "in.parquet", address, "--force").code == 0
    assert asked(desk) == twenty() * 3


def test_names_that_are_others_in_another_encoding_are_not_claimed(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 3, "gb18030")
    assert "某" not in source.read_text("utf-8"), "it is other text in UTF-8"
    ran = batch(source, address, "--claim", "name=name")
    assert (ran.code, "byte order mark" in ran.err, desk.chunks) == (2, True, [])
    assert batch(people(source, 3, "utf-8-sig"), address, "--claim", "name=name").code == 0
    assert batch(people(source, 9, "gb18030"), address, "--claim", "name=name", "--force").code == 0


@pytest.mark.parametrize(("sign", "said"), [(";", ";"), ("\t", "Tab"), ("，", "，")])
def test_list_that_is_parted_otherwise_is_told_how(
    tmp_path: Path, address: str, desk: FakeDesk, sign: str, said: str
) -> None:
    source = people(tmp_path / "in.csv", 20)
    source.write_text(source.read_text("utf-8").replace(",", sign), "utf-8")
    ran = batch(source, address)
    assert (ran.code, f"“{said}” parts the columns" in ran.err, desk.chunks) == (2, True, [])


def test_answer_of_a_service_in_the_place_of_a_list_is_called_that(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    (tmp_path / "in.csv").write_text('{"error": "no right"}', "utf-8")
    ran = batch(tmp_path / "in.csv", address)
    assert (ran.code, "JSON" in ran.err, desk.chunks) == (2, True, [])


@pytest.mark.parametrize("rounded", ROUNDED)
@pytest.mark.parametrize("good", [0, 900])
def test_column_that_a_spreadsheet_rounded_is_refused_as_a_whole(
    tmp_path: Path, address: str, desk: FakeDesk, rounded: str, good: int
) -> None:
    source = people(tmp_path / "in.csv", good)
    with source.open("a") as file:
        file.writelines(f"x,{rounded},x\n" for _ in range(3))
    ran = batch(source, address)
    assert ran.code == 2
    assert f"3 of the {good + 3} values in the column id were rounded by a spreadsheet" in ran.err
    assert f"row {good + 1}" in ran.err
    assert "--accept-invalid" in ran.err
    assert desk.chunks == []
    assert {path.name for path in tmp_path.iterdir()} == {"in.csv", "desk.sock"}


def test_wrong_column_is_refused_as_a_whole(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = people(tmp_path / "in.csv", 30)
    ran = batch(source, address, "--subject-column", "no")
    assert ran.code == 2
    assert "no identifiers stand in the column no, but in the column id" in ran.err
    assert desk.chunks == []


def test_column_without_an_identifier_beside_none_that_has_them_is_refused_as_a_whole(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = tmp_path / "in.csv"
    source.write_text("id,note\n" + "x,y\n" * 30, "utf-8")
    ran = batch(source, address)
    assert ran.code == 2
    assert "30 of the 30 values in the column id are no valid identifiers" in ran.err
    assert "--accept-invalid asks about its other rows all the same" in ran.err
    assert desk.chunks == []


def test_invalid_rows_that_are_accepted_are_not_asked_about(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 5)
    with source.open("a") as file:
        file.writelines("x,wrong,x\n" for _ in range(6))
    assert batch(source, address).code == 2
    ran = batch(source, address, "--accept-invalid")
    assert ran.code == 16
    assert "6 of 11 rows have no valid identifier" in ran.err
    assert [row["reason"] for row in answers(tmp_path / "out.csv")] == [""] * 5 + ["QUERY_INVALID"] * 6
    assert asked(desk) == twenty()[:5]


def workbook(folder: Path, form: str) -> Path:
    if form == "ods":
        return ods(folder / "people.ods", LIST)
    if form == "xls":
        return HERE / "people.xls"
    return xlsx(folder / f"people.{form}", {"名单": LIST, "空": [], "旧": LIST}, hidden=["旧"])


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods", "csv"])
def test_workbook_is_read_whatever_its_name(tmp_path: Path, address: str, desk: FakeDesk, form: str) -> None:
    source = workbook(tmp_path, form)
    ran = batch(source, address, target=tmp_path / "out.csv")
    assert (ran.code, ran.err and "") == (0, "")
    assert asked(desk) == twenty()
    rows = answers(tmp_path / "out.csv", "utf-8-sig")
    assert list(rows[0])[:3] == ["no", "id", "name"]
    assert {row["name"] for row in rows} == {"某某"}
    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf"), "so that it opens in Chinese"


def test_workbook_goes_on_where_it_was(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    listed: list[list[Cell]] = [[number, resident(number)] for number in range(2500)]
    rows: Table = [["no", "id"], *listed]
    source = xlsx(tmp_path / "people.xlsx", {"A": rows})
    desk.break_at = 1
    assert batch(source, address).code == 4
    desk.break_at = None
    assert batch(source, address).code == 0
    assert [row["no"] for row in answers(tmp_path / "out.csv", "utf-8-sig")] == list(map(str, range(2500)))
    assert [number for _, number, _ in desk.chunks] == [0, 1, 2]


def test_of_several_sheets_one_has_to_be_named(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    source = xlsx(tmp_path / "people.xlsx", {"一": LIST, "二": LIST})
    ran = batch(source, address)
    assert ran.code == 2
    assert "name one with --sheet, of 一, 二" in ran.err
    ran = batch(source, address, "--sheet", "三")
    assert ran.code == 2
    assert "it has no sheet 三, but these: 一, 二" in ran.err
    assert desk.chunks == []
    assert batch(source, address, "--sheet", "二").code == 0


def test_sheet_of_what_is_no_workbook_is_told(tmp_path: Path, address: str) -> None:
    ran = batch(people(tmp_path / "in.csv", 3), address, "--sheet", "A")
    assert ran.code == 2
    assert "--sheet is for workbooks" in ran.err


def test_cells_are_written_as_a_spreadsheet_shows_them(tmp_path: Path, address: str) -> None:
    rows: Table = [
        ["id", "phone", "share", "", "empty"],
        [resident(1), 13800138000, 0.5, None, None],
        [None, None, None, None, None],
        [resident(2), "013", 2.0, None],
        [None, None],
    ]
    assert batch(xlsx(tmp_path / "people.xlsx", {"A": rows}), address).code == 0
    found = answers(tmp_path / "out.csv", "utf-8-sig")
    assert [(row["phone"], row["share"], row["empty"]) for row in found] == [
        ("13800138000", "0.5", ""),
        ("013", "2", ""),
    ]


def test_identifiers_that_are_numbers_in_a_workbook_are_refused_as_rounded(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    digits = [int(each) for each in map(resident, range(40)) if each.isdigit()]
    ran = batch(xlsx(tmp_path / "people.xlsx", {"A": [["id"], *[[each] for each in digits]]}), address)
    assert ran.code == 2
    assert "were rounded by a spreadsheet" in ran.err
    assert desk.chunks == []


def test_old_identifiers_of_fifteen_digits_are_exact_as_numbers(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    assert batch(xlsx(tmp_path / "people.xlsx", {"A": [["id"], [441900500101123]]}), address).code == 0
    assert [each[:6] + each[8:17] for each in asked(desk)] == ["441900500101123"]


def test_title_above_a_table_is_told(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    table = [["登记表"], *LIST]
    xlsx(tmp_path / "in.xlsx", {"A": table})
    (tmp_path / "in.csv").write_text("\n".join(",".join(map(str, row)) for row in table), "utf-8")
    for source in ("in.xlsx", "in.csv"):
        ran = batch(tmp_path / source, address)
        assert (ran.code, "without a title" in ran.err, desk.chunks) == (2, True, [])


def test_value_outside_the_columns_is_told(tmp_path: Path, address: str) -> None:
    ran = batch(xlsx(tmp_path / "people.xlsx", {"A": [["id"], [resident(1), "note"]]}), address)
    assert ran.code == 2
    assert "outside the 1 columns" in ran.err


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04[Content_Types].xml xl/", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1x"]
)
def test_workbook_that_is_damaged_is_told(tmp_path: Path, address: str, content: bytes) -> None:
    (tmp_path / "people.xlsx").write_bytes(content)
    ran = batch(tmp_path / "people.xlsx", address)
    assert ran.code == 2
    assert "damaged" in ran.err


def test_workbook_that_unfolds_beyond_all_bounds_is_refused(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    far = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    source = xlsx_of(tmp_path / "people.xlsx", {"A": far})
    assert source.stat().st_size < 2000
    ran = batch(source, address)
    assert ran.code == 2
    assert "MiB of memory" in ran.err
    assert desk.chunks == []


def test_parquet_is_read(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    frame = pd.DataFrame(
        {
            "no": range(2500),
            "id": [resident(number) for number in range(2500)],
            "day": [datetime.date(2020, 1, 31)] * 2500,
            "share": [0.5, None] * 1250,
            "of": pd.Categorical(["甲", "乙"] * 1250),
        }
    )
    frame.to_parquet(tmp_path / "people.csv", index=False, row_group_size=700)
    desk.break_at = 1
    assert batch(tmp_path / "people.csv", address).code == 4
    desk.break_at = None
    assert batch(tmp_path / "people.csv", address).code == 0
    rows = answers(tmp_path / "out.csv")
    assert [row["no"] for row in rows] == list(map(str, range(2500)))
    assert (rows[1]["day"], rows[0]["share"], rows[1]["share"], rows[1]["of"]) == (
        "2020-01-31",
        "0.5",
        "",
        "乙",
    )
    assert [number for _, number, _ in desk.chunks] == [0, 1, 2]


def test_identifiers_that_are_floats_in_parquet_are_refused_as_rounded(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    digits = [float(each) for each in map(resident, range(40)) if each.isdigit()]
    pd.DataFrame({"id": digits}).to_parquet(tmp_path / "people.parquet")
    ran = batch(tmp_path / "people.parquet", address)
    assert ran.code == 2
    assert "were rounded by a spreadsheet" in ran.err
    assert desk.chunks == []


def test_parquet_column_without_one_text_is_named(tmp_path: Path, address: str) -> None:
    table = pa.table({"id": [resident(1)], "list": [[1, 2]]})
    pq.write_table(table, tmp_path / "people.parquet")
    ran = batch(tmp_path / "people.parquet", address)
    assert ran.code == 2
    assert "column list" in ran.err


def test_damaged_parquet_is_told_without_its_content(tmp_path: Path, address: str) -> None:
    pd.DataFrame({"id": [resident(1)] * 9}).to_parquet(tmp_path / "people.parquet")
    os.truncate(tmp_path / "people.parquet", 200)
    ran = batch(tmp_path / "people.parquet", address)
    assert ran.code == 2
    assert "damaged" in ran.err
    assert resident(1) not in ran.err


def test_input_that_grows_while_it_is_asked_about_is_answered_as_it_was_and_told(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 2500)

    def grow(_: int) -> None:
        with source.open("a") as file:
            file.write(f"more,{resident(3000)},x\n")

    desk.at_chunk = grow
    ran = batch(source, address)
    assert ran.code == 0
    assert "the input has changed while it was asked about" in ran.err
    assert [row["no"] for row in answers(tmp_path / "out.csv")] == [str(number) for number in range(2500)]
    assert json.loads(batch(source, address, "--json", "--force").out)["input_changed"] is True


def test_input_that_is_written_over_while_it_is_asked_about_ends_the_run(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 60_000)
    before = source.read_bytes()

    def write_over(number: int) -> None:
        if number == 2:
            people(source, 59_999)

    desk.at_chunk = write_over
    ran = batch(source, address)
    assert ran.code == 2
    assert "it has changed since this run read it first" in ran.err
    desk.at_chunk = None
    ran = batch(source, address)
    assert ran.code == 2
    assert "belongs to an earlier content of the input" in ran.err
    source.write_bytes(before)
    assert batch(source, address).code == 0
    assert [row["no"] for row in answers(tmp_path / "out.csv")] == list(map(str, range(60_000)))
    numbers = [number for _, number, _ in desk.chunks]
    assert set(numbers) == set(range(60))


def test_question_about_another_sheet_does_not_go_on(tmp_path: Path, address: str, desk: FakeDesk) -> None:
    rows: Table = [["id"], *[[resident(number)] for number in range(1500)]]
    source = xlsx(tmp_path / "people.xlsx", {"A": rows, "B": rows})
    desk.break_at = 1
    assert batch(source, address, "--sheet", "A").code == 4
    ran = batch(source, address, "--sheet", "B")
    assert ran.code == 2
    assert "belongs to another question" in ran.err
