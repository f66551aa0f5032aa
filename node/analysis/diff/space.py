"""The space that rules divide: its parts, one kind for each thing that a rule can look at.

`_COVERED` and `_CLAUSES` say what is looked at; a rule or a decision with more than that is a
defect of this comparison, and `check_covered` says so rather than overlook it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import get_args

from node.core.deciding.clauses import CHECKS, RULE_CHECKS
from node.core.directory.spelling import Level
from node.core.policy.question import Ceiling, Combination
from node.core.policy.request import Request, RequestingDepartment
from node.core.policy.rule import Effective, Limits, Rule, To, When

LEVELS: tuple[str, ...] = get_args(Level)
MINUTES = 24 * 60

Span = tuple[int, int]
"""From and to, the end excluded: minutes of a day, or ordinals of days."""

Items = frozenset[int]


class NotCoveredError(Exception):
    """A rule says something that this comparison does not know; its text names it."""


_COVERED: Mapping[type, frozenset[str]] = {
    Rule: frozenset(
        {"id", "order", "allow", "to", "purposes", "when", "limits", "case_format", "effective", "own_region"}
    ),
    To: frozenset({"anyone", "listed", "groups", "levels", "regions"}),
    When: frozenset({"case_number", "workdays", "hours"}),
    Effective: frozenset({"first", "last"}),
    Limits: frozenset({"per_day", "per_subject_per_day"}),
    Combination: frozenset({"id", "questions", "days"}),
    Ceiling: frozenset({"level", "sensitivity"}),
    RequestingDepartment: frozenset({"code", "region", "level", "suspended"}),
    Request: frozenset(
        {
            *("requester", "dataset", "question", "parameters", "claims", "purpose"),
            *("case_number", "grant_id", "subjects", "at", "role", "kind"),
        }
    ),
}
# What stands in no rule is in the forms of a question, in the purposes, or supposed: a grant that covers it.
_CLAUSES = frozenset(
    {
        *("requester.suspended", "grant.exists", "grant.revoked", "grant.suspended", "grant.validity"),
        *("grant.questions", "grant.purposes", "grant.roles", "grant.region", "dataset.sharing", "mode"),
        *("purpose.known", "question.exists", "question.kind", "question.subjects"),
        *("question.parameters", "question.claims"),
        *("to.departments", "to.levels", "to.regions", "for", "scope", "effective"),
        *("when.case_number", "when.workdays", "when.hours"),
    }
)


def check_covered() -> None:
    """NotCoveredError if a rule or request has a part, or a decision a clause, that is not looked at."""
    for kind, covered in _COVERED.items():
        unknown = {each.name for each in fields(kind)} - covered
        if unknown:
            raise NotCoveredError(f"{kind.__name__}: {', '.join(sorted(unknown))}")
    clauses = {*(check.name for check in CHECKS), *(check.name for check in RULE_CHECKS)} - _CLAUSES
    if clauses:
        raise NotCoveredError(f"clauses: {', '.join(sorted(clauses))}")


@dataclass(frozen=True, slots=True)
class Departments:
    """The named departments, or all but them."""

    named: frozenset[str]
    others: bool

    @property
    def whole(self) -> bool:
        return self.others and not self.named


@dataclass(frozen=True, slots=True)
class Levels:
    """Administrative levels."""

    named: frozenset[str]

    @property
    def whole(self) -> bool:
        return len(self.named) == len(LEVELS)


@dataclass(frozen=True, slots=True)
class Branch:
    """A node of a tree with all below it, but for what lies below the nodes of `but`."""

    top: str
    but: frozenset[str]


@dataclass(frozen=True, slots=True)
class Regions:
    """Regions by the digits that their codes begin with; "" is the country."""

    branches: frozenset[Branch]

    @property
    def whole(self) -> bool:
        return self.branches == {Branch("", frozenset())}


@dataclass(frozen=True, slots=True)
class Purposes:
    """Purposes: branches, single ones, and what no side lists in a branch (where one side lists none)."""

    branches: frozenset[Branch]
    single: frozenset[str] = frozenset()
    unlisted: frozenset[Branch] = frozenset()
    nowhere: bool = False

    @property
    def whole(self) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Areas:
    """What the grant says about where subjects live: nothing, somewhere in the own area, or elsewhere."""

    named: frozenset[str]
    of: frozenset[str]

    @property
    def whole(self) -> bool:
        return self.named == self.of


@dataclass(frozen=True, slots=True)
class Days:
    """Working days and days off, each as spans of ordinals in order."""

    work: tuple[Span, ...]
    off: tuple[Span, ...]

    @property
    def whole(self) -> bool:
        return self.work == self.off == (ALL_DAYS,)


@dataclass(frozen=True, slots=True)
class Times:
    """Minutes of the day, as spans in order."""

    spans: tuple[Span, ...]

    @property
    def whole(self) -> bool:
        return self.spans == ((0, MINUTES),)


@dataclass(frozen=True, slots=True)
class Form:
    """Case numbers that have all of the forms `has`, and none of `lacks`."""

    has: frozenset[str]
    lacks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Cases:
    """Case numbers that fit one of `forms`."""

    forms: frozenset[Form]

    @property
    def whole(self) -> bool:
        return self.forms == {Form(frozenset(), frozenset())}


Part = Departments | Levels | Regions | Purposes | Areas | Days | Times | Cases
ALL_DAYS: Span = (date.min.toordinal(), date.max.toordinal() + 1)
NO_GRANT_REGION, OWN_AREA, ELSEWHERE = "anywhere", "own", "elsewhere"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two policies: its letter, and whether it knows where subjects live."""

    letter: str
    places_subjects: bool
