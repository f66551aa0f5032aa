"""The space that rules divide: one dimension for each thing that a rule can look at.

A dimension splits its whole domain, exactly, into parts that a handful of constraints cannot tell
apart. `_COVERED` says which parts of a rule are looked at; a rule with a part that is not there is a
defect of this comparison, and `check_covered` says so rather than overlook it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Protocol, get_args

from node.core.directory_text import Level
from node.core.policy import Policies
from node.core.policy_diff_cases import case_number_classes
from node.core.purpose import is_purpose_code, purpose_line
from node.core.rule import Effective, Limits, Rule, To, When
from node.core.workdays import Calendar

LEVELS: tuple[str, ...] = get_args(Level)
MINUTES = 24 * 60
# A longer run of days holds working days and days off alike.
_SURELY_BOTH = timedelta(days=60)

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
}


def check_covered() -> None:
    """NotCoveredError if a rule has grown a part that no dimension looks at."""
    for kind, covered in _COVERED.items():
        unknown = {each.name for each in fields(kind)} - covered
        if unknown:
            raise NotCoveredError(f"{kind.__name__}: {', '.join(sorted(unknown))}")


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
        return self.work == self.off == (_ALL_DAYS,)


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
_ALL_DAYS: Span = (date.min.toordinal(), date.max.toordinal() + 1)
NO_GRANT_REGION, OWN_AREA, ELSEWHERE = "anywhere", "own", "elsewhere"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two policies: its letter, whether it knows where subjects live, which purposes it knows."""

    letter: str
    places_subjects: bool


class Dimension(Protocol):
    """One thing that rules look at."""

    name: str

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        """What a rule asks for, None if nothing."""

    def split(self, constraints: Sequence[Hashable]) -> Iterable[tuple[Part, Items]]:
        """The whole domain in parts, each with the constraints (by position) that hold all over it."""

    def union(self, parts: Sequence[Part]) -> Part:
        """Parts that do not overlap as one, in the one form that it has."""


class DepartmentDimension:
    """The departments that are named, and any other."""

    name = "departments"

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        return frozenset(rule.to.departments) or None

    def split(self, constraints: Sequence[frozenset[str]]) -> Iterable[tuple[Part, Items]]:
        holding: dict[str, set[int]] = {}
        for index, codes in enumerate(constraints):
            for code in codes:
                holding.setdefault(code, set()).add(index)
        yield Departments(frozenset(holding), others=True), frozenset()
        for code, items in holding.items():
            yield Departments(frozenset({code}), others=False), frozenset(items)

    def union(self, parts: Sequence[Departments]) -> Part:
        named = frozenset[str]().union(*(part.named for part in parts if not part.others))
        left = [part.named for part in parts if part.others]
        if not left:
            return Departments(named, others=False)
        return Departments(frozenset.intersection(*left) - named, others=True)


class LevelDimension:
    """The five administrative levels."""

    name = "levels"

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        return frozenset(rule.to.levels) or None

    def split(self, constraints: Sequence[frozenset[str]]) -> Iterable[tuple[Part, Items]]:
        for level in LEVELS:
            items = frozenset(index for index, levels in enumerate(constraints) if level in levels)
            yield Levels(frozenset({level})), items

    def union(self, parts: Sequence[Levels]) -> Part:
        return Levels(frozenset[str]().union(*(part.named for part in parts)))


def region_digits(region: str) -> str:
    """The digits that every region within a normalised `region` begins with."""
    while len(region) <= 6 and region.endswith("00"):
        region = region[:-2]
    return region


def _joined(branches: Iterable[Branch]) -> frozenset[Branch]:
    """Branches that do not overlap, each put back where it was left out of another."""
    tops = {branch.top: branch.but for branch in branches}
    holes = {hole: top for top, but in tops.items() for hole in but}
    for top in sorted(tops, key=len, reverse=True):
        outer = holes.get(top)
        if outer is not None and outer in tops:
            but = tops.pop(top)
            tops[outer] = tops[outer] - {top} | but
            holes.update(dict.fromkeys(but, outer))
    return frozenset(Branch(top, but) for top, but in tops.items())


def _nested(tops: Iterable[str], lies_in: dict[str, list[str]]) -> dict[str, frozenset[str]]:
    """The nodes directly below each node; `lies_in` names for each all around it, nearest first."""
    below: dict[str, set[str]] = {top: set() for top in tops}
    for top in below:
        nearest = next((outer for outer in lies_in[top] if outer in below), None)
        if nearest is not None:
            below[nearest].add(top)
    return {top: frozenset(inner) for top, inner in below.items()}


