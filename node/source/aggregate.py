"""Exact counts over a snapshot's rows, by DuckDB; they never leave the node without noise.

Runs in a process of its own (`worker`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import duckdb

from node.errors import NodeError, Reason

Cell = tuple[tuple[str | int | None, ...], int]
# The relation that a query counts over.
ROWS = "groups"


def count(groups: Path, query: str, values: Mapping[str, str | int]) -> tuple[Cell, ...]:
    """Run `query` over the relation `ROWS`; the columns are the group values, then the count.

    The query can read that one file and nothing else. Raises NodeError(SOURCE_UNAVAILABLE).
    """
    file = "'" + str(groups).replace("'", "''") + "'"
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": "256MB",
        "temp_directory": str(groups.parent),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        with closing(duckdb.connect(config=settings)) as database:
            database.execute(f"SET allowed_paths = [{file}]")
            database.execute("SET enable_external_access = false")
            database.read_parquet(str(groups)).create_view(ROWS)
            database.execute("SET lock_configuration = true")
            rows = database.execute(query, dict(values)).fetchall()
    except duckdb.Error:
        message = "the counts cannot be taken: reload to build the files for answering anew"
        raise NodeError(Reason.SOURCE_UNAVAILABLE, message) from None
    return tuple((row[:-1], int(row[-1])) for row in rows)
