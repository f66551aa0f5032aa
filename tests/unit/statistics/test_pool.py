"""Warm processes for statistics: many counts each, apart from each other, and ended when they should be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest
from support.waiting import PATIENCE, join, wait_for

from node.core.stop import Stop
from node.errors import NodeError, Reason
from node.source.child import Child
from node.source.count_query import CountQuery
from node.statistics.pool import Pool

pytestmark = pytest.mark.slow("counts are made by processes of their own")

ALL = 'SELECT COUNT(*) FROM "groups"'
ENDLESS = f"{ALL} AS a, range(100000000) AS b, range(100000) AS c WHERE b.range % 7 = c.range"


class Tick:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Tick:
    return Tick()


@pytest.fixture
def pool(clock: Tick) -> Iterator[Pool]:
    pool = Pool(30.0, clock)
    yield pool
    pool.close()


@pytest.fixture
def groups(tmp_path: Path) -> Path:
    return _rows(tmp_path / "groups.parquet", 1000)


def _rows(path: Path, count: int) -> Path:
    with duckdb.connect() as database:
        database.sql(f"SELECT range AS n FROM range({count})").write_parquet(str(path))  # noqa: S608
    return path


def _count(pool: Pool, groups: Path, sql: str = ALL, **values: str | int) -> int:
    ((_, count),) = pool.count(CountQuery(groups, sql, values), Stop())
    return count


def _pid(pool: Pool) -> int:
    (process,) = pool._idle
    return process.child.pid


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Busy:
    """How much of a processor a process has used since this was made, s."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = self._all()

    def __call__(self) -> float:
        return self._all() - self._before

    def _all(self) -> float:
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_one_process_serves_many_counts(pool: Pool, groups: Path) -> None:
    assert _count(pool, groups) == 1000
    first = _pid(pool)

    for most in range(50):
        assert _count(pool, groups, f"{ALL} WHERE n < $most", most=most) == most
    assert _pid(pool) == first


def test_counts_at_once_have_a_process_each(pool: Pool, groups: Path) -> None:
    threads = [threading.Thread(target=_count, args=(pool, groups)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 <= len(pool._idle) <= 3
    assert len({each.child.pid for each in pool._idle}) == len(pool._idle)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM read_parquet('{other}')",
        "SELECT COUNT(*) FROM read_csv('/etc/passwd')",
        "COPY \"groups\" TO '{folder}/out.csv'",
        "SET enable_external_access = true",
        "SET memory_limit = '8GB'",
        "ATTACH '{folder}/x.db'",
        "INSTALL httpfs",
        "CREATE TABLE kept AS SELECT * FROM nothing_that_is_there",
    ],
)
def test_a_count_can_read_its_one_file_and_nothing_else(pool: Pool, groups: Path, sql: str) -> None:
    other = _rows(groups.with_name("other.parquet"), 5)
    _count(pool, other)  # the process had that file a moment ago

    with pytest.raises(NodeError) as refused:
        _count(pool, groups, sql.format(other=other, folder=groups.parent))

    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert sorted(path.name for path in groups.parent.iterdir()) == ["groups.parquet", "other.parquet"]
    assert _count(pool, groups) == 1000


def test_nothing_of_a_count_is_left_for_the_next(pool: Pool, groups: Path) -> None:
    kept = 'CREATE TABLE kept AS SELECT * FROM "groups"; SELECT COUNT(*) FROM kept'
    assert _count(pool, groups, kept) == 1000
    pid = _pid(pool)

    with pytest.raises(NodeError):
        _count(pool, groups, "SELECT COUNT(*) FROM kept")
    assert _pid(pool) == pid


def test_noise_is_made_in_the_same_processes(pool: Pool, groups: Path) -> None:
    _count(pool, groups)
    pid, loaded = _pid(pool), set(sys.modules)

    released = pool.noise([100, 0, 5], 1, 50_000_000, Stop())

    assert (len(released.values), released.epsilon_micros) == (3, 50_000_000)
    assert abs(released.values[0] - 100) <= 5
    assert _pid(pool) == pid
    assert not [name for name in set(sys.modules) - loaded if name.startswith(("opendp", "duckdb"))]


def test_largest_table_is_made_noisy_within_the_memory_of_a_process(pool: Pool) -> None:
    released = pool.noise([7] * 100_000, 1, 1_000_000, Stop())

    assert len(released.values) == 100_000


def test_noise_out_of_bounds_is_refused_with_its_reason(pool: Pool) -> None:
    with pytest.raises(NodeError) as refused:
        pool.noise([1], 1, 0, Stop())

    assert refused.value.reason is Reason.CONFIG_INVALID


def test_stopped_count_ends_and_its_process_goes_on(pool: Pool, groups: Path) -> None:
    _count(pool, groups)
    pid = _pid(pool)
    busy = Busy(pid)
    stop = Stop()
    refused: list[NodeError] = []

    def ask() -> None:
        try:
            pool.count(CountQuery(groups, ENDLESS, {}), stop)
        except NodeError as error:
            refused.append(error)

    asker = threading.Thread(target=ask)
    asker.start()
    wait_for(lambda: busy() > 0.2)
    assert not refused
    stop.ask()
    join(asker)

    assert [error.reason for error in refused] == [Reason.SOURCE_UNAVAILABLE]
    assert _count(pool, groups) == 1000
    assert _pid(pool) == pid, "it was interrupted, not ended"


def test_process_that_does_not_stop_is_ended(pool: Pool, groups: Path) -> None:
    _count(pool, groups)
    pid = _pid(pool)
    os.kill(pid, signal.SIGSTOP)
    stop = Stop()
    stop.ask()

    with pytest.raises(NodeError):
        pool.count(CountQuery(groups, ALL, {}), stop)

    assert not _is_running(pid)
    assert _count(pool, groups) == 1000