class RegionDimension:
    """Regions lie within each other by the digits that their codes begin with."""

    name = "regions"

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        digits = frozenset(region_digits(region) for region in rule.to.regions)
        return None if not digits or "" in digits else digits

    def split(self, constraints: Sequence[frozenset[str]]) -> Iterable[tuple[Part, Items]]:
        tops = {"", *(digits for each in constraints for digits in each)}
        around = {top: [top[:end] for end in range(len(top) - 1, -1, -1)] for top in tops}
        below = _nested(tops, around)
        holding: dict[str, set[int]] = {}
        for index, every in enumerate(constraints):
            for digits in every:
                holding.setdefault(digits, set()).add(index)
        for top in tops:
            items = frozenset(item for outer in (top, *around[top]) for item in holding.get(outer, ()))
            yield Regions(frozenset({Branch(top, below[top])})), items

    def union(self, parts: Sequence[Regions]) -> Part:
        return Regions(_joined(branch for part in parts for branch in part.branches))


class PurposeDimension:
    """Purposes lie within each other; where the two sides know different purposes, each is looked at."""

    name = "purposes"

    def __init__(self, a: Policies, b: Policies) -> None:
        trees = {
            letter: None if given.purposes is None else given.purposes.purposes.keys()
            for letter, given in (("a", a), ("b", b))
        }
        self.alike = trees["a"] == trees["b"]
        self._trees = trees
        self._open = None in trees.values()
        listed = {code for tree in trees.values() if tree for code in tree}
        if self._open and not self.alike:
            listed.update(
                code
                for given in (a, b)
                for policy in given.datasets.values()
                for rule in policy.rules
                for code in rule.purposes
            )
        self.listed = sorted(listed)

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        return ("" if self.alike else side.letter), frozenset(rule.purposes)

    def split(self, constraints: Sequence[tuple[str, frozenset[str]]]) -> Iterable[tuple[Part, Items]]:
        tops = {code for _, codes in constraints for code in codes}
        around = {top: list(purpose_line(top))[1:] for top in tops}
        holding: dict[str, set[int]] = {}
        for index, (_, codes) in enumerate(constraints):
            for code in codes:
                holding.setdefault(code, set()).add(index)
        yield Purposes(frozenset(), nowhere=True), frozenset()
        if self.alike:
            below = _nested(tops, around)
            for top in tops:
                items = frozenset(item for outer in (top, *around[top]) for item in holding.get(outer, ()))
                yield Purposes(frozenset({Branch(top, below[top])})), items
            return
        for code in sorted(tops.union(self.listed)):
            line = purpose_line(code)
            covering = [item for outer in line for item in holding.get(outer, ())]
            if covering:
                yield Purposes(frozenset(), frozenset({code})), self._known(code, covering, constraints)
        if self._open:
            taken = tops.union(self.listed)
            below = _nested(tops, around)
            for top in tops:
                code = unlisted_below(top, taken)
                covering = [item for outer in (top, *around[top]) for item in holding.get(outer, ())]
                if code:
                    part = Purposes(frozenset(), frozenset(), frozenset({Branch(top, below[top])}))
                    yield part, self._known(code, covering, constraints)

    def _known(
        self, code: str, covering: Iterable[int], constraints: Sequence[tuple[str, frozenset[str]]]
    ) -> Items:
        knows = {letter for letter, tree in self._trees.items() if tree is None or code in tree}
        return frozenset(item for item in covering if constraints[item][0] in knows)

    def union(self, parts: Sequence[Purposes]) -> Part:
        return Purposes(
            _joined(branch for part in parts for branch in part.branches),
            frozenset[str]().union(*(part.single for part in parts)),
            _joined(branch for part in parts for branch in part.unlisted),
            any(part.nowhere for part in parts),
        )


def unlisted_below(top: str, listed: Collection[str]) -> str:
    """A purpose below `top` of which `listed` names neither it nor anything between; "" without one."""
    signs = "xyzabcdefghijklmnopqrstuvw0123456789"
    for name in ("other", *signs, *(one + two for one in signs for two in signs)):
        code = f"{top}/{name}"
        if code not in listed and is_purpose_code(code):
            return code
    return ""


class AreaDimension:
    """Where the grant lets subjects live, for rules that give the own area only (Art. 24)."""

    name = "areas"

    def __init__(self, sides: Iterable[Side]) -> None:
        placed = any(side.places_subjects for side in sides)
        self._all = frozenset({NO_GRANT_REGION, OWN_AREA, ELSEWHERE} if placed else {NO_GRANT_REGION})

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        if not side.places_subjects:
            fits = frozenset[str]() if rule.own_region else frozenset({NO_GRANT_REGION})
        else:
            fits = self._all - {ELSEWHERE} if rule.own_region else self._all
        return None if fits == self._all else fits

    def split(self, constraints: Sequence[frozenset[str]]) -> Iterable[tuple[Part, Items]]:
        for area in sorted(self._all):
            items = frozenset(index for index, fits in enumerate(constraints) if area in fits)
            yield Areas(frozenset({area}), self._all), items

    def union(self, parts: Sequence[Areas]) -> Part:
        return Areas(frozenset[str]().union(*(part.named for part in parts)), self._all)


