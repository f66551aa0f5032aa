"""What another holiday file means for rules that hold on working days only."""

from __future__ import annotations

from datetime import date

from node.analysis.diff.meaning import Change
from node.analysis.diff.relation import Direction
from node.core.policy.policy import Policies
from node.core.workdays import Calendar


def changes_of_days(policies: Policies, before: Calendar, after: Calendar) -> list[Change]:
    """The dates that are worked on one side only; rules are compared by kinds of days, not by dates.

    On a date that becomes a working day a rule begins to hold. On one that is taken off, a rule behind it
    may decide, which may allow more.
    """
    dates = {
        each
        for calendar in (before, after)
        for given in (calendar.holidays.days_off, calendar.holidays.working_days)
        for each in given
    }
    differing = sorted(each for each in dates if before.on(each).workday is not after.on(each).workday)
    matters = any(rule.when.workdays for policy in policies.datasets.values() for rule in policy.rules)
    worked = [each for each in differing if after.on(each).workday]
    off = [each for each in differing if before.on(each).workday]
    return [
        Change("-", "", part, "", _listed(dates), direction if matters else Direction.NONE)
        for part, dates, direction in (
            ("days-worked", worked, Direction.WIDER),
            ("days-taken-off", off, Direction.UNKNOWN),
        )
        if dates
    ]


def _listed(dates: list[date]) -> str:
    return ", ".join(map(str, dates))
