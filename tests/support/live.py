"""Live databases of every kind for tests, SQLite, PostgreSQL and MariaDB, and the register in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest
import sqlalchemy as sa
from support import mariadb, postgres
from support.register import COLUMNS, ROWS

Row = Sequence[str | int | None]
KINDS = ("sqlite", "postgresql", "mariadb")
TYPES: Mapping[str, str] = MappingProxyType(
    {
        "resident_id": "VARCHAR(40)",
        "name": "VARCHAR(2000)",
        "status": "VARCHAR(40)",
        "months": "INTEGER",
        "since": "DATE",
        "note": "VARCHAR(2000)",
        "partner": "VARCHAR(40)",
        "region": "VARCHAR(40)",
    }
)


class Databases:
    """Servers that are started when they are first needed."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._made = 0
        self._postgres: postgres.Postgres | None = None
        self._mariadb: mariadb.MariaDB | None = None

    def new(self, kind: str, defaults: str = "CHARACTER SET utf8mb4") -> str:
        """The URL of an empty database; `defaults` are those of MariaDB."""
        if kind == "sqlite":
            self._made += 1
            return f"sqlite:///{self._folder}/live register {self._made}.db"
        if kind == "postgresql":
            if self._postgres is None:
                self._postgres = self._stack.enter_context(postgres.running())
            return self._postgres.new_database()
        if mariadb.LACKING:
            pytest.skip(mariadb.LACKING)
        if self._mariadb is None:
            self._mariadb = self._stack.enter_context(mariadb.running())
        return self._mariadb.url(self._mariadb.new_database(defaults))


@contextmanager
def databases(folder: Path) -> Iterator[Databases]:
    """All kinds, with their files in `folder`."""
    with ExitStack() as stack:
        yield Databases(folder, stack)


def fill(
    url: str,
    rows: Iterable[Row] = ROWS,
    types: Mapping[str, str] = MappingProxyType({}),
    *,
    key: bool = False,
    columns: Sequence[str] = COLUMNS,
) -> str:
    """Make the table "register" with these rows and give the URL back; `types` are other than usual."""
    described = [f"{name} {types.get(name, TYPES.get(name, 'TEXT'))}" for name in columns]
    if key:
        described[0] += " PRIMARY KEY"
    change(url, f"CREATE TABLE register ({', '.join(described)})")
    insert(url, rows, columns)
    return url


def insert(url: str, rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> None:
    """Add rows."""
    marks = ", ".join(f":{name}" for name in columns)
    statement = sa.text(f"INSERT INTO register ({', '.join(columns)}) VALUES ({marks})")  # noqa: S608
    values = [dict(zip(columns, row, strict=True)) for row in rows]
    if values:
        with _writing(url) as connection:
            connection.execute(statement, values)


def change(url: str, *statements: str) -> None:
    """Do what a department's own staff may do with its database."""
    with _writing(url) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@contextmanager
def _writing(url: str) -> Iterator[sa.Connection]:
    parsed = sa.engine.make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(parsed, connect_args={"charset": "utf8mb4"} if "mysql" in url else {})
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()
