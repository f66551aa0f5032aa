"""The input of a batch: a CSV file that is read in one way only, or refused with line and column."""

from __future__ import annotations

import csv
import hashlib
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from node.core.bounds import MAX_SUBJECTS
from node.core.csv_scan import MAX_ROW, CsvFaultError, CsvScan
from node.errors import NodeError, Reason
from node.files.regular_file import open_regular
from node.files.why import why
from node.texts.message import Message

if TYPE_CHECKING:
    import pandas as pd

BLOCK_ROWS = MAX_SUBJECTS


@dataclass(frozen=True, slots=True)
class Input:
    """A CSV file to be asked about, and in `state` what changes when it is touched."""

    path: Path
    digest: str
    encoding: str
    rows: int
    state: tuple[int, int, int]


def open_input(path: Path) -> Input:
    """Read a file through: its digest, its encoding (UTF-8 or GB 18030), and whether it is well formed.

    Raises NodeError QUERY_INVALID when it cannot be read, is not well formed, or has no rows.
    """
    digest = hashlib.sha256()
    decoders = {name: getincrementaldecoder(name)() for name in ("utf-8-sig", "gb18030")}
    state = _state(path)
    first = b""
    for part in chain(_parts(path), [b""]):
        first = first or part
        digest.update(part)
        for name in tuple(decoders):
            try:
                decoders[name].decode(part, final=not part)
            except UnicodeDecodeError:
                del decoders[name]
    encoding = next(iter(decoders), "")
    if encoding == "utf-8-sig" and not first.startswith(BOM_UTF8):
        encoding = "utf-8"
    rows = _rows(path, encoding) if first else 0
    if not rows:
        raise NodeError(Reason.QUERY_INVALID, "batch.empty")
    return Input(path, digest.hexdigest(), encoding, rows, state)


def _rows(path: Path, encoding: str) -> int:
    """How many rows a file has that can be read in one way only."""
    scan = CsvScan(encoding or "utf-8")
    try:
        for part in _parts(path):
            scan.feed(part)
        rows = scan.end().rows
    except CsvFaultError as fault:
        raise unreadable(path, _placed(fault)) from None
    if not encoding:
        raise unreadable(path, Message("batch.encoding"))
    return rows


def _parts(path: Path) -> Iterator[bytes]:
    try:
        with open_regular(path) as file:
            while part := file.read(1 << 20):
                yield part
    except OSError as error:
        raise unreadable(path, why(error)) from error


def _state(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(path, why(error)) from error
    return status.st_ino, status.st_size, status.st_mtime_ns


def _placed(fault: CsvFaultError) -> Message:
    return Message("file.csv.at", {"line": fault.line, "column": fault.column, "problem": fault.problem})


def unreadable(path: Path, problem: Message) -> NodeError:
    """The error for a file that cannot be read."""
    return NodeError(Reason.QUERY_INVALID, "batch.unreadable", path=str(path), problem=problem)


def read_blocks(source: Input, skip_rows: int) -> Iterator[pd.DataFrame]:
    """Blocks of `BLOCK_ROWS` rows, all as text, without those that the first `skip_rows` rows make up.

    Raises NodeError QUERY_INVALID when the file is no longer what was opened.
    """
    import pandas as pd

    changed = unreadable(source.path, Message("batch.changed"))
    others = csv.field_size_limit(MAX_ROW)  # else a value that the scan lets pass may be too long
    try:
        with TextIOWrapper(open_regular(source.path), encoding=source.encoding, newline="") as file:
            rows = (row for row in csv.reader(file, strict=True) if row)
            names = [name.removeprefix("\ufeff") for name in next(rows, [])]
            done = skip_rows // BLOCK_ROWS * BLOCK_ROWS
            taken = islice(rows, done, source.rows)
            while block := list(islice(taken, BLOCK_ROWS)):
                done += len(block)
                if any(len(row) != len(names) for row in block):
                    raise changed
                yield pd.DataFrame(block, columns=names, dtype=str)
            if done != source.rows or _state(source.path) != source.state:
                raise changed
    except (csv.Error, UnicodeDecodeError):
        raise changed from None
    finally:
        csv.field_size_limit(others)
