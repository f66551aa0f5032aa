"""Which rules an earlier one takes everything from, and which overlap: compared by what they let through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from enum import IntEnum
from itertools import product
from typing import get_args

from node.core.directory.spelling import Level
from node.core.identity import region_covers
from node.core.policy.rule import Effective, Limits, Rule, To, When
from node.core.purpose import purpose_covers, purpose_line
from node.core.words import listed
from node.core.workdays import Hours

# Comparisons of two rules, for one dataset: about a second.
MAX_COMPARISONS = 300_000
_LEVELS = frozenset(get_args(Level))
_STAR = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")
_SIGNS = {"#": frozenset("0123456789"), "@": frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), "*": _STAR}
# What is understood here; a part of a rule that is added later is compared for equality only.
_KNOWN = {
    Rule: {
        *("id", "order", "allow", "to", "purposes", "when", "limits", "case_format"),
        *("effective", "own_region"),
    },
    To: {"anyone", "listed", "groups", "levels", "regions"},
    When: {"case_number", "workdays", "hours"},
    Limits: {"per_day", "per_subject_per_day"},
    Effective: {"first", "last"},
}


@dataclass(frozen=True, slots=True)
class Shadow:
    """Of a rule, these questions are taken by earlier rules, all of them if `whole`."""

    rule: Rule
    earlier: dict[str, Rule]
    whole: bool


@dataclass(frozen=True, slots=True)
class Overlap:
    """Requests for these questions fit both rules, whose limits or scopes differ."""

    rule: Rule
    earlier: Rule
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """Whether `earlier` takes a rule's requests depends on `what`, which a policy does not say."""

    rule: Rule
    earlier: Rule
    what: str


@dataclass(slots=True)
class ComparedRules:
    """What comparing all rules found; from `stopped` on, nothing was compared."""

    shadows: list[Shadow] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)
    undecided: list[Undecided] = field(default_factory=list)
    stopped: Rule | None = None


class _Covers(IntEnum):
    NO = 0
    UNKNOWN = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class _Atom:
    """The part of a rule for one question, purpose and kind of requester; "" for any."""

    department: str
    level: str
    region: str


class _OutOfWorkError(Exception):
    pass


def compare(rules: Sequence[Rule], most: int = MAX_COMPARISONS) -> ComparedRules:
    """Compare every rule with the earlier ones.

    Shadowing is decided for each question, purpose, department, level and region of a rule on its own,
    so that several earlier rules can take it together; of conditions, hours can be taken together too.
    """
    comparing = _Comparing(most)
    found = ComparedRules()
    for rule in rules:
        try:
            comparing.one(rule, found)
        except _OutOfWorkError:
            found.stopped = rule
            break
        comparing.file(rule)
    return found


