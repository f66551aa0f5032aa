"""The terms of a clause that denies: what a requester is told of a policy or grant beyond the clause's name.

They are numbers and times alone, as the catalogue entry or the grant states them: nothing of what was asked,
and nothing of what a data source holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.core.deciding.grant import Grant
from node.core.policy.rule import ALWAYS, Effective, Limits, Rule
from node.core.workdays import Hours


@dataclass(frozen=True, slots=True)
class Terms:
    """How many a day where a limit is used up (0: not told), or when the rule holds."""

    limit: int = 0
    hours: Hours | None = None
    days: Effective = ALWAYS


NO_TERMS = Terms()
LIMITS = ("limits.per_day", "limits.per_subject_per_day", "scope.subjects_per_day")
"""The clauses that tell how many a day."""


def rule_terms(clause: str, rule: Rule) -> Terms:
    """The terms of a rule's clause that does not hold."""
    if clause == "when.hours":
        return Terms(hours=rule.when.hours)
    return Terms(days=rule.effective) if clause == "effective" else NO_TERMS


def limit_terms(clause: str, limits: Limits, grant: Grant | None) -> Terms:
    """The terms of a limit that is used up."""
    limit = {
        "limits.per_day": limits.per_day,
        "limits.per_subject_per_day": limits.per_subject_per_day,
        "scope.subjects_per_day": None if grant is None else grant.subjects_per_day,
    }.get(clause)
    return Terms(limit=limit) if limit else NO_TERMS
