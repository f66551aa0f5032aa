"""Data sources that fail: a typed error in bounded time, nothing of the data in it, and recovery."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from support.postgres import Postgres
from support.postgres import running as postgres_running
from support.register import ANN, COLUMNS, COUNTER, KEY, ROWS, dataset, key, question, resident, write_csv
from support.waiting import PATIENCE, join, patiently, wait_for

from node.core.stop import Stop
from node.errors import NodeError, Reason
from node.source import worker
from node.source.database import DatabaseSource
from node.source.lookup import SnapshotSource
from node.source.open import open_database, open_file
from node.source.snapshot import GROUPS, LOOKUP
from node.source.spec import DatabaseSpec, FileSpec, Layout
from node.source.worker import BuildJob
from node.texts.carried import from_text
from node.texts.wording import say

SECONDS = 1.0
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _open(path: Path) -> SnapshotSource:
    return open_file(
        FileSpec(path, "csv"), dataset(), path.parent / "data", KEY, lambda done, total: None, COUNTER
    )


def _is_active(source: SnapshotSource | DatabaseSource, subject: str = ANN) -> bool:
    return source.verify(question("is-active"), {}, "", [key(subject)])[0] is True


def _children(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def _refusal(source: SnapshotSource | DatabaseSource) -> str:
    """The words of the refusal; without a bound of a second it would come much later or never."""
    began = time.monotonic()
    with pytest.raises(NodeError) as refused:
        _is_active(source)
    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert time.monotonic() - began < PATIENCE
    return refused.value.message


def test_data_file_gone_while_running_is_no_matter_until_it_is_loaded(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv")
    source = _open(path)
    path.unlink()

    assert _is_active(source)
    with pytest.raises(NodeError) as refused:
        _open(path)
    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert _is_active(source), "a failed load leaves the last good one"

    write_csv(path)
    assert _is_active(_open(path))


def test_replaced_data_file_is_answered_from_once_loaded(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv")
    old = _open(path)
    write_csv(tmp_path / "new.csv", ROWS[1:]).replace(path)

    new = _open(path)

    assert (_is_active(old), _is_active(new)) == (True, False)
    assert old.snapshot != new.snapshot
    assert [entry.name for entry in (tmp_path / "data" / "register").iterdir()] == [new.snapshot]


def test_corrupt_data_file_leaves_the_last_good_snapshot(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv")
    source = _open(path)
    path.write_text(",".join(COLUMNS) + f"\n{ANN},too few\n")

    with pytest.raises(NodeError) as refused:
        _open(path)

    assert refused.value.metadata == {"file": "r.csv", "line": "2", "column": "27"}
    assert ANN not in str(refused.value)
    assert _is_active(source)


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100])
def test_damaged_lookup_file_is_refused_and_built_anew(tmp_path: Path, damage: bytes) -> None:
    path = write_csv(tmp_path / "r.csv", [(resident(n), *ROWS[0][1:]) for n in range(2000)])
    source = _open(path)
    source.close()
    lookup = tmp_path / "data" / "register" / source.snapshot / LOOKUP
    size = lookup.stat().st_size
    lookup.write_bytes(damage[:100].ljust(size, b"\x00") if damage else damage)

    if damage:
        # The size is right: only reading shows it.
        with pytest.raises(NodeError) as refused:
            _open(path)
        assert refused.value.reason is Reason.SOURCE_UNAVAILABLE

    assert _is_active(_open(path))


@pytest.mark.parametrize("gone", [".", "*", "*/groups.parquet", "*/lookup.sqlite", "*/manifest.json"])
def test_built_files_that_are_gone_are_noticed_and_built_anew(tmp_path: Path, gone: str) -> None:
    source = _open(write_csv(tmp_path / "r.csv"))
    folder = tmp_path / "data" / "register"
    for path in folder.glob(gone) if gone != "." else [folder]:
        path.unlink() if path.is_file() else shutil.rmtree(path)

    with pytest.raises(NodeError) as refused:
        source.check()
    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert "the built files are gone" in refused.value.message

    anew = _open(tmp_path / "r.csv")
    anew.check()
    assert _is_active(anew)
    assert dict(anew.count(question("people"), {}, "", Stop())) == {(): 4}


def test_page_that_goes_bad_while_running_is_refused_and_built_anew(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [(resident(n), *ROWS[0][1:]) for n in range(20_000)])
    source = _open(path)
    lookup = tmp_path / "data" / "register" / source.snapshot / LOOKUP
    with lookup.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(os.urandom(lookup.stat().st_size - 3 * 4096))

    subjects = [key(resident(number)) for number in range(0, 20_000, 20)]
    with pytest.raises(NodeError) as refused:
        source.verify(question("is-active"), {}, "", subjects)

    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert all(_open(path).verify(question("is-active"), {}, "", subjects))


def test_count_over_a_damaged_groups_file_is_refused(tmp_path: Path) -> None:
    source = _open(write_csv(tmp_path / "r.csv"))
    groups = tmp_path / "data" / "register" / source.snapshot / GROUPS
    groups.write_bytes(groups.read_bytes()[:-50])

    with pytest.raises(NodeError) as refused:
        source.count(question("by-region"), {}, "", Stop())

    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert _is_active(source)


def test_full_disk_ends_a_build_without_harm(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv")
    source = _open(path)
    write_csv(path, [(resident(n), *ROWS[0][1:]) for n in range(20_000)])
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from node.source.worker import main; main()"
    )
    job = worker.JOB.dump_json(
        BuildJob(FileSpec(path, "csv"), Layout.of(dataset()), tmp_path / "data" / "register", KEY.hex())
    )

    said = subprocess.run([sys.executable, "-c", limited], input=job, capture_output=True, check=False)  # noqa: S603

    word = worker.WORD.validate_json(said.stdout.splitlines()[-1])
    assert isinstance(word, worker.Failure)
    assert word.reason is Reason.SOURCE_UNAVAILABLE
    wording = from_text(word.wording)
    assert wording is not None
    assert "make room" in say(wording, "en")
    assert _is_active(source)
    assert [entry.name for entry in (tmp_path / "data" / "register").iterdir()] == [source.snapshot]


def test_killed_build_is_refused_and_the_next_one_works(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [(resident(n), *ROWS[0][1:]) for n in range(100_000)])
    folder = tmp_path / "data" / "register"

    def kill(done: int, total: int | None) -> None:
        for pid in _children(os.getpid()):
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(NodeError) as refused:
        worker.run(BuildJob(FileSpec(path, "csv"), Layout.of(dataset()), folder, KEY.hex()), kill, 30)

    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert _is_active(_open(path), resident(7))
    assert len(list(folder.iterdir())) == 1


def test_data_file_that_stops_answering_is_given_up(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "r.csv", [(resident(n), *ROWS[0][1:]) for n in range(100_000)])
    job = BuildJob(FileSpec(path, "csv"), Layout.of(dataset()), tmp_path / "data", KEY.hex())

    def stop(done: int, total: int | None) -> None:
        for pid in _children(os.getpid()):
            os.kill(pid, signal.SIGSTOP)

    with pytest.raises(NodeError) as refused:
        worker.run(job, stop, 2)

    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert "took longer than 2 seconds" in refused.value.message


def test_pipe_in_place_of_a_data_file_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    os.mkfifo(path)

    with pytest.raises(NodeError) as refused:
        _open(path)

    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert "a folder, a pipe or a device" in refused.value.message


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with postgres_running() as server:
        yield server


@pytest.fixture
def url(postgres: Postgres) -> str:
    url = postgres.new_database()
    with psycopg.connect(url) as connection:
        columns = ", ".join(f"{name} {'integer' if name == 'months' else 'text'}" for name in COLUMNS)
        connection.execute(f"CREATE TABLE register ({columns}, PRIMARY KEY (resident_id))".encode())
        marks = ", ".join(["%s"] * len(COLUMNS))
        insert = f"INSERT INTO register VALUES ({marks})".encode()  # noqa: S608
        connection.cursor().executemany(insert, list(ROWS))
    return url


def _live(url: str, table: str = "register") -> DatabaseSource:
    return open_database(DatabaseSpec(url, table), dataset(), lambda: NOON, SECONDS)


def test_database_stopped_and_started_again_is_answered_from_again(postgres: Postgres, url: str) -> None:
    source = _live(url)
    assert _is_active(source)

    postgres.stop()
    try:
        assert "does not answer" in _refusal(source)
        with pytest.raises(NodeError):
            source.check()
    finally:
        postgres.start()

    assert _is_active(source)
    source.close()


def test_database_that_hangs_is_given_up_in_time_and_asked_again(postgres: Postgres, url: str) -> None:
    source = _live(url)
    assert _is_active(source)
    pids = [postgres.pid, *_children(postgres.pid)]

    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(6):  # more than there are connections
            assert "longer than" in _refusal(source)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    assert patiently(lambda: _is_active(source))
    source.close()


def test_locked_table_is_given_up_in_time(url: str) -> None:
    source = _live(url)
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE register IN ACCESS EXCLUSIVE MODE")
        _refusal(source)
    assert _is_active(source)
    source.close()


def _count_until_stopped(source: DatabaseSource, begun: Callable[[], bool]) -> list[NodeError]:
    """Count, stop that once it has begun, and wait for its end; what it ended with."""
    stop, ended = Stop(), list[NodeError]()

    def count() -> None:
        try:
            source.count(question("people"), {}, "", stop)
        except NodeError as error:
            ended.append(error)

    counting = threading.Thread(target=count)
    counting.start()
    wait_for(begun)
    assert counting.is_alive()
    stop.ask()
    join(counting)
    return ended


def test_count_that_is_stopped_is_cancelled_in_the_database(url: str) -> None:
    source = open_database(DatabaseSpec(url, "register"), dataset(), lambda: NOON, 300.0)
    waiting = b"SELECT count(*) FROM pg_locks WHERE NOT granted"

    with psycopg.connect(url) as other, psycopg.connect(url, autocommit=True) as watch:

        def waits() -> bool:
            row = watch.execute(waiting).fetchone()
            return row is not None and row[0] > 0

        other.execute("LOCK TABLE register IN ACCESS EXCLUSIVE MODE")
        ended = _count_until_stopped(source, waits)
        assert not waits()

    assert [error.reason for error in ended] == [Reason.SOURCE_UNAVAILABLE]
    assert source.count(question("people"), {}, "", Stop()) == [((), 4)]
    source.close()


def test_count_that_is_stopped_ends_in_sqlite_too(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    with sqlite3.connect(path) as database:
        columns = ", ".join(f"{name} {'integer' if name == 'months' else 'text'}" for name in COLUMNS)
        database.execute(f"CREATE TABLE register ({columns})")
    source = open_database(DatabaseSpec(f"sqlite:///{path}", "register"), dataset(), lambda: NOON, 300.0)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE register")
        named = ", ".join([f"({endless}) AS {COLUMNS[0]}", *(f"'' AS {name}" for name in COLUMNS[1:])])
        database.execute(f"CREATE VIEW register AS SELECT {named}")
    began = time.monotonic()

    ended = _count_until_stopped(source, lambda: time.monotonic() > began + 0.5)

    assert [error.reason for error in ended] == [Reason.SOURCE_UNAVAILABLE]
    source.close()


def test_dropped_table_is_refused_and_found_again(url: str) -> None:
    source = _live(url)
    with psycopg.connect(url) as other:
        other.execute("ALTER TABLE register RENAME TO elsewhere")
    assert "refuses the query" in _refusal(source)
    with psycopg.connect(url) as other:
        other.execute("ALTER TABLE elsewhere RENAME TO register")
    assert _is_active(source)
    source.close()


def test_database_is_only_read(url: str) -> None:
    source = _live(url)

    with pytest.raises(NodeError):
        source._lookups.run(lambda connection: connection.exec_driver_sql("DELETE FROM register"))

    assert _is_active(source)
    source.close()


def test_table_that_does_not_fit_is_refused(url: str) -> None:
    with psycopg.connect(url) as other:
        other.execute("CREATE VIEW numbers AS SELECT resident_id, 1 AS name FROM register")
        other.execute("CREATE VIEW short AS SELECT resident_id, name FROM register")
    for table, words in (
        ("nothing", "no such table"),
        ("numbers", "column name does not"),
        ("short", "no column"),
    ):
        with pytest.raises(NodeError) as refused:
            _live(url, table)
        assert refused.value.reason is Reason.CONFIG_INVALID
        assert words in refused.value.message


def test_read_only_sqlite_url_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(NodeError):
        _live(f"sqlite:///{tmp_path / 'none.db'}")

    assert list(tmp_path.iterdir()) == []
