"""Where two lists of rules decide differently: the whole space, divided only where it can matter.

The first rule that fits decides. Let some rules stand on both sides, in one order; the others are
*changed*. Where no changed rule fits, the same rule decides on both sides: so only the parts of the space
in which a changed rule fits are divided further, by one dimension after another, until each side is
left with its first rule. What is left of the lists in a part is solved once, however many parts and
questions come to it. Rules, what they ask for and parts are small numbers here: the same thing, the same
number.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Generic, TypeVar

from node.analysis.diff.dimensions import Dimension
from node.analysis.diff.space import Part, Side
from node.core.policy.rule import Rule

TermsT = TypeVar("TermsT", bound=Hashable)
KeyT = TypeVar("KeyT", bound=Hashable)

Cell = tuple[tuple[int, ...], int, int]
"""A part of the space, by the number of its part in each dimension, and the terms of each side there."""

Places = list[tuple[int, int]]
"""Rules with their places in a list."""

_WHOLE = 0
_ANYTHING = 0
_DENIED = 0
# So many rules are divided as they come; of more it is worth to look for the dimension that divides best.
_FEW = 24


class Solver(Generic[TermsT]):
    """Compares lists of rules in one space."""

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        """The dimensions come in the order in which they are tried."""
        self._dimensions = dimensions
        every = range(len(dimensions))
        self._asked: list[_Numbers[Hashable]] = [_Numbers(None) for _ in every]
        self._parts = [_Numbers(_union_of_all(dimension)) for dimension in dimensions]
        self._whole = tuple(0 for _ in every)
        self._terms: _Numbers[TermsT | None] = _Numbers(None)
        # A rule is what it asks for in each dimension, then its terms; by number also what it asks for, and
        # a bit for each dimension in which it asks for something.
        self._rules: _Numbers[tuple[int, ...]] = _Numbers((*self._whole, _DENIED))
        self._asking: _Numbers[tuple[int, ...]] = _Numbers(self._whole)
        self._asks, self._bits = [_ANYTHING], [0]
        self._without: dict[tuple[int, int], int] = {}
        self._splits: dict[tuple[int, tuple[int, ...]], tuple[tuple[int, frozenset[int]], ...]] = {}
        self._unions: dict[tuple[int, frozenset[int]], int] = {}
        self._held: dict[tuple[int, int], int | None] = {}
        self._solved: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[Cell, ...]] = {}

    def rule(self, rule: Rule, side: Side, terms: TermsT) -> int:
        """The number of a rule of one side that permits on these terms."""
        asked = (
            self._asked[index].number(dimension.constraint(rule, side))
            for index, dimension in enumerate(self._dimensions)
        )
        return self._number((*asked, self._terms.number(terms)))

    def _number(self, rule: tuple[int, ...]) -> int:
        number = self._rules.number(rule)
        if number == len(self._asks):
            self._asks.append(self._asking.number(rule[:-1]))
            self._bits.append(sum(1 << index for index, asked in enumerate(rule[:-1]) if asked))
        return number

    def solve(self, a: Iterable[int], b: Iterable[int]) -> tuple[Cell, ...]:
        """Where two lists of rules decide differently, in parts that do not overlap.

        Raises TooManyFormsError.
        """
        a, b = self._needed(a), self._needed(b)
        if a == b:
            return ()
        key = a, b
        if key not in self._solved:
            self._solved[key] = self._divided(a, b)
        return self._solved[key]

    def terms(self, number: int) -> TermsT | None:
        """The terms that a number stands for; None is a denial."""
        return self._terms.of(number)

    def parts(self, cell: Cell) -> dict[str, Part]:
        """The part of a cell in each dimension."""
        return {
            dimension.name: self._parts[index].of(number)
            for index, (dimension, number) in enumerate(zip(self._dimensions, cell[0], strict=True))
        }

    def merged(self, cells: Iterable[tuple[KeyT, Cell]]) -> list[tuple[KeyT, Cell]]:
        """Cells of one key that differ in one dimension only put together, as long as there are any."""
        left = list(cells)
        while True:
            before = len(left)
            for index in reversed(range(len(self._dimensions))):
                groups: dict[Hashable, list[tuple[KeyT, Cell]]] = {}
                for key, (parts, mine, theirs) in left:
                    alike = key, parts[:index], parts[index + 1 :], mine, theirs
                    groups.setdefault(alike, []).append((key, (parts, mine, theirs)))
                left = [self._together(index, group) for group in groups.values()]
            if len(left) == before:
                return left

    def _together(self, index: int, group: Sequence[tuple[KeyT, Cell]]) -> tuple[KeyT, Cell]:
        key, (parts, mine, theirs) = group[0]
        if len(group) == 1:
            return group[0]
        union = self._union(index, frozenset(cell[0][index] for _, cell in group))
        return key, (_put(parts, index, union), mine, theirs)

    def _union(self, index: int, numbers: frozenset[int]) -> int:
        if len(numbers) == 1:
            return next(iter(numbers))
        key = index, numbers
        if key not in self._unions:
            parts = [self._parts[index].of(number) for number in sorted(numbers)]
            self._unions[key] = self._parts[index].number(self._dimensions[index].union(parts))
        return self._unions[key]

    def _needed(self, rules: Iterable[int]) -> tuple[int, ...]:
        """Rules without those that are never first: asked for before, or after one that asks for nothing."""
        kept: list[int] = []
        seen: set[int] = set()
        for rule in rules:
            asked = self._asks[rule]
            if asked in seen:
                continue
            seen.add(asked)
            kept.append(rule)
            if asked == _ANYTHING:
                break
        return tuple(kept)

    def _divided(self, a: tuple[int, ...], b: tuple[int, ...]) -> tuple[Cell, ...]:
        if len(a) < 2 and len(b) < 2 and (not a or not b or self._asks[a[0]] == self._asks[b[0]]):
            # One rule, or one on each side with other terms: all of where it fits.
            fitting = self._fitting((a or b)[0])
            return ((fitting, self._first(a), self._first(b)),) if fitting else ()
        changed = _changed(a, b)
        index = self._best(a, b, changed)
        asked = {self._rules.of(rule)[index] for rule in (*a, *b)} - {_ANYTHING}
        places = self._places(a, index), self._places(b, index)
        alike: dict[tuple[tuple[int, ...], tuple[int, ...]], list[int]] = {}
        for part, holding in self._touched(index, tuple(sorted(asked)), changed):
            left = _left(places[0], holding), _left(places[1], holding)
            if left[0] != left[1]:
                alike.setdefault(left, []).append(part)
        found: dict[Cell, list[int]] = {}
        for (left_a, left_b), group in alike.items():
            for cell in self.solve(left_a, left_b):
                found.setdefault(cell, []).extend(group)
        return tuple(
            (_put(parts, index, self._union(index, frozenset(group))), mine, theirs)
            for (parts, mine, theirs), group in found.items()
        )

    def _fitting(self, rule: int) -> tuple[int, ...]:
        """Where a rule fits, by dimension; empty if it never does."""
        parts = [_WHOLE] * len(self._whole)
        for index, asked in enumerate(self._rules.of(rule)[:-1]):
            if asked:
                part = self._holding(index, asked)
                if part is None:
                    return ()
                parts[index] = part
        return tuple(parts)

    def _holding(self, index: int, asked: int) -> int | None:
        """The part in which what is asked for holds, if there is any."""
        key = index, asked
        if key not in self._held:
            parts = frozenset(part for part, items in self._split(index, (asked,)) if items)
            self._held[key] = self._union(index, parts) if parts else None
        return self._held[key]

    def _first(self, rules: tuple[int, ...]) -> int:
        return self._rules.of(rules[0])[-1] if rules else _DENIED

    def _best(self, a: tuple[int, ...], b: tuple[int, ...], changed: Iterable[int]) -> int:
        """The dimension to divide by: the one that leaves the fewest rules in all parts together."""
        bits = 0
        for rule in (*a, *b):
            bits |= self._bits[rule]
        asking = [index for index in range(len(self._dimensions)) if bits >> index & 1]
        if len(asking) < 2 or len(a) + len(b) <= _FEW:
            return asking[0]
        rules = [self._rules.of(rule) for rule in (*a, *b)]
        weights = []
        for index in asking:
            if not self._dimensions[index].weighed:
                continue
            counts = Counter(rule[index] for rule in rules)
            always = counts.pop(_ANYTHING, 0)
            touched = self._touched(index, tuple(sorted(counts)), changed)
            weights.append((sum(always + sum(map(counts.__getitem__, each)) for _, each in touched), index))
        return min(weights)[1] if weights else asking[0]

    def _touched(
        self, index: int, asked: tuple[int, ...], changed: Iterable[int]
    ) -> Iterable[tuple[int, frozenset[int]]]:
        """The parts in which a changed rule can fit, each with what is asked for that holds all over it."""
        parts = self._split(index, asked)
        wanted = {self._rules.of(rule)[index] for rule in changed}
        if _ANYTHING in wanted:
            return parts
        return [each for each in parts if not wanted.isdisjoint(each[1])]

    def _split(self, index: int, asked: tuple[int, ...]) -> tuple[tuple[int, frozenset[int]], ...]:
        key = index, asked
        if key not in self._splits:
            constraints = [self._asked[index].of(number) for number in asked]
            self._splits[key] = tuple(
                (self._parts[index].number(part), frozenset(asked[item] for item in items))
                for part, items in self._dimensions[index].split(constraints)
            )
        return self._splits[key]

    def _places(self, rules: tuple[int, ...], index: int) -> dict[int, Places]:
        """Rules, as they are once a dimension is settled, with their places, by what they ask for there."""
        found: dict[int, Places] = {_ANYTHING: []}
        for place, rule in enumerate(rules):
            found.setdefault(self._rules.of(rule)[index], []).append((place, self._settled(rule, index)))
        return found

    def _settled(self, rule: int, index: int) -> int:
        key = rule, index
        if key not in self._without:
            self._without[key] = self._number(_put(self._rules.of(rule), index, _ANYTHING))
        return self._without[key]


class _Numbers(Generic[KeyT]):
    """Gives each thing a number; the first has 0."""

    def __init__(self, first: KeyT) -> None:
        self._numbers: dict[KeyT, int] = {first: 0}
        self._things = [first]

    def number(self, thing: KeyT) -> int:
        number = self._numbers.setdefault(thing, len(self._things))
        if number == len(self._things):
            self._things.append(thing)
        return number

    def of(self, number: int) -> KeyT:
        return self._things[number]


def _union_of_all(dimension: Dimension) -> Part:
    return dimension.union([part for part, _ in dimension.split(())])


def _put(numbers: tuple[int, ...], index: int, number: int) -> tuple[int, ...]:
    return (*numbers[:index], number, *numbers[index + 1 :])


def _left(places: Mapping[int, Places], holding: Iterable[int]) -> tuple[int, ...]:
    """The rules of which what they ask for holds, in order."""
    asking = [each for number in holding for each in places.get(number, ())]
    if not asking:
        return tuple(rule for _, rule in places[_ANYTHING])
    return tuple(rule for _, rule in sorted(asking + places[_ANYTHING]))


def _changed(a: tuple[int, ...], b: tuple[int, ...]) -> set[int]:
    """The rules that are not on both sides in one order; as few as there can be."""
    places = {rule: place for place, rule in enumerate(b)}
    both = [rule for rule in a if rule in places]
    return set(a).union(b).difference(_rising(both, [places[rule] for rule in both]))


def _rising(rules: Sequence[int], places: Sequence[int]) -> Iterable[int]:
    """A longest run of rules, in order, whose places rise (patience sorting)."""
    if all(one < other for one, other in pairwise(places)):
        return rules
    tops: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for item, place in enumerate(places):
        pile = bisect_left(tops, place)
        tops[pile : pile + 1] = [place]
        last[pile : pile + 1] = [item]
        before.append(last[pile - 1] if pile else -1)
    run = []
    item = last[-1]
    while item >= 0:
        run.append(rules[item])
        item = before[item]
    return run
