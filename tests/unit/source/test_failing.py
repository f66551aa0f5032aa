"""What a failure of a live database is told as: an outage only where it says nothing about a row."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import exc
from support.register import ANN, COUNTER, KEY, dataset, key, question, write_csv

from node.core.outage import Outage, OutageError
from node.core.stop import Stop
from node.errors import NodeError, Reason
from node.source.failing import failed
from node.source.open import open_file
from node.source.snapshot import GROUPS, LOOKUP
from node.source.spec import FileSpec

ABOUT = "441900198001010011"


class PostgresError(Exception):
    def __init__(self, sqlstate: str | None, words: str = ABOUT) -> None:
        super().__init__(words)
        self.sqlstate = sqlstate


class OperationalError(Exception):
    """As psycopg calls what fails before there is a SQLSTATE."""


def told(driver: BaseException, *, connecting: bool = False) -> NodeError:
    return failed(exc.DBAPIError("SELECT", None, driver), connecting=connecting)


@pytest.mark.parametrize(
    ("state", "outage"),
    [
        ("08006", Outage.SILENT),
        ("28P01", Outage.REFUSED),
        ("3D000", Outage.REFUSED),
        ("40P01", Outage.LOCKED),
        ("42501", Outage.REFUSED),
        ("42P01", Outage.REFUSED),
        ("53300", Outage.SILENT),
        ("55P03", Outage.LOCKED),
        ("57014", Outage.SLOW),
        ("57P01", Outage.SILENT),
    ],
)
def test_postgresql_says_what_is_wrong_with_it(state: str, outage: Outage) -> None:
    error = told(PostgresError(state))
    assert isinstance(error, OutageError)
    assert (error.outage, error.reason) == (outage, Reason.SOURCE_UNAVAILABLE)
    assert ABOUT not in str(error)


@pytest.mark.parametrize(
    ("number", "outage"),
    [
        (1045, Outage.REFUSED),
        (1142, Outage.REFUSED),
        (1146, Outage.REFUSED),
        (1205, Outage.LOCKED),
        (1969, Outage.SLOW),
        (3024, Outage.SLOW),
        (2003, Outage.SILENT),
        (2013, Outage.SILENT),
    ],
)
def test_mariadb_and_mysql_say_what_is_wrong_with_them(number: int, outage: Outage) -> None:
    driver = Exception(number, ABOUT)
    driver.sqlstate = "HY000"  # type: ignore[attr-defined]  # as PyMySQL says of most
    error = told(driver)
    assert isinstance(error, OutageError)
    assert error.outage is outage


@pytest.mark.parametrize(
    "driver",
    [
        PostgresError("22012"),  # division by zero
        PostgresError("22003"),  # number out of range
        PostgresError("21000"),
        Exception(1365, ABOUT),  # division by 0
        Exception(1690, ABOUT),  # out of range
        sqlite3.OperationalError("integer overflow"),
        ValueError(ABOUT),
    ],
    ids=str,
)
def test_what_may_come_from_a_row_is_no_outage(driver: BaseException) -> None:
    error = told(driver)
    assert not isinstance(error, OutageError)
    assert error.reason is Reason.SOURCE_UNAVAILABLE
    assert ABOUT not in str(error)


def test_whatever_fails_before_anything_was_asked_is_an_outage() -> None:
    for driver in (PostgresError(None), Exception(9999), OperationalError("timeout"), ValueError("x")):
        error = told(driver, connecting=True)
        assert isinstance(error, OutageError)
        assert error.outage is Outage.SILENT


def test_login_that_fails_is_a_refusal_of_the_database() -> None:
    error = told(OperationalError('FATAL:  password authentication failed for user "x"'), connecting=True)
    assert isinstance(error, OutageError)
    assert error.outage is Outage.REFUSED


def test_no_free_session_is_a_database_that_is_too_slow() -> None:
    error = failed(exc.TimeoutError("pool"))
    assert isinstance(error, OutageError)
    assert error.outage is Outage.SLOW


@pytest.mark.parametrize("gone", [LOOKUP, GROUPS])
def test_built_files_that_are_gone_are_an_outage_of_look_ups_and_counts(tmp_path: Path, gone: str) -> None:
    path = write_csv(tmp_path / "r.csv")
    source = open_file(FileSpec(path, "csv"), dataset(), tmp_path / "data", KEY, lambda *_: None, COUNTER)
    source.close()  # as after a start: nothing of the files is open
    source._closed = False
    (tmp_path / "data" / "register" / source.snapshot / gone).unlink()
    asks: dict[str, Callable[[], object]] = {
        LOOKUP: lambda: source.verify(question("is-active"), {}, "", [key(ANN)]),
        GROUPS: lambda: source.count(question("people"), {}, "", Stop()),
    }
    with pytest.raises(OutageError) as refused:
        asks[gone]()
    assert refused.value.outage is Outage.SILENT
