"""Sessions with a live database: read-only, each call in bounded time, with failures that quote nothing."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from threading import Lock, local
from typing import TypeVar
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlglot import exp

from node.core.outage import Outage, OutageError
from node.core.stop import Stop
from node.errors import NodeError, Reason
from node.source.bounded import Workers
from node.source.cancel import cancel
from node.source.dialect import DIALECTS, POSTGRES, SQLITE, Dialect
from node.source.failing import failed
from node.source.snapshot import FileIdentity
from node.source.sql import render

T = TypeVar("T")
_MARK = "\x00"

Function = Callable[..., int | str | None]
"""Of values of a row, as SQLite gives them."""
# Steps of SQLite's machine between two looks at the clock.
_STEPS = 100_000
# Drivers that are taken where the URL names none.
_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
# What a driver is told besides, with the seconds that it may wait for the server.
_WAITS = {
    "psycopg": ("connect_timeout",),
    "pymysql": ("connect_timeout", "read_timeout", "write_timeout"),
}
# Of the time of a statement, what it may wait for a lock: so that it is told what it waits for.
_LOCKED = 0.8
# As MariaDB and MySQL understand statements that follow the standard; their defaults differ between versions.
_SQL_MODE = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO"


def statement_of(select: exp.Select, dialect: Dialect) -> sa.TextClause:
    """A statement over the rows of `ROW`, its placeholders the names of values to bind."""
    # SQLAlchemy reads a colon as the mark of a bound name, so those in the policy's text are escaped.
    sql = render(select, dialect.name, _MARK)
    return sa.text(sql.replace(":", "\\:").replace(_MARK, ":"))


class DatabaseSessions:
    """A few sessions with one database, for the calls of as many threads at a time."""

    def __init__(
        self, url: str, count: int, seconds: float, functions: Mapping[str, Function] | None = None
    ) -> None:
        """No call takes longer than about `seconds`; SQLite is taught `functions` of any number of values.

        Raises NodeError(CONFIG_INVALID) for a URL that is not understood, or of a kind that is not known.
        """
        self._seconds = seconds
        self._until = local()
        self._functions = functions or {}
        self._engine = _engine(url, count, seconds)
        self.dialect: Dialect = DIALECTS[self._engine.dialect.name]
        if self.dialect is SQLITE and (database := make_url(url).database):
            file = Path(database)
            # Before each connection, at once: SQLite waits for whoever writes to a pipe, and reads devices.
            sa.event.listen(self._engine, "do_connect", lambda *_: _require_file(file))
        sa.event.listen(self._engine, "connect", self._prepare)
        self._workers = Workers(count, seconds)

    def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` gives. Raises NodeError(SOURCE_UNAVAILABLE) when the database fails or is too slow."""
        return self._workers.run(lambda: self._within_time(work))

    def start(self, work: Callable[[Connection], T]) -> Future[T]:
        """The same without waiting for it."""
        return self._workers.start(lambda: self._within_time(work))

    def run_until(self, stop: Stop, work: Callable[[Connection], T]) -> T:
        """As `run`; once `stop` is asked, what runs is cancelled in the database."""
        running: list[Connection] = []
        turn = Lock()

        def watched(connection: Connection) -> T:
            running.append(connection)
            try:
                return work(connection)
            finally:
                with turn:
                    running.clear()
                    if stop.asked:  # what cancels a query may come late, and must meet no other
                        connection.invalidate()

        def end() -> None:
            with turn:
                for connection in running:
                    cancel(self._engine, connection)

        return self._workers.run_until(stop, lambda: self._within_time(watched), end)

    def inspect(self, work: Callable[[Engine], T]) -> T:
        """What `work` finds out about tables. Raises as `run`, and NodeError(CONFIG_INVALID)."""
        try:
            return self._workers.run(lambda: work(self._engine))
        except AssertionError:  # SQLAlchemy's, of a server whose version it cannot make out
            raise NodeError(Reason.CONFIG_INVALID, "error.source.server-kind-differs") from None

    def close(self) -> None:
        """Let go of the connections."""
        self._workers.close()
        self._engine.dispose()

    def _within_time(self, work: Callable[[Connection], T]) -> T:
        self._until.moment = time.monotonic() + self._seconds
        connecting = True
        try:
            with self._engine.connect() as connection:
                connecting = False
                return work(connection)
        except SQLAlchemyError as error:
            raise failed(error, connecting=connecting) from None

    def _prepare(self, connection: DBAPIConnection, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            for name, function in self._functions.items():
                connection.create_function(name, -1, function, deterministic=True)
            connection.set_progress_handler(self._is_late, _STEPS)
        cursor = connection.cursor()
        for setting in self._settings(cursor):
            cursor.execute(setting)
        cursor.close()
        connection.commit()

    def _is_late(self) -> bool:
        return time.monotonic() > getattr(self._until, "moment", float("inf"))

    def _settings(self, cursor: DBAPICursor) -> tuple[str, ...]:
        """What makes a session read-only, ends its statements in time, and makes its text one text."""
        if self.dialect is SQLITE:
            return ("PRAGMA query_only = ON",)
        milliseconds = int(self._seconds * 1000)
        if self.dialect is POSTGRES:
            return (
                "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
                f"SET statement_timeout = {milliseconds}",
                f"SET lock_timeout = {int(milliseconds * _LOCKED)}",
                "SET DateStyle = 'ISO'",
            )
        cursor.execute("SELECT VERSION()")
        (version,) = cursor.fetchone() or ("",)
        limit = (
            f"SET SESSION max_statement_time = {self._seconds}"
            if "MariaDB" in str(version)
            else f"SET SESSION max_execution_time = {milliseconds}"
        )
        return (
            "SET SESSION TRANSACTION READ ONLY",
            limit,
            # The wait for a table that is locked or changed; a read waits for no row.
            f"SET SESSION lock_wait_timeout = {max(1, int(self._seconds * _LOCKED))}",
            "SET NAMES utf8mb4",
            f"SET SESSION sql_mode = '{_SQL_MODE}'",
        )


def _require_file(path: Path) -> None:
    try:
        FileIdentity.of(path)
    except NodeError as error:
        raise OutageError.as_told(Outage.SILENT, error.wording) from None


def _engine(url: str, count: int, seconds: float) -> Engine:
    try:
        parsed = make_url(url)
        parsed = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            # A file that is missing is not to be made.
            parsed = parsed.set(
                database=f"file:{quote(parsed.database)}", query={"mode": "ro", "uri": "true"}
            )
        if parsed.get_backend_name() not in DIALECTS:
            known = ", ".join(DIALECTS)
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.source.database-kind-unknown",
                database=parsed.get_backend_name(),
                known=known,
            )
        return sa.create_engine(
            parsed,
            pool_pre_ping=True,
            pool_size=count,
            max_overflow=1,  # for what cancels a query, if that takes a connection
            pool_timeout=seconds,
            hide_parameters=True,
            connect_args=_waits(parsed, seconds),
        )
    except (ArgumentError, NoSuchModuleError, ImportError, TypeError, ValueError):
        raise NodeError(Reason.CONFIG_INVALID, "error.source.database-url-malformed") from None


def _waits(url: URL, seconds: float) -> dict[str, object]:
    longest = max(1, math.ceil(seconds))
    waits: dict[str, object] = dict.fromkeys(_WAITS.get(url.get_driver_name(), ()), longest)
    if url.get_driver_name() == "pysqlite":
        waits["timeout"] = seconds * _LOCKED
    return waits | ({"charset": "utf8mb4"} if url.get_driver_name() == "pymysql" else {})
