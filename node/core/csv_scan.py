"""Checks that a CSV file can be read in one way only (RFC 4180), and says what its lines are.

One stray quotation mark makes a lenient reader take thousands of rows for one value, or one person's row for
another's. So a file is scanned before it is read, and refused with line and column if it is not well formed:

- a value that does not begin with a quotation mark holds none; one that does ends at its closing mark. One
  exception is a formula that is a text, `="…"` without comma or line break: exports write identifiers so;
- every row has as many values as the header; a line ends in LF or CR LF; there is no NUL;
- a value with a line break in it holds no comma; in the header, and in a file of one column, none has one.

The last rule is ours. Two stray marks may close each other, and what lies between them is then one value by
RFC 4180. Where that takes rows and leaves as many values as there are columns, it goes from one place in a
row to the same place in a later one: so for each row taken the value holds as many commas as there are
columns, less one. The property tests try it.

Works on bytes: in UTF-8 and in GB 18030 no longer character holds the byte of a comma, a quotation mark, CR,
LF or NUL.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from node.core.file_form import form_of
from node.texts.message import Message

MAX_ROW: Final = 1 << 20
"""Bytes of a row at most: so a mark that nothing closes is found while little of the file is in memory."""

HEADER_LINES: Final = 1
_BYTE_ORDER_MARKS: Final = (codecs.BOM_UTF8, "\ufeff".encode("gb18030"))
_PLAIN: Final = rb'[^",\r\n\0]++'
_FORMULA: Final = rb'="[^",\r\n\0]*+"(?=[,\r\n])'
_ON_ONE_LINE: Final = rb'"(?:[^"\r\n\0]++|"")*+"'
_WITHOUT_COMMA: Final = rb'"(?:[^",\0]++|"")*+"'

_plain = re.compile(_FORMULA + rb'|[^",\r\n\0]*+').match
_marked = re.compile(rb'"(?:[^"]++|"")*+"').match
_line_end = re.compile(rb"\r?\n").match
_blanks = re.compile(rb"(?:\A|(?<=\n))\r?\n").findall
_NUL: Final = Message("file.csv.nul")
_MORE: Final = "file.csv.row-more"
_OUT_OF_PLACE: Final = {
    b'"': Message("file.csv.mark-within"),
    b"\0": _NUL,
    b"\r": Message("file.csv.return-alone"),
}


_Match = Callable[..., re.Match[bytes] | None]


@dataclass(frozen=True, slots=True)
class CsvLines:
    """What the lines of a file are; `lines` is the sum of the others and the header's.

    Each of `rows` begins a line, `continued` lines begin within a value, `blank` ones are empty.
    """

    lines: int
    rows: int
    blank: int
    continued: int


class CsvFaultError(Exception):
    """Where a file is not well formed (from 1; columns are characters) and why; nothing of its content."""

    def __init__(self, line: int, column: int, problem: Message) -> None:
        super().__init__(line, column, problem.key)
        self.line = line
        self.column = column
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Row:
    """A row read value by value: where it ends, or the offset of its first `problem`."""

    values: int
    end: int
    problem: Message | None = None


class CsvScan:
    """Takes a file's bytes in parts of any length. Raises CsvFaultError at the first fault."""

    def __init__(self, encoding: str) -> None:
        """`encoding` (utf-8 or gb18030) tells how long characters are."""
        self._encoding = encoding
        self._rest = b""  # begins with a row that is not whole yet
        self._columns = 0
        self._breaks = self._blank = self._continued = 0

    def feed(self, part: bytes) -> None:
        """The next bytes."""
        self._rest += part
        if len(self._rest) > MAX_ROW:
            self._take_rows()
            if len(self._rest) > MAX_ROW:
                raise self._fault_in(self._rest[:MAX_ROW], self._columns)

    def end(self) -> CsvLines:
        """There are no more bytes."""
        if self._rest and not self._rest.endswith((b"\r", b"\n")):
            self._rest += b"\n"
        self._take_rows()
        if self._rest:
            raise self._fault_in(self._rest, self._columns)
        rows = self._breaks - HEADER_LINES - self._blank - self._continued
        return CsvLines(self._breaks, rows, self._blank, self._continued)

    def _take_rows(self) -> None:
        if not self._columns:
            self._take_header()
        flat_rows, tall_row = _rows_of(self._columns)
        begin, tall = 0, None
        while True:
            flat = flat_rows(self._rest, begin)
            end = begin if flat is None else flat.end()
            self._count_flat(self._rest[begin:end])
            if tall_row is None or (tall := tall_row(self._rest, end)) is None:
                break
            breaks = tall[0].count(b"\n")
            self._breaks += breaks
            self._continued += breaks - 1
            begin = tall.end()
        self._rest = self._rest[end:]

    def _count_flat(self, rows: bytes) -> None:
        self._breaks += rows.count(b"\n")
        if rows[:1] in (b"\r", b"\n") or b"\n\n" in rows or b"\n\r\n" in rows:
            self._blank += len(_blanks(rows))

    def _take_header(self) -> None:
        if (form := form_of(self._rest)) is not None:
            raise CsvFaultError(1, 1, form.said())
        for mark in _BYTE_ORDER_MARKS:
            self._rest = self._rest.removeprefix(mark)
        if not self._rest:
            raise CsvFaultError(1, 1, Message("file.csv.empty"))
        if _line_end(self._rest):
            raise CsvFaultError(1, 1, Message("file.csv.first-line-empty"))
        header = _walk(self._rest[:MAX_ROW], 0)
        if header.problem is not None:
            raise self._fault(header.end, header.problem)
        self._columns = header.values
        self._breaks = 1
        self._rest = self._rest[header.end :]

    def _fault_in(self, data: bytes, columns: int) -> CsvFaultError:
        """What is wrong with the row that `data` begins with, which no pattern of whole rows matched."""
        row = _walk(data, columns)
        assert row.problem is not None
        if row.problem.key == _MORE and self._breaks == HEADER_LINES:  # as under the title of a table
            return self._fault(row.end, Message("file.csv.row-above-header", row.problem.args))
        return self._fault(row.end, row.problem)

    def _fault(self, offset: int, problem: Message) -> CsvFaultError:
        before = self._rest[:offset]
        characters = before[before.rfind(b"\n") + 1 :].decode(self._encoding, "replace")
        return CsvFaultError(self._breaks + before.count(b"\n") + 1, len(characters) + 1, problem)


