"""Claims about what grants and catalogue say of how much may be asked."""

from __future__ import annotations

import pytest
from support.fake_catalogue import DATASET, PROVIDER, PURPOSE
from support.fake_desk import FIELD, VERIFY, FakeDesk, grant_message

from node.client import Client
from node.v1 import grant_pb2


def per_day(client: Client) -> int:
    return client.limits(VERIFY, PURPOSE).per_day


def test_without_limits_there_are_none(client: Client) -> None:
    assert per_day(client) == 0


@pytest.mark.parametrize(("granted", "rule", "least"), [(0, 700, 700), (300, 0, 300), (300, 700, 300)])
def test_stricter_of_grant_and_rule_counts(
    client: Client, desk: FakeDesk, granted: int, rule: int, least: int
) -> None:
    desk.grants["g-1"].scope.CopyFrom(grant_pb2.GrantScope(subjects_per_day=granted))
    desk.rule_limits["per_day"] = rule
    assert per_day(client) == least


def test_grants_that_do_not_cover_the_question_do_not_count(client: Client, desk: FakeDesk) -> None:
    others = (
        grant_message(provider="11441900000000035L"),
        grant_message(dataset="other"),
        grant_message(state=grant_pb2.GRANT_STATE_REVOKED),
    )
    for number, grant in enumerate(others):
        grant.scope.subjects_per_day = 1
        desk.grants[f"other-{number}"] = grant
    desk.grants["g-1"].scope.subjects_per_day = 40
    assert per_day(client) == 40


def test_of_several_grants_the_most_generous_counts(client: Client, desk: FakeDesk) -> None:
    for number, limit in enumerate((5, 9)):
        desk.grants[f"more-{number}"] = grant_message()
        desk.grants[f"more-{number}"].scope.subjects_per_day = limit
    desk.grants["g-1"].scope.subjects_per_day = 7
    assert per_day(client) == 9


def test_limit_for_each_subject_is_told(client: Client, desk: FakeDesk) -> None:
    desk.rule_limits["per_subject_per_day"] = 2
    found = client.limits(VERIFY, PURPOSE)
    assert (found.per_subject, found.known) == (2, True)


def test_catalogue_that_cannot_be_had_is_no_failure(client: Client, desk: FakeDesk) -> None:
    desk.grants["g-1"].dataset = "unlisted"
    desk.grants["g-1"].scope.subjects_per_day = 40
    found = client.limits(f"{PROVIDER}/unlisted/is-enrolled", PURPOSE)
    assert (found.per_day, found.known) == (40, False)


def used(
    subjects: int, grant_id: str = "g-1", rule: str = "batches", dataset: str = DATASET
) -> grant_pb2.DayUse:
    """What the own node counted today."""
    return grant_pb2.DayUse(
        provider=PROVIDER, dataset=dataset, rule=rule, grant_id=grant_id, subjects=subjects
    )


@pytest.mark.parametrize(
    ("granted", "rule", "told", "left"),
    [
        (300, 0, [used(100)], 200),
        (0, 700, [used(100), used(50, "g-2")], 550),
        (300, 700, [used(100)], 200),
        (300, 700, [used(100), used(550, "g-2")], 50),
        (300, 700, [used(100), used(550, "g-2", rule="windows")], 200),
        (300, 700, [used(999)], 0),
        (300, 0, [used(100, dataset="other")], 300),
    ],
)
def test_what_is_left_today_is_what_the_strictest_of_grant_and_rule_leaves(
    client: Client, desk: FakeDesk, granted: int, rule: int, told: list[grant_pb2.DayUse], left: int
) -> None:
    desk.grants["g-1"].scope.CopyFrom(grant_pb2.GrantScope(subjects_per_day=granted))
    desk.rule_limits["per_day"] = rule
    desk.used_today += told
    found = client.limits(VERIFY, PURPOSE)
    assert found.per_day - found.used_today == left


def test_of_several_grants_the_one_that_leaves_most_counts(client: Client, desk: FakeDesk) -> None:
    desk.grants["g-1"].scope.subjects_per_day = 100
    desk.grants["g-2"] = grant_message(id="g-2")
    desk.grants["g-2"].scope.subjects_per_day = 60
    desk.used_today += [used(90), used(5, "g-2")]
    found = client.limits(VERIFY, PURPOSE)
    assert (found.per_day, found.used_today) == (60, 5)


def test_without_a_limit_nothing_counts_as_used(client: Client, desk: FakeDesk) -> None:
    desk.used_today.append(used(90))
    assert client.limits(VERIFY, PURPOSE).used_today == 0


def test_chunks_are_as_large_as_the_grant_says(client: Client, desk: FakeDesk) -> None:
    assert client.limits(VERIFY, PURPOSE).chunk_subjects == 1000
    desk.grants["g-1"].chunk_subjects.extend([100, 521])  # in the order of its questions
    assert client.limits(VERIFY, PURPOSE).chunk_subjects == 100
    assert client.limits(FIELD, PURPOSE).chunk_subjects == 521


@pytest.mark.parametrize("told", [[100], [0, 100], [100, 1001]])
def test_size_of_chunks_that_makes_no_sense_is_as_if_nothing_were_said(
    client: Client, desk: FakeDesk, told: list[int]
) -> None:
    desk.grants["g-1"].chunk_subjects.extend(told)
    assert client.limits(VERIFY, PURPOSE).chunk_subjects == 1000
