"""The table is one that spreadsheets take as it is; what is wrong with one is said by row and column."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from support.policy_changes import POLICY, files

from node.core.catalogue.csv import COLUMNS, read_csv, write_csv
from node.core.catalogue.entry import entry_of
from node.core.reading.build import build_policies
from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2 as pb

ENTRY = entry_of(*build_policies(files(POLICY)).datasets.values())
NEEDED = ("提供单位代码", "目录标识", "目录名称", "共享属性")
ROW = {
    "提供单位代码": "11441900000000019Y",
    "目录标识": "pension",
    "目录名称": "养老保险",
    "共享属性": "有条件共享",
    "数据项标识": "status",
    "数据级别": "3",
}


def table(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> str:
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([row.get(column, "") for column in columns])
    return out.getvalue()


def read(text: str, encoding: str = "utf-8") -> tuple[pb.Dataset, ...]:
    return read_csv("c.csv", text.encode(encoding)).entries


def refused(content: bytes | str) -> str:
    with pytest.raises(NodeError) as error:
        read_csv("c.csv", content if isinstance(content, bytes) else content.encode())
    assert error.value.reason is Reason.CONFIG_INVALID
    return error.value.message


def test_a_row_is_a_data_item_and_words_are_chinese() -> None:
    text = "".join(write_csv([ENTRY]))
    assert text.startswith("\ufeff提供单位代码,目录标识,")
    rows = list(csv.DictReader(StringIO(text.removeprefix("\ufeff"), newline="")))
    assert [row["数据项标识"] for row in rows] == [field.name for field in ENTRY.fields]
    assert {row["目录名称"] for row in rows} == {"基本养老保险参保信息"}
    status = rows[0]
    assert status["共享属性"] == "有条件共享"
    assert status["数据更新频率"] == "每日"
    assert (status["数据项类型"], status["敏感程度"], status["可选值"]) == ("代码", "一般", "active|paused")


def test_a_cell_that_begins_like_a_formula_stays_text() -> None:
    entry = pb.Dataset()
    entry.CopyFrom(ENTRY)
    entry.summary.title = '=HYPERLINK("http://127.0.0.1/?"&A1)'
    text = "".join(write_csv([entry]))
    assert '"\'=HYPERLINK(""' in text
    (back,) = read(text)
    assert back.summary.title == entry.summary.title


def test_columns_may_come_in_any_order_and_those_not_needed_may_be_left_out() -> None:
    columns = ("数据项标识", "目录名称", "共享属性", "目录标识", "提供单位代码")
    (entry,) = read(table(ROW, {**ROW, "数据项标识": "name"}, columns=columns))
    assert [field.name for field in entry.fields] == ["status", "name"]
    assert entry.summary.sharing == pb.SHARING_ATTRIBUTE_CONDITIONAL


def test_rows_of_an_entry_may_stand_apart_and_empty_rows_say_nothing() -> None:
    other = ROW | {"目录标识": "other"}
    entries = read(table(ROW, {}, other, ROW | {"数据项标识": "name"}))
    assert [(each.summary.dataset, len(each.fields)) for each in entries] == [("pension", 2), ("other", 1)]


@pytest.mark.parametrize(
    "others",
    [
        ("序号", "摘要", "开放类型"),
        ("password", "口令", "=1+1"),
        ("", " ", "　"),
        ("数据项", "目录", "目录名称英文"),
    ],
)
def test_columns_of_others_are_passed_over_and_named_whatever_they_hold(others: tuple[str, ...]) -> None:
    columns = (others[0], *COLUMNS[:3], others[1], *COLUMNS[3:], others[2])
    rows = [ROW | {others[0]: "=cmd()", others[1]: "\x07", others[2]: "x" * 20_000}]
    read_file = read_csv("c.csv", table(*rows, columns=columns).encode())
    assert read_file.entries == read(table(ROW))
    assert read_file.passed_over == tuple(other.strip() or f"#{columns.index(other) + 1}" for other in others)


@pytest.mark.parametrize(
    "written",
    [
        "目录名称 ",
        "\u3000目录名称\u00a0",
        "目 录 名 称",
        "目录名称*",
        "目录名称（必填）",
        "目录名称：",
        "'目录名称'",
        "目录\n名称",
        "\ufeff目录名称",
    ],
)
def test_what_stands_around_the_name_of_a_column_does_not_count(written: str) -> None:
    (entry,) = read(table(ROW).replace("目录名称", f'"{written}"', 1))
    assert entry.summary.title == "养老保险"


def test_a_column_may_be_called_by_the_other_word_for_the_same_thing() -> None:
    text = "".join(write_csv([ENTRY]))
    for name, other in (("提供单位代码", "提供部门" + "代码"), ("数据更新频率", "更新" + "频率")):
        assert read_csv("c.csv", text.replace(name, other).encode()) == read_csv("c.csv", text.encode())


def test_a_column_that_is_there_under_two_of_its_names_is_there_twice() -> None:
    assert "目录名称 is there twice" in refused(table(ROW, columns=(*COLUMNS, "目录名称 *")))


@pytest.mark.parametrize("separator", [",", ";", "\t", "，", "；"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_table_is_read_whatever_parts_its_cells_in_every_encoding_of_spreadsheets(
    separator: str, encoding: str
) -> None:
    rows = csv.reader(StringIO(table(ROW | {"共享范围": "市, 区"}), newline=""))
    out = StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    (entry,) = read_csv("c.csv", out.getvalue().encode(encoding)).entries
    assert (entry.summary.title, entry.scope, len(entry.fields)) == ("养老保险", "市, 区", 1)


@pytest.mark.parametrize(
    "above", ["示例市政务数据目录\r\n", "\r\n\r\n", "填表单位：,,\r\n", "示例,,\r\n,,\r\n"]
)
def test_the_title_above_a_table_is_no_row_of_it(above: str) -> None:
    (entry,) = read(above + table(ROW))
    assert entry.summary.title == "养老保险"


def test_a_row_is_counted_from_the_top_of_the_file_also_under_a_title() -> None:
    assert "c.csv:3:3: the cell is a formula" in refused("目录\r\n" + table(ROW | {"目录名称": "=1"}))


def test_words_of_the_forms_are_known_with_blanks_around_them() -> None:
    (entry,) = read(table(ROW | {"共享属性": " 有条件共享　", "个人信息": "是 ", "数据更新频率": " 每日"}))
    assert (entry.personal, entry.summary.update) == (True, "daily")


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ("提供单位代码", "11441900000000019y"),
        ("提供单位代码", "".join(chr(ord(each) + 0xFEE0) for each in "11441900000000019Y")),
        ("提供单位代码", "\u202a11441900000000019Y\u202c"),
        ("提供单位代码", "11441900-0000-0001-9Y"),
        ("提供单位代码", '="11441900000000019Y"'),
        ("提供单位代码", "'11441900000000019Y"),
        ("目录标识", "pension\u00a0"),
        ("目录标识", "\u200bpension\u3000"),
        ("目录标识", '="pension"'),
        ("共享属性", "有 条 件 共 享"),
        ("共享属性", "\ufeff有条件共享\u200b"),
    ],
)
def test_codes_names_and_words_are_read_as_spreadsheets_leave_them(column: str, written: str) -> None:
    assert read(table(ROW | {column: written})) == read(table(ROW))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"@graph": []}', "the file is JSON, not a table"),
        (b"[1]", "the file is JSON, not a table"),
        (b"PK\x03\x04" + b"\0" * 30 + b"xl/workbook.xml", "Excel workbook"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_what_is_no_table_at_all_is_called_what_it_is(content: bytes, said: str) -> None:
    assert said in refused(content)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_is_read_in_the_encodings_that_spreadsheets_write(encoding: str) -> None:
    assert read(table(ROW), encoding)[0].summary.title == "养老保险"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([ROW | {"目录名称": "=1+1"}], "c.csv:2:3: the cell is a formula"),
        ([ROW | {"目录名称": "＝1+1"}], "c.csv:2:3: the cell is a formula"),
        ([ROW | {"目录名称": "@sum"}], "c.csv:2:3: the cell is a formula"),
        ([ROW | {"目录名称": "养\x00老"}], "c.csv:2:3: the text has characters"),
        ([ROW | {"目录名称": "x" * 10_001}], "c.csv:2:3: the text is longer"),
        ([ROW | {"目录名称": ""}], "c.csv:2:1: the entry needs a title"),
        ([ROW | {"提供单位代码": "1"}], "c.csv:2:1: the provider is no unified social credit code"),
        ([ROW | {"共享属性": "公开"}], "c.csv:2:5: one of these is expected: 无条件共享"),
        ([ROW | {"数据级别": "5"}], "c.csv:2:13: a whole number from 0 to 4"),
        ([ROW | {"数据级别": "三"}], "c.csv:2:13: a whole number from 0 to 4"),
        ([ROW | {"个人信息": "可能"}], "c.csv:2:14: one of these is expected: 是, 否"),
        ([ROW | {"最小值": "1.5"}], "c.csv:2:25: a whole number from"),
        ([ROW, ROW], "c.csv:3:18: the entry has a data item 'status' already"),
        ([ROW, ROW | {"数据项标识": "x", "目录名称": "y"}], "c.csv:3:3: this differs from row 2"),
        ([ROW | {"数据项标识": "", "数据项名称": "x"}], "c.csv:2:18: the data item needs a name"),
    ],
)
def test_a_row_that_is_wrong_is_refused_with_its_place(rows: list[dict[str, str]], said: str) -> None:
    assert said in refused(table(*rows))


def test_rows_that_stray_marks_made_one_cell_of_are_refused() -> None:
    rows = [
        ROW | {"数据项标识": name, "共享范围": scope}
        for name, scope in (("a", '"市'), ("b", ""), ("c", '市"'))
    ]
    swallowed = table(*rows).replace('"""市"', '"市').replace('"市"""', '市"')

    assert "c.csv:2:7: the text has characters" in refused(swallowed)
    assert "c.csv:2:7: the cell has a line break and a comma" in refused(swallowed.replace("\r\n", "\n"))


