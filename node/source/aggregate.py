"""Exact counts over a snapshot's rows, by DuckDB; they never leave the node without noise.

Runs in a process of its own (`node.statistics`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing

import duckdb

from node.errors import NodeError, Reason
from node.source.count_query import CountQuery, Row

# The relation that a query counts over.
ROWS = "groups"


def count(query: CountQuery, begins: Callable[[Callable[[], None]], None]) -> tuple[Row, ...]:
    """Run a query in a database of its own, which can read that one file and nothing else.

    Before it does, `begins` is given what interrupts it. Raises NodeError(SOURCE_UNAVAILABLE).
    """
    groups = query.groups
    file = "'" + str(groups).replace("'", "''") + "'"
    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "memory_limit": "256MB",
        # Beside the data, not in a shared folder; a folder of its own, because DuckDB lets queries read and
        # write in it. It makes that when it needs it, and takes it away again.
        "temp_directory": str(groups.parent / f".counting-{os.getpid()}"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    try:
        with closing(duckdb.connect(config=settings)) as database:
            database.execute(f"SET allowed_paths = [{file}]")
            database.execute("SET enable_external_access = false")
            database.read_parquet(str(groups)).create_view(ROWS)
            database.execute("SET lock_configuration = true")
            begins(database.interrupt)
            rows = database.execute(query.sql, dict(query.values)).fetchall()
    except duckdb.Error:
        raise NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.counts-impossible") from None
    return tuple((row[:-1], int(row[-1])) for row in rows)
