"""Opening the node's database: one process, known schema, private file, typed errors."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from node.core.state.clean_up import Due
from node.errors import NodeError, Reason
from node.store.engine import lock_state, open_engine
from node.store.store import Store


def _reason(work: Callable[[], object]) -> NodeError:
    with pytest.raises(NodeError) as refused:
        work()
    return refused.value


def test_database_is_private_and_durable(tmp_path: Path) -> None:
    path = tmp_path / "state" / "node.db"
    store = Store.open(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with store._engine.connect() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    store.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_database_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    Store.open(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    assert _reason(lambda: open_engine(path)).reason is Reason.CONFIG_INVALID


def test_file_that_is_no_database_is_refused_and_kept(tmp_path: Path) -> None:
    content = b"no database at all, but long enough to look at" * 100
    path = tmp_path / "node.db"
    path.write_bytes(content)
    assert _reason(lambda: open_engine(path)).reason is Reason.STORE_UNAVAILABLE
    assert path.read_bytes() == content


def test_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "node.db").mkdir()
    error = _reason(lambda: open_engine(tmp_path / "node.db"))
    assert error.reason is Reason.STORE_UNAVAILABLE
    assert error.message[0].islower()


def test_one_process_at_a_time(tmp_path: Path) -> None:
    descriptor = lock_state(tmp_path)
    program = (
        "import sys, pathlib\n"
        "from node.errors import NodeError\n"
        "from node.store.engine import lock_state\n"
        "try:\n"
        "    lock_state(pathlib.Path(sys.argv[1]))\n"
        "except NodeError as error:\n"
        "    print(error.reason.name)\n"
        "else:\n"
        "    print('free')\n"
    )

    def other() -> str:
        done = subprocess.run(  # noqa: S603 - this interpreter, this program
            [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert other() == "CONFIG_INVALID"
    os.close(descriptor)
    assert other() == "free"


def test_every_method_has_a_typed_error_when_the_database_breaks(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    store = Store.open(path)
    store.close()
    for name in ("node.db", "node.db-wal"):
        if (tmp_path / name).exists():
            (tmp_path / name).write_bytes(os.urandom(20_000))
    works: list[Callable[[], object]] = [
        store.head,
        store.leaf_count,
        lambda: store.leaves(0, 1),
        lambda: store.asked(b""),
        store.unfinished,
        store.issued_grants,
        store.received_grants,
        lambda: store.fact("x"),
        lambda: store.set_fact("x", "y"),
        lambda: store.release(b""),
        lambda: store.balances(["x"]),
        lambda: store.cleaner().step(Due(0, 0, 0, 0)),
        lambda: store.replace_received_grants("x", []),
        store.begin,
    ]
    for work in works:
        assert _reason(work).reason is Reason.STORE_UNAVAILABLE
