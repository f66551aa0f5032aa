"""Claims about the clocks of Art. 17: 10 working days to update, 5 more with consent, 2 to review."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from support.town import AUTHORITY, HR

from node.core.catalogue.deadlines import (
    Cause,
    ClockKind,
    Deadline,
    clocks,
    parse_causes,
    render_causes,
    with_cause,
    with_extension,
)
from node.core.policy.approval import Approval, ApprovalRole, Version, make_approval
from node.core.workdays import LAST_KNOWN_YEAR, Calendar
from node.errors import NodeError, Reason

CHINA = Calendar(ZoneInfo("Asia/Shanghai"))
NAME = "pension-insurance"
NOTED = datetime(2026, 9, 1, tzinfo=UTC)
BASIS = "国务院令第809号"


def cause(day: date, dataset: str = NAME) -> Cause:
    return Cause(dataset, day, BASIS, NOTED)


def approval(role: ApprovalRole, day: date, version: int = 1, hour: int = 10) -> Approval:
    """Given at that hour of China's time."""
    at = datetime(day.year, day.month, day.day, hour, tzinfo=CHINA.zone)
    code = HR if role is ApprovalRole.HEAD else AUTHORITY
    digest = version.to_bytes(32)
    return make_approval(Version(NAME, HR, digest), role, f"dxnode/{code}/head/zhang", at)


def head(day: date, version: int = 1, hour: int = 10) -> Approval:
    return approval(ApprovalRole.HEAD, day, version, hour)


def authority(day: date, version: int = 1) -> Approval:
    return approval(ApprovalRole.AUTHORITY, day, version)


def one(kind: ClockKind, found: tuple[Deadline, ...]) -> Deadline:
    (clock,) = [each for each in found if each.kind is kind]
    return clock


def test_update_is_due_ten_working_days_after_the_cause() -> None:
    """2026: 25 to 27 September and 1 to 7 October are off, 20 September and 10 October are worked."""
    (clock,) = clocks([cause(date(2026, 9, 16))], [], CHINA, date(2026, 9, 16))
    assert (clock.kind, clock.due, clock.left) == (ClockKind.UPDATE, date(2026, 9, 30), 10)
    (clock,) = clocks([cause(date(2026, 9, 25))], [], CHINA, date(2026, 10, 1))
    assert clock.due == date(2026, 10, 15)
    assert clock.left == 7
    assert not clock.provisional


def test_term_is_extended_by_five_working_days_once() -> None:
    causes = with_extension([cause(date(2026, 11, 2))], NAME, date(2026, 11, 2), "粤政数函〔2026〕8号", NOTED)
    (clock,) = clocks(causes, [], CHINA, date(2026, 11, 2))
    assert (clock.due, clock.extended, clock.left) == (date(2026, 11, 23), True, 15)
    (plain,) = clocks([cause(date(2026, 11, 2))], [], CHINA, date(2026, 11, 2))
    assert (plain.due, plain.extended) == (date(2026, 11, 16), False)
    with pytest.raises(NodeError, match="once is all"):
        with_extension(causes, NAME, date(2026, 11, 2), "again", NOTED)
    with pytest.raises(NodeError, match="note it first"):
        with_extension(causes, NAME, date(2026, 11, 3), "why", NOTED)


def test_review_is_due_two_working_days_after_the_head_approved() -> None:
    friday = date(2026, 11, 20)
    found = clocks([cause(date(2026, 11, 9))], [head(friday)], CHINA, date(2026, 11, 22))
    assert one(ClockKind.UPDATE, found).done == friday
    review = one(ClockKind.REVIEW, found)
    assert (review.since, review.due, review.done, review.left) == (friday, date(2026, 11, 24), None, 2)
    done = clocks([], [head(friday), authority(date(2026, 11, 25))], CHINA, date(2026, 11, 26))
    assert (one(ClockKind.REVIEW, done).done, one(ClockKind.REVIEW, done).late) == (date(2026, 11, 25), True)


def test_last_day_is_in_time_and_the_day_after_is_not() -> None:
    due = date(2026, 11, 16)
    for today, left in (
        (date(2026, 11, 13), 1),
        (due, 0),
        (date(2026, 11, 17), -1),
        (date(2026, 11, 20), -4),
    ):
        (clock,) = clocks([cause(date(2026, 11, 2))], [], CHINA, today)
        assert (clock.left, clock.overdue) == (left, left < 0)


def test_term_is_overdue_on_the_day_off_that_follows_it() -> None:
    (clock,) = clocks([cause(date(2026, 10, 30))], [], CHINA, date(2026, 11, 14))
    assert clock.due == date(2026, 11, 13)
    assert clock.overdue