def test_line_breaks_and_commas_of_a_text_come_back() -> None:
    assert read(table(ROW | {"共享范围": "市, 区\n县"}))[0].scope == "市, 区\n县"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (table(ROW, columns=(*COLUMNS, "目录名称")), "the column 目录名称 is there twice"),
        (table(ROW, columns=COLUMNS[1:]), "the column 提供单位代码 is missing"),
        ("", "c.csv:1:1: the file is empty"),
        (table(ROW) + "a,b\r\n", "c.csv:3:1: the row has 2 cells, not 26"),
        (table(ROW) + '"养老', "check its quotation marks"),
        (table(ROW).encode()[:-4], "c.csv:2:1: the row has"),
        (b"\xff\xff\xff", "c.csv:1:1: the file is neither UTF-8 nor GB 18030"),
        (table(ROW) + '"' + "x" * 200_000 + '"', "the row cannot be read"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(content: str | bytes, said: str) -> None:
    assert said in refused(content)


def test_a_table_without_bounds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.core.catalogue.csv.MAX_ENTRIES", 1)
    assert "more than 1 entries" in refused(table(ROW, ROW | {"目录标识": "other"}))
    monkeypatch.setattr("node.core.catalogue.csv.MAX_BYTES", 100)
    assert "longer than 100 bytes" in refused(table(ROW))


def test_a_first_row_of_very_many_columns_is_refused_at_once() -> None:
    said = refused(",".join(f"k{number}" for number in range(200_000)))
    assert [line.split()[3] for line in said.splitlines()] == list(NEEDED)
