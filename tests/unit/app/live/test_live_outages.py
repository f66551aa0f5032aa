"""Claims about a live database that stops answering while a node runs, and answers again."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.register import resident
from support.remembered import Remembered
from support.running import pension_town
from support.told import all_english
from support.town import HR
from support.waiting import wait_for

from node.app.live.live import Live
from node.config.file import load_settings
from node.core.milliseconds import to_ms
from node.core.subject import SubjectKey
from node.errors import NodeError

NAME = "pension-insurance"
CLOCK = [datetime.now(UTC)]


@pytest.fixture
def node(tmp_path: Path) -> tuple[Live, Callable[[str], None]]:
    """A node that answers from a table, and what changes its database."""
    office = pension_town(tmp_path).offices[HR]
    CLOCK[0] = datetime.now(UTC)
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
    return Live(office.config, settings, Remembered(), lambda: CLOCK[0], os.urandom), execute


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


def test_data_are_as_of_the_last_time_that_the_database_answered(
    node: tuple[Live, Callable[[str], None]],
) -> None:
    live, execute = node
    CLOCK[0] += timedelta(minutes=1)
    live.problems()
    last_read = to_ms(CLOCK[0])
    assert as_of(live) == last_read

    execute("ALTER TABLE t RENAME TO away")
    for _ in range(2):
        CLOCK[0] += timedelta(hours=1)
        live.retry()
        assert live.problems() != []
        assert as_of(live) == last_read, "nothing was read since"

    execute("ALTER TABLE away RENAME TO t")
    live.retry()
    live.problems()
    assert as_of(live) == to_ms(CLOCK[0])


def test_database_that_is_silent_for_long_leaves_old_data(node: tuple[Live, Callable[[str], None]]) -> None:
    live, execute = node
    execute("ALTER TABLE t RENAME TO away")
    assert not any("longer ago" in told for told in all_english(live.problems()))

    CLOCK[0] += timedelta(days=30)

    assert any(f"the catalogue entry of {NAME} says" in told for told in all_english(live.problems()))


def test_table_that_is_emptied_during_the_day_is_noticed_without_a_word(
    node: tuple[Live, Callable[[str], None]],
) -> None:
    live, execute = node
    kept = "CREATE TABLE kept AS SELECT * FROM t"
    execute(kept)
    execute("DELETE FROM t")
    live.retry()
    wait_for(lambda: any("it has no rows" in told for told in all_english(live.problems())))
    with pytest.raises(NodeError):
        is_enrolled(live)

    execute("INSERT INTO t SELECT * FROM kept")
    live.retry()
    wait_for(lambda: not any("it has no rows" in told for told in all_english(live.problems())))
    assert is_enrolled(live)


def as_of(live: Live) -> int:
    load = live.load_of(NAME)
    assert load is not None
    return load.as_of_ms


def is_enrolled(live: Live) -> bool:
    state = live.provider_state()
    question = state.policies.datasets[NAME].questions["is-enrolled"]
    return state.sources[NAME].verify(question, {}, "", [SubjectKey(resident(2), {})])[0] is True
