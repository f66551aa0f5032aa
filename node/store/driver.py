"""Which SQLite the node's own database runs on, whether it is whole, and what its errors say.

A node writes and checkpoints from several connections, and SQLite before 3.51.3 can corrupt a database that
is used so: the WAL-reset bug (sqlite.org/wal.html, "The WAL-Reset Bug"). Python's own module brings whatever
the machine has; apsw brings one that is whole. Where there is no apsw, Python's module is used, and told.

Two SQLite libraries in one process must not open one file: closing it in one gives up the locks of the other
(sqlite.org/howtocorrupt.html, 2.2.1). In the process of a node, node.db is opened through this module alone.
Data sources stay on Python's module: their files are their own, and one connection writes them, once.
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from contextlib import closing
from types import ModuleType
from typing import cast

from sqlalchemy.engine.interfaces import DBAPIModule

from node.texts.message import Message

driver: ModuleType
try:
    from node.store import apsw_driver

    driver, _NAMES = apsw_driver, apsw_driver.RESULT_NAMES
except ImportError:
    driver, _NAMES = sqlite3, {}

WHOLE = (3, 51, 3)
"""The first release of SQLite without the WAL-reset bug."""
MODULE = cast("DBAPIModule", driver)
"""For SQLAlchemy."""
VERSION: str = driver.sqlite_version
Error: type[Exception] = driver.Error


def weakness(version: str) -> Message | None:
    """What is wrong with a release of SQLite for the use that a node makes of it; None for nothing."""
    if tuple(int(part) for part in version.split(".")) >= WHOLE:
        return None
    whole = ".".join(map(str, WHOLE))
    return Message("state.database.sqlite-corrupts", {"version": version, "whole": whole})


def code_of(error: BaseException) -> int:
    """SQLite's extended result code of an error, such as SQLITE_BUSY_SNAPSHOT; 0 when it has none."""
    code: int = getattr(error, "extendedresult", None) or getattr(error, "sqlite_errorcode", None) or 0
    return code


def primary_code_of(error: BaseException) -> int:
    """The kind that an extended result code is of, such as SQLITE_BUSY."""
    return code_of(error) & 0xFF


def unwritten(error: BaseException) -> int:
    """The system's number for an error of SQLite that says that a file cannot be written; 0 for any other."""
    if primary_code_of(error) == sqlite3.SQLITE_FULL:
        return errno.ENOSPC
    return errno.EIO if code_of(error) == sqlite3.SQLITE_IOERR_WRITE else 0


def name_of(error: BaseException) -> str:
    """SQLite's name for an error, such as SQLITE_FULL, which holds no value; else the name of its class."""
    name: str | None = getattr(error, "sqlite_errorname", None) or _NAMES.get(code_of(error))
    return name or type(error).__name__


def copy(source: str, target: str, pages: int, progress: Callable[[int, int], None]) -> None:
    """Copy a database file as it is at one moment, some pages at a time (sqlite.org/backup.html).

    Others may write it meanwhile. `progress` hears of the pages that were copied, and of how many there are.
    """
    with closing(driver.connect(source)) as reader, closing(driver.connect(target)) as writer:
        reader.isolation_level = None
        # What is open for reading stays as it is, so that copying need not begin anew after each commit.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        if driver is sqlite3:
            reader.backup(writer, pages=pages, progress=lambda _, left, all_: progress(all_ - left, all_))
        else:
            with writer.backup("main", reader, "main") as steps:
                while not steps.done:
                    steps.step(pages)
                    progress(steps.page_count - steps.remaining, steps.page_count)
        reader.execute("ROLLBACK")
        # One file, which needs none beside it.
        writer.execute("PRAGMA journal_mode = DELETE").fetchall()
