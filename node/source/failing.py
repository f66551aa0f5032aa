"""What a failure of a live database comes from: from the database, whoever is asked about, or from a row.

Only codes that are known to say nothing about a row count as an outage. PostgreSQL names them by SQLSTATE
(PostgreSQL documentation, appendix A), MariaDB and MySQL by number (MariaDB error code reference), SQLite by
result code (sqlite.org/rescode.html).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

from sqlalchemy import exc

from node.core.outage import Outage, OutageError
from node.errors import NodeError, Reason

_BY_CLASS: Mapping[str, Outage] = MappingProxyType(
    {
        "08": Outage.SILENT,  # connection exception
        "28": Outage.REFUSED,  # invalid authorization
        "3D": Outage.REFUSED,  # no such database
        "42": Outage.REFUSED,  # what is named is not there, or not for the node; found before a row is read
        "53": Outage.SILENT,  # insufficient resources, too many connections
        "57": Outage.SILENT,  # operator intervention: it is shut down, or starts
        "58": Outage.SILENT,  # system error
    }
)
"""The first two characters of a SQLSTATE."""
_BY_STATE: Mapping[str, Outage] = MappingProxyType(
    {
        "25006": Outage.REFUSED,  # read-only
        "40P01": Outage.LOCKED,  # deadlock
        "55P03": Outage.LOCKED,  # lock not available
        "57014": Outage.SLOW,  # cancelled, by the statement's time limit
    }
)
_MYSQL: Mapping[int, Outage] = MappingProxyType(
    {
        **dict.fromkeys((1040, 1053, 1129, 1130, 1203, 1927, 2002, 2003, 2006, 2013, 2055), Outage.SILENT),
        **dict.fromkeys((1044, 1045, 1049, 1054, 1142, 1143, 1146, 1698, 4151), Outage.REFUSED),
        **dict.fromkeys((1205, 1213, 3572), Outage.LOCKED),
        **dict.fromkeys((1317, 1969, 3024), Outage.SLOW),
    }
)
_SQLITE: Mapping[int, Outage] = MappingProxyType(
    {
        sqlite3.SQLITE_BUSY: Outage.LOCKED,
        sqlite3.SQLITE_LOCKED: Outage.LOCKED,
        sqlite3.SQLITE_INTERRUPT: Outage.SLOW,
        sqlite3.SQLITE_PERM: Outage.REFUSED,
        sqlite3.SQLITE_AUTH: Outage.REFUSED,
        sqlite3.SQLITE_CANTOPEN: Outage.SILENT,
        sqlite3.SQLITE_CORRUPT: Outage.SILENT,
        sqlite3.SQLITE_IOERR: Outage.SILENT,
        sqlite3.SQLITE_NOMEM: Outage.SILENT,
        sqlite3.SQLITE_NOTADB: Outage.SILENT,
        sqlite3.SQLITE_PROTOCOL: Outage.LOCKED,
    }
)
_SAID: Mapping[Outage, str] = MappingProxyType(
    {
        Outage.SILENT: "error.source.database-silent",
        Outage.REFUSED: "error.source.query-refused",
        Outage.LOCKED: "error.source.database-locked",
        Outage.SLOW: "error.source.database-stopped",
    }
)


def sqlite_outage(error: BaseException | None) -> Outage | None:
    """What an error of SQLite comes from, None if it may come from a row."""
    code = getattr(error, "sqlite_errorcode", None)
    return _SQLITE.get(code & 0xFF) if isinstance(code, int) else None


def failed(error: exc.SQLAlchemyError, *, connecting: bool = False) -> NodeError:
    """A failure in words that hold nothing of the query, its values or the URL.

    While `connecting`, nothing was asked yet, so whatever fails is an outage.
    """
    if (outage := _outage(error)) is None and connecting:
        outage = Outage.SILENT
    if outage is None:
        return NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.query-failed")
    return OutageError(outage, _SAID[outage])


def _outage(error: exc.SQLAlchemyError) -> Outage | None:
    if isinstance(error, exc.TimeoutError):  # every session is taken
        return Outage.SLOW
    if not isinstance(error, exc.DBAPIError):
        return None
    driver = error.orig
    if isinstance(driver, sqlite3.Error):
        # Of SQLite, a table that is gone has no code of its own; what a statement may name is in the policy.
        gone = str(driver).startswith(("no such table", "no such column"))
        return Outage.REFUSED if gone else sqlite_outage(driver)
    number = driver.args[0] if driver is not None and driver.args else None
    if isinstance(number, int):  # PyMySQL has a SQLSTATE besides, the same for almost everything
        return _MYSQL.get(number)
    state = getattr(driver, "sqlstate", None) or getattr(driver, "pgcode", None)
    if isinstance(state, str) and state:
        return _BY_STATE.get(state) or _BY_CLASS.get(state[:2])
    return Outage.SILENT if error.connection_invalidated else _psycopg_at_login(driver)


def _psycopg_at_login(driver: BaseException | None) -> Outage | None:
    """psycopg gives no SQLSTATE to what fails while it connects, and to a connection that broke."""
    if driver is None or type(driver).__name__ not in ("OperationalError", "ConnectionTimeout"):
        return None
    words = str(driver)
    refused = ("password authentication failed", "no password supplied", "does not exist", "pg_hba.conf")
    return Outage.REFUSED if any(each in words for each in refused) else Outage.SILENT
