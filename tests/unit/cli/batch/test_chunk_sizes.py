"""Claims about a batch at nodes that take less at once than others do."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.batches import answers, batch, command, numbers, people
from support.cli_run import dxnode
from support.fake_desk import FIELD, FakeDesk, grant_message

from node.errors import Reason

ALL = list(range(1200))


def sizes(desk: FakeDesk) -> list[int]:
    """How many subjects each chunk had."""
    return [len(subjects) for _, _, subjects in desk.chunks]


def take(desk: FakeDesk, most: int) -> None:
    """From now on, take so many at once, and say so if it is asked anew."""
    desk.most_subjects = most
    desk.fresh["g-1"] = grant_message()
    desk.fresh["g-1"].chunk_subjects.extend([most, most])


@pytest.mark.parametrize("most", [1, 7, 100, 999])
def test_chunks_are_no_larger_than_was_said(tmp_path: Path, address: str, desk: FakeDesk, most: int) -> None:
    take(desk, most)
    desk.grants |= desk.fresh
    assert batch(people(tmp_path / "in.csv", 30 if most < 9 else 1200), address).code == 0
    assert max(sizes(desk)) == most


def test_values_that_may_be_long_are_asked_for_in_smaller_chunks(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    desk.grants["g-1"].chunk_subjects.extend([1000, 521])
    arguments = command(people(tmp_path / "in.csv", 1200), address)
    arguments[1] = FIELD
    assert dxnode(*arguments).code == 0
    assert sizes(desk) == [521, 521, 158]


def test_node_that_takes_less_in_the_middle_is_asked_again_in_smaller_chunks(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    take(desk, 400)
    desk.grants |= desk.fresh
    desk.at_chunk = lambda number: take(desk, 150) if number == 1 else None
    ran = batch(people(tmp_path / "in.csv", 1200), address)
    assert ran.code == 0, ran.err
    assert numbers(tmp_path / "out.csv") == ALL
    assert {row["reason"] for row in answers(tmp_path / "out.csv")} == {""}
    first, second = dict.fromkeys(batch_id for batch_id, _, _ in desk.chunks)
    assert {len(subjects) for batch_id, _, subjects in desk.chunks if batch_id == first} == {400}
    assert max(len(subjects) for batch_id, _, subjects in desk.chunks if batch_id == second) == 150


def test_node_that_takes_less_than_it_says_at_first_is_asked_again_too(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    desk.at_chunk = lambda number: take(desk, 500) if number == 0 else None
    assert batch(people(tmp_path / "in.csv", 1200), address, "--keep-going").code == 0
    assert {row["reason"] for row in answers(tmp_path / "out.csv")} == {""}


def test_node_that_takes_less_than_it_goes_on_saying_stops_the_batch_with_its_reason(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    desk.most_subjects = 10
    ran = batch(people(tmp_path / "in.csv", 1200), address)
    assert ran.code == 2
    assert "QUERY_INVALID" in ran.err
    assert not (tmp_path / "out.csv").exists()


def test_limit_of_a_day_that_shrank_below_a_chunk_does_not_hold_the_batch_up_for_good(
    tmp_path: Path, address: str, desk: FakeDesk
) -> None:
    source = people(tmp_path / "in.csv", 1200)
    desk.rule_limits["per_day"] = 600
    desk.refuse[1] = Reason.QUOTA_EXHAUSTED
    desk.at_chunk = lambda _: desk.rule_limits.update(per_day=300)
    assert batch(source, address).code == 6
    desk.refuse.clear()
    desk.chunks.clear()
    assert batch(source, address).code == 0
    assert sizes(desk) == [300, 300]
    assert numbers(tmp_path / "out.csv") == ALL
