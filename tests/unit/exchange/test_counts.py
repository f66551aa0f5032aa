"""Counts under way: joined by who asks again, stopped when nobody waits, in their place until charged."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.waiting import PATIENCE, reached

from node.core.stop import Stop
from node.errors import NodeError, Reason
from node.exchange import counts as module
from node.exchange.counts import CountKey, Counts
from node.exchange.provider_answer import Computed
from node.exchange.turns import TurnBounds, Turns

DONE = Computed(release_key=b"done")


class Work:
    """A count that a test lets end; it ends too when it is asked to stop, unless it is `deaf`."""

    def __init__(self, deaf: bool = False) -> None:
        self.begun = threading.Event()
        self.ends = threading.Event()
        self.stop: Stop | None = None
        self.times = 0
        self._deaf = deaf

    def __call__(self, stop: Stop) -> Computed:
        self.times += 1
        self.stop = stop
        self.begun.set()
        while not self.ends.wait(0.005):
            if stop.asked and not self._deaf:
                raise NodeError(Reason.SOURCE_UNAVAILABLE, "stopped")
        return DONE


class Hall:
    """One place for counts, and who gave up."""

    def __init__(self, seconds: float = 30.0, wait: float = 30.0) -> None:
        self.workers = ThreadPoolExecutor(4)
        self.given_up: list[str] = []
        self.turns = Turns(
            TurnBounds(1, 1, 10, 10, wait), lambda: NodeError(Reason.SOURCE_BUSY, "too many wait")
        )
        self.counts = Counts(self.turns, self.workers, seconds, self._give_up)

    async def ask(
        self, work: Work, member: str = "a", number: int = 0, known: Computed | None = None
    ) -> Computed:
        """Ask for a count, and be done with it at once."""
        key = CountKey(member, b"%d" % number, b"release")
        async with self.counts.of(key, lambda: known, work) as computed:
            return computed

    async def _give_up(self, member: str) -> None:
        self.given_up.append(member)


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    hall = Hall()
    yield hall
    await hall.counts.stop()
    hall.workers.shutdown()


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ALONE_SECONDS", 0.05)


async def begun(work: Work) -> None:
    await reached(work.begun)


async def until_free(hall: Hall) -> None:
    """Wait until a place is free, and leave it so."""
    await asyncio.wait_for(hall.turns.take("z"), PATIENCE)
    hall.turns.give_back("z")


async def test_who_asks_the_same_again_joins_the_count(hall: Hall) -> None:
    work = Work()
    asking = [asyncio.create_task(hall.ask(work)) for _ in range(5)]
    await begun(work)
    work.ends.set()

    assert await asyncio.gather(*asking) == [DONE] * 5
    assert work.times == 1
    assert hall.given_up == []


async def test_count_goes_on_for_one_who_joined_though_the_first_went_away(hall: Hall) -> None:
    work = Work()
    first = asyncio.create_task(hall.ask(work))
    await begun(work)
    second = asyncio.create_task(hall.ask(work))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0.2)
    work.ends.set()

    assert await second == DONE
    assert (work.times, hall.given_up) == (1, [])


async def test_count_goes_on_for_one_who_comes_back_at_once(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ALONE_SECONDS", 10.0)
    work = Work()
    first = asyncio.create_task(hall.ask(work))
    await begun(work)
    first.cancel()
    await asyncio.sleep(0.05)
    second = asyncio.create_task(hall.ask(work))
    await asyncio.sleep(0)
    work.ends.set()

    assert await second == DONE
    assert (work.times, hall.given_up) == (1, [])


async def test_count_that_nobody_waits_for_is_stopped_and_that_is_told(hall: Hall) -> None:
    work = Work()
    asking = asyncio.create_task(hall.ask(work))
    await begun(work)

    asking.cancel()
    await until_free(hall)

    assert work.stop is not None
    assert work.stop.asked
    assert hall.given_up == ["a"]


async def test_count_that_waits_for_its_turn_and_for_nobody_never_begins(hall: Hall) -> None:
    running, waiting = Work(), Work()
    first = asyncio.create_task(hall.ask(running))
    await begun(running)
    second = asyncio.create_task(hall.ask(waiting, "b"))
    await asyncio.sleep(0)

    second.cancel()
    await asyncio.sleep(0.2)
    running.ends.set()
    await first
    await until_free(hall)

    assert waiting.times == 0
    assert hall.given_up == ["b"]


async def test_place_is_kept_until_the_count_was_charged(hall: Hall) -> None:
    work, other = Work(), Work()
    work.ends.set()
    other.ends.set()
    async with hall.counts.of(CountKey("a", b"1", b""), lambda: None, work) as computed:
        assert computed == DONE
        asking = asyncio.create_task(hall.ask(other, "b"))
        await asyncio.sleep(0.1)
        assert other.times == 0

    assert await asking == DONE


async def test_place_of_a_count_that_took_too_long_is_free_when_its_thread_is() -> None:
    hall = Hall(seconds=0.05)
    work, other = Work(deaf=True), Work()
    other.ends.set()

    with pytest.raises(NodeError) as refused:
        await hall.ask(work)
    assert refused.value.reason is Reason.SOURCE_UNAVAILABLE
    assert work.stop is not None
    assert work.stop.asked

    asking = asyncio.create_task(hall.ask(other, "b"))
    await asyncio.sleep(0.1)
    assert other.times == 0, "its thread still runs"
    work.ends.set()
    assert await asking == DONE
    await hall.counts.stop()


async def test_time_limit_starts_with_the_count_and_not_with_the_wait() -> None:
    hall = Hall(seconds=4.0)
    works = [Work() for _ in range(6)]
    asking = [asyncio.create_task(hall.ask(work, number=n)) for n, work in enumerate(works)]
    for work in works:
        await begun(work)
        await asyncio.sleep(0.75)
        work.ends.set()

    assert await asyncio.gather(*asking) == [DONE] * 6
    await hall.counts.stop()


async def test_who_waited_too_long_is_told_that_it_is_busy() -> None:
    hall = Hall(wait=0.05)
    work = Work()
    first = asyncio.create_task(hall.ask(work))
    await begun(work)

    with pytest.raises(NodeError) as refused:
        await hall.ask(Work(), "b")

    assert refused.value.reason is Reason.SOURCE_BUSY
    work.ends.set()
    assert await first == DONE
    await until_free(hall)


async def test_what_is_known_when_the_turn_comes_is_not_counted(hall: Hall) -> None:
    work = Work()
    known = Computed(release_key=b"known")

    assert await hall.ask(work, known=known) == known

    assert work.times == 0
    await until_free(hall)


async def test_failed_count_is_told_to_all_and_gives_its_place_back(hall: Hall) -> None:
    def fail(stop: Stop) -> Computed:
        raise NodeError(Reason.SOURCE_UNAVAILABLE, "the disk is gone")

    key = CountKey("a", b"1", b"")
    for _ in range(3):
        with pytest.raises(NodeError):
            async with hall.counts.of(key, lambda: None, fail):
                pass
    await until_free(hall)


async def test_all_stop_with_the_node(hall: Hall) -> None:
    running, waiting = Work(), Work()
    asking = [asyncio.create_task(hall.ask(running)), asyncio.create_task(hall.ask(waiting, "b"))]
    await begun(running)

    await hall.counts.stop()

    assert running.stop is not None
    assert running.stop.asked
    assert waiting.times == 0
    await asyncio.gather(*asking, return_exceptions=True)
