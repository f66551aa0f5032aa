"""Reads CSV and Parquet files in chunks of text columns, in bounded memory: exactly, or not at all."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from node.core.column_names import parting_sign, places_of
from node.core.csv_scan import CsvFaultError, CsvLines, CsvScan
from node.core.decoding import Decoding
from node.core.file_form import BEGINNING, FileForm, form_of
from node.errors import NodeError, Reason
from node.files.arrow_text import as_values, has_text, text_of, value_type
from node.files.regular_file import open_regular, read_regular
from node.source.snapshot import content_of
from node.source.spec import FileSpec
from node.texts.message import Message, Value

# Twice the longest row that the scan lets pass, which GB 18030 makes at most half as long again in UTF-8.
BLOCK_BYTES = 2 << 20
BATCH_ROWS = 32_768
# What a double holds without rounding.
_EXACT_DOUBLE = 2**53


@dataclass(frozen=True, slots=True)
class Content:
    """A data file as a whole: SHA-256 digest, and what the lines of a CSV file are."""

    digest: bytes
    lines: CsvLines | None


@dataclass(frozen=True, slots=True)
class Table:
    """A data file, open: how many rows it says that it has, and chunks of the wanted columns as text."""

    rows: int
    chunks: Iterable[Sequence[pa.StringArray]]


def content_and_lines(spec: FileSpec, alive: Callable[[], None]) -> Content:
    """Read a file through; `alive` is called again and again meanwhile.

    Raises NodeError(SOURCE_UNAVAILABLE), for CSV that is not well formed with `file`, `line` and `column`.
    """
    check_form(spec)
    scan = CsvScan(spec.encoding) if spec.format == "csv" else None
    unicode = Decoding("utf-8") if scan is not None and spec.encoding != "utf-8" else None
    read = 0

    def shown(part: bytes) -> None:
        nonlocal read
        read += 1
        if read % 64 == 0:
            alive()
        if unicode is not None:
            unicode.feed(part, final=False)
        if scan is not None:
            scan.feed(part)

    try:
        digest = content_of(spec.path, shown)
        lines = scan.end() if scan is not None else None
    except CsvFaultError as fault:
        raise _misplaced(spec, fault.line, fault.column, fault.problem) from None
    if unicode is not None:
        unicode.feed(b"", final=True)
        if unicode.is_certain:  # most bytes of UTF-8 are some text in GB 18030, too
            problem = Message("error.source.data-file-utf8", {"encoding": spec.encoding})
            raise _refused("error.files.file-problem", file=spec.path.name, problem=problem)
    return Content(digest, lines)


def check_form(spec: FileSpec) -> None:
    """Raises NodeError(SOURCE_UNAVAILABLE) for a file that is of another form than the settings say."""
    try:
        form = form_of(read_regular(spec.path, BEGINNING))
    except OSError:
        return  # whoever reads it says why it cannot be read
    if form is not None and (spec.format, form) != ("parquet", FileForm.PARQUET):
        raise _refused("error.files.file-problem", file=spec.path.name, problem=form.said())


def read_file(
    spec: FileSpec,
    columns: Sequence[str],
    lines: CsvLines | None,
    identifiers: Collection[str] = (),
) -> Table:
    """Open a data file; `lines` are those of a CSV file that was read through before.

    Columns that hold `identifiers` have to be text. Both this and the chunks raise
    NodeError(SOURCE_UNAVAILABLE). Nothing of the file's content, not even its column names, gets into a
    message: without a header the first line is data.
    """
    if lines is None:
        return _read_parquet(spec, columns, identifiers)
    return _read_csv(spec, columns, lines)


def _read_csv(spec: FileSpec, columns: Sequence[str], lines: CsvLines) -> Table:
    # One thread: rows keep their order. Where no value has a line break, the parser need not look for them.
    parse = csv.ParseOptions(newlines_in_values=lines.continued > 0)
    read = csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, encoding=spec.encoding)

    def chunks() -> Iterator[Sequence[pa.StringArray]]:
        with _refusing(spec):
            with csv.open_csv(spec.path, read_options=read, parse_options=parse) as reader:
                called = _columns(spec, reader.schema.names, columns)
            convert = csv.ConvertOptions(
                include_columns=called,
                column_types=dict.fromkeys(called, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            )
            with csv.open_csv(spec.path, read, parse, convert) as reader:
                for batch in reader:
                    for start in range(0, batch.num_rows, BATCH_ROWS):
                        yield batch.slice(start, BATCH_ROWS).columns

    return Table(lines.rows, chunks())


def _read_parquet(spec: FileSpec, columns: Sequence[str], identifiers: Collection[str]) -> Table:
    with _refusing(spec):
        file = pq.ParquetFile(spec.path, memory_map=False, pre_buffer=False)
        called = _columns(spec, file.schema_arrow.names, columns)
        for name, there in zip(columns, called, strict=True):
            _check_type(name, file.schema_arrow.field(there).type, name in identifiers)

    def chunks() -> Iterator[Sequence[pa.StringArray]]:
        with _refusing(spec), file:
            for batch in file.iter_batches(BATCH_ROWS, columns=called, use_threads=False):
                yield [
                    _as_text(name, batch.column(there)) for name, there in zip(columns, called, strict=True)
                ]

    return Table(file.metadata.num_rows, chunks())


def _check_type(name: str, kind: pa.DataType, is_identifier: bool) -> None:
    """Raises NodeError(SOURCE_UNAVAILABLE) for a column whose values have no one text.

    Identifiers that were read as numbers are not whole: those that end in X are missing, others are rounded.
    """
    types, kind = pa.types, value_type(kind)
    if is_identifier and (types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind)):
        raise _refused("error.source.identifiers-as-numbers", field=name)
    if types.is_timestamp(kind) and kind.tz is not None:
        raise _refused("error.source.column-of-moments", field=name)
    if not has_text(kind):
        raise _refused("error.source.column-of-no-text", field=name)


def _as_text(name: str, column: pa.Array) -> pa.StringArray:
    """A column of a type that passed, as the text that a CSV file would hold for it."""
    column = as_values(column)
    if pa.types.is_floating(column.type):
        column = column.cast(pa.float64())
        if pc.any(pc.greater_equal(pc.abs(column), float(_EXACT_DOUBLE))).as_py():
            raise NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.column-rounded", field=name)
    return text_of(column)


def _columns(spec: FileSpec, found: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """What the `wanted` columns are called in the file. Raises NodeError(SOURCE_UNAVAILABLE)."""
    called = []
    for name in wanted:
        places = places_of(name, found)
        if len(places) == 1 and found.count(found[places[0]]) == 1:
            called.append(found[places[0]])
            continue
        if not places and (sign := parting_sign(found)):
            raise _refused("error.source.columns-unparted", file=spec.path.name, field=name, sign=sign)
        key = "error.source.column-twice" if places else "error.source.column-missing"
        raise _refused(key, file=spec.path.name, field=name)
    return called


@contextmanager
def _refusing(spec: FileSpec) -> Iterator[None]:
    """Say what is wrong with the file without the words of the library, which quote the data."""
    try:
        yield
    except FileNotFoundError:
        raise _refused("error.source.data-file-missing", path=str(spec.path)) from None
    except (pa.ArrowException, UnicodeError, OSError, MemoryError) as error:
        if spec.format == "csv":
            check_encoding(spec)
        if isinstance(error, pa.ArrowMemoryError | MemoryError):
            raise _refused("error.source.data-file-too-large") from None
        if isinstance(error, OSError) and error.errno is not None:
            raise _refused("error.source.data-file-unreadable", path=str(spec.path)) from None
        raise _refused("error.source.data-file-damaged", format=spec.format) from None


def check_encoding(spec: FileSpec) -> None:
    """Raises NodeError(SOURCE_UNAVAILABLE) for a CSV file that is not in its encoding, and says where."""
    if (place := _undecodable(spec)) is not None:
        problem = Message("error.source.data-file-encoding", {"encoding": spec.encoding})
        if spec.encoding == "utf-8":
            problem = Message("error.source.data-file-no-utf8")
        raise _misplaced(spec, *place, problem) from None


def _undecodable(spec: FileSpec) -> tuple[int, int] | None:
    """Line and column of what is first not in the encoding."""
    decoder = codecs.getincrementaldecoder(spec.encoding)()
    line = 1
    try:
        with open_regular(spec.path) as file:
            while part := file.readline(BLOCK_BYTES):
                decoder.decode(part)
                line += part.endswith(b"\n")
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return line, len(error.object[: error.start].decode(spec.encoding, "replace")) + 1
    except OSError:
        pass
    return None


def _refused(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.SOURCE_UNAVAILABLE, key, **args)


def _misplaced(spec: FileSpec, line: int, column: int, problem: Message) -> NodeError:
    name = spec.path.name
    return NodeError(
        Reason.SOURCE_UNAVAILABLE,
        "error.source.problem-in-file",
        problem=problem,
        file=name,
        line=str(line),
        column=str(column),
    )
