"""Builds the files that questions are answered from out of a department's data file.

Chunks go into an unordered table and then, sorted by subject on disk, into the final one: so memory is
bounded whatever the size and order of the file, and the result is dense. Of several rows about one subject
the last one counts, since exports append what is newer. Runs in a process of its own (`worker`).
"""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from node.core.csv_scan import HEADER_LINES, CsvLines
from node.core.identity import normalise_subject
from node.core.normal_form import line
from node.core.policy.dataset import Field, FieldType, Sensitivity
from node.core.spreadsheet import Damage, identifier_text, unwrapped
from node.errors import NodeError, Reason
from node.source.reader import content_and_lines, read_file
from node.source.snapshot import (
    GROUPS,
    LOOKUP,
    FileIdentity,
    Manifest,
    building_folder,
    content_name,
    manifests,
    name_of,
    put_in_place,
    touch,
)
from node.source.spec import FileSpec, Layout, LoadReport, Progress
from node.source.values import Value, read_field

# How often a file may change while it is read before it is given up.
_ATTEMPTS = 3
_CACHE_KIB = 128 << 10
_GROUP_ROWS = 65_536
# Database steps between two signs of life while sorting: some hundredths of a second.
_STEPS = 1_000_000
# For a dataset without any field: a column that a count can be taken of.
_NO_FIELD = "_"


def build(spec: FileSpec, layout: Layout, folder: Path, key: bytes, progress: Progress) -> Manifest:
    """Bring `folder` to the state of the data file; built anew only if its content or the layout changed.

    `key` is the node's own, for names of contents. Raises NodeError(SOURCE_UNAVAILABLE); what was there
    before stays.
    """
    for _ in range(_ATTEMPTS):
        original = FileIdentity.of(spec.path)
        content = content_and_lines(spec, lambda: progress(0, None))
        name = content_name(key, content.digest)
        snapshot = name_of(name, layout.digest(), spec.encoding)
        try:
            for known in manifests(folder):
                if known.snapshot == snapshot:
                    return touch(folder, known, original)
            building = building_folder(folder)
            try:
                report = _load(spec, layout, building, content.lines, progress)
                if FileIdentity.of(spec.path) == original:
                    _check(report)
                    return put_in_place(building, name, layout.digest(), spec.encoding, original, report)
            finally:
                shutil.rmtree(building, ignore_errors=True)
        except (sqlite3.Error, OSError, pa.ArrowException):
            raise NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.built-files-unwritable") from None
    raise NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.data-file-changing")


def _check(report: LoadReport) -> None:
    """Refuse what was read otherwise than it was counted; a file that changed meanwhile is read again."""
    if not report.adds_up:
        raise NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.rows-differ")


def _load(
    spec: FileSpec, layout: Layout, building: Path, lines: CsvLines | None, progress: Progress
) -> LoadReport:
    """Fill `building` with the lookup and the groups file."""
    table = read_file(spec, layout.columns, lines, layout.identifiers)
    columns = [_Column(field) for field in layout.fields]
    damage = Damage()
    read = valid = 0
    with closing(sqlite3.connect(building / LOOKUP, isolation_level=None)) as database:
        _prepare(database, layout)
        marks = ",".join("?" * (1 + len(columns)))
        for chunk in table.chunks:
            subjects = _subjects(chunk[0], layout, damage)
            values = [column.read(texts) for column, texts in zip(columns, chunk[1:], strict=True)]
            rows = zip(subjects, *values, strict=True)
            database.executemany(
                f"INSERT INTO staged VALUES ({marks})",  # noqa: S608 (question marks alone)
                (row for row in rows if row[0] is not None),
            )
            read += len(subjects)
            valid += len(subjects) - subjects.count(None)
            progress(read, max(table.rows, read))
        database.set_progress_handler(lambda: progress(read, read), _STEPS)
        rows_kept = _sort(database, layout)
        _write_groups(database, layout, building / GROUPS, lambda: progress(read, read))
    return LoadReport(
        rows=rows_kept,
        read=read,
        invalid_subjects=read - valid,
        duplicates=valid - rows_kept,
        empty={column.field.name: column.empty for column in columns},
        refused={column.field.name: column.refused for column in columns},
        rounded=damage.rounded,
        lines=lines.lines if lines is not None else table.rows,
        header=HEADER_LINES if lines is not None else 0,
        blank=lines.blank if lines is not None else 0,
        continued=lines.continued if lines is not None else 0,
    )


