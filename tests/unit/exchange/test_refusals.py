"""Refusals: the first few of a kind have a record each, a flood becomes one counted record an interval."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.small_log import Clock, FaultyStore, Pen, open_store
from support.town import HR, TAX

from node.core.log import usage
from node.errors import Reason
from node.exchange.group import GroupCommit
from node.exchange.refusals import MAX_TALLIES, SINGLY, Refusals
from node.store.store import Store
from node.v1 import record_pb2 as rec


class Book:
    """Refusals on a real log."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = open_store(folder)
        self.faults = FaultyStore(self.store)
        self.clock = Clock()
        self.commit = GroupCommit(self.faults, Pen().keys(), self.clock)
        self.refusals = Refusals(HR, self.commit, self.clock)

    def records(self) -> list[tuple[str, int, int]]:
        """Requester, reason and count of each record."""
        found = [usage.parse_record(leaf) for _, leaf in self.store.leaves(0, 10_000)]
        return [(record.requester, record.refusals.reason, record.refusals.count) for record in found]


@pytest.fixture
async def book(tmp_path: Path) -> AsyncIterator[Book]:
    book = Book(tmp_path)
    yield book
    await book.commit.stop()
    book.store.close()


KEY = Reason.KEY_ID_UNKNOWN.wire
BAD = Reason.ENVELOPE_INVALID.wire


async def test_single_refusal_is_recorded_at_once(book: Book) -> None:
    await book.refusals.note(TAX, Reason.KEY_ID_UNKNOWN)
    assert book.records() == [(TAX, KEY, 1)]
    record = usage.parse_record(book.store.leaves(0, 1)[0][1])
    assert (record.provider, record.refusals.from_ms) == (HR, book.clock.now)


async def test_flood_becomes_one_counted_record_an_interval(book: Book) -> None:
    for _ in range(2):
        began = book.clock.now
        for _ in range(1000):
            book.clock.now += 1
            await book.refusals.note(TAX, Reason.KEY_ID_UNKNOWN)
        await book.refusals.flush()
        last = usage.parse_record(book.store.leaves(book.store.leaf_count() - 1, 1)[0][1]).refusals
        assert (last.from_ms, last.until_ms) == (began + SINGLY + 1, book.clock.now)
    assert book.records() == [*[(TAX, KEY, 1)] * SINGLY, (TAX, KEY, 1000 - SINGLY)] * 2


async def test_kinds_and_departments_are_counted_apart(book: Book) -> None:
    for _ in range(10):
        await book.refusals.note(TAX, Reason.KEY_ID_UNKNOWN)
        await book.refusals.note("", Reason.KEY_ID_UNKNOWN)
        await book.refusals.note(TAX, Reason.ENVELOPE_INVALID)
    await book.refusals.flush()
    counted = [record for record in book.records() if record[2] > 1]
    assert sorted(counted) == sorted(
        (who, why, 10 - SINGLY) for who, why in ((TAX, KEY), ("", KEY), (TAX, BAD))
    )


async def test_calm_interval_leaves_no_record(book: Book) -> None:
    await book.refusals.flush()
    await book.refusals.note(TAX, Reason.KEY_ID_UNKNOWN)
    await book.refusals.flush()
    await book.refusals.flush()
    assert book.records() == [(TAX, KEY, 1)]


async def test_rate_limit_itself_is_only_counted(book: Book) -> None:
    for _ in range(5):
        await book.refusals.note(TAX, Reason.RATE_LIMITED)
    assert book.records() == []
    await book.refusals.flush()
    assert book.records() == [(TAX, Reason.RATE_LIMITED.wire, 5)]


async def test_count_survives_a_log_that_cannot_be_written(book: Book) -> None:
    book.faults.fail("commit")
    for _ in range(10):
        await book.refusals.note(TAX, Reason.KEY_ID_UNKNOWN)
    await book.refusals.flush()
    assert book.records() == []
    book.faults.fail()
    await book.refusals.flush()
    assert sum(count for _, _, count in book.records()) == 10


@pytest.mark.parametrize("reason", [Reason.DRAINING, Reason.STORE_UNAVAILABLE])
async def test_what_keeps_the_log_from_being_written_is_not_counted(book: Book, reason: Reason) -> None:
    for _ in range(10):
        await book.refusals.note(TAX, reason)
    await book.refusals.flush()
    assert book.records() == []


async def test_attempt_at_the_own_desk_is_recorded_with_what_was_wanted(book: Book) -> None:
    attempt = rec.Intent(dataset="d", question="q", purpose="tax/inspection", role="clerk")
    await book.refusals.note_attempt(TAX, Reason.PURPOSE_NOT_ALLOWED, attempt)
    record = usage.parse_record(book.store.leaves(0, 1)[0][1])
    assert record.refusals.attempt == attempt
    assert HR in (record.requester, record.provider)


async def test_names_that_anybody_can_put_into_a_certificate_do_not_fill_the_log(book: Book) -> None:
    """A few records for each of a few names; of all others only how many there were."""
    names = MAX_TALLIES + 200
    for number in range(names):
        for _ in range(10):
            await book.refusals.note(f"name-{number}", Reason.CALLER_UNIDENTIFIED)
    await book.refusals.note_attempt(TAX, Reason.QUESTION_NOT_ALLOWED, rec.Intent(dataset="asked"))
    await book.refusals.flush()
    records = book.records()
    assert len(records) == MAX_TALLIES * (SINGLY + 1) + 1 + 1
    assert (
        sum(count for _, reason, count in records if reason == Reason.CALLER_UNIDENTIFIED.wire) == names * 10
    )
    assert ("", Reason.CALLER_UNIDENTIFIED.wire, 200 * 10) in records
    # What the own desk refuses is told whole, whatever others do.
    assert (HR, Reason.QUESTION_NOT_ALLOWED.wire, 1) in records
