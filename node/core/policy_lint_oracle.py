"""How closely the choices of questions narrow a value down: what one requester learns by asking with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from sqlglot import exp

from node.core.catalogue import Dataset, Field, FieldType, Sensitivity
from node.core.question import Question, QuestionKind
from node.core.question_build import PLAIN_MAX_LEVEL

# So many choices cut a range finely enough to be worth a second look, even if no value is pinned down.
MANY_CHOICES = 16
_ORDERED = (FieldType.INTEGER, FieldType.DATE)


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a question with parameters says of a field.

    `pins` if some value is told exactly; `asks` is how many questions about one subject it takes;
    `open` if the field has no bounds or values to judge the choices by.
    """

    field: str
    choices: int
    asks: int
    pins: bool
    open: bool


def may_leave_plain(dataset: Dataset, field: Field) -> bool:
    """Whether the value itself may be an answer, so that narrowing it down gives nothing away."""
    return field.sensitivity is Sensitivity.NORMAL and dataset.level <= PLAIN_MAX_LEVEL


def narrowing(dataset: Dataset, question: Question) -> list[Narrowing]:
    """By field, what the choices of a question's parameters tell; comparisons are taken one by one.

    Where a comparison stands beside others, the others are taken to be known: the worst case.
    """
    if question.kind is QuestionKind.STATISTIC or not question.parameters:
        return []
    choices = {name: parameter.choices for name, parameter in question.parameters.items()}
    found = []
    for name in sorted(question.fields):
        field = dataset.fields[name]
        if may_leave_plain(dataset, field):
            continue
        cuts, equal = _compared(question.expression, field, choices)
        if cuts or equal:
            found.append(_judged(field, cuts, equal))
    return found


def _judged(field: Field, cuts: frozenset[int], equal: frozenset[str]) -> Narrowing:
    count = len(cuts) + len(equal)
    if field.type in _ORDERED:
        pins = len(cuts) > 1 and _pinned(field, cuts)
        asks = len(equal) + len(cuts).bit_length()
        return Narrowing(field.name, count, asks, pins, open=False)
    values = len(field.values)
    return Narrowing(
        field.name, count, count, pins=values > 2 and len(equal) >= values - 1, open=not values and count > 1
    )


def pinned_together(dataset: Dataset, questions: list[Question]) -> list[str]:
    """Fields of which no question alone tells a value exactly, but all of these together do."""
    found = []
    for name in sorted({name for question in questions for name in question.fields}):
        field = dataset.fields[name]
        if field.type not in _ORDERED or may_leave_plain(dataset, field):
            continue
        alone = [
            _compared(each.expression, field, {key: it.choices for key, it in each.parameters.items()})[0]
            for each in questions
            if each.kind is not QuestionKind.STATISTIC and name in each.fields
        ]
        if not any(_pinned(field, cuts) for cuts in alone) and _pinned(field, frozenset().union(*alone)):
            found.append(name)
    return found


def _pinned(field: Field, cuts: frozenset[int]) -> bool:
    """Whether some value lies alone between two cuts, or between a cut and the end of the range."""
    edges = set(cuts)
    if field.minimum is not None:
        edges = {cut for cut in edges if cut > field.minimum} | {field.minimum}
    if field.maximum is not None:
        edges = {cut for cut in edges if cut <= field.maximum} | {field.maximum + 1}
    if len(edges & cuts) < 1:
        return False
    return any(upper - lower == 1 for lower, upper in pairwise(sorted(edges)))


def _compared(
    expression: exp.Expression, field: Field, choices: Mapping[str, tuple[str, ...]]
) -> tuple[frozenset[int], frozenset[str]]:
    """Where comparisons cut the field's values (a cut lies before the number), and what they test for."""
    cuts: set[int] = set()
    equal: set[str] = set()

    def cut(value: exp.Expression | None, *shifts: int) -> None:
        for text in _texts(value, choices):
            number = _number(text, field)
            if number is not None:
                cuts.update(number + shift for shift in shifts)

    for node in expression.walk():
        column = node.this
        if not isinstance(column, exp.Column) or column.name != field.name:
            continue
        if isinstance(node, exp.Between):
            cut(node.args["low"], 0)
            cut(node.args["high"], 1)
        elif isinstance(node, exp.LT | exp.GTE):
            cut(node.expression, 0)
        elif isinstance(node, exp.LTE | exp.GT):
            cut(node.expression, 1)
        elif isinstance(node, exp.EQ | exp.NEQ) and isinstance(node.expression, exp.Placeholder):
            equal.update(_texts(node.expression, choices))
    return frozenset(cuts), frozenset(equal)


def _texts(value: exp.Expression | None, choices: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if isinstance(value, exp.Placeholder):
        return choices.get(value.name, ())
    if isinstance(value, exp.Neg):
        return tuple(f"-{text}" for text in _texts(value.this, choices))
    return (value.name,) if isinstance(value, exp.Literal) else ()


def _number(text: str, field: Field) -> int | None:
    try:
        return date.fromisoformat(text).toordinal() if field.type is FieldType.DATE else int(text)
    except ValueError:
        return None
