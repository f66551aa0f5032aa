"""Disk full, database locked, data, peer or clock gone: a typed error in time, and recovery by itself."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event
from support.hand_clock import HandClock
from support.log_audit import audit
from support.processes import Processes, charged, processes, read_ended
from support.running import CASE, DEFERRAL, ENROLLED, Running, pension_grant, pension_town, resident
from support.town import HR, TAX
from support.waiting import PATIENCE, wait_for

from node.client import Chunk, Client, Subject
from node.core.state.part import PartKind
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as rec

IN_TIME = 30.0
"""Seconds before a caller gives up itself: every error below is told by then; most take milliseconds."""
HURRY = "limits: {deadline_seconds: 6, source_seconds: 1, counts_wait_seconds: 1}\n"


def _verify(client: Client, number: int = 2, exchange_id: bytes = b"") -> bool:
    return client.verify(
        ENROLLED, resident(number), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id
    ).answer


def _fails(client: Client, exchange_id: bytes = b"") -> Reason:
    """The reason of a failure that comes in time."""
    with pytest.raises(NodeError) as failed:
        _verify(client, 2, exchange_id)
    return failed.value.reason


# --- the disk of real processes ---


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """Two processes; at the end both logs verify, and the ledger is the sum of the records."""
    town = pension_town(tmp_path_factory.mktemp("town"), extra=HURRY)
    with processes(town, HR, TAX) as nodes:
        nodes.grant()
        yield nodes
    provider, requester = read_ended(town, HR), read_ended(town, TAX)
    assert provider.findings == requester.findings == ()
    verdicts = [verdict for found in provider.verdicts.values() for _, verdict in found]
    assert all(len(found) == 1 for found in provider.verdicts.values())
    assert provider.used["rule.day"] == charged(verdicts, "rule.day")
    for exchange_id, outcomes in requester.outcomes.items():
        if any(outcome.kind == rec.OUTCOME_KIND_ANSWERED for outcome in outcomes):
            assert provider.verdicts[exchange_id][0][1].decision == rec.DECISION_PERMIT


@contextmanager
def disk_full(nodes: Processes, code: str) -> Iterator[None]:
    """No file of the process may grow; the kernel refuses each write, as a full disk would."""
    pid = nodes.nodes[code].pid
    assert pid is not None
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def database_locked(nodes: Processes, code: str) -> Iterator[None]:
    """Somebody else writes to the database and does not end."""
    path = nodes.town.offices[code].folder / "state" / "node.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.parametrize("fault", [disk_full, database_locked])
@pytest.mark.parametrize("code", [HR, TAX])
def test_node_that_cannot_write_answers_nothing_and_recovers_by_itself(
    nodes: Processes, code: str, fault: Callable[[Processes, str], Iterator[None]]
) -> None:
    exchange_id = os.urandom(16)
    with nodes.client(TAX, timeout=IN_TIME) as tax:
        assert _verify(tax) is True
        with fault(nodes, code):  # type: ignore[attr-defined]
            assert _fails(tax, exchange_id) is Reason.STORE_UNAVAILABLE
            assert _fails(tax) is Reason.STORE_UNAVAILABLE
        assert _verify(tax) is True
        assert _verify(tax, 2, exchange_id) is True


def test_full_disk_leaves_the_log_readable_and_a_batch_resumable(nodes: Processes) -> None:
    batch_id = os.urandom(16)
    chunks = [Chunk(n, (Subject(resident(n)),)) for n in range(6)]

    def batch(client: Client) -> list[object]:
        results = client.batch(ENROLLED, chunks, purpose=DEFERRAL, case=CASE, batch_id=batch_id)
        return [each.answers if each.refusal is None else each.refusal.reason for each in results]

    with nodes.client(TAX, timeout=IN_TIME) as tax, nodes.client(HR) as hr:
        size = hr.log.size()
        with disk_full(nodes, HR):
            for _ in range(30):  # the reason must not be lost when the end meets a write
                with pytest.raises(NodeError) as ended:
                    batch(tax)
                assert ended.value.reason is Reason.STORE_UNAVAILABLE
            assert hr.log.size() == size
            assert len(list(hr.log.records())) == size
            assert hr.admin.status().log_size == size
        assert batch(tax) == [(n % 2 == 0,) for n in range(6)]


def test_grant_cannot_be_given_without_its_record_but_is_taken_away_at_once(nodes: Processes) -> None:
    with nodes.client(TAX, timeout=IN_TIME) as tax, nodes.client(HR) as hr:
        granted = next(g for g in hr.admin.issued_grants() if g.requester == TAX)
        with disk_full(nodes, HR), pytest.raises(NodeError) as failed:
            hr.admin.issue_grant(granted)
        assert failed.value.reason is Reason.STORE_UNAVAILABLE
        assert len(hr.admin.issued_grants()) == 1
        hr.admin.suspend_grant(granted.id, "complaint")
        with pytest.raises(NodeError) as denied:
            _verify(tax)
        assert denied.value.reason is Reason.SUSPENDED
        hr.admin.resume_grant(granted.id)
        tax.grants(refresh=True)
        assert _verify(tax) is True


# --- the peer ---


def test_peer_that_is_gone_is_told_in_time_and_asked_again_when_it_is_back(nodes: Processes) -> None:
    exchange_id = os.urandom(16)
    with nodes.client(TAX, timeout=IN_TIME) as tax:
        nodes.kill(HR)
        assert _fails(tax, exchange_id) is Reason.PEER_UNAVAILABLE
        nodes.start(HR)
        nodes.wait(HR)
        wait_for(lambda: _answered(tax))
        assert _verify(tax, 2, exchange_id) is True


def _answered(client: Client) -> bool:
    try:
        return _verify(client)
    except NodeError:
        return False


def test_peer_that_hangs_is_given_up_in_time(nodes: Processes) -> None:
    pid = nodes.nodes[HR].pid
    assert pid is not None
    exchange_id = os.urandom(16)
    with nodes.client(TAX, timeout=IN_TIME) as tax, ThreadPoolExecutor(1) as aside:
        os.kill(pid, signal.SIGSTOP)
        try:
            browsing = aside.submit(tax.catalogue, HR)
            assert _fails(tax, exchange_id) in (Reason.TIMEOUT, Reason.PEER_UNAVAILABLE)
            with pytest.raises(NodeError) as failed:
                browsing.result()
            assert failed.value.reason in (Reason.TIMEOUT, Reason.PEER_UNAVAILABLE)
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_for(lambda: _answered(tax))
        assert _verify(tax, 2, exchange_id) is True


def test_node_that_drains_finishes_what_is_under_way(nodes: Processes) -> None:
    said: list[object] = []

    def ask() -> None:
        with nodes.client(TAX, timeout=IN_TIME) as tax:
            while len(said) < 100_000:
                try:
                    said.append(_verify(tax))
                except NodeError as error:
                    said.append(error.reason)
                    return

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    wait_for(lambda: len(said) > 30)
    process = nodes.nodes[TAX]
    process.ask_to_stop()
    assert process.wait(PATIENCE) == 0
    for asker in askers:
        asker.join()
    assert set(said) <= {True, Reason.DRAINING, Reason.PEER_UNAVAILABLE, Reason.TIMEOUT}
    # At its end every intent has its outcome: there is nothing left for the next start to close.
    requester = read_ended(nodes.town, TAX)
    assert requester.unfinished == 0
    assert not any(
        outcome.kind == rec.OUTCOME_KIND_ABANDONED
        for outcomes in requester.outcomes.values()
        for outcome in outcomes
    )
    nodes.start(TAX)
    nodes.wait(TAX)
    with nodes.client(TAX) as tax:
        wait_for(lambda: _answered(tax))


# --- database, data and clock of nodes in this process ---


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def here(tmp_path: Path, clock: HandClock) -> Iterator[Running]:
    here = Running(pension_town(tmp_path, extra=HURRY), clock)
    try:
        here.start(HR, TAX)
        here.grant()
        yield here
        for code in (HR, TAX):
            with here.operator(code) as client:
                assert audit(client, here.town.member(code)) == []
    finally:
        here.close()


@contextmanager
def read_only(here: Running, code: str) -> Iterator[None]:
    """What SQLite says now is what it says of a file without write permission."""
    store = here.nodes[code]._store

    def forbid(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA query_only = ON")

    async def forbid_writer() -> None:
        assert store._writer is not None
        store._writer.cursor().execute("PRAGMA query_only = ON")

    event.listen(store._engine, "checkout", forbid)
    here.call(forbid_writer())
    try:
        yield
    finally:
        event.remove(store._engine, "checkout", forbid)


@pytest.mark.parametrize("code", [HR, TAX])
def test_database_that_became_read_only_is_told_and_recovers(here: Running, code: str) -> None:
    with here.operator(TAX) as tax, here.operator(code) as operator:
        assert _verify(tax) is True
        with read_only(here, code):
            assert _fails(tax) is Reason.STORE_UNAVAILABLE
            status = operator.admin.status()
            assert status.state == "DEGRADED"
            assert any("usage log" in problem.message for problem in status.problems)
        wait_for(lambda: _answered(tax))
        wait_for(lambda: operator.admin.status().state == "SERVING")
        # What writes beside the groups recovers too.
        assert operator.admin.reload().refused == ()
        here.nodes[code]._store.set_fact("test", "1")


@pytest.mark.parametrize("damage", ["truncated", "garbage"])
def test_damaged_data_is_a_recorded_denial_and_a_reload_rebuilds_it(here: Running, damage: str) -> None:
    folder = here.town.offices[HR].folder / "state" / "data"
    with here.operator(TAX) as tax, here.operator(HR) as hr:
        assert _verify(tax) is True
        for path in folder.rglob("*"):
            if path.is_file() and path.stat().st_size > 4096:
                size = path.stat().st_size
                with path.open("r+b") as file:
                    if damage == "truncated":
                        file.truncate(1000)
                    else:
                        file.write(os.urandom(size))
        with here.nodes[HR]._live._turn:  # else it might be built anew before it is looked at
            here.call(_forget_connections(here))
            assert _fails(tax) is Reason.SOURCE_UNAVAILABLE
            assert here.records(HR)[-1].verdict.clause == "source.silent"
            assert hr.admin.status().state == "DEGRADED"
        assert hr.admin.reload().refused == ()
        assert _verify(tax) is True
        assert hr.admin.status().state == "SERVING"


async def _forget_connections(here: Running) -> None:
    """As if the node had just started: nothing is cached."""
    (source,) = here.nodes[HR]._live.sources.opened.values()
    while source._idle:  # type: ignore[attr-defined]
        source._idle.pop().close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("gone", ["", "/*", "/*/*", "/*/*/groups.parquet", "/*/*/lookup.sqlite"])
def test_data_that_is_gone_is_told_in_status_and_a_reload_builds_it_anew(here: Running, gone: str) -> None:
    state = here.town.offices[HR].folder / "state"
    with here.operator(TAX) as tax, here.operator(HR) as hr:
        assert _verify(tax) is True
        with here.nodes[HR]._live._turn:
            for path in state.glob(f"data{gone}"):
                path.unlink() if path.is_file() else shutil.rmtree(path)
            status = hr.admin.status()
            assert status.state == "DEGRADED"
            (problem,) = status.problems
            assert "the built files are gone" in problem.message
            assert status.datasets[0].problem == problem
        assert hr.admin.reload().refused == ()
        assert hr.admin.status().state == "SERVING"
        assert _verify(tax) is True
        assert len(list(state.glob("data/*/*/*"))) == 3


def test_data_that_is_gone_comes_back_by_itself(here: Running) -> None:
    folder = here.town.offices[HR].folder / "state" / "data"
    with here.operator(TAX) as tax:
        assert _verify(tax) is True
        with here.nodes[HR]._live._turn:
            shutil.rmtree(folder)
            here.call(_forget_connections(here))
            assert _fails(tax) is Reason.SOURCE_UNAVAILABLE
        wait_for(lambda: _answered(tax))
        wait_for(lambda: len(list(folder.glob("*/*/*"))) == 3)


@pytest.mark.parametrize("jump", [timedelta(minutes=-2), timedelta(days=-400), timedelta(days=400)])
def test_clock_that_jumps_stops_no_node_and_is_told(here: Running, clock: HandClock, jump: timedelta) -> None:
    with here.operator(TAX) as tax, here.operator(HR) as hr:
        assert _verify(tax) is True
        clock.moved = jump
        assert _verify(tax) is True
        status = hr.admin.status()
        assert status.state == "DEGRADED"
        assert [problem.part.kind for problem in status.problems] == [PartKind.CLOCK]
        clock.moved = timedelta()
        assert _verify(tax) is True
        assert hr.admin.status().state == "SERVING"


def test_clocks_of_two_nodes_that_differ_are_a_sealed_denial(tmp_path: Path) -> None:
    town = pension_town(tmp_path, extra=HURRY)
    clock = HandClock()
    fast, right = Running(town, clock), Running(town)
    try:
        right.start(HR)
        fast.start(TAX)
        with right.operator(HR) as hr, fast.operator(TAX) as tax:
            hr.admin.issue_grant(pension_grant())
            tax.grants(refresh=True)
            assert _verify(tax) is True
            clock.passed = timedelta(minutes=10)  # it runs fast
            assert _fails(tax) is Reason.CLOCK_SKEWED
            last = right.records(HR)[-1]
            assert (last.verdict.decision, last.verdict.reason) == (
                rec.DECISION_DENY,
                Reason.CLOCK_SKEWED.wire,
            )
    finally:
        fast.close()
        right.close()
