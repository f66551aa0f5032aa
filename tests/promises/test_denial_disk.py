"""No member fills another's disk with what is denied, whatever it sends, a suspended one neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.forger import Forger, forging, verdict
from support.running import Running, pension_town, resident, running
from support.town import HR, TAX
from support.waiting import wait_for

from node.core.log.merkle import leaf_hash
from node.errors import NodeError, Reason
from node.exchange.tried import Tried, tried
from node.v1 import record_pb2 as rec

TIMES = 10
KIB = 1024
ONE = [rec.Subject(id=resident(2))]
MANY = [rec.Subject(id=resident(k % 900), claims={"c": "x" * 110}) for k in range(1000)]
TOO_MUCH = [
    rec.Subject(id=resident(k % 900), claims={f"c{i}": "x" * 110 for i in range(16)}) for k in range(1000)
]


@contextmanager
def forged(folder: Path, extra: str = "") -> Iterator[tuple[Running, Forger]]:
    """A provider, and a member that writes its requests by hand."""
    town = pension_town(folder, extra=extra)
    with running(town, HR) as nodes, forging(town, TAX) as forger:
        yield nodes, forger


def size(nodes: Running) -> int:
    """Bytes of the provider's database, its journal worked into it."""
    with nodes.nodes[HR]._store._engine.connect() as connection:
        pages, page = (
            connection.exec_driver_sql(f"PRAGMA page_{what}").scalar() for what in ("count", "size")
        )
    return int(pages or 0) * int(page or 0)


def deny(forger: Forger, subjects: Sequence[rec.Subject], **bends: object) -> rec.Verdict:
    """A request for a dataset that is not there, under a grant that is none."""
    values: dict[str, object] = {"dataset": "nothing", **bends}
    said = verdict(forger.send(forger.make(subjects, **values)))  # type: ignore[arg-type]
    assert said.decision == rec.DECISION_DENY
    return said


def pad_opening(opening: rec.Opening) -> None:
    # A field that no node knows, as long as a message lets it be.
    opening.MergeFromString(b"\xfa\x7f" + b"\x80\x80\x40" + bytes(1 << 20))


@pytest.mark.parametrize(
    ("what", "subjects", "bends", "most"),
    [
        ("one subject", ONE, {}, 2 * KIB),
        ("an identifier of 2 MB", [rec.Subject(id="9" * 2_000_000)], {}, 2 * KIB),
        ("a claim of 2 MB", [rec.Subject(id=resident(2), claims={"c": "x" * 2_000_000})], {}, 2 * KIB),
        ("a padding of 1 MB", ONE, {"bend_opening": pad_opening}, 2 * KIB),
        ("1000 subjects with a claim each", MANY, {}, 14 * KIB),
        ("1000 subjects with 16 claims each", TOO_MUCH, {}, 2 * KIB),
        ("20,000 subjects", [rec.Subject(id="1")] * 20_000, {}, 2 * KIB),
    ],
)
def test_denial_takes_no_more_than_its_subjects_are_many(
    tmp_path: Path, what: str, subjects: Sequence[rec.Subject], bends: dict[str, object], most: int
) -> None:
    with forged(tmp_path) as (nodes, forger):
        deny(forger, subjects, **bends)
        before = size(nodes)
        for _ in range(TIMES):
            deny(forger, subjects, **bends)
        grown = (size(nodes) - before) / TIMES
    assert grown <= most, f"{what}: {grown:,.0f} bytes each"


def test_malformed_request_leaves_its_hash_alone(tmp_path: Path) -> None:
    with forged(tmp_path) as (nodes, forger):
        sent = forger.make(case_number="x" * 3000, bend_request=lambda each: each.ClearField("receipt"))
        said = verdict(forger.send(sent))
        assert (said.intent, said.intent_hash) == (b"", leaf_hash(sent.leaf))
        assert nodes.records(HR)[-1].verdict == said


def test_suspended_member_is_denied_within_the_same_bounds(tmp_path: Path) -> None:
    with forged(tmp_path) as (nodes, forger):
        nodes.town.publish(replace(nodes.town.member(TAX), suspended=True))
        wait_for(lambda: deny(forger, ONE).reason == Reason.SUSPENDED.wire)
        before = size(nodes)
        for _ in range(TIMES):
            assert deny(forger, MANY).reason == Reason.SUSPENDED.wire
        grown = (size(nodes) - before) / TIMES
    assert grown <= 14 * KIB


@pytest.mark.parametrize(("subjects", "least", "most"), [(MANY, 1, 10), (ONE, 40, 70)])
def test_denials_are_counted_by_what_they_take(
    tmp_path: Path, subjects: Sequence[rec.Subject], least: int, most: int
) -> None:
    """What a member may cause in a minute is so many KiB, in few denials or in many."""
    with forged(tmp_path, "limits: {peer_denials_per_minute: 60}\n") as (nodes, forger):
        before, count = size(nodes), 0
        while (refused := _refusal(forger, subjects)) is None:
            count += 1
        assert refused is Reason.RATE_LIMITED
        assert least <= count <= most
        assert size(nodes) - before <= 120 * KIB


def _refusal(forger: Forger, subjects: Sequence[rec.Subject]) -> Reason | None:
    try:
        deny(forger, subjects)
    except NodeError as error:
        return error.reason
    return None


def test_who_tried_about_a_person_can_still_be_found(tmp_path: Path) -> None:
    with forged(tmp_path) as (nodes, forger):
        deny(forger, MANY)
        deny(forger, ONE)
        node = nodes.nodes[HR]
        found = list(tried(node._store, node._vault, resident(2)))
        assert found == [Tried(0, permit=False), Tried(1, permit=False)]
        assert list(tried(node._store, node._vault, resident(901))) == []