class _Column:
    """Turns chunks of text into values of one field and counts what does not fit."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.empty = 0
        self.refused = 0
        # A name may begin with an apostrophe.
        self._given = unwrapped if field.type in (FieldType.TEXT, FieldType.ENUM) else identifier_text

    def read(self, chunk: pa.StringArray) -> list[Value | None]:
        # Each distinct text of a chunk is read once: most columns repeat a few.
        coded = chunk.dictionary_encode()
        values: list[Value | None] = []
        empty: set[int] = set()
        refused: set[int] = set()
        for code, text in enumerate(coded.dictionary.to_pylist()):
            value = read_field(self._given(text), self.field)
            if value is None:
                (refused if line(text) else empty).add(code)
            values.append(value)
        codes = coded.indices.fill_null(len(values)).to_pylist()
        values.append(None)
        self.empty += chunk.null_count
        if empty or refused:
            times = Counter(codes)
            self.empty += sum([times[code] for code in empty])
            self.refused += sum([times[code] for code in refused])
        return [values[code] for code in codes]


def _subjects(chunk: pa.StringArray, layout: Layout, damage: Damage) -> list[str | None]:
    kind = layout.subject_type

    def normalised(text: str | None) -> str | None:
        if not text:
            return None
        try:
            found = normalise_subject(text, kind)
        except NodeError:
            if (given := identifier_text(text)) != text:
                return normalised(given)
            damage.look(text)
            return None
        if text.endswith("000"):  # one of eleven numbers that were rounded is a valid one, of somebody else
            damage.look(text)
        return found

    return [normalised(text) for text in chunk.to_pylist()]


def _prepare(database: sqlite3.Connection, layout: Layout) -> None:
    # Nobody else sees the file until it is whole and on disk: no journal, no waiting.
    for setting in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "temp_store=FILE"):
        database.execute(f"PRAGMA {setting}")
    database.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    types = [_sql_type(field) for field in layout.fields]
    columns = [f"{quoted(layout.subject)} TEXT NOT NULL PRIMARY KEY"]
    columns += [f"{quoted(field.name)} {kind}" for field, kind in zip(layout.fields, types, strict=True)]
    database.execute(f"CREATE TABLE subject ({', '.join(columns)}) WITHOUT ROWID")
    staged = ", ".join(f"c{n} {kind}" for n, kind in enumerate(["TEXT", *types]))
    database.execute(f"CREATE TEMP TABLE staged ({staged})")
    database.execute("BEGIN")


def _sort(database: sqlite3.Connection, layout: Layout) -> int:
    columns = ", ".join(f"c{n}" for n in range(1 + len(layout.fields)))
    database.execute(
        f"INSERT OR REPLACE INTO subject SELECT {columns} FROM staged ORDER BY c0, rowid"  # noqa: S608 (own names)
    )
    database.execute("COMMIT")
    (rows,) = database.execute("SELECT COUNT(*) FROM subject").fetchone()
    return int(rows)


def _write_groups(
    database: sqlite3.Connection, layout: Layout, path: Path, alive: Callable[[], None]
) -> None:
    """The rows without their subject, in columns: what counts are taken of."""
    fields = [(field.name, pa.int64() if _is_integer(field) else pa.string()) for field in layout.fields]
    schema = pa.schema(fields or [(_NO_FIELD, pa.int64())])
    selected = ", ".join(_group_column(field) for field in layout.fields) or "1"
    rows = database.execute(f"SELECT {selected} FROM subject")  # noqa: S608 (quoted names of fields)
    with pq.ParquetWriter(path, schema) as writer:
        for batch in _batches(rows):
            columns = zip(*batch, strict=True)
            arrays = [pa.array(values, part.type) for values, part in zip(columns, schema, strict=True)]
            writer.write_table(pa.table(arrays, schema=schema))
            alive()


def _batches(rows: sqlite3.Cursor) -> Iterator[Sequence[Iterable[Value | None]]]:
    while batch := rows.fetchmany(_GROUP_ROWS):
        yield batch


def _group_column(field: Field) -> str:
    # A count can ask of an identifier only whether it is there.
    name = quoted(field.name)
    return f"substr({name}, 1, 0)" if field.sensitivity is Sensitivity.IDENTIFIER else name


def _is_integer(field: Field) -> bool:
    return field.type is FieldType.INTEGER and field.sensitivity is not Sensitivity.IDENTIFIER


def _sql_type(field: Field) -> str:
    return "INTEGER" if field.type is FieldType.INTEGER else "TEXT"


def quoted(name: str) -> str:
    """A name as SQL."""
    return '"' + name.replace('"', '""') + '"'
