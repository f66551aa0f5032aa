"""Finds rules that give personal data without a bound: on a day, about one person, to anybody, for anything.

Not of what is shared unconditionally, where a limit would be a condition (Decree 809, Art. 15).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, get_args

from node.analysis.lint.finding import Finding, finding
from node.core.directory.spelling import Level
from node.core.policy.dataset import Sharing
from node.core.policy.policy import Policy
from node.core.policy.question_kind import QuestionKind
from node.core.policy.rule import To
from node.core.purpose import PurposeTree
from node.core.reading.place import Path

_LEVELS: Final = frozenset(get_args(Level))


def unlimited(policy: Policy, purposes: PurposeTree | None) -> Iterator[Finding]:
    """The rules without such bounds; a statistic is held by its budget, and is about no single person."""
    if not policy.dataset.personal or policy.dataset.sharing is Sharing.UNCONDITIONAL:
        return
    known = purposes.purposes if purposes is not None else ()
    roots = [code for code in known if "/" not in code]
    for rule in policy.rules:
        path: Path = ("rules", rule.order)
        asked = [policy.questions[name].kind for name in rule.allow if name in policy.questions]
        if not asked or all(kind is QuestionKind.STATISTIC for kind in asked):
            continue
        # Where there are no limits at all, there is nothing to point at but the rule.
        limits: Path = (*path, "limits") if rule.limits.text() else (*path, "id")
        on_key = limits[-1] == "limits"
        if rule.limits.per_day is None:
            yield finding("lint.limit-day-missing", limits, on_key=on_key, rule=rule.id)
        if rule.limits.per_subject_per_day is None:
            yield finding("lint.limit-subject-missing", limits, on_key=on_key, rule=rule.id)
        if _is_anybody(rule.to):
            yield finding("lint.requester-any", (*path, "to"), on_key=True, rule=rule.id)
        if len(roots) > 1 and set(roots) <= set(rule.purposes):
            yield finding("lint.purpose-any", (*path, "for"), on_key=True, rule=rule.id)


def _is_anybody(to: To) -> bool:
    """Whether every department fits; with all levels, or the whole country, as well."""
    if to.listed or to.groups:
        return False
    return (not to.levels or set(to.levels) >= _LEVELS) and (not to.regions or "000000" in to.regions)
