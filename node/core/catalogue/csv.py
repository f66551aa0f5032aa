"""A catalogue as a table for spreadsheets, one row a data item as in the usual forms, and back.

The head of an entry stands in each of its rows. Questions and conditions of use have no place in such a
table: `node.core.catalogue.dcat` has them. The text is UTF-8 with a byte order mark, by which spreadsheets
know it; GB 18030 and UTF-16 are read too. A cell that a spreadsheet would take for a formula gets an
apostrophe before it, which is taken away when the table is read. Columns are called as the Regulation calls
what they hold (Art. 13 to 15, 22); a column of another name is passed over, and told.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import StringIO

from node.core import official_words as words
from node.core.catalogue.csv_columns import decoded, header_of, is_above_header, separator_of
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
from node.core.file_form import FileForm
from node.core.identity import normalise_credit_code
from node.core.normal_form import line, visible
from node.core.spreadsheet import unwrapped
from node.errors import NodeError
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
    pb.SHARING_ATTRIBUTE_UNCONDITIONAL: words.SHARING["unconditional"],
    pb.SHARING_ATTRIBUTE_CONDITIONAL: words.SHARING["conditional"],
    pb.SHARING_ATTRIBUTE_NOT_SHARED: words.SHARING["not_shared"],
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


def _code(cell: str) -> str:
    """A credit code in its form; what is none stays, to be told."""
    try:
        return normalise_credit_code(cell)
    except NodeError:
        return line(cell)


def _word_alone(cell: str) -> str:
    """A word of the forms without the blanks that a spreadsheet spreads it by."""
    return "".join(visible(cell).split())


# What is looked up or asked by; other cells are text, and stay as they are.
_CELLS: Mapping[str, Callable[[str], str]] = {
    "提供单位代码": _code,
    "目录标识": line,
    "共享属性": _word_alone,
    "个人信息": _word_alone,
}
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
        _joined([_word(words.MODES, mode) for mode in entry.modes]),
        entry.scope,
        entry.use,
        entry.reason,
        entry.legal_basis,
        _word(words.FORMATS, entry.format),
        _word(words.UPDATES, summary.update),
        str(entry.level or ""),
        _YES[entry.personal],
        subject.field,
        _word(words.SUBJECTS, subject.type),
        subject.region_field,
    )


def _item(field: pb.Field) -> tuple[str, ...]:
    return (
        field.name,
        field.title,
        field.title_en,
        _word(words.TYPES, field.type),
        _word(words.SENSITIVITIES, field.sensitivity),
        str(field.level or ""),
        _joined(field.values),
        str(field.minimum) if field.HasField("minimum") else "",
        str(field.maximum) if field.HasField("maximum") else "",
    )


def _word(known: Mapping[str, str], code: str) -> str:
    """The Chinese for a code; one that is unknown stays."""
    return known.get(code, code)


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
    rows = csv.reader(StringIO(text, newline=""), strict=True, delimiter=separator_of(text, COLUMNS))
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
    return CatalogueFile("", entries, reader.passed_over)


def _decoded(name: str, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise fault_at(name, 1, 1, "file.catalogue.long", most=MAX_BYTES)
    text = decoded(content)
    if text is FileForm.JSON:
        raise fault_at(name, 1, 1, "file.catalogue.no-table")
    if isinstance(text, FileForm):
        raise fault_at(name, 1, 1, text.said().key)
    if text is None:
        raise fault_at(name, 1, 1, "file.catalogue.encoding")
    if text.lstrip()[:1] in ("{", "["):
        raise fault_at(name, 1, 1, "file.catalogue.no-table")
    return text


def _named(key: str, what: str, name: str) -> Message:
    """A fault that quotes a name of the file."""
    return Message(key, {what: quoted(name[:_LONGEST_NAME])})


def _one_of(choices: Iterable[str]) -> Message:
    return Message("file.shape.choice", {"words": tuple(choices)})


class _Reader:
    """Makes entries of rows, which end with a line feed alone or with CR LF."""

    def __init__(self, name: str, faults: Faults, *, line_feeds: bool) -> None:
        self._name = name
        self._faults = faults
        self._line_feeds = line_feeds
        self.passed_over: tuple[str, ...] = ()
        self._columns: Sequence[str] = ()
        self._entries: dict[tuple[str, str], pb.Dataset] = {}
        self._heads: dict[tuple[str, str], tuple[str, ...]] = {}
        self._items: dict[tuple[str, str], set[str]] = {}
        self._rows: dict[tuple[str, str], int] = {}

    def take(self, number: int, row: Sequence[str]) -> None:
        """One row; the first, but for the title of the table, has the columns."""
        if not self._columns:
            if not is_above_header(number, row, COLUMNS):
                self._take_columns(number, row)
        elif any(row):
            if len(row) != len(self._columns):
                length = {"given": len(row), "wanted": len(self._columns)}
                self._fault(number, "", Message("file.catalogue.row-length", length))
                return
            cells = dict.fromkeys(COLUMNS, "")
            cells |= {
                column: self._cell(number, column, cell)
                for column, cell in zip(self._columns, row, strict=True)
                if column
            }
            self._take_cells(number, cells)

    def entries(self) -> tuple[pb.Dataset, ...]:
        """All entries; what is wrong with one as a whole is said of its first row."""
        if not self._columns and not self._faults.any:
            self._check_needed(1)
        for key, entry in self._entries.items():
            for fault in entry_faults(entry):
                self._fault(self._rows[key], "", fault)
        return tuple(self._entries.values())

    def _take_columns(self, number: int, row: Sequence[str]) -> None:
        header = header_of(row, COLUMNS)
        self._columns, self.passed_over = header.columns, header.passed_over
        for column in header.twice:
            self._fault(number, column, Message("file.catalogue.column-twice", {"column": column}))
        self._check_needed(number)

    def _check_needed(self, number: int) -> None:
        for column in _NEEDED:
            if column not in self._columns:
                self._fault(number, "", Message("file.catalogue.column-missing", {"column": column}))

    def _fault(self, number: int, column: str, fault: Message) -> None:
        place = self._columns.index(column) + 1 if column and column in self._columns else 1
        self._faults.add_at(self._name, number, place, fault)

    def _cell(self, number: int, column: str, cell: str) -> str:
        """The text of a cell; an apostrophe that guards it is taken away."""
        cell = unwrapped(cell)
        if cell.startswith(tuple(_FORMULA)) and not _INTEGER.fullmatch(cell):
            self._fault(number, column, Message("file.catalogue.formula"))
            return ""
        text = _CELLS.get(column, str)(cell.removeprefix(_GUARD))
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
                update=words.code_of(words.UPDATES, cells["数据更新频率"]),
            ),
            level=self._whole(number, "数据级别", cells, 0, 4) or 0,
            personal=self._yes(number, cells["个人信息"]),
            reason=cells["不予共享理由"],
            legal_basis=cells["法律依据"],
            format=words.code_of(words.FORMATS, cells["数据格式"]),
            modes=[words.code_of(words.MODES, mode) for mode in _parted(cells["共享方式"])],
            scope=cells["共享范围"],
            use=cells["使用用途"],
        )
        if cells["被核验人数据项"] or cells["被核验人标识类型"] or cells["被核验人区划数据项"]:
            entry.subject.field = cells["被核验人数据项"]
            entry.subject.type = words.code_of(words.SUBJECTS, cells["被核验人标识类型"])
            entry.subject.region_field = cells["被核验人区划数据项"]
        return entry

    def _field(self, number: int, cells: Mapping[str, str]) -> pb.Field:
        return pb.Field(
            name=cells["数据项标识"],
            title=cells["数据项名称"],
            title_en=cells["数据项英文名称"],
            type=words.code_of(words.TYPES, cells["数据项类型"]),
            sensitivity=words.code_of(words.SENSITIVITIES, cells["敏感程度"]),
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
        if cell.strip() not in ("", *_YES.values()):
            self._fault(number, "个人信息", _one_of(_YES.values()))
        return cell.strip() == _YES[True]

    def _whole(self, number: int, column: str, cells: Mapping[str, str], least: int, most: int) -> int | None:
        cell = cells[column].strip()
        if not cell:
            return None
        if _INTEGER.fullmatch(cell) and least <= int(cell) <= most:
            return int(cell)
        self._fault(number, column, Message("file.catalogue.whole-expected", {"least": least, "most": most}))
        return None
