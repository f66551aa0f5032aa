"""A catalogue as a table for spreadsheets, one row a data item as in the usual forms, and back.

The head of an entry stands in each of its rows. Questions and conditions of use have no place in such a
table: `node.core.catalogue.dcat` has them. The text is UTF-8 with a byte order mark, by which spreadsheets
know it; GB 18030 is read too. A cell that a spreadsheet would take for a formula gets an apostrophe
before it, which is taken away when the table is read. Columns are called as the Regulation calls what they
hold (Art. 13 to 15, 22); a column of another name is refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO

from node.core.catalogue.file import (
    MAX_BYTES,
    MAX_ENTRIES,
    CatalogueFile,
    Faults,
    entry_faults,
    fault_at,
    quoted,
    text_fault,
)
from node.core.policy.dataset import FieldType, Mode, Sensitivity
from node.texts.message import Message
from node.v1 import catalogue_pb2 as pb

BYTE_ORDER_MARK = "\ufeff"
BREAK = "\r\n"
# What spreadsheets begin a formula with, full-width forms too, and what stands before such a cell.
_FORMULA = "=+-@\t\r\n＝＋－＠"
_GUARD = "'"
_BAR = "|"
_PART = re.compile(r"(?:[^\\|]|\\.)+", re.DOTALL)
_LONGEST_NAME = 40
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_SHARING = {
    pb.SHARING_ATTRIBUTE_UNCONDITIONAL: "无条件共享",
    pb.SHARING_ATTRIBUTE_CONDITIONAL: "有条件共享",
    pb.SHARING_ATTRIBUTE_NOT_SHARED: "不予共享",
}
_MODES: Mapping[str, str] = {Mode.INTERFACE: "服务接口", Mode.BATCH: "批量交换", Mode.FILE: "文件下载"}
_UPDATES = {
    "realtime": "实时",
    "daily": "每日",
    "weekly": "每周",
    "monthly": "每月",
    "quarterly": "每季度",
    "yearly": "每年",
    "once": "一次性",
}
_FORMATS = {
    "database": "数据库",
    "spreadsheet": "电子表格",
    "document": "电子文件",
    "image": "图形图像",
    "media": "流媒体",
    "other": "其他",
}
_SUBJECTS = {"resident_id": "身份证号", "credit_code": "统一社会信用代码"}
_TYPES: Mapping[str, str] = {
    FieldType.TEXT: "文本",
    FieldType.INTEGER: "整数",
    FieldType.DATE: "日期",
    FieldType.ENUM: "代码",
    FieldType.REGION: "行政区划",
    FieldType.RESIDENT_ID: "身份证号",
    FieldType.CREDIT_CODE: "统一社会信用代码",
}
_SENSITIVITIES: Mapping[str, str] = {
    Sensitivity.NORMAL: "一般",
    Sensitivity.SENSITIVE: "敏感",
    Sensitivity.IDENTIFIER: "标识",
}
_YES = {True: "是", False: "否"}

_HEAD = (
    "提供单位代码",
    "目录标识",
    "目录名称",
    "英文名称",
    "共享属性",
    "共享方式",
    "共享范围",
    "使用用途",
    "不予共享理由",
    "法律依据",
    "数据格式",
    "数据更新频率",
    "数据级别",
    "个人信息",
    "被核验人数据项",
    "被核验人标识类型",
    "被核验人区划数据项",
)
_ITEM = (
    "数据项标识",
    "数据项名称",
    "数据项英文名称",
    "数据项类型",
    "敏感程度",
    "数据项级别",
    "可选值",
    "最小值",
    "最大值",
)
COLUMNS = (*_HEAD, *_ITEM)
_NEEDED = ("提供单位代码", "目录标识", "目录名称", "共享属性")


def write_csv(entries: Iterable[pb.Dataset]) -> Iterator[str]:
    """The table in parts, with its byte order mark."""
    yield BYTE_ORDER_MARK + _line(COLUMNS)
    for entry in entries:
        head = _head(entry)
        for field in entry.fields:
            yield _line((*head, *_item(field)))
        if not entry.fields:
            yield _line((*head, *("" for _ in _ITEM)))


def _head(entry: pb.Dataset) -> tuple[str, ...]:
    summary, subject = entry.summary, entry.subject
    return (
        summary.provider,
        summary.dataset,
        summary.title,
        summary.title_en,
        _SHARING.get(summary.sharing, ""),
        _joined([_word(_MODES, mode) for mode in entry.modes]),
        entry.scope,
        entry.use,
        entry.reason,
        entry.legal_basis,
        _word(_FORMATS, entry.format),
        _word(_UPDATES, summary.update),
        str(entry.level or ""),
        _YES[entry.personal],
        subject.field,
        _word(_SUBJECTS, subject.type),
        subject.region_field,
    )


def _item(field: pb.Field) -> tuple[str, ...]:
    return (
        field.name,
        field.title,
        field.title_en,
        _word(_TYPES, field.type),
        _word(_SENSITIVITIES, field.sensitivity),
        str(field.level or ""),
        _joined(field.values),
        str(field.minimum) if field.HasField("minimum") else "",
        str(field.maximum) if field.HasField("maximum") else "",
    )


def _word(words: Mapping[str, str], code: str) -> str:
    """The Chinese for a code; one that is unknown stays."""
    return words.get(code, code)


def _code(words: Mapping[str, str], cell: str) -> str:
    """The code for the Chinese; what is unknown stays."""
    return next((str(code) for code, word in words.items() if word == cell), cell)


def _joined(values: Iterable[str]) -> str:
    """Several values, none empty, in one cell: a bar between them, a backslash before a bar that is none."""
    return _BAR.join(re.sub(r"([\\|])", r"\\\1", value) for value in values)


def _parted(cell: str) -> list[str]:
    """The values of a cell."""
    return [re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL) for part in _PART.findall(cell)]


def _line(cells: Iterable[str]) -> str:
    out = StringIO()
    csv.writer(out, lineterminator=BREAK).writerow([_guarded(cell) for cell in cells])
    return out.getvalue()


def _guarded(cell: str) -> str:
    if cell.startswith((*_FORMULA, _GUARD)) and not _INTEGER.fullmatch(cell):
        return _GUARD + cell
    return cell


def read_csv(name: str, content: bytes) -> CatalogueFile:
    """The entries of a table. Raises NodeError(CONFIG_INVALID) with places as file:row:column."""
    faults = Faults()
    text = _decoded(name, content)
    reader = _Reader(name, faults, line_feeds=BREAK not in text)
    rows = csv.reader(StringIO(text, newline=""), strict=True)
    number = 0
    try:
        for number, row in enumerate(rows, 1):
            reader.take(number, row)
            if faults.full:
                break
    except csv.Error:
        faults.add_at(name, number + 1, 1, Message("file.catalogue.row-unreadable"))
    if not number:
        faults.add_at(name, 1, 1, Message("file.catalogue.empty"))
    entries = reader.entries()
    faults.check()
    return CatalogueFile("", entries)


def _decoded(name: str, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise fault_at(name, 1, 1, "file.catalogue.long", most=MAX_BYTES)
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise fault_at(name, 1, 1, "file.catalogue.encoding")


def _named(key: str, what: str, name: str) -> Message:
    """A fault that quotes a name of the file."""
    return Message(key, {what: quoted(name[:_LONGEST_NAME])})


def _one_of(words: Iterable[str]) -> Message:
    return Message("file.shape.choice", {"words": tuple(words)})


class _Reader:
    """Makes entries of rows, which end with a line feed alone or with CR LF."""

    def __init__(self, name: str, faults: Faults, *, line_feeds: bool) -> None:
        self._name = name
        self._faults = faults
        self._line_feeds = line_feeds
        self._columns: Sequence[str] = ()
        self._entries: dict[tuple[str, str], pb.Dataset] = {}
        self._heads: dict[tuple[str, str], tuple[str, ...]] = {}
        self._items: dict[tuple[str, str], set[str]] = {}
        self._rows: dict[tuple[str, str], int] = {}

    def take(self, number: int, row: Sequence[str]) -> None:
        """One row; the first has the columns."""
        if number == 1:
            self._take_columns(row)
        elif self._columns and any(row):
            if len(row) != len(self._columns):
                length = {"given": len(row), "wanted": len(self._columns)}
                self._fault(number, "", Message("file.catalogue.row-length", length))
                return
            cells = dict.fromkeys(COLUMNS, "")
            cells |= {
                column: self._cell(number, column, cell)
                for column, cell in zip(self._columns, row, strict=True)
            }
            self._take_cells(number, cells)

    def entries(self) -> tuple[pb.Dataset, ...]:
        """All entries; what is wrong with one as a whole is said of its first row."""
        for key, entry in self._entries.items():
            for fault in entry_faults(entry):
                self._fault(self._rows[key], "", fault)
        return tuple(self._entries.values())

    def _take_columns(self, row: Sequence[str]) -> None:
        for column in row:
            if self._faults.full:  # else a first row of a million columns would be looked at for hours
                break
            if column not in COLUMNS:
                self._fault(1, column, _named("file.catalogue.column-unknown", "column", column), row)
            elif row.count(column) > 1:
                self._fault(1, column, Message("file.catalogue.column-twice", {"column": column}), row)
        for column in _NEEDED:
            if column not in row:
                self._fault(1, "", Message("file.catalogue.column-missing", {"column": column}))
        self._columns = tuple(row)

    def _fault(self, number: int, column: str, fault: Message, columns: Sequence[str] | None = None) -> None:
        known = self._columns if columns is None else columns
        place = known.index(column) + 1 if column in known else 1
        self._faults.add_at(self._name, number, place, fault)

    def _cell(self, number: int, column: str, cell: str) -> str:
        """The text of a cell; an apostrophe that guards it is taken away."""
        if cell.startswith(tuple(_FORMULA)) and not _INTEGER.fullmatch(cell):
            self._fault(number, column, Message("file.catalogue.formula"))
            return ""
        text = cell.removeprefix(_GUARD)
        fault = text_fault(text)
        # Two stray marks may have made one cell of whole rows. CR LF in it is no text in any case.
        if self._line_feeds and "\n" in text and "," in text:
            fault = Message("file.catalogue.cell-break")
        if fault is not None:
            self._fault(number, column, fault)
            return ""
        return text

    def _take_cells(self, number: int, cells: Mapping[str, str]) -> None:
        key = (cells["目录标识"], cells["提供单位代码"])
        head = tuple(cells[column] for column in _HEAD)
        entry = self._entries.get(key)
        if entry is None:
            if len(self._entries) >= MAX_ENTRIES:
                self._fault(number, "", Message("file.catalogue.entries-most", {"most": MAX_ENTRIES}))
                return
            entry = self._entries[key] = self._entry(number, cells)
            self._heads[key], self._items[key], self._rows[key] = head, set(), number
        elif self._heads[key] != head:
            differing = next(
                column
                for column, mine, theirs in zip(_HEAD, head, self._heads[key], strict=True)
                if mine != theirs
            )
            self._fault(number, differing, Message("file.catalogue.row-differs", {"row": self._rows[key]}))
        name = cells["数据项标识"]
        if name in self._items[key]:
            self._fault(number, "数据项标识", _named("file.catalogue.item-twice", "item", name))
        elif name:
            self._items[key].add(name)
            entry.fields.append(self._field(number, cells))
        elif any(cells[column] for column in _ITEM):
            self._fault(number, "数据项标识", Message("file.catalogue.item-unnamed"))

    def _entry(self, number: int, cells: Mapping[str, str]) -> pb.Dataset:
        entry = pb.Dataset(
            summary=pb.DatasetSummary(
                dataset=cells["目录标识"],
                title=cells["目录名称"],
                title_en=cells["英文名称"],
                provider=cells["提供单位代码"],
                sharing=self._sharing(number, cells["共享属性"]),
                update=_code(_UPDATES, cells["数据更新频率"]),
            ),
            level=self._whole(number, "数据级别", cells, 0, 4) or 0,
            personal=self._yes(number, cells["个人信息"]),
            reason=cells["不予共享理由"],
            legal_basis=cells["法律依据"],
            format=_code(_FORMATS, cells["数据格式"]),
            modes=[_code(_MODES, mode) for mode in _parted(cells["共享方式"])],
            scope=cells["共享范围"],
            use=cells["使用用途"],
        )
        if cells["被核验人数据项"] or cells["被核验人标识类型"] or cells["被核验人区划数据项"]:
            entry.subject.field = cells["被核验人数据项"]
            entry.subject.type = _code(_SUBJECTS, cells["被核验人标识类型"])
            entry.subject.region_field = cells["被核验人区划数据项"]
        return entry

    def _field(self, number: int, cells: Mapping[str, str]) -> pb.Field:
        return pb.Field(
            name=cells["数据项标识"],
            title=cells["数据项名称"],
            title_en=cells["数据项英文名称"],
            type=_code(_TYPES, cells["数据项类型"]),
            sensitivity=_code(_SENSITIVITIES, cells["敏感程度"]),
            level=self._whole(number, "数据项级别", cells, 0, 4) or 0,
            values=_parted(cells["可选值"]),
            minimum=self._whole(number, "最小值", cells, -(2**63), 2**63 - 1),
            maximum=self._whole(number, "最大值", cells, -(2**63), 2**63 - 1),
        )

    def _sharing(self, number: int, cell: str) -> pb.SharingAttribute:
        for attribute, word in _SHARING.items():
            if word == cell:
                return attribute
        self._fault(number, "共享属性", _one_of(_SHARING.values()))
        return pb.SHARING_ATTRIBUTE_CONDITIONAL

    def _yes(self, number: int, cell: str) -> bool:
        if cell not in ("", *_YES.values()):
            self._fault(number, "个人信息", _one_of(_YES.values()))
        return cell == _YES[True]

    def _whole(self, number: int, column: str, cells: Mapping[str, str], least: int, most: int) -> int | None:
        cell = cells[column]
        if not cell:
            return None
        if _INTEGER.fullmatch(cell) and least <= int(cell) <= most:
            return int(cell)
        self._fault(number, column, Message("file.catalogue.whole-expected", {"least": least, "most": most}))
        return None
