"""Group commit: order, one transaction and one signature a group, failures, repeats, clocks, restarts."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.small_log import Clock, FaultyStore, Line, Pen, check_log, check_receipt, open_store
from support.waiting import PATIENCE, reached

from node.core.deciding.budget import Debit
from node.core.log.checkpoint import Checkpoint
from node.core.log.commit import Head
from node.core.log.merkle import verify_consistency
from node.core.log.peer_log import PeerLog, SeenCheckpoint
from node.errors import NodeError, Reason
from node.exchange import group
from node.exchange.group import CLOCK_TOLERANCE_MS, MAX_GROUP, MAX_WAITING, GroupCommit
from node.exchange.job import Recorded
from node.exchange.watch import Unwatched
from node.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(tmp_path)
    yield store
    store.close()


@pytest.fixture
def faults(store: Store) -> FaultyStore:
    return FaultyStore(store)


@pytest.fixture
def pen() -> Pen:
    return Pen()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def commit(faults: FaultyStore, pen: Pen, clock: Clock) -> GroupCommit:
    return GroupCommit(faults, pen.keys(), clock)


async def _all(commit: GroupCommit, *lines: Line) -> list[Recorded | BaseException]:
    return await asyncio.gather(*(commit.run(line) for line in lines), return_exceptions=True)


def _reasons(results: list[Recorded | BaseException]) -> list[Reason | None]:
    return [result.reason if isinstance(result, NodeError) else None for result in results]


async def test_records_stand_in_the_order_in_which_they_came(commit: GroupCommit, store: Store) -> None:
    lines = [Line(b"%d" % n) for n in range(3 * MAX_GROUP)]
    results = await _all(commit, *lines)
    assert [result.index for result in results if isinstance(result, Recorded)] == list(range(len(lines)))
    assert check_log(store) == [line.text for line in lines]


async def test_what_arrives_together_shares_a_transaction_and_a_signature(
    commit: GroupCommit, faults: FaultyStore, pen: Pen
) -> None:
    results = await _all(commit, *(Line(b"%d" % n) for n in range(100)))
    assert faults.begun == 1
    assert pen.signed == [100]
    assert {result.size for result in results if isinstance(result, Recorded)} == {100}


async def test_every_job_gets_a_receipt_that_proves_its_record(commit: GroupCommit) -> None:
    for size in (1, 2, 300):
        lines = [Line(b"%d of %d" % (n, size)) for n in range(size)]
        for line, result in zip(lines, await _all(commit, *lines), strict=True):
            assert isinstance(result, Recorded)
            check_receipt(result, line.text)


async def test_nothing_is_told_before_it_is_durable(commit: GroupCommit, faults: FaultyStore) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    faults.before_commit = hold
    waiting = asyncio.ensure_future(commit.run(Line(b"a")))
    await reached(begun)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    assert commit.head.size == 0
    go_on.set()
    assert (await waiting).index == 0
    assert commit.head.size == 1


@pytest.mark.parametrize("step", ["begin", "write", "commit"])
async def test_what_fails_is_undone_for_the_whole_group_and_the_log_goes_on(
    commit: GroupCommit, faults: FaultyStore, store: Store, step: str
) -> None:
    debit = Debit("grant.day", "k", 1, 10)
    await commit.run(Line(b"before"))
    faults.fail(step)
    failed = await _all(commit, Line(b"x", [debit]), Line(b"y"))
    assert _reasons(failed) == [Reason.STORE_UNAVAILABLE] * 2
    faults.fail()
    after = await commit.run(Line(b"after"))
    assert after.index == 1
    check_receipt(after, b"after")
    assert check_log(store) == [b"before", b"after"]
    assert store.balances(["k"]) == {}


async def test_a_failure_after_it_became_durable_keeps_record_and_charge(
    commit: GroupCommit, faults: FaultyStore, store: Store
) -> None:
    faults.fail("late")
    lost = await _all(commit, Line(b"kept", [Debit("grant.day", "k", 1, 10)], ("r", b"1"), b"d"))
    assert _reasons(lost) == [Reason.STORE_UNAVAILABLE]
    faults.fail()
    again = await commit.run(Line(b"kept", [Debit("grant.day", "k", 1, 10)], ("r", b"1"), b"d"))
    assert again.index == 0
    check_receipt(again, b"kept")
    assert check_log(store) == [b"kept"]
    assert store.balances(["k"]) == {"k": 1}


@pytest.mark.parametrize("step", ["write", "commit", "late"])
async def test_log_stays_sound_when_the_store_cannot_even_be_read_after_a_failure(
    commit: GroupCommit, faults: FaultyStore, store: Store, step: str
) -> None:
    await commit.run(Line(b"before"))
    faults.fail(step, "read")
    assert _reasons(await _all(commit, Line(b"x"))) == [Reason.STORE_UNAVAILABLE]
    assert _reasons(await _all(commit, Line(b"y"))) == [Reason.STORE_UNAVAILABLE]
    faults.fail()
    check_receipt(await commit.run(Line(b"after")), b"after")
    expected = [b"before", b"x", b"after"] if step == "late" else [b"before", b"after"]
    assert check_log(store) == expected


async def test_another_writer_is_waited_for_in_bounded_time_and_nobody_else_waits(
    commit: GroupCommit, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("node.exchange.group.BUSY_SECONDS", 1.0)
    other = Store(store._engine)
    for ends in (True, False):
        lock = other.begin()
        assert lock is not None
        waiting = asyncio.ensure_future(commit.run(Line(b"%d" % ends)))
        ticks = 0
        while not waiting.done() and ticks < 20:
            await asyncio.sleep(0.002)
            ticks += 1
        assert ticks == 20
        if ends:
            lock.commit()
            await waiting
        else:
            with pytest.raises(NodeError) as locked:
                await waiting
            assert locked.value.reason is Reason.STORE_UNAVAILABLE
            assert commit.problem
            lock.commit()
    await commit.run(Line(b"after"))
    assert commit.problem is None
    assert check_log(store) == [b"1", b"after"]


async def test_a_defect_in_one_group_is_told_without_details(
    commit: GroupCommit, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(b"x")
    monkeypatch.setattr(Line, "finish", lambda *_: 1 / 0)
    with pytest.raises(NodeError) as told:
        await commit.run(line)
    assert told.value.reason is Reason.INTERNAL
    assert "division" not in told.value.message
    monkeypatch.undo()
    await commit.run(Line(b"y"))
    assert check_log(store) == [b"y"]


async def test_a_job_that_refuses_leaves_the_others_alone(commit: GroupCommit, store: Store) -> None:
    refusal = NodeError(Reason.QUERY_INVALID, "no")
    results = await _all(commit, Line(b"a"), Line(b"b", refuses=refusal), Line(b"c"))
    assert _reasons(results) == [None, Reason.QUERY_INVALID, None]
    assert check_log(store) == [b"a", b"c"]


async def test_a_group_of_refusals_writes_nothing(commit: GroupCommit, store: Store, pen: Pen) -> None:
    refusal = NodeError(Reason.QUERY_INVALID, "no")
    assert _reasons(await _all(commit, Line(b"b", refuses=refusal))) == [Reason.QUERY_INVALID]
    assert check_log(store) == []
    assert pen.signed == []


async def test_last_unit_goes_to_exactly_one_of_many(commit: GroupCommit, store: Store) -> None:
    debit = Debit("rule.day", "k", 1, 3)
    await _all(commit, Line(b"a", [debit]), Line(b"b", [debit]))
    results = await _all(commit, *(Line(b"%d" % n, [debit]) for n in range(64)))
    assert _reasons(results).count(None) == 1
    assert store.balances(["k"]) == {"k": 3}


async def test_a_repeat_gets_the_earlier_record_with_a_new_receipt(commit: GroupCommit, store: Store) -> None:
    debit = Debit("rule.day", "k", 1, 10)
    asked = Line(b"a", [debit], ("r", b"1"), b"digest")
    first = await commit.run(asked)
    await commit.run(Line(b"other"))
    again = await commit.run(asked)
    assert (again.index, again.leaf) == (first.index, b"a")
    assert again.size == 2
    check_receipt(again, b"a")
    assert check_log(store) == [b"a", b"other"]
    assert store.balances(["k"]) == {"k": 1}


async def test_one_id_of_two_requesters_is_no_repeat(commit: GroupCommit, store: Store) -> None:
    await commit.run(Line(b"a", exchange=("r", b"1"), digest=b"d"))
    await commit.run(Line(b"b", exchange=("s", b"1"), digest=b"d"))
    assert check_log(store) == [b"a", b"b"]


async def test_one_exchange_twice_in_a_group_is_settled_once(commit: GroupCommit, store: Store) -> None:
    debit = Debit("rule.day", "k", 1, 10)
    twice = [Line(b"a", [debit], ("r", b"1"), b"d") for _ in range(2)]
    results = await _all(commit, *twice, Line(b"other"))
    assert _reasons(results) == [None, Reason.REQUEST_REPLAYED, None]
    assert check_log(store) == [b"a", b"other"]
    assert store.balances(["k"]) == {"k": 1}


async def test_nothing_is_recorded_while_the_clock_is_behind_the_log(
    commit: GroupCommit, store: Store, clock: Clock
) -> None:
    await commit.run(Line(b"a"))
    clock.now -= CLOCK_TOLERANCE_MS + 1
    assert _reasons(await _all(commit, Line(b"b"))) == [Reason.CLOCK_SKEWED]
    assert check_log(store) == [b"a"]
    clock.now += CLOCK_TOLERANCE_MS + 1
    await commit.run(Line(b"c"))
    assert check_log(store) == [b"a", b"c"]


async def test_a_small_step_back_of_the_clock_does_not_stop_the_log_nor_its_time(
    commit: GroupCommit, clock: Clock
) -> None:
    await commit.run(Line(b"a"))
    clock.now -= CLOCK_TOLERANCE_MS
    await commit.run(Line(b"b"))
    assert commit.head.time_ms == Clock().now


async def test_record_of_a_caller_who_went_away_stays(
    commit: GroupCommit, faults: FaultyStore, store: Store
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    faults.before_commit = hold
    gone = asyncio.ensure_future(commit.run(Line(b"gone")))
    stays = asyncio.ensure_future(commit.run(Line(b"stays")))
    await reached(begun)
    gone.cancel()
    go_on.set()
    assert (await stays).index == 1
    assert check_log(store) == [b"gone", b"stays"]


async def test_what_waits_at_the_end_is_committed_and_nothing_after(
    commit: GroupCommit, store: Store
) -> None:
    waiting = [asyncio.ensure_future(commit.run(Line(b"%d" % n))) for n in range(300)]
    await asyncio.sleep(0)
    await commit.stop()
    assert all(not isinstance(each, BaseException) for each in await asyncio.gather(*waiting))
    assert len(check_log(store)) == 300
    with pytest.raises(NodeError) as late:
        await commit.run(Line(b"late"))
    assert late.value.reason is Reason.DRAINING


async def test_too_many_waiting_are_told_to_slow_down(commit: GroupCommit, store: Store) -> None:
    results = await _all(commit, *(Line(b"%d" % n) for n in range(MAX_WAITING + 10)))
    assert _reasons(results).count(Reason.OVERLOADED) == 10
    assert len(check_log(store)) == MAX_WAITING


async def test_cosignature_comes_after_so_many_records_and_so_long(
    faults: FaultyStore, pen: Pen, clock: Clock
) -> None:
    commit = GroupCommit(faults, pen.keys(every_records=3, every_ms=1000), clock)
    for n in range(4):
        await commit.run(Line(b"%d" % n))
    assert pen.cosigned == [1, 4]
    clock.now += 1000
    await commit.run(Line(b"later"))
    assert pen.cosigned == [1, 4, 5]
    assert commit.head.cosigned_size == 5
    assert pen.signed == [1, 2, 3, 4, 5]


async def test_other_keys_sign_from_the_next_group_on_and_cosign_it(
    faults: FaultyStore, pen: Pen, clock: Clock
) -> None:
    commit = GroupCommit(faults, pen.keys(), clock)
    await _all(commit, *(Line(b"%d" % n) for n in range(3)))
    other = Pen()
    commit.replace_keys(other.keys())
    faults.fail("commit")
    await _all(commit, Line(b"lost"))
    faults.fail()
    # What was cosigned and lost is no cosignature of the new keys.
    for n in range(3, 6):
        await commit.run(Line(b"%d" % n))
    assert (pen.signed, pen.cosigned) == ([3], [3])
    assert (other.signed, other.cosigned) == ([4, 4, 5, 6], [4, 4])
    assert commit.head.cosigned_size == 4


async def test_old_proofs_and_consistency_hold_in_the_grown_log(commit: GroupCommit) -> None:
    roots = {}
    for n in range(10):
        roots[n + 1] = (await commit.run(Line(b"%d" % n))).root
    for first in range(1, 11):
        proof = commit.consistency_proof(first, 10)
        verify_consistency(first, 10, proof, roots[first], roots[10])
    assert commit.inclusion_proof(0, 1) == []
    for wrong in ((10, 10), (0, 11), (-1, 0)):
        with pytest.raises(NodeError) as missing:
            commit.inclusion_proof(*wrong)
        assert missing.value.reason is Reason.NOT_FOUND
    with pytest.raises(NodeError):
        commit.consistency_proof(11, 12)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
async def test_a_restarted_log_goes_on_where_it_was(
    faults: FaultyStore, store: Store, clock: Clock, size: int
) -> None:
    keys = Pen().keys()
    first = GroupCommit(faults, keys, clock)
    if size:
        await _all(first, *(Line(b"%d" % n) for n in range(size)))
    await first.stop()
    second = GroupCommit(faults, keys, clock)
    assert second.head == first.head
    check_receipt(await second.run(Line(b"next")), b"next")
    assert len(check_log(store)) == size + 1


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE record SET leaf = x'00' WHERE seq = 258",
        "DELETE FROM record WHERE seq = 258",
        "DELETE FROM record WHERE seq = 256",
        "INSERT INTO record SELECT 259, leaf, evidence FROM record WHERE seq = 0",
        "DELETE FROM log_tile",
        "UPDATE log_tile SET hashes = zeroblob(8192)",
        "UPDATE log_tile SET hashes = zeroblob(100)",
        "UPDATE log_head SET size = 258",
        "UPDATE log_head SET note = CAST(replace(note, '259', '258') AS BLOB)",
    ],
)
async def test_a_log_that_was_changed_behind_its_back_is_not_continued(
    tmp_path: Path, store: Store, clock: Clock, damage: str
) -> None:
    commit = GroupCommit(store, Pen().keys(), clock)
    await _all(commit, *(Line(b"%d" % n) for n in range(259)))
    await commit.stop()
    store.close()
    with sqlite3.connect(tmp_path / "node.db") as raw:
        assert raw.execute(damage).rowcount
    raw.close()
    with pytest.raises(NodeError) as found:
        GroupCommit(open_store(tmp_path), Pen().keys(), clock)
    assert found.value.reason in (Reason.LOG_CORRUPT, Reason.PROOF_INVALID)


async def test_who_comes_shortly_after_others_shares_their_group(
    commit: GroupCommit, faults: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "GATHER_SECONDS", 1.0)
    await _all(commit, *(Line(b"%d" % n) for n in range(8)))
    first = asyncio.ensure_future(commit.run(Line(b"early")))
    await asyncio.sleep(0.01)
    await _all(commit, Line(b"late"))
    await first
    assert faults.begun == 2


async def test_who_comes_after_a_pause_is_not_waited_for(
    commit: GroupCommit, faults: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "GATHER_SECONDS", 0.01)
    monkeypatch.setattr(group, "GATHER_MOST", 1000)
    await _all(commit, *(Line(b"%d" % n) for n in range(8)))
    await asyncio.wait_for(commit.run(Line(b"early")), PATIENCE)
    await commit.run(Line(b"late"))
    assert faults.begun == 3


async def test_full_group_waits_for_nobody(
    commit: GroupCommit, faults: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group, "GATHER_SECONDS", 2 * PATIENCE)
    monkeypatch.setattr(group, "MAX_GROUP", 4)
    await asyncio.wait_for(_all(commit, *(Line(b"%d" % n) for n in range(12))), PATIENCE)
    assert faults.begun == 3


async def test_who_is_alone_waits_for_nobody(commit: GroupCommit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group, "GATHER_SECONDS", 2 * PATIENCE)
    for number in range(3):
        await asyncio.wait_for(commit.run(Line(b"%d" % number)), PATIENCE)


class Watcher(Unwatched):
    """Holds exchanges when it is told to, has something to keep, and notes what it hears."""

    def __init__(self) -> None:
        self.why: NodeError | None = None
        self.heard: list[tuple[int, tuple[PeerLog, ...]]] = []
        seen = SeenCheckpoint(Checkpoint("dxnode/x", 1, bytes(32)).body() + b"\n", 1, 1, bytes(32))
        self.logs = (PeerLog.first("x", seen),)

    def held(self) -> NodeError | None:
        return self.why

    def changed(self) -> tuple[PeerLog, ...]:
        return self.logs

    def durable(self, head: Head, kept: Sequence[PeerLog]) -> None:
        self.heard.append((head.size, tuple(kept)))


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
async def watched(faults: FaultyStore, pen: Pen, clock: Clock, watcher: Watcher) -> GroupCommit:
    return GroupCommit(faults, pen.keys(), clock, watch=watcher)


async def test_while_exchanges_are_held_staff_alone_are_recorded(
    watched: GroupCommit, watcher: Watcher, store: Store
) -> None:
    watcher.why = NodeError(Reason.STATE_LOST, "lost")
    assert _reasons(await _all(watched, Line(b"exchange"))) == [Reason.STATE_LOST]
    await watched.run(Line(b"staff"), by_staff=True)
    watcher.why = None
    await watched.run(Line(b"exchange"))
    assert check_log(store) == [b"staff", b"exchange"]


async def test_what_was_seen_of_other_logs_is_durable_with_the_group_or_not_said_to_be(
    watched: GroupCommit, watcher: Watcher, faults: FaultyStore, store: Store
) -> None:
    refusing = NodeError(Reason.QUOTA_EXHAUSTED, "no")
    await _all(watched, Line(b"refused", refuses=refusing))  # nothing is written
    assert watcher.heard == [(0, ())]
    faults.fail("commit")
    await _all(watched, Line(b"lost"))
    assert len(watcher.heard) == 1
    assert store.peer_logs() == []
    faults.fail()
    await watched.run(Line(b"kept"))
    assert watcher.heard[1:] == [(1, watcher.logs)]
    assert tuple(store.peer_logs()) == watcher.logs
