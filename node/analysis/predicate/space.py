"""What predicates can come out as over the declared domains of their fields, decided exactly.

`outcomes` says whether one predicate can be true, false or NULL, and `together` which outcomes several
predicates can have on one record; each with such a record. Nothing is sampled: a field is cut into
the values that the predicates cannot tell apart, and every combination is looked at, one field after
another, with what is left of the predicates remembered.

Domains: an integer lies in its range, of 18 digits at most; an enum has one of its values; text,
identifiers and regions are open (the values of a region are those to count by, not all there are);
dates are those of the calendar. Every field can be NULL, as a data source takes a value outside of the
domain for NULL. A parameter has one of its choices, a claim is any value of its type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from node.analysis.predicate.domain import Variable, variables_of
from node.analysis.predicate.formula import (
    All,
    AnyOf,
    Comparison,
    Formula,
    Name,
    Outcome,
    Space,
    Value,
    compared,
    comparisons,
    formula_of,
    joined,
    spelled,
)
from node.core.policy.dataset import Field
from node.core.policy.question import Question

MAX_STEPS = 500_000
"""So many parts of predicates are looked at before a comparison is given up: some half a second."""


class TooManyCasesError(Exception):
    """There are more combinations than can be looked at."""


@dataclass(slots=True)
class Effort:
    """How many parts of predicates may still be looked at; comparisons that share it share the bound."""

    left: int

    def spend(self) -> None:
        """Look at one more. Raises TooManyCasesError."""
        if self.left <= 0:
            raise TooManyCasesError
        self.left -= 1


@dataclass(frozen=True, slots=True)
class Case:
    """A record, parameters and claims: what matters of them to an outcome; None is NULL.

    Values are spelled as in a policy; what is not named may be anything.
    """

    fields: Mapping[str, str | None]
    placeholders: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What one predicate can come out as, each with a case of it; None if it never does."""

    true: Case | None
    false: Case | None
    null: Case | None


def outcomes(predicate: exp.Expression, space: Space, effort: Effort | None = None) -> Outcomes:
    """What a predicate can come out as.

    Raises TooManyCasesError.
    """
    found = together([predicate], space, effort)
    return Outcomes(*(found.get((each,)) for each in (Outcome.TRUE, Outcome.FALSE, Outcome.NULL)))


def together(
    predicates: Sequence[exp.Expression], space: Space, effort: Effort | None = None
) -> dict[tuple[Outcome, ...], Case]:
    """The outcomes that predicates can have on one record at once, each combination with a case of it.

    Raises TooManyCasesError.
    """
    formulas = tuple(formula_of(each, space, negated=False) for each in predicates)
    variables = variables_of(formulas, space)
    found = _Walk(variables, effort or Effort(MAX_STEPS)).reached(0, formulas)
    return {key: _case(values, variables) for key, values in found.items()}


def space_of(fields: Mapping[str, Field], question: Question) -> Space:
    """What the predicates of a question are about."""
    return Space(
        fields,
        {name: parameter.choices for name, parameter in question.parameters.items()},
        {name: claim.type for name, claim in question.claims.items()},
    )


def joint(first: Space, second: Space) -> Space | None:
    """A space in which predicates of both can be compared; None if a name is of another type in each.

    The domain of a field holds both its domains. Of a parameter those choices are left that both have:
    with any other, one side alone can be asked.
    """
    both = first.fields.keys() & second.fields.keys()
    if any(first.fields[name].type is not second.fields[name].type for name in both):
        return None
    shared = first.claims.keys() & second.claims.keys()
    if any(first.claims[name] is not second.claims[name] for name in shared):
        return None
    if first.choices.keys() & second.claims.keys() or second.choices.keys() & first.claims.keys():
        return None
    choices = {**first.choices, **second.choices}
    for name in first.choices.keys() & second.choices.keys():
        choices[name] = tuple(each for each in first.choices[name] if each in second.choices[name])
    fields = {**first.fields, **second.fields}
    fields |= {name: _holding(first.fields[name], second.fields[name]) for name in both}
    return Space(fields, choices, {**first.claims, **second.claims})


def _holding(first: Field, second: Field) -> Field:
    """A field whose domain holds those of both."""
    low, high = (first.minimum, second.minimum), (first.maximum, second.maximum)
    return replace(
        first,
        values=tuple(dict.fromkeys((*first.values, *second.values))),
        minimum=None if low[0] is None or low[1] is None else min(low[0], low[1]),
        maximum=None if high[0] is None or high[1] is None else max(high[0], high[1]),
    )


class _Walk:
    """Gives the variables their values one after another, and remembers what comes of what is left."""

    def __init__(self, variables: Sequence[Variable], effort: Effort) -> None:
        self._variables = variables
        self._known: dict[
            tuple[int, tuple[Formula, ...]], dict[tuple[Outcome, ...], tuple[tuple[int, Value], ...]]
        ] = {}
        self._effort = effort

    def reached(
        self, depth: int, formulas: tuple[Formula, ...]
    ) -> dict[tuple[Outcome, ...], tuple[tuple[int, Value], ...]]:
        """The outcomes that there can be, each with values from `depth` on that lead there."""
        ended = tuple(each for each in formulas if isinstance(each, Outcome))
        if len(ended) == len(formulas):
            return {ended: ()}
        key = depth, formulas
        if key in self._known:
            return self._known[key]
        variable = self._variables[depth]
        found: dict[tuple[Outcome, ...], tuple[tuple[int, Value], ...]] = {}
        if not any(
            variable.name in (test.left, test.right) for each in formulas for test in comparisons(each)
        ):
            found = self.reached(depth + 1, formulas)
        else:
            for value in variable.values:
                left = tuple(self._put(each, variable.name, value) for each in formulas)
                for outcome, rest in self.reached(depth + 1, left).items():
                    found.setdefault(outcome, ((depth, value), *rest))
        self._known[key] = found
        return found

    def _put(self, formula: Formula, name: Name, value: Value) -> Formula:
        """What is left of a predicate once a name has a value."""
        self._effort.spend()
        if isinstance(formula, Comparison):
            left = value if formula.left == name else formula.left
            right = value if formula.right == name else formula.right
            if isinstance(left, Name) or isinstance(right, Name):
                return Comparison(left, formula.sign, right)
            return compared(left, formula.sign, right)
        if isinstance(formula, All | AnyOf):
            parts = [self._put(each, name, value) for each in formula.of]
            return joined(parts, every=isinstance(formula, All))
        return formula


def _case(values: Iterable[tuple[int, Value]], variables: Sequence[Variable]) -> Case:
    fields: dict[str, str | None] = {}
    placeholders: dict[str, str] = {}
    for index, value in values:
        variable = variables[index]
        text = spelled(value, variable.type)
        if variable.name.kind == "field":
            fields[variable.name.name] = text
        elif text is not None:
            placeholders[variable.name.name] = text
    return Case(fields, placeholders)
