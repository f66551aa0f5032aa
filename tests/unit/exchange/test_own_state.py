"""A node that is put back to an old state finds out, and goes on only when officers have decided."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from support.bundles import LI, WANG, listed
from support.small_log import ORIGIN, Clock, Line, Pen, open_store, read_note
from support.told import english
from support.town import HR, MEDICAL, TAX
from support.two_sides import TwoSides

from node.core.deciding.grant import Grant, GrantState
from node.core.log.checkpoint import Checkpoint
from node.core.log.commit import Head
from node.core.log.usage import parse_record
from node.core.role import Caller
from node.core.state.mark import Mark
from node.core.state.order import OrderKind
from node.documents.order_file import open_order, sign_order
from node.errors import NodeError, Reason
from node.exchange import own_state
from node.exchange.admin import AdminJob
from node.exchange.group import GroupCommit
from node.exchange.orders import Orders
from node.exchange.own_state import OwnState, SeenOfUs

OPERATOR = Caller("operator")


class Granted:
    """The grants of a node: one that is active."""

    def __init__(self, grant: Grant) -> None:
        self.grant = grant

    def put_on_hold(self, note: str) -> tuple[Grant, ...]:
        return (replace(self.grant, state=GrantState.SUSPENDED, note=note),)

    def adopt(self, grants: Sequence[Grant]) -> None:
        (self.grant,) = grants


@dataclass
class World:
    """A log, its mark, and what others have seen of it."""

    folder: Path
    grant: Grant
    clock: Clock = field(default_factory=Clock)
    seen: dict[str, SeenOfUs] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    marked: list[int] = field(default_factory=list)
    told: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open(self.folder)

    def open(self, folder: Path) -> None:
        """Start on the database in a folder, without a mark."""
        folder.mkdir(exist_ok=True)
        self.store = open_store(folder)
        self.commit = GroupCommit(self.store, Pen().keys(), self.clock)
        self.granted = Granted(self.grant)
        self.own = OwnState(
            ORIGIN,
            self.commit,
            self.store,
            self.granted,
            read_note,
            self.ask,
            self.record,
            self.mark,
            lambda: self.told.append(self.own.lost is not None),
            self.clock,
        )

    async def record(self, job: AdminJob) -> int:
        return await self.commit.run(job)

    def mark(self, head: Head) -> None:
        self.marked.append(head.size)

    async def ask(self, code: str) -> SeenOfUs:
        if code in self.away:
            raise NodeError(Reason.PEER_UNAVAILABLE, "away")
        return self.seen.get(code, SeenOfUs(b"", b""))

    async def grow(self, *lines: str) -> bytes:
        """Record lines one after another; gives the newest note."""
        for line in lines:
            await self.commit.run(Line(line.encode()))
        return self.commit.head.note

    async def close(self) -> None:
        await self.commit.stop()
        self.store.close()


@pytest.fixture
async def world(tmp_path: Path, sides: TwoSides) -> AsyncIterator[World]:
    world = World(tmp_path / "one", sides.grant)
    yield world
    await world.close()


def marked(note: bytes) -> Mark:
    return Mark(Checkpoint.parse(read_note(note)))


async def lost_five(world: World, folder: Path) -> bytes:
    """The node has recorded seven lines, and is put back to the first two; gives the note of the seven."""
    newest = await world.grow("a", "b", "c", "d", "e", "f", "g")
    await world.close()
    world.open(folder)
    await world.grow("a", "b")
    return newest


# --- how it is found ---


async def test_state_that_the_mark_and_all_others_know_is_the_newest(world: World) -> None:
    old = await world.grow("a", "b")
    newest = await world.grow("c")
    world.seen = {TAX: SeenOfUs(old, b""), MEDICAL: SeenOfUs(newest, b""), HR: SeenOfUs(b"", b"")}
    world.own.check_mark(marked(newest))
    await world.own.first_look([TAX, MEDICAL, HR])
    await world.own.ready()
    assert (world.own.lost, world.own.held(), world.own.problems()) == (None, None, [])


async def test_mark_of_more_records_shows_that_the_state_is_old(world: World, tmp_path: Path) -> None:
    newest = await lost_five(world, tmp_path / "two")
    world.own.check_mark(marked(newest))
    assert world.own.lost is not None
    assert (world.own.lost.own_size, world.own.lost.seen_size, world.own.lost.seen_by) == (2, 7, "mark")
    held = world.own.held()
    assert held is not None
    assert held.reason is Reason.STATE_LOST
    assert "2 records" in world.own.problems()[0].message


async def test_mark_of_another_history_shows_it_though_the_log_is_larger(
    world: World, tmp_path: Path
) -> None:
    note = await world.grow("a", "b", "c")
    await world.close()
    world.open(tmp_path / "two")
    await world.grow("a", "b", "x", "y", "z")
    world.own.check_mark(marked(note))
    assert world.own.lost is not None


@pytest.mark.parametrize("size", [2, 7])
async def test_another_node_that_has_seen_more_shows_it(world: World, tmp_path: Path, size: int) -> None:
    newest = await lost_five(world, tmp_path / "two")
    world.seen = {TAX: SeenOfUs(world.commit.head.note, b""), MEDICAL: SeenOfUs(newest, b"")}
    world.own.check_mark(marked(world.commit.head.note))
    await world.own.first_look([TAX, MEDICAL])
    with pytest.raises(NodeError) as lost:
        await world.own.ready()
    assert lost.value.reason is Reason.STATE_LOST
    assert world.own.lost is not None
    assert world.own.lost.seen_by == MEDICAL


async def test_second_copy_is_found_by_its_note_of_a_size_that_this_log_has(
    world: World, tmp_path: Path
) -> None:
    await world.grow("a", "b")
    await world.close()
    world.open(tmp_path / "copy")
    other = await world.grow("a", "b", "x")
    await world.close()
    world.open(tmp_path / "original")
    newest = await world.grow("a", "b", "c", "d")
    world.seen = {TAX: SeenOfUs(newest, other)}  # an exchange with the other copy contradicted this one
    await world.own.look([TAX])
    assert world.own.lost is not None
    assert (world.own.lost.seen_size, world.own.lost.own_size) == (3, 4)
    assert "another log of 3 records" in english(world.own.lost.wording())


async def test_nobody_can_make_up_that_more_was_recorded(world: World, sides: TwoSides) -> None:
    await world.grow("a")
    body = Checkpoint(ORIGIN, 9, b"r" * 32).body()
    foreign = sides.tax.log_keys.sign(body)
    of_another = Pen().keys().sign(Checkpoint("dxnode/another", 9, b"r" * 32).body())
    world.seen = {TAX: SeenOfUs(foreign, b"no note"), MEDICAL: SeenOfUs(of_another, os.urandom(40))}
    await world.own.look([TAX, MEDICAL])
    assert world.own.lost is None


async def test_exchanges_wait_for_the_others_but_not_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_state, "PATIENCE_SECONDS", 0.5)
    asked = asyncio.Event()

    async def hangs(_: str) -> SeenOfUs:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(world.own, "_seen_of_us", hangs)
    waiting = asyncio.create_task(world.own.ready())
    looking = asyncio.create_task(world.own.first_look([TAX]))
    await asked.wait()
    assert not waiting.done()
    await asyncio.gather(waiting, looking)


async def test_who_is_away_at_the_start_is_asked_again(world: World, tmp_path: Path) -> None:
    newest = await lost_five(world, tmp_path / "two")
    world.seen, world.away = {TAX: SeenOfUs(newest, b"")}, {TAX}
    await world.own.first_look([TAX])
    await world.own.ready()
    world.away = set()
    await world.own.look([TAX])
    assert world.own.lost is not None


async def test_what_was_found_is_known_after_a_restart_though_nobody_can_be_asked(
    world: World, tmp_path: Path
) -> None:
    newest = await lost_five(world, tmp_path / "two")
    world.seen = {TAX: SeenOfUs(newest, b"")}
    await world.own.look([TAX])
    found = world.own.lost
    await world.close()
    world.open(tmp_path / "two")
    world.away = {TAX}
    await world.own.first_look([TAX])
    assert world.own.lost == found is not None


async def test_most_that_was_seen_is_what_is_decided_on(world: World, tmp_path: Path) -> None:
    newest = await lost_five(world, tmp_path / "two")
    world.own.check_mark(marked(newest))
    await world.close()
    world.open(tmp_path / "three")
    more = await world.grow("a", "b", "c", "d", "e", "f", "g", "h")
    await world.close()
    world.open(tmp_path / "two")
    world.own.check_seen(TAX, more)
    assert world.own.lost is not None
    assert (world.own.lost.seen_size, world.own.lost.seen_by, world.own.lost.own_size) == (8, TAX, 2)


# --- what officers decide ---


def orders(world: World, sides: TwoSides) -> Orders:
    member = listed(sides.hr.member)
    return Orders(
        HR,
        {OrderKind.ACCEPT_STATE: world.own},
        lambda note: open_order(note, member),
        world.store.fact,
        lambda: world.own.gaps.end_ms,
        sides.now,
        os.urandom,
    )


def signed(orders: Orders) -> bytes:
    return sign_order(sign_order(orders.draft("accept-state", "", "the disk broke"), LI), WANG)


async def decided(world: World, sides: TwoSides, folder: Path) -> int:
    """Five of seven lines are lost, and officers go on; gives the index of the record."""
    newest = await lost_five(world, folder)
    world.own.check_mark(marked(newest))
    found = orders(world, sides)
    return (await found.apply(OPERATOR, signed(found))).index


async def test_order_names_what_is_lost(world: World, sides: TwoSides, tmp_path: Path) -> None:
    newest = await lost_five(world, tmp_path / "two")
    world.own.check_mark(marked(newest))
    facts = world.own.facts("")
    assert (facts["own_size"], facts["seen_size"], facts["seen_by"]) == ("2", "7", "mark")
    assert facts["own_root"] == world.commit.root(2).hex()
    # What staff do meanwhile is recorded, and the order that the officers sign still fits.
    await world.grow("c")
    assert world.own.facts("") == facts


async def test_node_goes_on_when_officers_have_signed_and_all_of_it_is_on_record(
    world: World, sides: TwoSides, tmp_path: Path
) -> None:
    index = await decided(world, sides, tmp_path / "two")
    record = parse_record(world.store.leaves(index, 1)[0][1]).admin
    assert record.action == "order.accept-state"
    assert list(record.approved) == ["li", "wang"]
    assert record.note == ("the disk broke (it has 2 records, and the mark outside of its state has seen 7)")
    assert (world.own.held(), world.own.problems()) == (None, [])
    # Grants may have been taken back since: they wait for staff, durably.
    assert world.granted.grant.state is GrantState.SUSPENDED
    assert [grant.state for grant in world.store.issued_grants()] == [GrantState.SUSPENDED]
    assert "resume" in world.granted.grant.note
    # What was counted in between is not known, durably.
    (gap,) = world.store.gaps()
    assert world.own.gaps.gaps == (gap,)
    assert gap.from_ms == gap.until_ms == world.clock.now
    # Who tells others is told when exchanges are held, and when no more.
    assert world.told == [True, False]
    # And the mark says so from now on.
    assert world.marked[-1] == world.commit.head.size == 3


async def test_gap_lasts_from_the_last_record_that_is_left_until_the_decision(
    world: World, sides: TwoSides, tmp_path: Path
) -> None:
    start = world.clock.now
    newest = await world.grow("a", "b", "c")
    await world.close()
    world.open(tmp_path / "two")
    await world.grow("a")
    world.clock.now += 5_000
    world.own.check_mark(marked(newest))
    world.clock.now += 5_000
    await world.grow("what staff did")
    found = orders(world, sides)
    await found.apply(OPERATOR, signed(found))
    (gap,) = world.store.gaps()
    assert gap == (start, start + 10_000)


async def test_what_was_accepted_is_not_found_again_but_anything_larger_is(
    world: World, sides: TwoSides, tmp_path: Path
) -> None:
    newest = await lost_five(world, tmp_path / "two")
    await world.close()
    world.open(tmp_path / "three")
    larger = await world.grow("a", "b", "c", "d", "e", "f", "g", "h")
    await world.close()
    world.open(tmp_path / "two")
    world.own.check_mark(marked(newest))
    found = orders(world, sides)
    await found.apply(OPERATOR, signed(found))
    for _ in range(2):
        world.own.check_seen(TAX, newest)
        assert world.own.lost is None
        await world.close()
        world.open(tmp_path / "two")
    world.own.check_seen(MEDICAL, larger)
    assert world.own.lost is not None


async def test_order_of_one_officer_or_for_another_loss_does_not_go_on(
    world: World, sides: TwoSides, tmp_path: Path
) -> None:
    newest = await lost_five(world, tmp_path / "two")
    world.own.check_mark(marked(newest))
    found = orders(world, sides)
    alone = sign_order(found.draft("accept-state", "", "alone"), LI)
    both = signed(found)
    await world.close()
    world.open(tmp_path / "three")
    more = await world.grow("a", "b", "c", "d", "e", "f", "g", "h")
    await world.close()
    world.open(tmp_path / "two")
    world.own.check_seen(TAX, more)
    found = orders(world, sides)
    for note in (alone, both):
        with pytest.raises(NodeError) as refused:
            await found.apply(OPERATOR, note)
        assert refused.value.reason is Reason.CONFIG_INVALID
    assert world.own.lost is not None
    assert world.store.gaps() == []


async def test_nothing_is_to_be_accepted_while_nothing_is_lost(world: World, sides: TwoSides) -> None:
    with pytest.raises(NodeError) as nothing:
        orders(world, sides).draft("accept-state", "", "why")
    assert nothing.value.reason is Reason.NOT_FOUND


async def test_decision_that_cannot_be_recorded_leaves_exchanges_held_also_after_a_restart(
    world: World, sides: TwoSides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = await lost_five(world, tmp_path / "two")
    world.own.check_mark(marked(newest))
    found = orders(world, sides)

    async def fails(_: AdminJob) -> int:
        raise NodeError(Reason.STORE_UNAVAILABLE, "the disk is full")

    monkeypatch.setattr(world.own, "_record", fails)
    with pytest.raises(NodeError):
        await found.apply(OPERATOR, signed(found))
    assert world.own.lost is not None
    assert world.granted.grant.state is GrantState.ACTIVE
    # The mark is as it was: it finds the loss again, also where the old state is put back once more.
    assert world.marked == []
    await world.close()
    for folder in ("two", "three"):
        world.open(tmp_path / folder)
        await world.grow("x")
        world.own.check_mark(marked(newest))
        assert world.own.lost is not None
        if folder == "two":
            await world.close()


async def test_loss_that_was_accepted_is_not_found_again_by_a_mark_that_was_not_written_since(
    world: World, sides: TwoSides, tmp_path: Path
) -> None:
    """The node may be ended between the record and the mark; in the mark is what was decided on."""
    await decided(world, sides, tmp_path / "two")
    await world.close()
    world.open(tmp_path / "other")
    newest = await world.grow("a", "b", "c", "d", "e", "f", "g")
    another = await world.grow("h")
    await world.close()
    world.open(tmp_path / "two")
    world.own.check_mark(marked(newest))
    assert world.own.lost is None
    world.own.check_mark(marked(another))
    assert world.own.lost is not None


async def test_order_is_not_good_again_for_the_state_that_it_was_signed_for(
    world: World, sides: TwoSides, tmp_path: Path
) -> None:
    newest = await lost_five(world, tmp_path / "two")
    world.own.check_mark(marked(newest))
    await world.close()
    shutil.copytree(tmp_path / "two", tmp_path / "kept")  # what was lost is known in it
    world.open(tmp_path / "two")
    found = orders(world, sides)
    note = signed(found)
    await found.apply(OPERATOR, note)
    later = await world.grow("after the decision")
    await world.close()
    world.clock.now += 60_000
    world.open(tmp_path / "kept")
    world.own.check_mark(marked(later))
    assert world.own.lost is not None
    with pytest.raises(NodeError) as refused:
        await orders(world, sides).apply(OPERATOR, note)
    assert "(found)" in refused.value.message


async def test_loss_that_could_not_be_kept_when_it_was_found_is_kept_before_it_is_decided(
    world: World, sides: TwoSides, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = await lost_five(world, tmp_path / "two")

    def full(*_: object) -> None:
        raise NodeError(Reason.STORE_UNAVAILABLE, "the disk is full")

    with monkeypatch.context() as disk:
        disk.setattr(world.store, "set_fact", full)
        world.own.check_mark(marked(newest))
    assert world.own.lost is not None
    found = orders(world, sides)
    note = signed(found)

    async def fails(_: AdminJob) -> int:
        raise NodeError(Reason.STORE_UNAVAILABLE, "the disk is full again")

    with monkeypatch.context() as disk:
        disk.setattr(world.own, "_record", fails)
        with pytest.raises(NodeError):
            await found.apply(OPERATOR, note)
    assert world.marked == []
    await world.close()
    world.open(tmp_path / "two")
    assert world.own.lost is not None
