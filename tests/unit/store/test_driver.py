"""The SQLite below the store: whole, or told; its driver keeps what SQLAlchemy and the store count on."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.told import english

from node.errors import NodeError, Reason
from node.store import driver
from node.store.apsw_driver import Connection, connect
from node.store.engine import store_errors
from node.store.store import Store


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    connection = connect(str(tmp_path / "some.db"))
    connection.cursor().execute("CREATE TABLE pair (a INTEGER PRIMARY KEY, b BLOB NOT NULL)")
    yield connection
    connection.close()


# --- which SQLite ---


def test_store_runs_on_a_sqlite_without_the_bug_that_corrupts(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "node.db")
    with store._engine.connect() as open_connection:
        running = str(open_connection.exec_driver_sql("SELECT sqlite_version()").scalar())
    store.close()
    assert running == driver.VERSION
    assert driver.weakness(running) is None


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.9.0"])
def test_sqlite_that_can_corrupt_is_told_with_its_version(version: str) -> None:
    assert version in english(driver.weakness(version))


@pytest.mark.parametrize("version", ["3.51.3", "3.54.1", "3.100.0", "4.0.0"])
def test_sqlite_that_is_whole_is_not_complained_of(version: str) -> None:
    assert driver.weakness(version) is None


@pytest.mark.slow("tests of the store run again")
@pytest.mark.parametrize(
    "which",
    ["answered or balances", pytest.param("", marks=pytest.mark.full("all tests of the store run again"))],
)
def test_without_apsw_the_store_keeps_its_contract_on_the_sqlite_of_python(which: str) -> None:
    contract = Path(__file__).with_name("test_store_contract.py")
    program = (
        "import sys; sys.modules['apsw'] = None\n"
        "import pytest\n"
        "from node.store import driver\n"
        "assert driver.driver.__name__ == 'sqlite3'\n"
        "sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', *sys.argv[1:]]))\n"
    )
    done = subprocess.run(  # noqa: S603 - this interpreter, this program
        [
            sys.executable,
            "-c",
            program,
            "-k",
            which,
            str(contract),
            str(contract.with_name("test_engine.py")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]


# --- its errors ---


def _busy(connection: Connection) -> None:
    other = connect(connection.filename, timeout=0)
    connection.cursor().execute("BEGIN IMMEDIATE")
    try:
        other.cursor().execute("BEGIN IMMEDIATE")
    finally:
        connection.rollback()
        other.close()


def _full(connection: Connection) -> None:
    connection.cursor().execute("PRAGMA max_page_count = 2")
    connection.cursor().execute("INSERT INTO pair VALUES (1, zeroblob(100000))")


def _read_only(connection: Connection) -> None:
    connection.cursor().execute("PRAGMA query_only = ON")
    connection.cursor().execute("DELETE FROM pair")


def _corrupt(connection: Connection) -> None:
    with Path(connection.filename).open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 8000)
    other = connect(connection.filename)
    try:
        other.cursor().execute("SELECT * FROM pair")
    finally:
        other.close()


def _twice(connection: Connection) -> None:
    connection.cursor().executemany("INSERT INTO pair VALUES (?, ?)", [(1, b"x"), (1, b"y")])


@pytest.mark.parametrize(
    ("work", "code", "name"),
    [
        (_busy, sqlite3.SQLITE_BUSY, "SQLITE_BUSY"),
        (_full, sqlite3.SQLITE_FULL, "SQLITE_FULL"),
        (_read_only, sqlite3.SQLITE_READONLY, "SQLITE_READONLY"),
        (_corrupt, sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT"),
        (_twice, sqlite3.SQLITE_CONSTRAINT, "SQLITE_CONSTRAINT_PRIMARYKEY"),
    ],
)
def test_errors_have_their_kind_and_a_name_without_values(
    connection: Connection, work: Callable[[Connection], None], code: int, name: str
) -> None:
    with pytest.raises(driver.Error) as raised:
        work(connection)
    assert driver.primary_code_of(raised.value) == code
    assert driver.name_of(raised.value) == name
    with pytest.raises(NodeError) as told, store_errors():
        raise raised.value
    assert told.value.reason is Reason.STORE_UNAVAILABLE
    assert f"({name})" in told.value.message


def test_errors_that_sqlite_has_no_code_for_are_named_by_their_class(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.close()
    with pytest.raises(driver.Error) as raised:
        cursor.execute("SELECT 1")
    assert (driver.primary_code_of(raised.value), driver.name_of(raised.value)) == (0, "CursorClosedError")


# --- what PEP 249 promises ---


def test_query_that_finds_nothing_has_columns_and_a_change_has_none(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT b AS x, a FROM pair")
    assert cursor.description is not None
    assert [name for name, *_ in cursor.description] == ["x", "a"]
    assert (cursor.fetchall(), cursor.fetchone()) == ([], None)
    cursor.execute("DELETE FROM pair")
    assert cursor.description is None
    cursor.execute("SELECT a FROM pair")
    cursor.executemany("INSERT INTO pair VALUES (?, ?)", [(1, b"x")])
    assert cursor.description is None


def test_rows_that_a_statement_changed_are_counted(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.executemany("INSERT INTO pair VALUES (?, ?)", [(n, b"x") for n in range(5)])
    assert (cursor.rowcount, cursor.lastrowid) == (5, 4)
    cursor.execute("UPDATE pair SET b = x'00' WHERE a < ?", (3,))
    assert cursor.rowcount == 3
    cursor.execute("DELETE FROM pair WHERE a = ?", [99])
    assert cursor.rowcount == 0
    assert [len(cursor.execute("SELECT a FROM pair").fetchmany(2)), len(cursor.fetchmany(9))] == [2, 3]


def test_transaction_ends_with_a_call_and_ending_none_is_nothing(connection: Connection) -> None:
    reader = connect(connection.filename)

    def count() -> object:
        return reader.cursor().execute("SELECT count(*) FROM pair").fetchone()

    cursor = connection.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute("INSERT INTO pair VALUES (1, x'00')")
    connection.rollback()
    assert count() == (0,)
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute("INSERT INTO pair VALUES (1, x'00')")
    connection.commit()
    connection.commit()
    connection.rollback()
    assert count() == (1,)
    reader.close()