def test_only_what_was_approved_since_the_cause_meets_it() -> None:
    before, later = head(date(2026, 11, 1), 1), head(date(2026, 11, 5), 2)
    update = one(ClockKind.UPDATE, clocks([cause(date(2026, 11, 2))], [before], CHINA, date(2026, 11, 6)))
    assert update.done is None
    found = clocks([cause(date(2026, 11, 2))], [before, later], CHINA, date(2026, 11, 6))
    assert one(ClockKind.UPDATE, found).done == date(2026, 11, 5)
    other = clocks([cause(date(2026, 11, 2), "medical")], [later], CHINA, date(2026, 11, 6))
    assert one(ClockKind.UPDATE, other).done is None


def test_days_are_those_of_china() -> None:
    """At 17:00 UTC it is the next day in China."""
    late = approval(ApprovalRole.HEAD, date(2026, 11, 3), hour=1)
    assert late.at.astimezone(UTC).date() == date(2026, 11, 2)
    found = clocks([cause(date(2026, 11, 3))], [late], CHINA, date(2026, 11, 6))
    assert one(ClockKind.UPDATE, found).done == date(2026, 11, 3)


def test_version_that_a_later_one_replaced_before_its_review_waits_no_more() -> None:
    first, second = head(date(2026, 11, 2), 1), head(date(2026, 11, 4), 2)
    review = one(ClockKind.REVIEW, clocks([], [first, second], CHINA, date(2026, 11, 5)))
    assert review.since == date(2026, 11, 4)
    reviewed = clocks([], [first, authority(date(2026, 11, 3), 1), second], CHINA, date(2026, 11, 5))
    assert [(each.since, each.done) for each in reviewed] == [
        (date(2026, 11, 4), None),
        (date(2026, 11, 2), date(2026, 11, 3)),
    ]


def test_term_beyond_the_known_calendar_is_provisional() -> None:
    day = date(LAST_KNOWN_YEAR, 12, 21)
    (clock,) = clocks([cause(day)], [], CHINA, day)
    assert clock.provisional
    assert clock.due.year == LAST_KNOWN_YEAR + 1


def test_most_urgent_comes_first_and_what_is_done_last() -> None:
    causes = [cause(date(2026, 11, 9), "later"), cause(date(2026, 11, 2), "sooner"), cause(date(2026, 10, 1))]
    found = clocks(causes, [head(date(2026, 10, 9)), authority(date(2026, 10, 9))], CHINA, date(2026, 11, 10))
    assert [each.dataset for each in found] == ["sooner", "later", NAME, NAME]


def test_causes_are_read_as_they_were_written() -> None:
    causes = with_cause(with_cause((), cause(date(2026, 11, 2))), cause(date(2026, 10, 1)))
    causes = with_extension(causes, NAME, date(2026, 10, 1), "同意延长", NOTED + timedelta(days=3))
    assert set(parse_causes(render_causes(causes))) == set(causes)
    with pytest.raises(NodeError, match="noted already"):
        with_cause(causes, cause(date(2026, 11, 2)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"format": "dxnode/catalogue-causes/2", "causes": []}',
        b'{"format": "dxnode/catalogue-causes/1", "causes": [{}]}',
        b"[" * 100_000,
        render_causes([cause(date(2026, 11, 2))]).replace(b"2026-11-02", b"2026-02-30"),
        render_causes([cause(date(2026, 11, 2))]).replace(NAME.encode(), b"../x"),
        render_causes([cause(date(2026, 11, 2))]).replace(BASIS.encode(), b"a\\nb"),
        render_causes([cause(date(2026, 11, 2))]).replace(b'"basis"', b'"extra": 1, "basis"'),
    ],
)
def test_damaged_file_of_causes_is_refused(content: bytes) -> None:
    with pytest.raises(NodeError) as refused:
        parse_causes(content)
    assert refused.value.reason is Reason.CONFIG_INVALID


def test_text_of_several_lines_is_not_noted() -> None:
    with pytest.raises(NodeError):
        render_causes([Cause(NAME, date(2026, 11, 2), "two\nlines", NOTED)])


def test_day_of_another_age_is_refused_and_one_decades_off_is_counted_as_far_as_can_be() -> None:
    for day in (date(1999, 12, 31), date(2101, 1, 1), date.max):
        with pytest.raises(NodeError):
            render_causes([cause(day)])
    (clock,) = clocks([cause(date(2000, 1, 1))], [], CHINA, date(2100, 12, 31))
    assert clock.overdue
    (clock,) = clocks([cause(date(2100, 12, 31))], [], CHINA, date(2000, 1, 1))
    assert clock.left > 1000


def test_a_province_whose_entries_a_law_changes_is_told_its_clocks_at_once() -> None:
    given, day = head(date(2026, 9, 30)), date(2026, 9, 16)
    approvals = [replace(given, dataset=f"d{number}") for number in range(40_000)]
    causes = [cause(day, f"d{number}") for number in range(10_000)]
    found = clocks(causes, approvals, CHINA, date(2026, 10, 1))
    updates = [clock for clock in found if clock.kind is ClockKind.UPDATE]
    assert len(updates) == 10_000
    assert {clock.done for clock in updates} == {date(2026, 9, 30)}
