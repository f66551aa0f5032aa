"""Claims about how a batch is cut and how many days it takes."""

from __future__ import annotations

import pytest
from support.fake_desk import resident

from node.cli.batch.plan import look_through, plan, plan_rest
from node.client.limits import AskLimits


def limits(per_day: int, used_today: int = 0, chunk_subjects: int = 1000) -> AskLimits:
    return AskLimits(
        per_day, 0, 0, workdays=False, known=True, used_today=used_today, chunk_subjects=chunk_subjects
    )


def test_without_a_limit_everything_is_asked_today_in_chunks_of_a_thousand() -> None:
    found = plan(250_000, limits(0))
    assert (found.chunk_rows, found.days) == (1000, 1)


@pytest.mark.parametrize(
    ("per_day", "subjects", "chunk_rows", "days"),
    [
        (5000, 5000, 1000, 1),
        (5000, 5001, 1000, 2),
        (500, 2500, 500, 5),
        (1, 3, 1, 3),
        (5500, 5497, 916, 2),
        (1500, 3000, 750, 2),
        (5000, 0, 1000, 1),
    ],
)
def test_chunk_is_never_more_than_a_days_limit(
    per_day: int, subjects: int, chunk_rows: int, days: int
) -> None:
    found = plan(subjects, limits(per_day))
    assert (found.chunk_rows, found.days) == (chunk_rows, days)
    assert found.per_day <= per_day


def test_batch_that_goes_on_keeps_its_chunks_when_limits_change() -> None:
    assert plan_rest(1000, 3000, limits(2500)).days == 2
    assert plan_rest(1000, 3000, limits(500)).chunk_rows == 1000


@pytest.mark.parametrize(
    ("used", "subjects", "today", "days"),
    [
        (0, 3000, 1000, 3),
        (1, 3000, 500, 4),
        (500, 500, 500, 1),
        (500, 3000, 500, 4),
        (999, 100, 0, 2),
        (1000, 1, 0, 2),
        (1000, 3000, 0, 4),
        (1000, 0, 0, 1),
    ],
)
def test_what_is_used_today_is_left_for_another_day(used: int, subjects: int, today: int, days: int) -> None:
    found = plan_rest(500, subjects, limits(1000, used_today=used))
    assert (found.today, found.days) == (today, days)


def test_chunk_is_never_more_than_the_nodes_take_at_once() -> None:
    assert plan(3000, limits(0, chunk_subjects=521)).chunk_rows == 521
    found = plan(3000, limits(1000, chunk_subjects=300))
    assert (found.chunk_rows, found.per_day, found.days) == (250, 1000, 3)


def test_subjects_that_come_again_are_counted_beyond_what_is_allowed() -> None:
    one, other = resident(1), next(each for each in map(resident, range(40)) if each.endswith("X"))
    found = look_through([one, other, one, f'="{one}"', "x", other.lower()], "id")
    assert (found.rows, found.valid) == (6, 5)
    assert found.beyond(1) == 3
    assert found.beyond(2) == 1
    assert found.beyond(3) == 0
    assert found.beyond(0) == 0, "no limit"


def test_empty_column_is_no_plan_and_no_failure() -> None:
    assert look_through([], "id").valid == 0
