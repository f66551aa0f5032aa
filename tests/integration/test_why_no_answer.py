"""Why a live database gives no answer is told apart; what may come from a row is not told, and is charged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.kinds import NOON, settle
from support.live import Databases, change, fill
from support.register import ANN, dataset, key, question

from node.core.outage import Outage, OutageError
from node.errors import NodeError
from node.source.database import DatabaseSource
from node.source.open import open_database
from node.source.spec import DatabaseSpec

SECONDS = 2.0
LOCKS = {
    "sqlite": ("BEGIN EXCLUSIVE",),
    "postgresql": ("BEGIN", "LOCK TABLE register IN ACCESS EXCLUSIVE MODE"),
    "mariadb": ("LOCK TABLES register WRITE",),
}


def opened(url: str) -> DatabaseSource:
    source = open_database(DatabaseSpec(url, "register"), dataset(), lambda: NOON, SECONDS)
    settle(source)
    return source


def why(source: DatabaseSource) -> Outage | None:
    """What keeps it from answering, None for what may come from a row."""
    with pytest.raises(NodeError) as refused:
        source.verify(question("is-active"), {}, "", [key(ANN)])
    return refused.value.outage if isinstance(refused.value, OutageError) else None


@contextmanager
def locked(url: str, kind: str) -> Iterator[None]:
    parsed = sa.engine.make_url(url)
    if kind == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(parsed, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in LOCKS[kind]:
            connection.exec_driver_sql(statement)
        try:
            yield
        finally:
            connection.exec_driver_sql("UNLOCK TABLES" if kind == "mariadb" else "ROLLBACK")
    engine.dispose()


@pytest.mark.parametrize("kind", LOCKS)
def test_locked_table_is_told_as_locked_and_answers_when_it_is_free(servers: Databases, kind: str) -> None:
    url = fill(servers.new(kind), key=True)
    source = opened(url)
    with locked(url, kind):
        assert why(source) is Outage.LOCKED
    assert source.verify(question("is-active"), {}, "", [key(ANN)]) == [True]
    source.close()


@pytest.mark.parametrize("kind", LOCKS)
def test_table_that_is_gone_is_told_as_refused(servers: Databases, kind: str) -> None:
    url = fill(servers.new(kind), key=True)
    source = opened(url)
    change(url, "DROP TABLE register")
    assert why(source) is Outage.REFUSED
    source.close()


@pytest.mark.parametrize("kind", LOCKS)
def test_column_that_is_gone_is_told_as_refused(servers: Databases, kind: str) -> None:
    url = fill(servers.new(kind), key=True)
    source = opened(url)
    change(url, "ALTER TABLE register RENAME COLUMN status TO state")
    assert why(source) is Outage.REFUSED
    source.close()


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_query_that_takes_too_long_is_told_as_slow(servers: Databases, kind: str) -> None:
    url = fill(servers.new(kind), key=True)
    source = opened(url)
    wait = {"postgresql": "(SELECT 1 FROM pg_sleep(60)) = 1", "mariadb": "SLEEP(60) = 0"}[kind]
    change(
        url,
        "ALTER TABLE register RENAME TO people",
        f"CREATE VIEW register AS SELECT * FROM people WHERE {wait}",  # noqa: S608
    )
    assert why(source) is Outage.SLOW
    source.close()


def test_row_that_makes_the_query_fail_is_no_outage(servers: Databases) -> None:
    """Else whoever makes a question fail learns for nothing that there is such a row."""
    url = fill(servers.new("postgresql"), key=True)
    source = opened(url)
    others = "name, status, 1 / (months - months) AS months, since, note, partner, region"
    change(
        url,
        "ALTER TABLE register RENAME TO people",
        f"CREATE VIEW register AS SELECT resident_id, {others} FROM people",  # noqa: S608
    )
    with pytest.raises(NodeError) as refused:
        source.verify(question("months-at-least"), {"n": "60"}, "", [key(ANN)])
    assert not isinstance(refused.value, OutageError)
    source.close()


def test_database_that_is_not_there_is_told_as_silent(servers: Databases) -> None:
    url = fill(servers.new("sqlite"), key=True)
    source = opened(url)
    database = sa.engine.make_url(url).database
    assert database is not None
    source._lookups._engine.dispose()  # as after a pause: nothing is open
    Path(database).rename(f"{database}.away")
    assert why(source) is Outage.SILENT
    source.close()
