"""What is over is forgotten, all of it, in steps that hold the writer for a moment, and nothing else is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from support.small_log import clean_up
from support.town import TAX

from node.core.deciding.budget import HOUR_MS, MARK, counter_key, last_hour
from node.core.log.commit import AnsweredExchange, Append, AskedExchange, Commit, Head, Settled
from node.core.state.clean_up import Due, Step
from node.store import schema as s
from node.store.cleaning import (
    ROWS_LEAST,
    ROWS_MOST,
    STEP_SECONDS,
    Cleaner,
    _bounds,
)
from node.store.store import Store

HOUR = 480_000
NOW = HOUR * HOUR_MS + 7
MANY = 30_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "node.db")
    yield store
    store.close()


def fill(store: Store, rows: int) -> None:
    """So many of everything, whose day is over at `NOW` but for the last ten of each."""
    for first in range(0, rows, 10_000):
        numbers = range(first, min(first + 10_000, rows))
        appends, balances = [], {}
        for n in numbers:
            lasting = n >= rows - 10
            until = (HOUR + lasting) * HOUR_MS
            balances[counter_key(until, f"{n:x}")] = (1, until)
            balances[f"{MARK}{n:x}"] = (HOUR, until)
            appends.append(
                Append(
                    b"leaf %d" % n,
                    b"opening %d" % n,
                    answered=AnsweredExchange(TAX, n.to_bytes(16), b"digest", n),
                    asked=AskedExchange(n.to_bytes(16), b"digest", n, b"envelope", b"key"),
                    settled=Settled(n, final=False) if n else None,
                )
            )
        transaction = store.begin()
        assert transaction is not None
        transaction.write(Commit(first, Head(numbers.stop), tuple(appends), (), balances))
        transaction.commit()


def counts(store: Store) -> dict[str, int]:
    tables = (s.counter, s.mark, s.answered, s.resend, s.asked, s.opening, s.record)
    with store._engine.connect() as connection:
        return {
            each.name: connection.execute(select(func.count()).select_from(each)).scalar_one()
            for each in tables
        }


def test_tens_of_thousands_of_each_kind_go_in_one_run(store: Store) -> None:
    fill(store, MANY)
    gone = clean_up(store, NOW, answered=MANY - 10, asked=MANY - 10, openings=MANY - 10)
    left = counts(store)
    # The exchange that has no outcome yet is still there.
    assert left.pop("asked") == 11
    assert left.pop("record") == MANY
    assert left == dict.fromkeys(("counter", "mark", "answered", "resend", "opening"), 10)
    assert gone == 6 * (MANY - 10) - 1
    assert clean_up(store, NOW, answered=MANY - 10, asked=MANY - 10, openings=MANY - 10) == 0


def test_no_step_holds_the_writer_for_more_than_its_rows(store: Store) -> None:
    """However fast the disk: a step has an upper bound, and begins small."""
    fill(store, 5_000)
    cleaner = Cleaner(store._engine, lambda: 0.0)
    due, rows = Due(NOW, 5_000, 5_000, 5_000), []
    while (step := cleaner.step(due)).more:
        rows.append(step.rows)
    cleaner.close()
    assert rows[0] == ROWS_LEAST
    assert max(rows) == ROWS_MOST
    assert sum(rows) + step.rows == 6 * 5_000 - 1 - 20  # counters and marks of an hour stay


def test_steps_become_smaller_where_they_take_long(store: Store) -> None:
    fill(store, 5_000)
    times = iter(range(1_000_000))
    slow = 0.0
    cleaner = Cleaner(store._engine, lambda: next(times) * slow)
    due = Due(NOW, 5_000, 5_000, 5_000)
    grown = [cleaner.step(due).rows for _ in range(5)]
    assert grown == sorted(grown)
    assert grown[-1] > ROWS_LEAST
    slow = 2 * STEP_SECONDS
    shrunk = [cleaner.step(due).rows for _ in range(6)]
    assert shrunk == sorted(shrunk, reverse=True)
    assert shrunk[-1] == ROWS_LEAST
    cleaner.close()


def test_what_lasts_is_not_forgotten_to_the_millisecond(store: Store) -> None:
    until = {
        "over": NOW - 7,
        "just over": NOW - 7 - HOUR_MS + 1,
        "a moment": NOW + 1,
        "an hour": NOW + HOUR_MS,
    }
    transaction = store.begin()
    assert transaction is not None
    balances = {counter_key(ms, name): (1, ms) for name, ms in until.items()} | {"budget.dataset|x": (1, 0)}
    balances |= {f"{MARK}{name}": (1, ms) for name, ms in until.items()}
    transaction.write(Commit(0, Head(1), (Append(b"leaf"),), (), balances))
    transaction.commit()
    assert clean_up(store, NOW) == 4
    transaction = store.begin()
    assert transaction is not None
    kept = transaction.balances(list(balances))
    transaction.rollback()
    assert {key.rpartition("|")[2] for key in kept} == {"a moment", "an hour", "x"}


def test_hour_of_a_counter_is_never_before_it_ends() -> None:
    for until in (1, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1, NOW):
        assert last_hour(until) * HOUR_MS >= until
        assert last_hour(until) * HOUR_MS < until + HOUR_MS
    assert counter_key(NOW, "a") < counter_key(NOW + HOUR_MS, "") < "budget"


def test_nothing_is_looked_for_outside_an_index(store: Store) -> None:
    with store._engine.connect() as connection:
        for sql, bound in _bounds(Due(NOW, 5, 5, 5)):
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (bound, 100)).all()
            steps = [str(row[3]) for row in plan]
            assert len([step for step in steps if step.startswith("SEARCH")]) == 2, steps
            assert not [step for step in steps if step.startswith(("SCAN", "USE TEMP B-TREE"))], steps


def checkpoint(store: Store) -> None:
    """Work the journal into the database."""
    connection = store._engine.raw_connection()
    connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()


def test_what_was_forgotten_is_not_left_in_the_file(store: Store, tmp_path: Path) -> None:
    secret = b"an opening that nobody may read any more"
    transaction = store.begin()
    assert transaction is not None
    asked = AskedExchange(bytes(16), b"digest", 0, secret, secret)
    transaction.write(Commit(0, Head(1), (Append(b"leaf", secret, asked=asked),), (), {}))
    transaction.commit()
    checkpoint(store)
    assert secret in (tmp_path / "node.db").read_bytes()
    transaction = store.begin()
    assert transaction is not None
    transaction.write(Commit(1, Head(2), (Append(b"outcome", settled=Settled(0, final=True)),), (), {}))
    transaction.commit()
    clean_up(store, NOW, openings=1)
    checkpoint(store)
    assert secret not in (tmp_path / "node.db").read_bytes()


def test_cleaning_does_not_make_a_commit_of_the_store_less_durable(store: Store) -> None:
    fill(store, 100)
    cleaner = store.cleaner()
    cleaner.step(Due(NOW, 50, 50, 50))
    del cleaner
    for _ in range(10):
        with store._engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_pages_of_forgotten_openings_are_used_again(store: Store) -> None:
    fill(store, 2_000)
    clean_up(store, NOW, answered=2_000, asked=2_000, openings=2_000)
    with store._engine.connect() as connection:
        free = connection.exec_driver_sql("PRAGMA freelist_count").scalar()
    assert free
    transaction = store.begin()
    assert transaction is not None
    appends = tuple(Append(b"leaf", bytes(100)) for _ in range(100))
    transaction.write(Commit(2_000, Head(2_100), appends, (), {}))
    transaction.commit()
    with store._engine.connect() as connection:
        assert (connection.exec_driver_sql("PRAGMA freelist_count").scalar() or 0) < free


def test_open_exchange_stays_however_old(store: Store) -> None:
    fill(store, 3)
    clean_up(store, NOW, answered=3, asked=3)
    assert store.unfinished() == [(bytes(16), 0)]
    assert store.asked(bytes(16)) == AskedExchange(bytes(16), b"digest", 0, b"", b"", outcome_index=-1)


def test_another_writer_is_not_waited_for(store: Store) -> None:
    """What is over can be forgotten a moment later; a group that waits for the cleaner can't."""
    fill(store, 100)
    transaction = store.begin()
    assert transaction is not None
    cleaner, due = store.cleaner(), Due(NOW, 50, 50, 50)
    assert cleaner.step(due) == Step(0, 0.0, more=True)
    transaction.rollback()
    assert cleaner.step(due).rows == ROWS_LEAST
    cleaner.close()


def test_journal_does_not_grow_with_what_is_forgotten(tmp_path: Path) -> None:
    def longest(name: str, settle: bool) -> int:
        store = Store.open(tmp_path / name)
        fill(store, 5_000)
        checkpoint(store)
        cleaner, due, found = Cleaner(store._engine, lambda: 0.0), Due(NOW, 5_000, 5_000, 5_000), 0
        while cleaner.step(due).more:
            if settle:
                cleaner.settle()
            found = max(found, (tmp_path / f"{name}-wal").stat().st_size)
        cleaner.close()
        store.close()
        return found

    assert longest("settled.db", settle=True) < longest("growing.db", settle=False) / 3
