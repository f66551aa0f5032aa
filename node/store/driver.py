"""Which SQLite the node's own database runs on, whether it is whole, and what its errors say.

A node writes and checkpoints from several connections, and SQLite before 3.51.3 can corrupt a database that
is used so: the WAL-reset bug (sqlite.org/wal.html, "The WAL-Reset Bug"). Python's own module brings whatever
the machine has; apsw brings one that is whole. Where there is no apsw, Python's module is used, and told.

Two SQLite libraries in one process must not open one file: closing it in one gives up the locks of the other
(sqlite.org/howtocorrupt.html, 2.2.1). In the process of a node, node.db is opened through this module alone.
Data sources stay on Python's module: their files are their own, and one connection writes them, once.
"""

from __future__ import annotations

import sqlite3
from types import ModuleType
from typing import cast

from sqlalchemy.engine.interfaces import DBAPIModule

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


def weakness(version: str) -> str:
    """What is wrong with a release of SQLite for the use that a node makes of it; "" for nothing."""
    if tuple(int(part) for part in version.split(".")) >= WHOLE:
        return ""
    whole = ".".join(map(str, WHOLE))
    return f"SQLite {version} can corrupt the node's database: install apsw with SQLite {whole} or newer"


def code_of(error: BaseException) -> int:
    """SQLite's extended result code of an error, such as SQLITE_BUSY_SNAPSHOT; 0 when it has none."""
    code: int = getattr(error, "extendedresult", None) or getattr(error, "sqlite_errorcode", None) or 0
    return code


def primary_code_of(error: BaseException) -> int:
    """The kind that an extended result code is of, such as SQLITE_BUSY."""
    return code_of(error) & 0xFF


def name_of(error: BaseException) -> str:
    """SQLite's name for an error, such as SQLITE_FULL, which holds no value; else the name of its class."""
    name: str | None = getattr(error, "sqlite_errorname", None) or _NAMES.get(code_of(error))
    return name or type(error).__name__
