"""The rows of a Parquet file as text; columns whose values have no one text are refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from node.cli.batch.encoding import TextForm
from node.cli.batch.rows import Rows
from node.cli.batch.unchanged import Unchanged, unreadable
from node.core.id_column import number_text
from node.files.arrow_text import as_values, has_text, text_of, value_type
from node.texts.message import Message

_BATCH: Final = 1000


def open_parquet(file: Unchanged) -> Rows:
    """The rows. Raises NodeError QUERY_INVALID for a file that is damaged, or a column that is no text."""
    with _refusing(file):
        parquet = pq.ParquetFile(pa.PythonFile(file.reader(), "r"), pre_buffer=False)
        schema, count = parquet.schema_arrow, parquet.metadata.num_rows
    for column in schema:
        if not has_text(value_type(column.type)):
            raise unreadable(file.path, Message("batch.column_without_text", {"column": column.name}))

    def read(skip: int) -> Iterator[Sequence[str]]:
        with _refusing(file):
            batches = parquet.iter_batches(_BATCH, use_threads=False)
            for batch in batches:
                if skip >= batch.num_rows:
                    skip -= batch.num_rows
                    continue
                columns = [_texts(column) for column in batch.slice(skip).columns]
                skip = 0
                yield from zip(*columns, strict=True)

    return Rows(tuple(schema.names), count, TextForm("utf-8", mark=False), read)


def _texts(column: pa.Array) -> list[str]:
    """A column as a CSV file would hold it; a number whose last digits may be gone in scientific notation."""
    column = as_values(column)
    if pa.types.is_floating(column.type):
        return ["" if each is None else number_text(each) for each in column.to_pylist()]
    return ["" if each is None else each for each in text_of(column).to_pylist()]


@contextmanager
def _refusing(file: Unchanged) -> Iterator[None]:
    """Say that the file is damaged without the words of the library, which quote the data."""
    try:
        yield
    except (pa.ArrowException, UnicodeError, OSError, MemoryError):
        raise unreadable(file.path, Message("batch.damaged")) from None
