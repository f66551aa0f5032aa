"""What takes two people is carried out once, as it was signed, and stands in the log with their names."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace

import pytest
from support.bundles import LI, WANG, listed
from support.town import HR
from support.two_sides import TwoSides

from node.core.log import usage
from node.core.log.usage import parse_record
from node.core.role import Caller
from node.core.state.order import OrderKind
from node.documents.order_file import open_order, sign_order
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob
from node.exchange.orders import Orders

OPERATOR = Caller("operator")


class Counted:
    """Something that is done by order, and counted."""

    def __init__(self, sides: TwoSides) -> None:
        self.sides = sides
        self.state = "open"
        self.lost_until = 0
        self.done: list[str] = []

    def facts(self, about: str) -> Mapping[str, str]:
        return {"state": self.state}

    async def carry_out(self, about: str, job: AdminJob) -> int:
        index = await self.sides.hr.commit.run(replace(job, facts=(*job.facts, ("counted", about or "all"))))
        self.done.append(about)
        return index


@pytest.fixture
def subject(sides: TwoSides) -> Counted:
    return Counted(sides)


@pytest.fixture
def orders(sides: TwoSides, subject: Counted) -> Orders:
    member = listed(sides.hr.member)
    return Orders(
        HR,
        {OrderKind.REOPEN_BUDGET: subject},
        lambda note: open_order(note, member),
        sides.hr.store.fact,
        lambda: subject.lost_until,
        sides.now,
        os.urandom,
    )


def signed(orders: Orders, about: str = "") -> bytes:
    return sign_order(sign_order(orders.draft("reopen-budget", about, "counted anew"), LI), WANG)


async def refused(work: object) -> NodeError:
    with pytest.raises(NodeError) as error:
        await work  # type: ignore[misc]
    return error.value


async def test_order_is_carried_out_and_recorded_with_who_signed(
    sides: TwoSides, orders: Orders, subject: Counted
) -> None:
    carried = await orders.apply(OPERATOR, signed(orders, "register"))
    assert subject.done == ["register"]
    record = parse_record(sides.hr.store.leaves(carried.index, 1)[0][1]).admin
    assert (record.action, record.object, record.note) == (
        "order.reopen-budget",
        carried.digest.hex(),
        "counted anew",
    )
    assert list(record.approved) == ["li", "wang"]
    assert sides.hr.store.fact("counted") == "register"


async def test_order_is_good_once_also_when_it_comes_twice_at_once(orders: Orders, subject: Counted) -> None:
    note = signed(orders)
    done = await asyncio.gather(*(orders.apply(OPERATOR, note) for _ in range(8)), return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in done) == 1
    assert len(subject.done) == 1
    assert "carried out before" in (await refused(orders.apply(OPERATOR, note))).message


async def test_order_of_one_officer_changes_nothing(
    sides: TwoSides, orders: Orders, subject: Counted
) -> None:
    size = sides.hr.commit.head.size
    await refused(orders.apply(OPERATOR, sign_order(orders.draft("reopen-budget", "", "alone"), LI)))
    assert (subject.done, sides.hr.commit.head.size) == ([], size)


async def test_order_whose_facts_have_changed_is_refused(orders: Orders, subject: Counted) -> None:
    note = signed(orders)
    subject.state = "shut"
    assert "(state)" in (await refused(orders.apply(OPERATOR, note))).message
    assert subject.done == []


async def test_order_from_before_records_were_lost_is_refused(
    sides: TwoSides, orders: Orders, subject: Counted
) -> None:
    note = signed(orders)
    subject.lost_until = sides.clock.now + 1_000
    assert "lost records" in (await refused(orders.apply(OPERATOR, note))).message
    sides.clock.now += 2_000
    await orders.apply(OPERATOR, signed(orders))
    assert len(subject.done) == 1


async def test_order_that_is_written_as_soon_as_a_loss_was_accepted_is_good(
    sides: TwoSides, orders: Orders, subject: Counted
) -> None:
    """An order is dated by the second."""
    subject.lost_until = sides.clock.now + 999
    sides.clock.now += 999
    await orders.apply(OPERATOR, signed(orders))
    assert len(subject.done) == 1


async def test_order_that_cannot_be_recorded_can_be_applied_again(
    sides: TwoSides, orders: Orders, subject: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = signed(orders)

    async def fails(job: AdminJob) -> int:
        raise NodeError(Reason.STORE_UNAVAILABLE, "the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(sides.hr.commit, "run", fails)
        assert (await refused(orders.apply(OPERATOR, note))).reason is Reason.STORE_UNAVAILABLE
    assert subject.done == []
    await orders.apply(OPERATOR, note)
    assert len(subject.done) == 1


@pytest.mark.parametrize(
    ("kind", "reason"), [("accept-all", Reason.QUERY_INVALID), ("accept-state", Reason.NOT_FOUND)]
)
def test_order_of_no_kind_or_about_nothing_is_not_drafted(orders: Orders, kind: str, reason: Reason) -> None:
    with pytest.raises(NodeError) as error:
        orders.draft(kind, "", "why")
    assert error.value.reason is reason


def test_record_without_officers_is_written_as_before() -> None:
    leaf = usage.admin_record(1, HR, OPERATOR, "node.reload", "", "")
    assert leaf == usage.admin_record(1, HR, OPERATOR, "node.reload", "", "", ())
    assert not parse_record(leaf).admin.approved
