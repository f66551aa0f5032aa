"""A database of an earlier version is brought up to date, and forgets nothing that still counts."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.small_log import at_revision, clean_up

import node.store
from node.core.deciding.budget import HOUR_MS, MARK, Pot, counter_key
from node.core.log.commit import AnsweredExchange, AskedExchange
from node.store.store import Store

NOW = 480_000
TAX = "11441900000000035L"
DIGEST = hashlib.sha256(b"envelope").digest()
PSEUDONYM = "QUJDREVGR0hJSktMTU5PUA=="


def make(path: Path, revision: str, *statements: tuple[str, tuple[object, ...]]) -> None:
    """A database of an earlier revision with some rows in it."""
    at_revision(path, revision)
    with closing(sqlite3.connect(path)) as raw, raw:
        for sql, row in statements:
            raw.execute(f"INSERT INTO {sql} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0004"])
def test_database_of_an_earlier_version_keeps_what_it_has(tmp_path: Path, revision: str) -> None:
    make(tmp_path / "node.db", revision, ("fact", ("kept", "yes")))
    store = Store.open(tmp_path / "node.db")
    assert (store.fact("kept"), store.served_digests(), store.peer_logs()) == ("yes", {}, [])
    store.close()


@pytest.fixture
def brought_over(tmp_path: Path) -> Store:
    """A database of revision 0002 in which a node has asked and answered."""
    until = (NOW + 1) * HOUR_MS - 5
    make(
        tmp_path / "node.db",
        "0002",
        ("record", (0, b"leaf 0", b"opening 0", b"evidence 0")),
        ("record", (1, b"leaf 1", b"", b"")),
        ("record", (2, b"leaf 2", b"opening 2", b"evidence 2")),
        ("log_head", (1, 3, 1000, b"note", b"cosigned", 3, 7)),
        ("answered", (bytes(16), TAX, DIGEST, 0)),
        ("asked", (b"answered".ljust(16), b"digest", 5, b"envelope", b"key", 2)),
        ("asked", (b"failed".ljust(16), b"digest", 6, b"envelope", b"key", 1)),
        ("asked", (b"open".ljust(16), b"digest", 7, b"envelope", b"key", -1)),
        ("counter", (f"rule.day|d|r|{TAX}|20241004", 3, until)),
        ("counter", (PSEUDONYM, 2, until)),
        ("counter", ("budget.dataset|d||2026", 500_000, 0)),
        ("fact", ("openings.cleared", "0")),
    )
    return Store.open(tmp_path / "node.db")


def test_records_keep_their_openings_and_evidence(brought_over: Store) -> None:
    store = brought_over
    assert store.leaves(0, 9) == [(n, b"leaf %d" % n) for n in range(3)]
    assert [store.opening(n) for n in range(3)] == [b"opening 0", None, b"opening 2"]
    assert [store.evidence(n) for n in range(3)] == [b"evidence 0", None, b"evidence 2"]
    store.close()


def test_retry_of_an_answered_exchange_is_still_known(brought_over: Store) -> None:
    transaction = brought_over.begin()
    assert transaction is not None
    found = transaction.answered([(TAX, bytes(16)), ("other", bytes(16))])
    assert found == {(TAX, bytes(16)): AnsweredExchange(TAX, bytes(16), DIGEST[:16], 0)}
    transaction.rollback()
    brought_over.close()


def test_requests_without_an_answer_can_still_be_sent(brought_over: Store) -> None:
    store = brought_over
    ids = [name.ljust(16) for name in (b"answered", b"failed", b"open")]
    assert [store.asked(each) for each in ids] == [
        AskedExchange(ids[0], b"digest", 5, b"", b"", 2),
        AskedExchange(ids[1], b"digest", 6, b"envelope", b"key", 1),
        AskedExchange(ids[2], b"digest", 7, b"envelope", b"key", -1),
    ]
    assert store.unfinished() == [(ids[2], 7)]
    store.close()


def test_what_was_used_up_stays_used_up(brought_over: Store) -> None:
    store = brought_over
    until = (NOW + 1) * HOUR_MS
    keys = {
        counter_key(until, f"rule.day|d|r|{TAX}|20241004"): 3,
        counter_key(until, PSEUDONYM[:16]): 2,
        MARK + PSEUDONYM[:16]: 2,
    }
    transaction = store.begin()
    assert transaction is not None
    assert transaction.balances(list(keys)) == keys
    transaction.rollback()
    assert clean_up(store, until - 1) == 0
    assert clean_up(store, until) == 3
    assert store.balances(keys) == {}
    assert store.spent(Pot("d", "budget.dataset", "", 0)).used == 500_000
    store.close()


def test_tables_are_the_same_as_those_of_a_new_database(brought_over: Store, tmp_path: Path) -> None:
    def tables(path: Path) -> dict[str, object]:
        inspector = sa.inspect(sa.create_engine(f"sqlite:///{path}"))
        return {
            name: (
                [
                    (column["name"], str(column["type"]), column["nullable"])
                    for column in inspector.get_columns(name)
                ],
                inspector.get_pk_constraint(name)["constrained_columns"],
                sorted(
                    (str(index["name"]), tuple(index["column_names"]))
                    for index in inspector.get_indexes(name)
                ),
            )
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }

    brought_over.close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'new.db'}")
    node.store.schema.metadata.create_all(engine)
    engine.dispose()
    assert tables(tmp_path / "node.db") == tables(tmp_path / "new.db")
