"""Predicates as formulas of few signs, in the one form that tells which of them are the same.

Brackets, NOT, IN and BETWEEN are said with the other signs: by Kleene's rules, which SQL follows, NOT goes
through AND, OR and every comparison, with NULL where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from sqlglot import exp

from node.core.policy.dataset import Field, FieldType


class Outcome(IntEnum):
    """What a predicate comes out as; by Kleene's rules AND is the least of its parts, OR the greatest."""

    FALSE = 0
    NULL = 1
    TRUE = 2


@dataclass(frozen=True, slots=True)
class Space:
    """What predicates are about: fields by name, the choices of parameters, and the types of claims."""

    fields: Mapping[str, Field]
    choices: Mapping[str, tuple[str, ...]]
    claims: Mapping[str, FieldType]


Value = str | int | None
"""A value as it is compared: dates are ordinals."""


@dataclass(frozen=True, slots=True)
class Name:
    """A field, parameter or claim."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison; `right` is a name or a value. `sign` is a comparison's, or "null", "filled"."""

    left: Name | Value
    sign: str
    right: Name | Value


@dataclass(frozen=True, slots=True)
class All:
    """AND, of no part that is an AND itself."""

    of: frozenset[Formula]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """OR, of no part that is an OR itself."""

    of: frozenset[Formula]


Formula = Outcome | Comparison | All | AnyOf
_SIGNS: Mapping[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
# As what the left side may stand to the right one: before it, at it, behind it.
_HOLDS: Mapping[str, frozenset[int]] = {
    "=": frozenset({0}),
    "<>": frozenset({-1, 1}),
    "<": frozenset({-1}),
    "<=": frozenset({-1, 0}),
    ">": frozenset({1}),
    ">=": frozenset({0, 1}),
}
_OPPOSITE = {
    "=": "<>",
    "<>": "=",
    "<": ">=",
    ">=": "<",
    "<=": ">",
    ">": "<=",
    "null": "filled",
    "filled": "null",
}


def formula_of(node: exp.Expression, space: Space, *, negated: bool) -> Formula:
    """A predicate without brackets, NOT, IN and BETWEEN: all of them can be said with the other signs."""
    if isinstance(node, exp.Paren):
        return formula_of(node.this, space, negated=negated)
    if isinstance(node, exp.Not):
        return formula_of(node.this, space, negated=not negated)
    if isinstance(node, exp.And | exp.Or):
        parts = [formula_of(each, space, negated=negated) for each in (node.this, node.expression)]
        return joined(parts, every=isinstance(node, exp.And) is not negated)
    if isinstance(node, exp.Boolean):
        return Outcome.TRUE if bool(node.this) is not negated else Outcome.FALSE
    of = _field(node, space)
    left = Name("field", of.name)
    if isinstance(node, exp.Is):
        return Comparison(left, "filled" if negated else "null", None)
    if isinstance(node, exp.In):
        parts = [_comparison(left, "=", _operand(each, of, space), negated) for each in node.expressions]
        return joined(parts, every=negated)
    if isinstance(node, exp.Between):
        low = _comparison(left, ">=", _operand(node.args["low"], of, space), negated)
        high = _comparison(left, "<=", _operand(node.args["high"], of, space), negated)
        return joined([low, high], every=not negated)
    return _comparison(left, _SIGNS[type(node)], _operand(node.expression, of, space), negated)


def _comparison(left: Name, sign: str, right: Name | Value, negated: bool) -> Formula:
    return Comparison(left, _OPPOSITE[sign] if negated else sign, right)


def _field(node: exp.Expression, space: Space) -> Field:
    return space.fields[node.this.name]


def _operand(node: exp.Expression, of: Field, space: Space) -> Name | Value:
    if isinstance(node, exp.Column):
        return Name("field", node.name)
    if isinstance(node, exp.Placeholder):
        return Name("parameter" if node.name in space.choices else "claim", node.name)
    text = f"-{node.this.name}" if isinstance(node, exp.Neg) else node.name
    return value_of(text, of.type)


def value_of(text: str, kind: FieldType) -> Value:
    """A literal or choice as it is compared."""
    if kind is FieldType.INTEGER:
        return int(text)
    return date.fromisoformat(text).toordinal() if kind is FieldType.DATE else text


def spelled(value: Value, kind: FieldType) -> str | None:
    """A value as a policy spells it; None is NULL."""
    if value is None:
        return None
    return date.fromordinal(value).isoformat() if kind is FieldType.DATE else str(value)  # type: ignore[arg-type]


def joined(parts: Iterable[Formula], *, every: bool) -> Formula:
    """AND or OR of parts in the one form that it has."""
    kind, ends, idle = (All, Outcome.FALSE, Outcome.TRUE) if every else (AnyOf, Outcome.TRUE, Outcome.FALSE)
    kept: set[Formula] = set()
    for part in parts:
        if isinstance(part, kind):
            kept |= part.of
        elif part is ends:
            return ends
        elif part is not idle:
            kept.add(part)
    if len(kept) < 2:
        return next(iter(kept), idle)
    return kind(frozenset(kept))


def comparisons(formula: Formula) -> Iterator[Comparison]:
    """All comparisons of a formula, in no order."""
    if isinstance(formula, Comparison):
        yield formula
    elif isinstance(formula, All | AnyOf):
        for part in formula.of:
            yield from comparisons(part)


def compared(left: Value, sign: str, right: Value) -> Outcome:
    """What a comparison of two values comes out as."""
    if sign in ("null", "filled"):
        return Outcome.TRUE if (left is None) is (sign == "null") else Outcome.FALSE
    if left is None or right is None:
        return Outcome.NULL
    order = (left > right) - (left < right)  # type: ignore[operator]  # both of the type of the field
    return Outcome.TRUE if order in _HOLDS[sign] else Outcome.FALSE