@lru_cache(maxsize=64)
def _rows_of(columns: int) -> tuple[_Match, _Match | None]:
    """What matches any number of rows of one line and blank lines, and what matches one row of several lines.

    The latter are rare, and a file of one column has none.
    """
    flat = b"(?:" + _FORMULA + b"|" + _PLAIN + b"|" + _ON_ONE_LINE + b"|)"
    rows = re.compile(rb"(?:\r?\n|(?:%s,){%d}+%s\r?\n)*+" % (flat, columns - 1, flat)).match
    if columns == 1:
        return rows, None
    tall = b"(?:" + _FORMULA + b"|" + _PLAIN + b"|" + _ON_ONE_LINE + b"|" + _WITHOUT_COMMA + b"|)"
    return rows, re.compile(rb"(?:%s,){%d}+%s\r?\n" % (tall, columns - 1, tall)).match


def _walk(data: bytes, columns: int) -> _Row:
    """The row that `data` begins with; of any number of values if `columns` is 0."""
    values = offset = 0
    while True:
        values += 1
        if columns and values > columns:
            return _Row(values, offset, Message(_MORE, {"columns": columns}))
        begin, marked = offset, _marked(data, offset)
        if marked is not None:
            offset = marked.end()
            if (problem := _problem_within(marked[0], columns)) is not None:
                return _Row(values, begin + max(0, marked[0].find(b"\0")), problem)
        elif data.startswith(b'"', offset):
            return _Row(values, offset, Message("file.csv.mark-open"))
        else:
            plain = _plain(data, offset)
            offset = plain.end() if plain is not None else offset
        if data.startswith(b",", offset):
            offset += 1
        elif (line_end := _line_end(data, offset)) is not None:
            if values < columns:
                less = Message("file.csv.row-less", {"values": values, "columns": columns})
                return _Row(values, offset, less)
            return _Row(values, line_end.end())
        elif offset == len(data):
            return _Row(values, 0, Message("file.csv.row-long", {"most": MAX_ROW}))
        else:
            after_marks = Message("file.csv.text-behind-mark")
            return _Row(values, offset, _OUT_OF_PLACE.get(data[offset : offset + 1], after_marks))


def _problem_within(value: bytes, columns: int) -> Message | None:
    if b"\0" in value:
        return _NUL
    if b"\n" not in value and b"\r" not in value:
        return None
    if not columns:
        return Message("file.csv.header-break")
    if columns == 1:
        return Message("file.csv.column-break")
    return Message("file.csv.cell-break") if b"," in value else None
