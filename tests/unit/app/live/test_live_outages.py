"""Claims about a live database that stops answering while a node runs, and answers again."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.register import resident
from support.remembered import Remembered
from support.running import pension_town
from support.told import all_english
from support.town import HR

from node.app.live.live import Live
from node.config.file import load_settings

NAME = "pension-insurance"


@pytest.fixture
def node(tmp_path: Path) -> tuple[Live, Callable[[str], None]]:
    """A node that answers from a table, and what changes its database."""
    office = pension_town(tmp_path).offices[HR]
    path = office.folder / "register.db"

    def execute(statement: str) -> None:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(statement)

    execute("CREATE TABLE t (resident_id text, name text, status text, months_paid integer, region text)")
    execute(f"INSERT INTO t VALUES ('{resident(2)}', '张三', 'active', 12, '441900003')")  # noqa: S608
    text = office.config.read_text()
    table = f"{{url: 'sqlite:///{path}', table: t}}"
    office.config.write_text(text.replace("{csv: data/pension-insurance.csv}", table))
    settings = load_settings(office.config)
    return Live(office.config, settings, Remembered(), lambda: datetime.now(UTC), os.urandom), execute


def test_database_that_answers_again_is_no_problem_any_more(
    node: tuple[Live, Callable[[str], None]],
) -> None:
    live, execute = node
    assert [told for told in all_english(live.problems()) if NAME in told] == []

    execute("ALTER TABLE t RENAME TO away")
    live.retry()
    assert [told for told in all_english(live.problems()) if NAME in told] != []

    execute("ALTER TABLE away RENAME TO t")
    live.retry()
    assert [told for told in all_english(live.problems()) if NAME in told] == []
