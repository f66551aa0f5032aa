"""The rows of a CSV file that is read in one way only, or refused with line and column."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import islice

from node.cli.batch.encoding import Encodings, NoEncodingError, TextForm
from node.cli.batch.rows import Rows
from node.cli.batch.unchanged import PART, Unchanged, unreadable
from node.core.csv_scan import MAX_ROW, CsvFaultError, CsvScan
from node.errors import NodeError
from node.texts.message import Message


def open_csv(file: Unchanged, encodings: Encodings) -> Rows:
    """The rows; `encodings` were fed with the file.

    Raises NodeError QUERY_INVALID if it is not well formed.
    """
    try:
        form = encodings.end()
    except NoEncodingError as none:
        key = "batch.encodings_mixed" if none.mixed else "batch.encoding"
        raise _at(file, none.line, none.column, Message(key)) from None
    count = _count(file, form)
    names = tuple(next(_read(file, form), []))

    def read(skip: int) -> Iterator[list[str]]:
        yield from islice(_read(file, form), 1 + skip, 1 + count)

    return Rows(names, count, form, read)


def _count(file: Unchanged, form: TextForm) -> int:
    """How many rows a file has that can be read in one way only."""
    scan = CsvScan("utf-8" if form.name.startswith("utf-16") else form.name)
    decoder = codecs.getincrementaldecoder(form.name)()
    try:
        for number in range(-(-file.size // PART)):
            part = file.part(number)
            if form.name.startswith("utf-16"):  # the scan looks at bytes
                part = decoder.decode(part).encode()
            scan.feed(part)
        return scan.end().rows
    except CsvFaultError as fault:
        raise _at(file, fault.line, fault.column, fault.problem) from None


def _at(file: Unchanged, line: int, column: int, problem: Message) -> NodeError:
    return unreadable(file.path, Message("file.csv.at", {"line": line, "column": column, "problem": problem}))


def _read(file: Unchanged, form: TextForm) -> Iterator[list[str]]:
    """The header, and the rows."""
    others = csv.field_size_limit(MAX_ROW)  # else a value that the scan lets pass may be too long
    try:
        with TextIOWrapper(file.reader(), encoding=form.name, newline="") as text:
            rows = (row for row in csv.reader(text, strict=True) if row)
            names = next(rows)
            names[0] = names[0].removeprefix("\ufeff")
            yield names
            yield from rows
    finally:
        csv.field_size_limit(others)
