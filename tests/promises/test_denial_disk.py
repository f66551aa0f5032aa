"""No member fills another's disk with what is denied, whatever it sends, a suspended one neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from forger import Forger, forging, verdict
from running import Running, pension_town, resident, running, wait_for
from town import HR, TAX, Town

from node.core.merkle import leaf_hash
from node.errors import NodeError, Reason
from node.exchange.tried import Tried, tried
from node.v1 import record_pb2 as rec

TIMES = 20
KIB = 1024
ONE = [rec.Subject(id=resident(2))]
MANY = [rec.Subject(id=resident(k % 900), claims={"c": "x" * 110}) for k in range(1000)]
TOO_MUCH = [
    rec.Subject(id=resident(k % 900), claims={f"c{i}": "x" * 110 for i in range(16)}) for k in range(1000)
]


@dataclass
class Disk:
    """The database of a node, which is measured while the node stands still."""

    town: Town
    nodes: Running

    def size(self) -> int:
        """Bytes; a node that stops works its journal into the database."""
        self.nodes.stop(HR)
        (path,) = (self.town.offices[HR].folder / "state").glob("node.db*")
        size = path.stat().st_size
        self.nodes.start(HR)
        return size


@contextmanager
def forged(folder: Path, extra: str = "") -> Iterator[tuple[Disk, Forger]]:
    town = pension_town(folder, extra=extra)
    with running(town, HR) as nodes, forging(town, TAX) as forger:
        yield Disk(town, nodes), forger


def deny(forger: Forger, subjects: Sequence[rec.Subject], **bends: object) -> rec.Verdict:
    """A request for a dataset that is not there, under a grant that is none."""
    values: dict[str, object] = {"dataset": "nothing", "grant_id": "none", **bends}
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
        ("200,000 subjects", [rec.Subject(id="1")] * 200_000, {}, 2 * KIB),
    ],
)
def test_denial_takes_no_more_than_its_subjects_are_many(
    tmp_path: Path, what: str, subjects: Sequence[rec.Subject], bends: dict[str, object], most: int
) -> None:
    with forged(tmp_path) as (disk, forger):
        deny(forger, subjects, **bends)
        before = disk.size()
        for _ in range(TIMES):
            deny(forger, subjects, **bends)
        grown = (disk.size() - before) / TIMES
    assert grown <= most, f"{what}: {grown:,.0f} bytes each"


def test_malformed_request_leaves_its_hash_alone(tmp_path: Path) -> None:
    with forged(tmp_path) as (disk, forger):
        sent = forger.make(case_number="x" * 3000, bend_request=lambda each: each.ClearField("receipt"))
        said = verdict(forger.send(sent))
        assert (said.intent, said.intent_hash) == (b"", leaf_hash(sent.leaf))
        assert disk.nodes.records(HR)[-1].verdict == said


def test_suspended_member_is_denied_within_the_same_bounds(tmp_path: Path) -> None:
    with forged(tmp_path) as (disk, forger):
        disk.town.publish(replace(disk.town.member(TAX), suspended=True))
        wait_for(lambda: deny(forger, ONE).reason == Reason.SUSPENDED.wire)
        before = disk.size()
        for _ in range(TIMES):
            assert deny(forger, MANY).reason == Reason.SUSPENDED.wire
        grown = (disk.size() - before) / TIMES
    assert grown <= 14 * KIB


def test_denials_are_counted_by_what_they_take(tmp_path: Path) -> None:
    """What a member may cause in a minute is so many KiB, in few denials or in many."""
    with forged(tmp_path, "limits: {peer_denials_per_minute: 60}\n") as (disk, forger):

        def until_refused(subjects: Sequence[rec.Subject]) -> int:
            for count in range(100):
                if (refused := _refusal(forger, subjects)) is not None:
                    assert refused is Reason.RATE_LIMITED
                    return count
            raise AssertionError("never refused")

        before = disk.size()  # after a restart the rate starts anew
        assert until_refused(MANY) <= 10
        assert disk.size() - before <= 100 * KIB
        assert 40 <= until_refused(ONE) <= 70


def _refusal(forger: Forger, subjects: Sequence[rec.Subject]) -> Reason | None:
    try:
        deny(forger, subjects)
    except NodeError as error:
        return error.reason
    return None


def test_who_tried_about_a_person_can_still_be_found(tmp_path: Path) -> None:
    with forged(tmp_path) as (disk, forger):
        deny(forger, MANY)
        deny(forger, ONE)
        node = disk.nodes.nodes[HR]
        found = list(tried(node._store, node._vault, resident(2)))
        assert found == [Tried(0, permit=False), Tried(1, permit=False)]
        assert list(tried(node._store, node._vault, resident(901))) == []
