"""The rows of a sheet of a workbook (Excel, OpenDocument), read by a process of its own within bounds.

A workbook of some kilobytes can unfold to any size. So what opens it has a memory and a time of its own, and
ends alone when they do not suffice. Its bytes go there through a pipe, and its rows come back through one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from node.cli.batch.encoding import TextForm
from node.cli.batch.rows import Rows
from node.cli.batch.unchanged import Unchanged, unreadable
from node.cli.batch.workbook_process import MEMORY_BYTES
from node.errors import NodeError, Reason
from node.texts.message import Message

MAX_BYTES: Final = 128 << 20


def open_workbook(file: Unchanged, sheet: str) -> Rows:
    """The rows below the heading of a sheet, "" for the only one that is visible and not empty.

    Raises NodeError QUERY_INVALID when there are several, or none of that name, or it cannot be read.
    """
    if file.size > MAX_BYTES:
        raise unreadable(file.path, Message("batch.workbook.large", {"most": MAX_BYTES >> 20}))
    lines = _lines(file, sheet)
    heading = next(lines, [])
    while heading and not heading[-1]:
        heading.pop()
    if not heading:
        raise NodeError(Reason.QUERY_INVALID, "batch.empty")
    names = tuple(heading)
    count = sum(1 for _ in _below(file, names, lines))

    def read(skip: int) -> Iterator[Sequence[str]]:
        yield from islice(_below(file, names, islice(_lines(file, sheet), 1, None)), skip, None)

    # Whoever has a workbook opens the answers in the same program, which knows UTF-8 by the mark.
    return Rows(names, count, TextForm("utf-8", mark=True), read)


def _below(file: Unchanged, names: tuple[str, ...], lines: Iterator[list[str]]) -> Iterator[list[str]]:
    for line in lines:
        if any(line[len(names) :]):
            raise unreadable(file.path, Message("batch.workbook.unnamed", {"columns": len(names)}))
        row = line[: len(names)]
        yield row + [""] * (len(names) - len(row))


def _lines(file: Unchanged, sheet: str) -> Iterator[list[str]]:
    """The rows of the sheet that are not empty, the heading among them."""
    command = [sys.executable, "-m", "node.cli.batch.workbook_process", sheet]
    # In memory: people's data have no business in a folder for temporary files.
    with os.fdopen(os.memfd_create("workbook"), "w+b") as copy, file.reader() as given:
        shutil.copyfileobj(given, copy)
        copy.seek(0)
        child = subprocess.Popen(  # noqa: S603
            command, stdin=copy, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert child.stdout is not None
        try:
            first = json.loads(child.stdout.readline() or "null")
            if not isinstance(first, dict):
                raise unreadable(file.path, Message("batch.workbook.too_much", {"most": MEMORY_BYTES >> 20}))
            if first["problem"]:
                raise unreadable(file.path, _problem(first["problem"], sheet, first["sheets"]))
            for line in child.stdout:
                yield json.loads(line)
            if child.wait() != 0:
                raise unreadable(file.path, Message("batch.workbook.too_much", {"most": MEMORY_BYTES >> 20}))
        finally:
            child.kill()
            child.wait()
            child.stdout.close()


def _problem(problem: str, sheet: str, sheets: list[str]) -> Message:
    if problem == "sheet":
        return Message("batch.workbook.no_sheet", {"sheet": sheet, "sheets": tuple(sheets)})
    if problem == "several":
        return Message("batch.workbook.several", {"sheets": tuple(sheets)})
    if problem == "password":
        return Message("batch.workbook.password")
    return Message("batch.damaged")
