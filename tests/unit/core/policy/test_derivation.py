"""Derivations, run on SQLite and DuckDB: what leaves, spelled how, and that nothing else does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import duckdb
import pytest
from sqlglot import exp

from node.core.policy import derivation

Value = str | int | None
Run = Callable[..., Value]


def _on_sqlite(expression: exp.Expression, type_: str, value: Value, **given: Value) -> Value:
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f'CREATE TABLE t ("f" {type_})')
        connection.execute("INSERT INTO t VALUES (?)", (value,))
        row = connection.execute(f"SELECT {expression.sql('sqlite')} FROM t", given).fetchone()  # noqa: S608  # what is tested
    found: Value = row[0]
    return found


def _on_duckdb(expression: exp.Expression, type_: str, value: Value, **given: Value) -> Value:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f'CREATE TABLE t ("f" {type_})')
        connection.execute("INSERT INTO t VALUES (?)", (value,))
        row = connection.execute(f"SELECT {expression.sql('duckdb')} FROM t", given or None).fetchone()  # noqa: S608  # what is tested
    assert row is not None
    found: Value = row[0]
    return found


both = pytest.mark.parametrize("run", [_on_sqlite, _on_duckdb])


@both
@pytest.mark.parametrize(
    ("value", "label"),
    [
        (-1, "<0"),
        (0, "[0,60)"),
        (59, "[0,60)"),
        (60, "[60,120)"),
        (120, "[120,720]"),
        (720, "[120,720]"),
        (721, ">720"),
        (None, None),
    ],
)
def test_a_band_tells_the_interval_only(run: Run, value: Value, label: str | None) -> None:
    assert run(derivation.band("f", [0, 60, 120, 720]), "INTEGER", value) == label


def test_band_labels_are_spelled_like_intervals() -> None:
    assert derivation.band_labels([-10, 0, 10]) == ("<-10", "[-10,0)", "[0,10]", ">10")
    assert derivation.band_labels([1, 3]) == ("<1", "[1,3]", ">3")


@both
@pytest.mark.parametrize(
    ("first", "last", "value", "masked"),
    [
        (3, 2, "44190019800101123X", "441****3X"),
        (1, 0, "张三", "张****"),
        (0, 4, "13800138000", "****8000"),
        (0, 0, "anything", "****"),
        (3, 2, "12345", "****"),
        (3, 2, "1234", "****"),
        (3, 2, "", "****"),
        (3, 2, None, None),
    ],
)
def test_a_mask_hides_length_and_short_values_whole(
    run: Run, first: int, last: int, value: Value, masked: str | None
) -> None:
    assert run(derivation.mask("f", first, last), "TEXT", value) == masked


@both
@pytest.mark.parametrize(
    ("value", "rounded"), [(0, "0"), (11, "0"), (12, "12"), (35, "24"), (-5, "0"), (None, None)]
)
def test_integers_are_rounded_towards_zero(run: Run, value: Value, rounded: str | None) -> None:
    assert run(derivation.round_down("f", 12), "INTEGER", value) == rounded


@both
@pytest.mark.parametrize(
    ("level", "cut"),
    [("province", "440000"), ("city", "441900"), ("county", "441900"), ("town", "441900003")],
)
def test_regions_are_cut_to_a_level(run: Run, level: str, cut: str) -> None:
    assert run(derivation.cut_region("f", level), "TEXT", "441900003012") == cut
    assert run(derivation.cut_region("f", level), "TEXT", None) is None


def test_the_year_of_a_date_is_four_digits() -> None:
    assert _on_sqlite(derivation.year_of("f"), "TEXT", "2019-06-30") == "2019"
    assert _on_duckdb(derivation.year_of("f"), "DATE", "2019-06-30") == "2019"
    assert _on_duckdb(derivation.year_of("f"), "DATE", None) is None


@both
def test_exists_is_true_or_absent(run: Run) -> None:
    assert run(derivation.exists("f"), "TEXT", "x") == "true"
    assert run(derivation.exists("f"), "TEXT", None) is None


@both
def test_equals_is_true_or_absent(run: Run) -> None:
    assert run(derivation.equals("f", "p"), "TEXT", "x", p="x") == "true"
    assert run(derivation.equals("f", "p"), "TEXT", "x", p="y") is None
    assert run(derivation.equals("f", "p"), "TEXT", None, p="y") is None


@both
def test_plain_is_text(run: Run) -> None:
    assert run(derivation.plain("f"), "INTEGER", 42) == "42"


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "postgres"])
def test_every_derivation_renders_to_each_dialect_with_quoted_columns(dialect: str) -> None:
    for expression in (
        derivation.plain("order"),
        derivation.exists("order"),
        derivation.equals("order", "p"),
        derivation.mask("order", 1, 1),
        derivation.band("order", [0, 2]),
        derivation.round_down("order", 5),
        derivation.cut_region("order", "city"),
        derivation.year_of("order"),
    ):
        sql = expression.sql(dialect)
        assert "order" not in sql.replace('"order"', "")
