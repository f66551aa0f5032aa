"""Reads CSV and Parquet files in chunks of text columns, in bounded memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from node.errors import NodeError, Reason
from node.source.spec import FileSpec

# One row has to fit into a block.
BLOCK_BYTES = 2 << 20
BATCH_ROWS = 32_768


@dataclass(frozen=True, slots=True)
class Table:
    """A data file, open: chunks of the wanted columns as text in their order; `rows` if the file says."""

    rows: int | None
    chunks: Iterable[Sequence[pa.StringArray]]


def read_file(spec: FileSpec, columns: Sequence[str]) -> Table:
    """Open a data file. Both this and the chunks raise NodeError(SOURCE_UNAVAILABLE), with a `line` if known.

    Nothing of the file's content, not even its column names, gets into a message: without a header the
    first line is data.
    """
    return _read_csv(spec, columns) if spec.format == "csv" else _read_parquet(spec.path, columns)


def _read_csv(spec: FileSpec, columns: Sequence[str]) -> Table:
    malformed: list[csv.InvalidRow] = []

    def refuse(row: csv.InvalidRow) -> str:
        malformed.append(row)
        return "error"

    # One thread: rows keep their order, and a malformed one its number.
    parse = csv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse)
    read = csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, encoding=spec.encoding)

    def chunks() -> Iterator[Sequence[pa.StringArray]]:
        with _refusing(spec, malformed):
            with csv.open_csv(spec.path, read_options=read, parse_options=parse) as reader:
                _check_columns(reader.schema.names, columns)
            convert = csv.ConvertOptions(
                include_columns=list(columns),
                column_types=dict.fromkeys(columns, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            )
            with csv.open_csv(spec.path, read, parse, convert) as reader:
                for batch in reader:
                    for start in range(0, batch.num_rows, BATCH_ROWS):
                        yield batch.slice(start, BATCH_ROWS).columns

    return Table(None, chunks())


def _read_parquet(path: Path, columns: Sequence[str]) -> Table:
    spec = FileSpec(path, "parquet")
    with _refusing(spec, []):
        file = pq.ParquetFile(path, memory_map=False, pre_buffer=False)
        _check_columns(file.schema_arrow.names, columns)

    def chunks() -> Iterator[Sequence[pa.StringArray]]:
        with _refusing(spec, []), file:
            for batch in file.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False):
                yield [_as_text(batch.column(name)) for name in columns]

    return Table(file.metadata.num_rows, chunks())


def _as_text(column: pa.Array) -> pa.StringArray:
    """Any column as the text that a CSV file would hold for it."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_text(column.dictionary_decode())
    if pa.types.is_timestamp(kind) or pa.types.is_date64(kind):
        column = column.cast(pa.date32(), safe=False)
    elif pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise pa.ArrowTypeError
    return column.cast(pa.string())


def _check_columns(found: Sequence[str], wanted: Sequence[str]) -> None:
    for name in wanted:
        if found.count(name) != 1:
            problem = "no column" if name not in found else "more than one column"
            message = f"the data file has {problem} named {name}: name each once in its header"
            raise NodeError(Reason.SOURCE_UNAVAILABLE, message, field=name)


@contextmanager
def _refusing(spec: FileSpec, malformed: Sequence[csv.InvalidRow]) -> Iterator[None]:
    """Say what is wrong with the file without the words of the library, which quote the data."""
    try:
        yield
    except FileNotFoundError:
        raise _refused("the data file is missing: put it back or correct its path") from None
    except (pa.ArrowException, UnicodeError, OSError, MemoryError) as error:
        if malformed:
            row = malformed[0]
            counts = f"{row.actual_columns} values for {row.expected_columns} columns"
            # The header is row 1.
            place = {} if row.number is None else {"row": str(row.number)}
            where = f"row {row.number}" if place else "a row"
            raise _refused(
                f"{where} of the data file has {counts}: correct it and load again", **place
            ) from None
        if spec.format == "csv" and (line := _undecodable_line(spec)):
            hint = ""
            if spec.encoding == "utf-8":
                hint = ", or set encoding: gb18030 if it is that"
            message = f"the data file is not {spec.encoding} in line {line}: save it as UTF-8{hint}"
            raise _refused(message, line=str(line)) from None
        if isinstance(error, pa.ArrowMemoryError | MemoryError):
            raise _refused("the data file needs too much memory: write it in smaller row groups") from None
        if isinstance(error, OSError) and error.errno is not None:
            raise _refused("the data file cannot be read: check its permissions and its disk") from None
        message = f"the data file is damaged or no {spec.format} file: export it again"
        raise _refused(message) from None


def _undecodable_line(spec: FileSpec) -> int:
    """The number of the first line that is not in the encoding, or 0."""
    decoder = codecs.getincrementaldecoder(spec.encoding)()
    line = 1
    try:
        with spec.path.open("rb") as file:
            while part := file.readline(BLOCK_BYTES):
                decoder.decode(part)
                line += part.endswith(b"\n")
            decoder.decode(b"", final=True)
    except UnicodeError:
        return line
    except OSError:
        pass
    return 0


def _refused(message: str, **metadata: str) -> NodeError:
    return NodeError(Reason.SOURCE_UNAVAILABLE, message, **metadata)
