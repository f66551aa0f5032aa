"""What nothing ever reaches: days without work, requesters that the directory does not have, idle guards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from node.analysis.lint.finding import Finding, finding
from node.core.directory.directory import Directory
from node.core.policy.policy import Policy
from node.core.policy.request import RequestingDepartment
from node.core.policy.rule import Rule
from node.core.reading.document import Document
from node.core.reading.place import Path
from node.core.workdays import day

# No arrangement of holidays is longer; a rule for more days has working days among them.
_LONGEST = timedelta(days=31)


def reach(policy: Policy, document: Document, members: Directory | None) -> Iterator[Finding]:
    """What can be told without a request; without `members`, requesters are not looked for."""
    for rule in policy.rules:
        yield from _days(rule)
        if members is not None:
            yield from _requesters(policy, rule, members)
    yield from _combinations(policy, document)


def _days(rule: Rule) -> Iterator[Finding]:
    first, last = rule.effective.first, rule.effective.last
    if not rule.when.workdays or first is None or last is None or last - first > _LONGEST:
        return
    days = [day(first + timedelta(days=ahead)) for ahead in range((last - first).days + 1)]
    if not any(each.workday for each in days):
        path: Path = ("rules", rule.order, "when", "workdays")
        yield finding(
            "lint.rule-no-workday", path, on_key=True, rule=rule.id, first=str(first), last=str(last)
        )


def _requesters(policy: Policy, rule: Rule, members: Directory) -> Iterator[Finding]:
    path: Path = ("rules", rule.order, "to")
    unknown = [code for code in rule.to.listed if code not in members.members]
    for code in unknown:
        yield finding(
            "lint.department-unknown", (*path, "departments", rule.to.listed.index(code)), code=code
        )
    if unknown and len(unknown) == len(rule.to.departments):
        return
    fitting = (
        member.code != policy.dataset.provider
        and rule.to.fits(RequestingDepartment(member.code, member.region, member.level, suspended=False))
        for member in members.members.values()
    )
    if not any(fitting):
        yield finding("lint.rule-nobody", path, on_key=True, rule=rule.id)


def _combinations(policy: Policy, document: Document) -> Iterator[Finding]:
    """Combinations of which some question is never answered anyway."""
    allowed = {name for rule in policy.rules for name in rule.allow}
    given = document.at(("forbidden_together",))
    for order, combination in enumerate(given if isinstance(given, list) else ()):
        names = combination.get("questions") if isinstance(combination, dict) else None
        for index, name in enumerate(names if isinstance(names, list) else ()):
            if isinstance(name, str) and name in policy.questions and name not in allowed:
                at: Path = ("forbidden_together", order, "questions", index)
                yield finding("lint.combination-idle", at, name=name)