class _Comparing:
    """The earlier rules, filed by question, purpose and department."""

    def __init__(self, most: int) -> None:
        self._left = most
        # By a purpose of the rule; and by each purpose above, for overlaps with a wider rule.
        self._at: dict[tuple[str, str, str], list[Rule]] = {}
        self._below: dict[tuple[str, str, str], list[Rule]] = {}

    def file(self, rule: Rule) -> None:
        for question, who in product(rule.allow, (*(rule.to.departments or ("",)), "*")):
            above: set[str] = set()
            for purpose in rule.purposes:
                self._at.setdefault((question, purpose, who), []).append(rule)
                above.update(purpose_line(purpose)[1:])
            for purpose in above - set(rule.purposes):
                self._below.setdefault((question, purpose, who), []).append(rule)

    def one(self, rule: Rule, found: ComparedRules) -> None:
        taken: dict[str, Rule] = {}
        unknown: dict[str, Undecided] = {}
        meeting: dict[int, tuple[Rule, set[str]]] = {}
        for question in sorted(rule.allow):
            earlier = self._taken(rule, question, unknown)
            if earlier is not None:
                taken[question] = earlier
                continue
            for other in self._meeting(rule, question):
                meeting.setdefault(other.order, (other, set()))[1].add(question)
        if taken:
            found.shadows.append(Shadow(rule, taken, len(taken) == len(rule.allow)))
        if len(taken) < len(rule.allow):
            found.undecided.extend(unknown.values())
        found.overlaps.extend(
            Overlap(rule, other, tuple(sorted(questions)))
            for _, (other, questions) in sorted(meeting.items())
        )

    def _taken(self, rule: Rule, question: str, unknown: dict[str, Undecided]) -> Rule | None:
        """The first of the rules that take all of a question from a rule, None if part of it is left."""
        first: Rule | None = None
        for purpose in rule.purposes:
            for department in rule.to.departments or ("",):
                earlier = self._earlier(question, purpose, department)
                for level, region in product(rule.to.levels or ("",), rule.to.regions or ("",)):
                    taker = self._taker(rule, _Atom(department, level, region), earlier, unknown)
                    if taker is None:
                        return None
                    first = taker if first is None or taker.order < first.order else first
        return first

    def _earlier(self, question: str, purpose: str, department: str) -> list[Rule]:
        whos = (department, "") if department else ("",)
        found = {
            rule.order: rule
            for above in purpose_line(purpose)
            for who in whos
            for rule in self._at.get((question, above, who), ())
        }
        return [found[order] for order in sorted(found)]

    def _taker(
        self, rule: Rule, atom: _Atom, earlier: Iterable[Rule], unknown: dict[str, Undecided]
    ) -> Rule | None:
        by_hours: list[Rule] = []
        for other in earlier:
            self._work()
            covers, what = _covers(other, rule, atom)
            if covers is _Covers.UNKNOWN:
                unknown.setdefault(other.id, Undecided(rule, other, what))
            elif covers is _Covers.YES:
                if _hours_cover([other.when.hours], rule.when.hours):
                    return other
                by_hours.append(other)
        if _hours_cover([other.when.hours for other in by_hours], rule.when.hours):
            return by_hours[0]
        return None

    def _meeting(self, rule: Rule, question: str) -> Iterator[Rule]:
        seen: set[int] = set()
        whos = (*rule.to.departments, "") if rule.to.departments else ("*",)
        for purpose, who in product(rule.purposes, whos):
            nearby = [self._below.get((question, purpose, who), ())]
            nearby += [self._at.get((question, above, who), ()) for above in purpose_line(purpose)]
            for other in (each for some in nearby for each in some):
                if other.order in seen:
                    continue
                seen.add(other.order)
                self._work()
                differ = (other.limits, other.own_region) != (rule.limits, rule.own_region)
                if differ and _meet(other, rule):
                    yield other

    def _work(self) -> None:
        if self._left <= 0:
            raise _OutOfWorkError
        self._left -= 1


def bounds_text(rule: Rule) -> str:
    """Limits and scope of a rule, in the policy's words."""
    scope = "scope: own-region" if rule.own_region else ""
    return "; ".join(part for part in (rule.limits.text(), scope) if part) or "-"


def _covers(outer: Rule, inner: Rule, atom: _Atom) -> tuple[_Covers, str]:
    """Whether `outer` lets through what `inner` does for these requesters, whatever the hours.

    The purposes and departments hold already.
    """
    if outer.own_region and not inner.own_region:
        return _Covers.NO, ""
    if outer.when.workdays and not inner.when.workdays:
        return _Covers.NO, ""
    if not _days_cover(outer.effective, inner.effective):
        return _Covers.NO, ""
    if not case_covers(outer.when.case_number, inner.when.case_number):
        return _Covers.NO, ""
    unknown = []
    if outer.to.levels and not frozenset(outer.to.levels) >= _LEVELS:
        if not atom.level and not atom.department:
            return _Covers.NO, ""
        if not atom.level:
            unknown.append("to.levels")
        elif atom.level not in outer.to.levels:
            return _Covers.NO, ""
    if outer.to.regions:
        if not atom.region and not atom.department:
            return _Covers.NO, ""
        if not atom.region:
            unknown.append("to.regions")
        elif not any(region_covers(region, atom.region) for region in outer.to.regions):
            return _Covers.NO, ""
    unknown += _not_understood(outer, inner)
    return (_Covers.UNKNOWN, listed(unknown)) if unknown else (_Covers.YES, "")


