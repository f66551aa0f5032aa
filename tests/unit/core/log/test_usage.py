"""What usage records are made of."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.log.usage import EXCHANGE_ID_BYTES, StepBack, admin_record, first_since, new_exchange_id
from node.core.role import Caller

CODE = "11441900000000019Y"


def test_exchange_ids_follow_time_and_never_repeat() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    ids = [new_exchange_id(now + timedelta(milliseconds=step), os.urandom) for step in range(100)]
    assert ids == sorted(ids)
    assert {len(each) for each in ids} == {EXCHANGE_ID_BYTES}
    assert len({new_exchange_id(now, os.urandom) for _ in range(1000)}) == 1000


class _Log:
    """Records of given times."""

    def __init__(self, times: Sequence[int]) -> None:
        self.leaves = [admin_record(time, CODE, Caller("operator"), "node.reload", "", "") for time in times]

    def since(self, time_ms: int, steps: Sequence[StepBack] = ()) -> int:
        return first_since(lambda index: self.leaves[index], len(self.leaves), time_ms, steps)


@pytest.mark.parametrize(("time", "index"), [(0, 0), (5, 0), (6, 1), (7, 1), (8, 3), (9, 4)])
def test_first_record_since_a_time_is_found(time: int, index: int) -> None:
    assert _Log([5, 7, 7, 8]).since(time) == index


def test_records_from_before_the_clock_was_set_back_are_no_younger_than_that() -> None:
    """A glitch of years does not keep for years what came before it was mended, nor what came after."""
    log = _Log([10, 900, 901, 20, 21, 22])
    steps = [StepBack(3, 20)]
    assert [log.since(time, steps) for time in (10, 11, 20, 21, 23, 902)] == [0, 1, 1, 4, 6, 6]


@given(
    st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=6).map(sorted), min_size=1, max_size=4),
    st.integers(0, 60),
)
def test_first_record_is_found_over_any_number_of_steps(pieces: list[list[int]], time: int) -> None:
    times = [each for piece in pieces for each in piece]
    starts = [sum(map(len, pieces[:number])) for number in range(1, len(pieces))]
    steps = [StepBack(start, times[start]) for start in starts]
    known = [
        min((own, *(step.time_ms for step in steps if index < step.index))) for index, own in enumerate(times)
    ]
    expected = next((index for index, own in enumerate(known) if own >= time), len(times))
    assert _Log(times).since(time, steps) == expected
