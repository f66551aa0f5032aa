"""Parquet files are read exactly: what has no one text in a CSV file is refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.register import ANN, COLUMNS, KEY, dataset, resident

from node.errors import NodeError, Reason
from node.source.ingest import build
from node.source.snapshot import LOOKUP
from node.source.spec import FileSpec, Layout

LAYOUT = Layout.of(dataset())


def moments(text: str, unit: str = "us", zone: str | None = None) -> pa.Array:
    return pa.array([text]).cast(pa.timestamp(unit, zone))


def load(path: Path) -> dict[str, object]:
    """The row about Ann by column, and under "refused" how many values did not fit."""
    folder = path.parent / "data"
    manifest = build(FileSpec(path, "parquet"), LAYOUT, folder, KEY, lambda done, total: None)
    assert manifest.report.lines == manifest.report.read
    with closing(sqlite3.connect(folder / manifest.snapshot / LOOKUP)) as database:
        row = database.execute("SELECT * FROM subject WHERE resident_id = ?", [ANN]).fetchone()
    return {**dict(zip(COLUMNS, row or [None] * 8, strict=True)), "refused": manifest.report.refused}


def write(path: Path, **columns: pa.Array) -> Path:
    """One row about Ann, with these columns in place of empty ones."""
    empty = {name: pa.array([None], pa.string()) for name in COLUMNS}
    pq.write_table(pa.table({**empty, "resident_id": [ANN], **columns}), path)
    return path


def refusal(path: Path) -> NodeError:
    with pytest.raises(NodeError) as refused:
        load(path)
    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert ANN not in str(refused.value)
    return refused.value


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ({"since": pa.array([date(2020, 1, 31)], pa.date32())}, "2020-01-31"),
        ({"since": pa.array([date(1969, 12, 31)], pa.date64())}, "1969-12-31"),
        ({"since": moments("2020-01-31", "ns")}, "2020-01-31"),
        ({"since": moments("1969-01-31", "s")}, "1969-01-31"),
        ({"since": pa.array([20200131], pa.int32())}, "2020-01-31"),
        ({"months": pa.array([150.0], pa.float64())}, 150),
        ({"months": pa.array([150.0], pa.float32())}, 150),
        ({"months": pa.array([Decimal("150.00")], pa.decimal128(10, 2))}, 150),
        ({"months": pa.array(["150"]).dictionary_encode()}, 150),
        ({"region": pa.array([441900003.0], pa.float64())}, "441900003"),
        ({"name": pa.array(["王小芳"], pa.large_string())}, "王小芳"),
        ({"name": pa.array(["王小芳"], pa.string_view())}, "王小芳"),
    ],
)
def test_values_that_have_one_text_are_read(
    tmp_path: Path, column: dict[str, pa.Array], value: object
) -> None:
    row = load(write(tmp_path / "r.parquet", **column))

    assert row[next(iter(column))] == value


@pytest.mark.parametrize(
    "column",
    [
        {"since": moments("2020-01-31T13:45")},
        {"since": moments("1969-12-31T13:45")},
        {"months": pa.array([12.5], pa.float64())},
        {"months": pa.array([float("nan")], pa.float64())},
        {"months": pa.array([Decimal("12.50")], pa.decimal128(10, 2))},
        {"months": pa.array([2**63], pa.uint64())},
        {"months": pa.array([True])},
    ],
)
def test_value_that_would_be_rounded_or_cut_does_not_fit(tmp_path: Path, column: dict[str, pa.Array]) -> None:
    (name,) = column
    row = load(write(tmp_path / "r.parquet", **column))

    assert row[name] is None
    assert row["refused"] == {field: int(field == name) for field in COLUMNS[1:]}


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("since", moments("2020-01-31T00:00Z", zone="Asia/Shanghai")),
        ("since", moments("2020-01-31T00:00Z", zone="UTC").dictionary_encode()),
        ("since", pa.array([timedelta(days=1)], pa.duration("s"))),
        ("months", pa.array([3600], pa.time32("s"))),
        ("months", pa.array([1e20], pa.float64())),
        ("months", pa.array([float("-inf")], pa.float64())),
        ("resident_id", pa.array([float(resident(12))], pa.float64())),
        ("resident_id", pa.array([int(resident(12))], pa.int64())),
        ("resident_id", pa.array([Decimal(resident(12))], pa.decimal128(18, 0))),
        ("partner", pa.array([int(resident(12))], pa.int64())),
        ("partner", pa.array([int(resident(12))], pa.uint64()).dictionary_encode()),
        ("name", pa.array([["王"]])),
        ("name", pa.array([{"a": "王"}])),
        ("name", pa.array(["王".encode()], pa.binary())),
    ],
)
def test_column_without_one_text_is_refused_by_name(tmp_path: Path, name: str, column: pa.Array) -> None:
    error = refusal(write(tmp_path / "r.parquet", **{name: column}))

    assert f"the column {name} of the data file" in error.message
    assert error.metadata == {"field": name}


def test_text_that_is_none_is_refused(tmp_path: Path) -> None:
    name = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )

    assert "damaged" in refusal(write(tmp_path / "r.parquet", name=name)).message


@pytest.mark.parametrize("damage", ["cut", "header", "page", "empty", "text"])
def test_corrupt_parquet_is_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "r.parquet"
    columns = zip(
        *[(resident(n), "王", "active", "1", None, "x" * 50, None, "441900003") for n in range(1000)],
        strict=True,
    )
    pq.write_table(pa.table(dict(zip(COLUMNS, map(list, columns), strict=True))), path)
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[:-100],
            "header": b"JUNK" + whole[4:],
            "page": whole[:100] + b"\xff" * 2000 + whole[2100:],
            "empty": b"",
            "text": ANN.encode() * 10,
        }[damage]
    )
    if damage == "header":
        # Readers look at the end only: the rows are whole.
        load(path)
        return

    assert ANN not in str(refusal(path))


def test_nested_parquet_column_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.parquet"
    pq.write_table(pa.table({name: [[ANN]] for name in COLUMNS}), path)

    refusal(path)
