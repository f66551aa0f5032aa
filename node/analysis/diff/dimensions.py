"""The dimensions that rules divide, but for the trees: each splits its whole domain into parts, exactly.

A part is where a handful of constraints cannot be told apart.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Protocol

from node.analysis.diff.cases import case_number_classes
from node.analysis.diff.space import (
    ALL_DAYS,
    ELSEWHERE,
    LEVELS,
    MINUTES,
    NO_GRANT_REGION,
    OWN_AREA,
    Areas,
    Cases,
    Days,
    Departments,
    Form,
    Items,
    Levels,
    Part,
    Side,
    Span,
    Times,
)
from node.core.policy.rule import Rule
from node.core.workdays import Calendar

# A longer run of days holds working days and days off alike.
_SURELY_BOTH = timedelta(days=60)


class Dimension(Protocol):
    """One thing that rules look at."""

    name: str
    weighed: bool
    """Whether the space may be divided by this one first, should it leave fewer rules than others do."""

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        """What a rule asks for, None if nothing."""

    def split(self, constraints: Sequence[Hashable]) -> Iterable[tuple[Part, Items]]:
        """The whole domain in parts, each with the constraints (by position) that hold all over it."""

    def union(self, parts: Sequence[Part]) -> Part:
        """Parts that do not overlap as one, in the one form that it has."""


class DepartmentDimension:
    """The departments that are named, and any other."""

    name = "departments"
    weighed = True

    def __init__(self, rules: Iterable[Rule]) -> None:
        """For these rules: departments that all of them name together are looked at as one."""
        naming: dict[str, list[int]] = {}
        constraints = dict.fromkeys(frozenset(rule.to.departments) for rule in rules)
        for number, codes in enumerate(constraints):
            for code in codes:
                naming.setdefault(code, []).append(number)
        alike: dict[tuple[int, ...], list[str]] = {}
        for code, numbers in naming.items():
            alike.setdefault(tuple(numbers), []).append(code)
        self._atoms = [frozenset(codes) for codes in alike.values()]
        self._of: dict[frozenset[str], list[int]] = {codes: [] for codes in constraints}
        every = list(constraints)
        for atom, numbers_of_atom in enumerate(alike):
            for number in numbers_of_atom:
                self._of[every[number]].append(atom)

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        named = rule.to.listed or rule.to.groups
        return frozenset(rule.to.departments) if named else None

    def split(self, constraints: Sequence[frozenset[str]]) -> Iterable[tuple[Part, Items]]:
        holding: dict[int, list[int]] = {}
        for index, codes in enumerate(constraints):
            for atom in self._of[codes]:
                holding.setdefault(atom, []).append(index)
        alike: dict[tuple[int, ...], list[int]] = {}
        for atom, items in holding.items():
            alike.setdefault(tuple(items), []).append(atom)
        named = frozenset[str]().union(*(self._atoms[atom] for atom in holding))
        yield Departments(named, others=True), frozenset()
        for items_of, atoms in alike.items():
            codes = frozenset[str]().union(*(self._atoms[atom] for atom in atoms))
            yield Departments(codes, others=False), frozenset(items_of)

    def union(self, parts: Sequence[Departments]) -> Part:
        named = frozenset[str]().union(*(part.named for part in parts if not part.others))
        left = [part.named for part in parts if part.others]
        if not left:
            return Departments(named, others=False)
        return Departments(frozenset.intersection(*left) - named, others=True)


class LevelDimension:
    """The five administrative levels."""

    name = "levels"
    weighed = True

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        return frozenset(rule.to.levels) or None

    def split(self, constraints: Sequence[frozenset[str]]) -> Iterable[tuple[Part, Items]]:
        for level in LEVELS:
            items = frozenset(index for index, levels in enumerate(constraints) if level in levels)
            yield Levels(frozenset({level})), items

    def union(self, parts: Sequence[Levels]) -> Part:
        return Levels(frozenset[str]().union(*(part.named for part in parts)))


class AreaDimension:
    """Where the grant lets subjects live, for rules that give the own area only (Art. 24)."""

    name = "areas"
    weighed = False

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
    weighed = False

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._first: dict[tuple[int, int, bool], date | None] = {}

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        first, last = rule.effective.first, rule.effective.last
        if not rule.when.workdays and first is None and last is None:
            return None
        start = ALL_DAYS[0] if first is None else first.toordinal()
        return rule.when.workdays, start, ALL_DAYS[1] if last is None else last.toordinal() + 1

    def split(self, constraints: Sequence[tuple[bool, int, int]]) -> Iterable[tuple[Part, Items]]:
        cuts = sorted({*ALL_DAYS, *(cut for _, *span in constraints for cut in span)})
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
        key = start, end, workday
        if key not in self._first:
            self._first[key] = next(
                (
                    day
                    for ordinal in range(start, min(end, start + _SURELY_BOTH.days))
                    if self._calendar.on(day := date.fromordinal(ordinal)).workday is workday
                ),
                None,
            )
        return self._first[key]

    def union(self, parts: Sequence[Days]) -> Part:
        return Days(
            _spans(span for part in parts for span in part.work),
            _spans(span for part in parts for span in part.off),
        )


class TimeDimension:
    """The minutes of a day, cut where hours begin and end."""

    name = "hours"
    weighed = False

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
    weighed = False

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
