"""The register in every kind of data source, for tests of what must be alike in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
from support.live import Databases, change, fill
from support.register import COLUMNS, COUNTER, KEY, ROWS, Row, dataset, write_csv
from support.waiting import PATIENCE

from node.source.database import DatabaseSource
from node.source.lookup import SnapshotSource
from node.source.open import open_database, open_file
from node.source.spec import DatabaseSpec, Exactness, FileSpec

Source = SnapshotSource | DatabaseSource
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FILES = ("csv", "csv in gb18030", "parquet")
_TEXTS = ("name", "status", "note", "partner", "region")
_NOCASE = dict.fromkeys(("resident_id", *_TEXTS), "VARCHAR(200) COLLATE NOCASE")
_BLIND = dict.fromkeys(("resident_id", *_TEXTS), "VARCHAR(200) COLLATE blind")
_CITEXT = dict.fromkeys(("resident_id", *_TEXTS), "citext")
_FILLED = {"resident_id": "CHAR(18)", "status": "CHAR(20)", "partner": "CHAR(18)", "region": "CHAR(12)"}
_GENERAL = dict.fromkeys(("resident_id", *_TEXTS), "VARCHAR(200) COLLATE utf8mb4_general_ci")
# Kind to the server, and the types of columns that are not the usual ones.
DATABASES: Mapping[str, tuple[str, Mapping[str, str]]] = MappingProxyType(
    {
        "sqlite": ("sqlite", {}),
        "sqlite without key": ("sqlite", {}),
        "sqlite without case": ("sqlite", _NOCASE),
        "sqlite with typeless columns": ("sqlite", dict.fromkeys(("resident_id", "since", *_TEXTS), "")),
        "postgresql": ("postgresql", {}),
        "postgresql without key": ("postgresql", {}),
        "postgresql with CHAR": ("postgresql", _FILLED),
        "postgresql with citext": ("postgresql", _CITEXT),
        "postgresql with a collation that is blind": ("postgresql", _BLIND),
        "mariadb": ("mariadb", {}),
        "mariadb without key": ("mariadb", {}),
        "mariadb with CHAR": ("mariadb", _FILLED),
        "mariadb with general_ci": ("mariadb", _GENERAL),
        "mariadb in gbk": ("mariadb", {}),
    }
)
KINDS = (*FILES, *DATABASES)
_BLIND_COLLATION = (
    "CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false)"
)


def open_source(kind: str, databases: Databases, folder: Path, rows: Sequence[Row] = ROWS) -> Source:
    """The rows, in a source of this kind; a live database has been looked through."""
    return open_live(kind, databases, rows) if kind in DATABASES else _open_file(kind, folder, rows)


def open_live(kind: str, databases: Databases, rows: Sequence[Row]) -> DatabaseSource:
    """The rows in a live database."""
    return opened(made(kind, databases, rows))


def made(kind: str, databases: Databases, rows: Sequence[Row]) -> str:
    """The URL of a live database with the rows."""
    server, types = DATABASES[kind]
    url = databases.new(server, "CHARACTER SET gbk" if kind.endswith("in gbk") else "CHARACTER SET utf8mb4")
    if types is _BLIND:
        try:
            change(url, _BLIND_COLLATION)
        except sa.exc.NotSupportedError:
            pytest.skip("this build of PostgreSQL has no ICU, so no such collation either")
    if types is _CITEXT:
        change(url, "CREATE EXTENSION citext")
    return fill(url, rows, types, key="without" not in kind)


def opened(url: str) -> DatabaseSource:
    """A source on it that has been looked through, however slow the machine is."""
    source = open_database(DatabaseSpec(url, "register"), dataset(), lambda: NOON, 30.0)
    settle(source)
    return source


def settle(source: DatabaseSource) -> None:
    """Wait until it has been looked through."""
    source._checker.wait(PATIENCE)
    assert source.exactness is Exactness.CHECKED


def _open_file(kind: str, folder: Path, rows: Sequence[Row]) -> SnapshotSource:
    path = write_csv(folder / "register.csv", rows)
    spec = FileSpec(path, "csv")
    if kind == "csv in gb18030":
        path.write_bytes(path.read_text("utf-8").encode("gb18030"))
        spec = FileSpec(path, "csv", "gb18030")
    if kind == "parquet":
        columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
        table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
        months = table["months"].cast(pa.int32())
        since = table["since"].cast(pa.date32())
        table = table.set_column(3, "months", months).set_column(4, "since", since)
        spec = FileSpec(folder / "register.parquet", "parquet")
        pq.write_table(table, spec.path)
    return open_file(spec, dataset(), folder / "data", KEY, lambda done, total: None, COUNTER)
