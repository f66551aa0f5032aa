"""Clean-up keeps pace with whatever was written, between groups, while exchanges go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.small_log import Clock, Line, Pen, open_store
from support.town import HR, TAX

from node.core.deciding.budget import Debit, counter_key
from node.core.log import usage
from node.core.log.commit import AnsweredExchange, Append
from node.core.state.clean_up import Due, Step
from node.errors import NodeError, Reason
from node.exchange.clean_up import ANSWERED_KEPT_MS, PAUSE_SECONDS, PAUSES, SETTLED_AFTER, YEAR_MS, CleanUp
from node.exchange.group import GroupCommit
from node.exchange.ledger import Ledger
from node.store.cleaning import ROWS_MOST, Cleaner
from node.store.store import Store
from node.v1 import record_pb2 as rec

MANY = 12_000
DAY_MS = 86_400_000
START = Clock().now


@dataclass(slots=True)
class Answer(Line):
    """A line that is a record, of an exchange that was answered, with a counter of the day and an opening."""

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        until = time_ms + DAY_MS
        ledger.pay([Debit("rule.subject", counter_key(until, f"{index:x}"), 1, 9, until)])
        leaf = usage.refusals_record(time_ms, TAX, HR, rec.Refusals(count=index))
        answered = AnsweredExchange(TAX, index.to_bytes(16), b"digest", index)
        return Append(leaf=leaf, opening=b"opening", answered=answered)


class Watched:
    """A cleaner whose steps a test looks at."""

    def __init__(self, real: Cleaner) -> None:
        self.real = real
        self.steps: list[Step] = []
        self.failing = False
        self.settled = 0

    def step(self, due: Due) -> Step:
        if self.failing:
            raise NodeError(Reason.STORE_UNAVAILABLE, "the disk is full")
        self.steps.append(self.real.step(due))
        return self.steps[-1]

    def settle(self) -> None:
        self.settled += 1
        self.real.settle()


@dataclass
class Log:
    store: Store
    commit: GroupCommit
    clock: Clock
    cleaner: Watched
    clean_up: CleanUp
    pauses: list[float]

    async def write(self, count: int) -> None:
        for first in range(0, count, 2_000):
            here = min(2_000, count - first)
            await asyncio.gather(*(self.commit.run(Answer(b"")) for _ in range(here)))

    def left(self, table: str) -> int:
        with self.store._engine.connect() as connection:
            found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()  # noqa: S608
        return int(found or 0)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    store, clock, pauses = open_store(tmp_path), Clock(), list[float]()
    commit = GroupCommit(store, Pen().keys(), clock)
    workers = ThreadPoolExecutor(1)
    cleaner = Watched(store.cleaner())

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    clean_up = CleanUp(commit, store, cleaner, workers, clock, lambda: (), 3, pause)
    yield Log(store, commit, clock, cleaner, clean_up, pauses)
    await commit.stop()
    cleaner.real.close()
    store.close()
    workers.shutdown()


async def test_all_that_is_over_goes_in_one_run_however_much_it_is(log: Log) -> None:
    await log.write(MANY)
    log.clock.now += 3 * DAY_MS
    await log.write(10)
    assert await log.clean_up.run() == 2 * MANY
    assert (log.left("answered"), log.left("counter"), log.left("opening")) == (10, 10, MANY + 10)
    assert max(step.rows for step in log.cleaner.steps) <= ROWS_MOST
    assert log.cleaner.settled == (len(log.cleaner.steps) - 1) // SETTLED_AFTER > 0
    assert await log.clean_up.run() == 0
    log.clock.now += 3 * YEAR_MS - 3 * DAY_MS + 1
    # The openings of three years ago, and what was answered three days later.
    assert await log.clean_up.run() == MANY + 20
    assert log.left("opening") == 10
    assert log.store.leaf_count() == MANY + 10


async def test_nothing_goes_before_its_time(log: Log) -> None:
    await log.write(10)
    log.clock.now += ANSWERED_KEPT_MS
    assert await log.clean_up.run() <= 10  # counters of a day that ended, perhaps
    assert log.left("answered") == 10
    log.clock.now += 1
    await log.clean_up.run()
    assert log.left("answered") == 0


async def test_each_step_is_followed_by_a_longer_pause(log: Log) -> None:
    await log.write(2_000)
    log.clock.now += 3 * DAY_MS
    await log.clean_up.run()
    held = [step.seconds for step in log.cleaner.steps if step.more]
    assert len(held) > 3
    assert log.pauses == [max(PAUSE_SECONDS, PAUSES * seconds) for seconds in held]


async def test_exchanges_are_recorded_while_clean_up_goes_on(log: Log) -> None:
    """They wait for one step at most: none fails, and none has to try again for a lock."""
    await log.write(MANY)
    log.clock.now += 3 * DAY_MS
    cleaning = asyncio.create_task(log.clean_up.run())
    recorded = 0
    while not cleaning.done():
        await asyncio.gather(*(log.commit.run(Answer(b"")) for _ in range(16)))
        recorded += 16
    assert await cleaning == 2 * MANY
    assert recorded > 16
    assert log.store.leaf_count() == MANY + recorded


async def test_disk_that_is_full_ends_a_run_and_the_next_goes_on(log: Log) -> None:
    await log.write(100)
    log.clock.now += 3 * DAY_MS
    log.cleaner.failing = True
    with pytest.raises(NodeError):
        await log.clean_up.run()
    await log.write(1)
    log.cleaner.failing = False
    assert await log.clean_up.run() == 200


async def test_run_that_is_given_up_leaves_the_log_as_it_is(log: Log) -> None:
    await log.write(2_000)
    log.clock.now += 3 * DAY_MS
    cleaning = asyncio.create_task(log.clean_up.run())
    await asyncio.sleep(0.01)
    cleaning.cancel()
    await asyncio.gather(cleaning, return_exceptions=True)
    await log.write(10)
    assert log.commit.problem is None
    await log.clean_up.run()
    assert log.left("answered") == 10