def test_process_that_is_silent_is_given_up_and_replaced(groups: Path) -> None:
    pool = Pool(PATIENCE)
    try:
        _count(pool, groups)
        pid = _pid(pool)
        os.kill(pid, signal.SIGSTOP)
        pool._seconds = 2.0

        with pytest.raises(NodeError) as refused:
            _count(pool, groups)

        assert "longer than 2 seconds" in refused.value.message
        assert not _is_running(pid)
    finally:
        pool.close()


def test_process_that_takes_no_job_is_given_up(groups: Path) -> None:
    pool = Pool(PATIENCE)
    try:
        _count(pool, groups)
        pid = _pid(pool)
        os.kill(pid, signal.SIGSTOP)
        pool._seconds = 1.0

        with suppress(NodeError):  # if the next process takes too long to start
            pool.noise([7] * 100_000, 1, 1_000_000, Stop())  # more than the pipe holds

        assert not _is_running(pid)
    finally:
        pool.close()


def test_crash_in_a_count_is_refused_and_the_next_one_works(pool: Pool, groups: Path) -> None:
    _count(pool, groups)
    pid = _pid(pool)
    busy = Busy(pid)

    def kill() -> None:
        wait_for(lambda: busy() > 0.1)
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()

    with pytest.raises(NodeError) as refused:
        _count(pool, groups, ENDLESS)

    killer.join()
    assert "unexpectedly" in refused.value.message
    assert _count(pool, groups) == 1000


def test_process_that_died_while_it_was_idle_is_replaced(pool: Pool, groups: Path) -> None:
    _count(pool, groups)
    os.kill(_pid(pool), signal.SIGKILL)
    os.waitid(os.P_PID, _pid(pool), os.WEXITED | os.WNOWAIT)

    assert _count(pool, groups) == 1000


def test_idle_process_ends_after_some_minutes(pool: Pool, groups: Path, clock: Tick) -> None:
    _count(pool, groups)
    pid = _pid(pool)
    clock.now = 299
    pool.tidy()
    assert _pid(pool) == pid

    clock.now = 300
    pool.tidy()

    assert not _is_running(pid)
    assert _count(pool, groups) == 1000


def test_process_makes_room_for_another_after_many_jobs(
    pool: Pool, groups: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.statistics.pool._MOST_JOBS", 3)
    _count(pool, groups)
    first = _pid(pool)
    _count(pool, groups)
    _count(pool, groups)
    _count(pool, groups)

    assert _pid(pool) != first
    assert not _is_running(first)


def test_closed_pool_ends_its_processes_and_counts_no_more(pool: Pool, groups: Path) -> None:
    _count(pool, groups)
    pid = _pid(pool)
    pool.close()

    assert not _is_running(pid)
    with pytest.raises(NodeError) as refused:
        _count(pool, groups)
    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE


def test_processes_end_with_the_node_even_if_it_is_killed_in_the_middle_of_a_count(groups: Path) -> None:
    program = (
        "import sys, threading\n"
        "from pathlib import Path\n"
        "from node.core.stop import Stop\n"
        "from node.source.count_query import CountQuery\n"
        "from node.statistics.pool import Pool\n"
        "pool, groups = Pool(60.0), Path(sys.argv[1])\n"
        f"pool.count(CountQuery(groups, {ALL!r}, {{}}), Stop())\n"
        "print(pool._idle[0].child.pid, flush=True)\n"
        f"pool.count(CountQuery(groups, {ENDLESS!r}, {{}}), Stop())\n"
    )
    node = subprocess.Popen([sys.executable, "-c", program, str(groups)], stdout=subprocess.PIPE)  # noqa: S603
    assert node.stdout is not None
    pid = int(node.stdout.readline())
    busy = Busy(pid)
    wait_for(lambda: busy() > 0.2)

    node.kill()
    node.wait()
    node.stdout.close()

    wait_for(lambda: not _is_running(pid))


def test_nothing_of_a_count_is_on_the_command_line_of_its_process(pool: Pool, groups: Path) -> None:
    assert _count(pool, groups, f"{ALL} WHERE n < $most", most=7) == 7

    command = Path(f"/proc/{_pid(pool)}/cmdline").read_bytes()
    assert command.endswith(b"-P\0-m\0node.statistics.process\0")


def test_no_secret_of_the_nodes_environment_and_no_file_of_it_reaches_its_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a process has is told by itself: of one that is not dumpable only root may read it.
    tells = "import json, os; print(json.dumps([dict(os.environ), os.listdir('/proc/self/fd')]), flush=True)"
    (tmp_path / "tells_what_it_has.py").write_text(tells)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("REGISTER_URL", "postgresql://reader:secret-word@host/register")
    with (tmp_path / "key").open("w") as key:
        child = Child("tells_what_it_has", {"MORE": "1"})
        try:
            line = child.hear(30)
        finally:
            child.end()

        assert line is not None
        environment, descriptors = json.loads(line)
        assert "REGISTER_URL" not in environment
        assert "secret-word" not in line.decode()
        assert environment["MORE"] == "1"
        assert str(key.fileno()) not in descriptors


def test_child_takes_long_lines_and_says_when_it_has_ended() -> None:
    child = Child("node.statistics.process", {})
    try:
        assert child.tell(b'{"kind": "noise", "counts": [], "unit_contributes": 1, "epsilon_micros": 1}', 10)
        line = child.hear(30)
        assert line is not None
        assert b"released" in line
        child.say_no_more()
        assert child.hear(30) is None
    finally:
        child.end()
