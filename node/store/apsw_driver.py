"""apsw with the face of a DB-API driver (PEP 249), as far as SQLAlchemy and the store use one.

apsw has no commit and rollback, does not count rows, and forgets the columns of a query that found nothing.
It has a class of errors for each result code of SQLite; SQLAlchemy wraps them all as `DBAPIError`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import apsw

apilevel = "2.0"
threadsafety = 1
paramstyle = "qmark"
sqlite_version = apsw.sqlite_lib_version()
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))
Binary = bytes
Error = DatabaseError = OperationalError = InterfaceError = IntegrityError = ProgrammingError = apsw.Error
RESULT_NAMES = {
    code: str(name)
    for code, name in {**apsw.mapping_result_codes, **apsw.mapping_extended_result_codes}.items()
    if isinstance(code, int) and code
}
"""SQLite's names of its result codes, of extended ones too."""

Value = str | bytes | int | float | None
Column = tuple[str, None, None, None, None, None, None]


class Cursor(apsw.Cursor):
    """A cursor that knows the columns of its last query and how many rows its last statement changed."""

    arraysize = 1
    rowcount = -1
    columns: tuple[Column, ...] | None = None

    def execute(self, sql: str, parameters: Sequence[Value] = ()) -> Cursor:  # type: ignore[override]
        """Run one statement."""
        before = self.connection.total_changes()
        self.exec_trace = _note_columns
        super().execute(sql, parameters)
        self.rowcount = self.connection.total_changes() - before
        return self

    def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> Cursor:  # type: ignore[override]
        """Run one statement with each row of parameters."""
        before = self.connection.total_changes()
        self.exec_trace = self.columns = None  # it would be called for each row
        super().executemany(sql, rows)
        self.rowcount = self.connection.total_changes() - before
        return self

    def fetchmany(self, size: int = 1) -> list[tuple[Value, ...]]:
        """At most so many of the rows that are left."""
        return [row for _, row in zip(range(size), self, strict=False)]

    @property
    def description(self) -> tuple[Column, ...] | None:  # type: ignore[override]
        """The columns of the last query; None if it was none."""
        return self.columns

    @property
    def lastrowid(self) -> int:
        """The rowid of the newest row of the connection."""
        return self.connection.last_insert_rowid()


def _note_columns(cursor: apsw.Cursor, _sql: str, _parameters: object) -> bool:
    # Asked before it runs: afterwards a query without rows has none.
    assert isinstance(cursor, Cursor)
    described = cursor.get_description()
    cursor.columns = tuple((name, None, None, None, None, None, None) for name, *_ in described) or None
    return True


class Connection(apsw.Connection):
    """A connection whose transactions begin with a statement, and end with a call."""

    isolation_level = None

    def cursor(self) -> Cursor:
        """A new cursor."""
        cursor = super().cursor()
        assert isinstance(cursor, Cursor)
        return cursor

    def commit(self) -> None:
        """Make what was written durable; nothing without a transaction."""
        if self.in_transaction:
            self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo what was written; nothing without a transaction."""
        if self.in_transaction:
            self.execute("ROLLBACK")

    def create_function(
        self, name: str, arguments: int, function: Callable[..., Value], *, deterministic: bool = False
    ) -> None:
        """Make a function known to the statements of this connection."""
        self.create_scalar_function(name, function, arguments, deterministic=deterministic)


def connect(path: str, timeout: float = 5.0, check_same_thread: bool = False) -> Connection:
    """Open a database file, which is made if there is none; wait `timeout` seconds for another writer.

    A connection may go from thread to thread, but is used by one at a time; apsw refuses the rest itself.
    """
    connection = Connection(path)
    connection.cursor_factory = Cursor
    connection.set_busy_timeout(int(timeout * 1000))
    return connection
