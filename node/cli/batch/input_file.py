"""Opens the input of a batch, whatever sort of file it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from node.cli.batch.csv_rows import open_csv
from node.cli.batch.encoding import Encodings
from node.cli.batch.rows import Rows
from node.cli.batch.unchanged import Unchanged, unreadable
from node.core.file_form import BEGINNING, FileForm, form_of
from node.errors import NodeError, Reason
from node.texts.wording import t

_WORKBOOKS = frozenset({FileForm.WORKBOOK, FileForm.OLD_WORKBOOK, FileForm.OPEN_DOCUMENT})


@dataclass(frozen=True, slots=True)
class Input:
    """A file to be asked about, and its rows."""

    file: Unchanged
    rows: Rows


@contextmanager
def open_input(path: Path, sheet: str = "") -> Iterator[Input]:
    """A file with at least one row: CSV, Parquet, or a workbook, of which `sheet` names the sheet.

    Raises NodeError QUERY_INVALID for one that cannot be read in one way only.
    """
    encodings = Encodings()
    with Unchanged(path, encodings.feed) as file:
        rows = _rows(file, encodings, sheet) if file.size else None
        if rows is None or not rows.count:
            raise NodeError(Reason.QUERY_INVALID, "batch.empty")
        yield Input(file, rows)


def _rows(file: Unchanged, encodings: Encodings, sheet: str) -> Rows:
    form = form_of(file.part(0)[:BEGINNING])
    if form in _WORKBOOKS:
        from node.cli.batch.workbook_rows import open_workbook

        return open_workbook(file, sheet)
    if sheet:
        raise typer.BadParameter(t("batch.no_sheets"))
    if form is FileForm.PARQUET:
        from node.cli.batch.parquet_rows import open_parquet

        return open_parquet(file)
    if form in (None, FileForm.UTF_16):
        return open_csv(file, encodings)
    raise unreadable(file.path, form.said())
