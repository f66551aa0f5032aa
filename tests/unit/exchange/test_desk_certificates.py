"""A desk certificate that is revoked counts no more from that moment on, over restarts, and on record."""

from __future__ import annotations

import pytest
from support.running import resident
from support.town import HR
from support.two_sides import TwoSides

from node.core.log.usage import parse_record
from node.core.role import Caller
from node.errors import NodeError, Reason
from node.exchange import desk_certificates
from node.exchange.desk_certificates import FACT, DeskCertificates
from node.v1 import record_pb2 as rec

OPERATOR = Caller("operator")
LOST, OTHER = b"\x11" * 32, b"\x22" * 32


def opened(sides: TwoSides) -> DeskCertificates:
    """As after a start."""
    return DeskCertificates(HR, sides.hr.store.fact(FACT), sides.hr.commit, lambda: 1234)


def last_record(sides: TwoSides) -> rec.UsageRecord:
    size = sides.hr.store.leaf_count()
    return parse_record(sides.hr.store.leaves(size - 1, 1)[0][1])


async def refusal(work: object) -> Reason:
    with pytest.raises(NodeError) as refused:
        await work  # type: ignore[misc]
    return refused.value.reason


async def test_revoked_certificate_counts_no_more_after_a_restart_either(sides: TwoSides) -> None:
    certificates = opened(sides)
    revoked = await certificates.revoke(OPERATOR, LOST, "laptop stolen")
    assert (revoked.fingerprint, revoked.time_ms, revoked.reason) == (LOST.hex(), 1234, "laptop stolen")
    for each in (certificates, opened(sides)):
        assert each.revoked(LOST)
        assert not each.revoked(OTHER)
        assert each.all() == [revoked]


async def test_revoking_and_letting_in_are_records_that_say_who_what_and_why(sides: TwoSides) -> None:
    certificates = opened(sides)
    await certificates.revoke(OPERATOR, LOST, "laptop stolen")
    said = last_record(sides).admin
    assert (said.action, said.object, said.role, said.note) == (
        "desk.revoke",
        LOST.hex(),
        "operator",
        "laptop stolen",
    )
    await certificates.let_in(OPERATOR, LOST, "laptop found")
    said = last_record(sides).admin
    assert (said.action, said.object, said.note) == ("desk.unrevoke", LOST.hex(), "laptop found")
    assert not certificates.revoked(LOST)
    assert opened(sides).all() == []


async def test_revoking_once_more_changes_and_records_nothing(sides: TwoSides) -> None:
    certificates = opened(sides)
    first = await certificates.revoke(OPERATOR, LOST, "laptop stolen")
    size = sides.hr.store.leaf_count()
    assert await certificates.revoke(OPERATOR, LOST, "again") == first
    assert sides.hr.store.leaf_count() == size


async def test_nothing_is_revoked_or_let_in_that_cannot_be_recorded(sides: TwoSides) -> None:
    certificates = opened(sides)
    await certificates.revoke(OPERATOR, OTHER, "laptop stolen")
    sides.hr.faults.fail("commit")
    assert await refusal(certificates.revoke(OPERATOR, LOST, "x")) is Reason.STORE_UNAVAILABLE
    assert await refusal(certificates.let_in(OPERATOR, OTHER, "x")) is Reason.STORE_UNAVAILABLE
    sides.hr.faults.fail()
    for each in (certificates, opened(sides)):
        assert each.revoked(OTHER)
        assert not each.revoked(LOST)


@pytest.mark.parametrize("reason", ["", " ", "x" * 501, f"about {resident(1)}"])
async def test_reason_is_needed_and_names_no_person(sides: TwoSides, reason: str) -> None:
    certificates = opened(sides)
    assert await refusal(certificates.revoke(OPERATOR, LOST, reason)) is Reason.QUERY_INVALID
    assert not certificates.revoked(LOST)


async def test_only_a_fingerprint_is_revoked_and_only_what_is_revoked_is_let_in(sides: TwoSides) -> None:
    certificates = opened(sides)
    assert await refusal(certificates.revoke(OPERATOR, b"short", "x")) is Reason.QUERY_INVALID
    assert await refusal(certificates.let_in(OPERATOR, LOST, "x")) is Reason.NOT_FOUND


async def test_list_is_bounded(sides: TwoSides, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_certificates, "MOST", 2)
    certificates = opened(sides)
    for number in range(2):
        await certificates.revoke(OPERATOR, bytes([number]) * 32, "x")
    assert await refusal(certificates.revoke(OPERATOR, LOST, "x")) is Reason.QUERY_INVALID


def test_list_that_cannot_be_read_keeps_the_node_from_starting(sides: TwoSides) -> None:
    with pytest.raises(NodeError) as refused:
        DeskCertificates(HR, "[{}]", sides.hr.commit, lambda: 0)
    assert refused.value.reason is Reason.LOG_CORRUPT
