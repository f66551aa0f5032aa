"""The values that stand for all that a field, parameter or claim can be, as far as formulas can tell."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from node.analysis.predicate.formula import Formula, Name, Space, Value, comparisons, value_of
from node.core.policy.dataset import Field, FieldType

_MOST_INTEGER = 10**18 - 1


@dataclass(frozen=True, slots=True)
class Variable:
    """A name, and values that stand for all that it can have."""

    name: Name
    type: FieldType
    values: tuple[Value, ...]


def variables_of(formulas: Iterable[Formula], space: Space) -> list[Variable]:
    """All names, those that are compared with each other one after the other, parameters first."""
    linked: dict[Name, set[Name]] = {}
    constants: dict[Name, set[Value]] = {}
    for test in sorted((test for each in formulas for test in comparisons(each)), key=repr):
        left, right = test.left, test.right
        if not isinstance(left, Name):
            raise TypeError(left)
        group = linked.setdefault(left, {left})
        if isinstance(right, Name):
            group |= linked.setdefault(right, {right})
            linked.update(dict.fromkeys(group, group))
        elif right is not None:
            constants.setdefault(left, set()).add(right)
    found: list[Variable] = []
    for group in {id(group): group for group in linked.values()}.values():
        found += _of_group(group, set().union(*(constants.get(name, ()) for name in group)), space)
    return found


def _of_group(group: set[Name], constants: set[Value], space: Space) -> Iterator[Variable]:
    fields = [space.fields[name.name] for name in group if name.kind == "field"]
    kind = fields[0].type
    names = sorted(group, key=lambda each: (each.kind != "parameter", each.kind, each.name))
    for name in names:
        if name.kind == "parameter":
            choices = tuple(value_of(text, kind) for text in space.choices[name.name])
            constants = constants.union(choices)
            yield Variable(name, kind, choices)
    others = [name for name in names if name.kind != "parameter"]
    stand_ins = _stand_ins(kind, fields, constants, len(others))
    for name in others:
        if name.kind == "claim":
            yield Variable(name, kind, stand_ins)
        else:
            within = _within(space.fields[name.name], stand_ins)
            yield Variable(name, kind, (*within, None))


def _stand_ins(
    kind: FieldType, fields: Iterable[Field], constants: set[Value], count: int
) -> tuple[Value, ...]:
    """Values for `count` names that are compared with each other and with `constants`.

    Between two constants only the order of the names matters, so that as many values as names stand for
    all that lie there.
    """
    if kind in (FieldType.INTEGER, FieldType.DATE):
        return _numbers(kind, fields, {each for each in constants if isinstance(each, int)}, count)
    mentioned = sorted(str(each) for each in constants)
    closed = sorted({value for field in fields if field.type is FieldType.ENUM for value in field.values})
    if kind is FieldType.ENUM:
        other = [value for value in closed if value not in constants]
        return (*mentioned, *(other if count > 1 else other[:1]))
    return (*mentioned, *_fresh(kind, set(mentioned), count))


def _numbers(kind: FieldType, fields: Iterable[Field], constants: set[int], count: int) -> tuple[Value, ...]:
    lowest, highest = _ends(kind)
    ranges = [range_of(field) for field in fields]
    cuts = sorted({lowest, highest, *constants, *(end for ends in ranges for end in ends)})
    found = set(cuts)
    for low, high in pairwise(cuts):
        found.update(range(low + 1, min(high, low + 1 + count)))
    # What lies near a constant says most.
    near = sorted(constants)
    return tuple(sorted(found, key=lambda each: (_distance(each, near), each)))


def _distance(number: int, constants: Sequence[int]) -> int:
    place = bisect_left(constants, number)
    return min((abs(number - each) for each in constants[max(place - 1, 0) : place + 1]), default=abs(number))


def _ends(kind: FieldType) -> tuple[int, int]:
    if kind is FieldType.DATE:
        return date.min.toordinal(), date.max.toordinal()
    return -_MOST_INTEGER, _MOST_INTEGER


def range_of(field: Field) -> tuple[int, int]:
    """The least and the greatest integer, or date as an ordinal, that a field can hold."""
    lowest, highest = _ends(field.type)
    return (
        lowest if field.minimum is None else field.minimum,
        highest if field.maximum is None else field.maximum,
    )


def _within(field: Field, values: Iterable[Value]) -> tuple[Value, ...]:
    if field.type in (FieldType.INTEGER, FieldType.DATE):
        lowest, highest = range_of(field)
        return tuple(each for each in values if isinstance(each, int) and lowest <= each <= highest)
    if field.type is FieldType.ENUM:
        return tuple(each for each in values if each in field.values)
    return tuple(values)


def _fresh(kind: FieldType, taken: set[str], count: int) -> list[str]:
    """Values of an open domain that are not `taken`."""
    if kind is FieldType.REGION:
        every = (f"{province}{city:02}00" for city in range(100) for province in range(11, 66))
    else:
        every = (f"x{number or ''}" for number in range(len(taken) + count))
    left = (value for value in every if value not in taken)
    return [value for value, _ in zip(left, range(count), strict=False)]
