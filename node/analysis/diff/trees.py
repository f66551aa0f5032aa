"""The dimensions that are trees: regions lie within each other, and so do purposes."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import cast

from node.analysis.diff.space import Branch, Items, Part, Purposes, Regions, Side
from node.core.identity import region_digits
from node.core.policy.policy import Policies
from node.core.policy.rule import Rule
from node.core.purpose import is_purpose_code, purpose_line


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


def _holding(constraints: Iterable[frozenset[str]]) -> dict[str, list[int]]:
    """Every code that is named, with the positions of the constraints that name it."""
    holding: dict[str, list[int]] = {}
    for index, codes in enumerate(constraints):
        for code in codes:
            holding.setdefault(code, []).append(index)
    return holding


class RegionDimension:
    """Regions lie within each other by the digits that their codes begin with."""

    name = "regions"
    weighed = True

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        digits = frozenset(region_digits(region) for region in rule.to.regions)
        return None if not digits or "" in digits else digits

    def split(self, constraints: Sequence[frozenset[str]]) -> Iterable[tuple[Part, Items]]:
        tops = {"", *(digits for each in constraints for digits in each)}
        around = {top: [top[:end] for end in range(len(top) - 1, -1, -1)] for top in tops}
        below = _nested(tops, around)
        holding = _holding(constraints)
        for top in tops:
            items = frozenset(item for outer in (top, *around[top]) for item in holding.get(outer, ()))
            yield Regions(frozenset({Branch(top, below[top])})), items

    def union(self, parts: Sequence[Regions]) -> Part:
        return Regions(_joined(branch for part in parts for branch in part.branches))


class PurposeDimension:
    """Purposes lie within each other; where the two sides know different purposes, each is looked at."""

    name = "purposes"
    weighed = True

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
        self._below: dict[tuple[str, str], list[str]] = {}
        for letter, tree in trees.items():
            for code in tree or ():
                for outer in purpose_line(code):
                    self._below.setdefault((letter, outer), []).append(code)

    def constraint(self, rule: Rule, side: Side) -> Hashable:
        """Purposes with all below them; with two finite trees that differ, those that the side lists."""
        if self.alike:
            return frozenset(rule.purposes)
        if self._open:
            return side.letter, frozenset(rule.purposes)
        return frozenset(code for top in rule.purposes for code in self._below.get((side.letter, top), ()))

    def split(self, constraints: Sequence[Hashable]) -> Iterable[tuple[Part, Items]]:
        yield Purposes(frozenset(), nowhere=True), frozenset()
        if self.alike:
            yield from self._branches(cast("Sequence[frozenset[str]]", constraints))
        elif self._open:
            yield from self._by_side(cast("Sequence[tuple[str, frozenset[str]]]", constraints))
        else:
            yield from self._one_by_one(cast("Sequence[frozenset[str]]", constraints))

    def _branches(self, constraints: Sequence[frozenset[str]]) -> Iterable[tuple[Part, Items]]:
        holding = _holding(constraints)
        around = {top: list(purpose_line(top))[1:] for top in holding}
        below = _nested(holding, around)
        for top, items in holding.items():
            every = frozenset(items).union(*(holding.get(outer, ()) for outer in around[top]))
            yield Purposes(frozenset({Branch(top, below[top])})), every

    def _one_by_one(self, constraints: Sequence[frozenset[str]]) -> Iterable[tuple[Part, Items]]:
        alike: dict[tuple[int, ...], list[str]] = {}
        for code, items in _holding(constraints).items():
            alike.setdefault(tuple(items), []).append(code)
        for items_of, codes in alike.items():
            yield Purposes(frozenset(), frozenset(codes)), frozenset(items_of)

    def _by_side(self, constraints: Sequence[tuple[str, frozenset[str]]]) -> Iterable[tuple[Part, Items]]:
        """Where one side lists no purposes and takes any that is below one of a rule."""
        holding = _holding([codes for _, codes in constraints])
        around = {top: list(purpose_line(top))[1:] for top in holding}
        taken = set(holding).union(self.listed)
        for code in sorted(taken):
            covering = [item for outer in purpose_line(code) for item in holding.get(outer, ())]
            if covering:
                yield Purposes(frozenset(), frozenset({code})), self._known(code, covering, constraints)
        below = _nested(holding, around)
        for top in holding:
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