class DayDimension:
    """Dates, cut where a rule takes effect or ends, each stretch with its working days and days off."""

    name = "days"

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        first, last = rule.effective.first, rule.effective.last
        if not rule.when.workdays and first is None and last is None:
            return None
        start = _ALL_DAYS[0] if first is None else first.toordinal()
        return rule.when.workdays, start, _ALL_DAYS[1] if last is None else last.toordinal() + 1

    def split(self, constraints: Sequence[tuple[bool, int, int]]) -> Iterable[tuple[Part, Items]]:
        cuts = sorted({*_ALL_DAYS, *(cut for _, *span in constraints for cut in span)})
        for start, end in pairwise(cuts):
            for worked in (True, False):
                if self.first_day(start, end, workday=worked) is None:
                    continue
                items = frozenset(
                    index
                    for index, (workdays, first, last) in enumerate(constraints)
                    if first <= start and end <= last and (worked or not workdays)
                )
                span = ((start, end),)
                yield (Days(span, ()) if worked else Days((), span)), items

    def first_day(self, start: int, end: int, *, workday: bool) -> date | None:
        """The first working day, or day off, of a span; None without one."""
        for ordinal in range(start, min(end, start + _SURELY_BOTH.days)):
            day = date.fromordinal(ordinal)
            if self._calendar.day(datetime.combine(day, time(), self._calendar.zone)).workday is workday:
                return day
        return None

    def union(self, parts: Sequence[Days]) -> Part:
        return Days(
            _spans(span for part in parts for span in part.work),
            _spans(span for part in parts for span in part.off),
        )


class TimeDimension:
    """The minutes of a day, cut where hours begin and end."""

    name = "hours"

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        hours = rule.when.hours
        return None if hours is None or (hours.start, hours.end) == (0, MINUTES) else (hours.start, hours.end)

    def split(self, constraints: Sequence[Span]) -> Iterable[tuple[Part, Items]]:
        cuts = sorted({0, MINUTES, *(cut for span in constraints for cut in span)})
        for start, end in pairwise(cuts):
            items = frozenset(
                i for i, (first, last) in enumerate(constraints) if first <= start and end <= last
            )
            yield Times(((start, end),)), items

    def union(self, parts: Sequence[Times]) -> Part:
        return Times(_spans(span for part in parts for span in part.spans))


class CaseDimension:
    """Case numbers, by the forms that they have."""

    name = "case_number"

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        return rule.when.case_number or None

    def split(self, constraints: Sequence[str]) -> Iterable[tuple[Part, Items]]:
        classes = case_number_classes(constraints)
        for items in classes:
            yield Cases(_short([items], list(classes), constraints)), items

    def union(self, parts: Sequence[Cases]) -> Part:
        wanted = [form for part in parts for form in part.forms]
        forms = sorted({text for form in wanted for text in (*form.has, *form.lacks)})
        classes = list(case_number_classes(forms))
        return Cases(_short([each for each in classes if _has(each, wanted, forms)], classes, forms))


def _has(items: Items, wanted: Iterable[Form], forms: Sequence[str]) -> bool:
    """Whether case numbers of a class fit one of the wanted forms."""
    has = {forms[item] for item in items}
    return any(form.has <= has and not form.lacks & has for form in wanted)


def _short(chosen: Sequence[Items], classes: Sequence[Items], forms: Sequence[str]) -> frozenset[Form]:
    """Classes in as few words as tell them from all others."""
    others = [each for each in classes if each not in set(chosen)]
    said = set()
    for items in chosen:
        has, lacks = set(items), set(range(len(forms))) - items
        for item in sorted(range(len(forms)), key=lambda item: (item in has, forms[item])):
            fewer_has, fewer_lacks = has - {item}, lacks - {item}
            if not any(fewer_has <= other and not fewer_lacks & other for other in others):
                has, lacks = fewer_has, fewer_lacks
        said.add((frozenset(has), frozenset(lacks)))
    return frozenset(
        Form(frozenset(forms[item] for item in has), frozenset(forms[item] for item in lacks))
        for has, lacks in said
    )


def _spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order, those that touch made one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and joined[-1][1] >= start:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return tuple(joined)