def _not_understood(one: Rule, other: Rule) -> list[str]:
    """Parts that differ and that nothing here knows the meaning of."""
    pairs = (
        (one, other),
        (one.to, other.to),
        (one.when, other.when),
        (one.limits, other.limits),
        (one.effective, other.effective),
    )
    return [
        each.name
        for left, right in pairs
        for each in fields(left)
        if each.name not in _KNOWN[type(left)] and getattr(left, each.name) != getattr(right, each.name)
    ]


def _hours_cover(outer: Iterable[Hours | None], inner: Hours | None) -> bool:
    start, end = (inner.start, inner.end) if inner is not None else (0, 24 * 60)
    for hours in sorted((each.start, each.end) if each is not None else (0, 24 * 60) for each in outer):
        if hours[0] <= start:
            start = max(start, hours[1])
    return start >= end


def _days_cover(outer: Effective, inner: Effective) -> bool:
    return (outer.first is None or (inner.first is not None and outer.first <= inner.first)) and (
        outer.last is None or (inner.last is not None and inner.last <= outer.last)
    )


def case_covers(outer: str, inner: str) -> bool:
    """Whether every case number of the form `inner` has the form `outer`; "" is any case number."""
    if not outer or outer == inner:
        return True
    if not inner:
        return False
    head, star, tail = outer.partition("*")
    if not star:
        return "*" not in inner and len(inner) == len(outer) and _within(inner, outer)
    inner_head, inner_star, inner_tail = inner.partition("*")
    if inner_star:
        if len(inner_head) < len(head) or len(inner_tail) < len(tail):
            return False
        start, end = inner_head[: len(head)], inner_tail[len(inner_tail) - len(tail) :]
        middle = inner_head[len(head) :] + inner_tail[: len(inner_tail) - len(tail)]
    else:
        if len(inner) <= len(head) + len(tail):
            return False
        start, end = inner[: len(head)], inner[len(inner) - len(tail) :]
        middle = inner[len(head) : len(inner) - len(tail)]
    return _within(start, head) and _within(end, tail) and all(_chars(sign) <= _STAR for sign in middle)


def _within(inner: str, outer: str) -> bool:
    return all(_chars(one) <= _chars(other) for one, other in zip(inner, outer, strict=True))


def _chars(sign: str) -> frozenset[str]:
    return _SIGNS.get(sign) or frozenset(sign)


def _meet(one: Rule, other: Rule) -> bool:
    """Whether a request may fit both; where only the directory could tell, it is taken to."""
    return (
        any(purpose_covers(a, b) or purpose_covers(b, a) for a in one.purposes for b in other.purposes)
        and _share(one.to.departments, other.to.departments)
        and _share(one.to.levels, other.to.levels)
        and _regions_meet(one.to.regions, other.to.regions)
        and _hours_meet(one.when.hours, other.when.hours)
        and _days_meet(one.effective, other.effective)
        and _cases_meet(one.when.case_number, other.when.case_number)
    )


def _share(one: Sequence[str], other: Sequence[str]) -> bool:
    return not one or not other or not set(one).isdisjoint(other)


def _regions_meet(one: Sequence[str], other: Sequence[str]) -> bool:
    if not one or not other:
        return True
    return any(region_covers(a, b) or region_covers(b, a) for a in one for b in other)


def _hours_meet(one: Hours | None, other: Hours | None) -> bool:
    return one is None or other is None or (one.start < other.end and other.start < one.end)


def _days_meet(one: Effective, other: Effective) -> bool:
    ends = ((one.first, other.last), (other.first, one.last))
    return all(first is None or last is None or first <= last for first, last in ends)


def _cases_meet(one: str, other: str) -> bool:
    """Whether a case number can have both forms; with a star in both, only their ends are compared."""
    if not one or not other:
        return True
    if "*" not in one and "*" not in other and len(one) != len(other):
        return False
    heads = zip(one.partition("*")[0], other.partition("*")[0], strict=False)
    tails = zip(one[::-1].partition("*")[0], other[::-1].partition("*")[0], strict=False)
    return all(not _chars(a).isdisjoint(_chars(b)) for a, b in (*heads, *tails))
