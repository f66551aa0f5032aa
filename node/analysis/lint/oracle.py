"""How closely answers narrow a value down: what one requester learns by asking everything that it may."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from sqlglot import exp

from node.core.policy.dataset import Dataset, Field, FieldType, Sensitivity
from node.core.policy.question import Derived, Question
from node.core.policy.question_kind import QuestionKind
from node.core.reading.question import PLAIN_MAX_LEVEL

# So many choices cut a range finely enough to be worth a second look, even if no value is pinned down.
MANY_CHOICES = 16
# An interval of fewer neighbouring values than this gives one of them away; a field may state a wider bound.
NARROWEST = 2
# Multiples of a step are looked at one by one in ranges with at most so many of them.
MAX_MULTIPLES = 20_000
# How often the guard against combinations is tried on one set of questions.
MAX_TRIES = 50
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


@dataclass(frozen=True, slots=True)
class Revealed:
    """What the answers to a question tell of one field, if all else is known: the worst case.

    `cuts` lie before the number; `sets` are closed values that are told from all others. `unknown` if the
    field is compared with another one, or is cut too often to be looked at.
    """

    cuts: frozenset[int] = frozenset()
    sets: frozenset[frozenset[str]] = frozenset()
    unknown: bool = False

    @property
    def anything(self) -> bool:
        """Whether it tells anything at all."""
        return bool(self.cuts or self.sets)


def may_leave_plain(dataset: Dataset, field: Field) -> bool:
    """Whether the value itself may be an answer, so that narrowing it down gives nothing away."""
    return field.sensitivity is Sensitivity.NORMAL and dataset.level <= PLAIN_MAX_LEVEL


def narrowing(dataset: Dataset, question: Question) -> list[Narrowing]:
    """By field, what the choices of a question's parameters tell; comparisons are taken one by one.

    Where a comparison stands beside others, the others are taken to be known: the worst case.
    """
    if question.kind is QuestionKind.STATISTIC or not question.parameters:
        return []
    found = []
    for name in sorted(question.fields):
        field = dataset.fields[name]
        if may_leave_plain(dataset, field):
            continue
        cuts, equal = _chosen(question, field)
        if cuts or equal:
            found.append(_judged(field, cuts, equal))
    return found


def _judged(field: Field, cuts: frozenset[int], equal: frozenset[str]) -> Narrowing:
    count = len(cuts) + len(equal)
    if field.type in _ORDERED:
        pins = len(cuts) > 1 and bool(_pinned(field, cuts, NARROWEST))
        asks = len(equal) + len(cuts).bit_length()
        return Narrowing(field.name, count, asks, pins, open=False)
    values = len(field.values)
    return Narrowing(
        field.name, count, count, pins=values > 2 and len(equal) >= values - 1, open=not values and count > 1
    )


def revealed(dataset: Dataset, question: Question, name: str) -> Revealed:
    """What all answers to a question, with every choice, tell of a field."""
    field = dataset.fields[name]
    if question.kind is QuestionKind.STATISTIC or name not in question.fields:
        return Revealed()
    if may_leave_plain(dataset, field):
        return Revealed()
    if (derivation := question.derivation) is not None and derivation.how is not Derived.EQUALS:
        return _derived(question, field)
    choices = {key: parameter.choices for key, parameter in question.parameters.items()}
    cuts: set[int] = set()
    sets: set[frozenset[str]] = set()
    unknown = False
    for node in question.expression.walk():
        if isinstance(node, exp.Column) and node.name == name and _with_other_field(node):
            unknown = True
        if not isinstance(node.this, exp.Column) or node.this.name != name:
            continue
        cuts |= _cuts(node, field, choices)
        for some in _equalled(node, choices):
            if field.type in _ORDERED:
                numbers = (_number(text, field) for text in some)
                cuts.update(edge for number in numbers if number is not None for edge in (number, number + 1))
            else:
                sets.add(frozenset(some))
    return Revealed(frozenset(cuts), frozenset(sets), unknown)


def alone(field: Field, known: Revealed, narrowest: int) -> frozenset[int | str]:
    """Where an ordered field is narrowed down below the bound; of a closed one all values, or none."""
    if field.type in _ORDERED:
        return frozenset(_pinned(field, known.cuts, narrowest))
    sets = sorted(known.sets, key=sorted)
    classes = {tuple(value in some for some in sets) for value in field.values}
    return frozenset(field.values if len(classes) == len(field.values) > 2 else ())


def pinning(
    field: Field, told_by: Mapping[str, Revealed], combinations: Iterable[frozenset[str]], narrowest: int
) -> tuple[str, ...] | None:
    """Few questions that together pin a field down, as no question alone does.

    `combinations` may not be asked together about one subject, which the linkage guard sees to. None if
    there is no such choice.
    """
    telling = {name: each for name, each in told_by.items() if each.anything}
    by_one = {name: alone(field, each, narrowest) for name, each in telling.items()}
    tries = MAX_TRIES
    forbidden = list(combinations)
    waiting = [frozenset(telling)]
    while waiting:
        names = waiting.pop()
        known = _together(telling[name] for name in names)
        new = alone(field, known, narrowest).difference(*(by_one[name] for name in names))
        if not new:
            continue
        tries -= 1
        least = _least(field, {name: telling[name] for name in sorted(names)}, known, new)
        guard = next((each for each in forbidden if each <= frozenset(least)), None)
        if guard is None or tries <= 0:
            return least
        # One of them is never answered; which one, the requester chooses.
        waiting += [names - {name} for name in sorted(guard)]
    return None


def _together(every: Iterable[Revealed]) -> Revealed:
    known = list(every)
    return Revealed(
        frozenset[int]().union(*(each.cuts for each in known)),
        frozenset[frozenset[str]]().union(*(each.sets for each in known)),
    )


def _least(
    field: Field, telling: Mapping[str, Revealed], known: Revealed, new: frozenset[int | str]
) -> tuple[str, ...]:
    """Few questions that narrow one of the `new` values down: for each end of its interval the first."""
    if field.type not in _ORDERED:
        return _least_closed(field, telling)
    lower = min(each for each in new if isinstance(each, int))
    upper = min((cut for cut in known.cuts if cut > lower), default=None)
    ends = (end for end in (lower, upper) if end is not None)
    found = (next((name for name, each in telling.items() if end in each.cuts), None) for end in ends)
    return tuple(sorted({name for name in found if name is not None}))


def _least_closed(field: Field, telling: Mapping[str, Revealed]) -> tuple[str, ...]:
    """The questions, in their order, of which each tells values apart that those before it do not."""
    kept: list[str] = []
    classes = dict.fromkeys(field.values, 0)
    for name, each in telling.items():
        sets = list(each.sets)
        marks = {value: (mark, *(value in some for some in sets)) for value, mark in classes.items()}
        numbers = {mark: number for number, mark in enumerate(dict.fromkeys(marks.values()))}
        if len(numbers) > len(set(classes.values())):
            classes = {value: numbers[mark] for value, mark in marks.items()}
            kept.append(name)
    return tuple(kept)


def _derived(question: Question, field: Field) -> Revealed:
    """What a field question lets out of an ordered field; masks and regions are of none."""
    cuts: set[int] = set()
    for node in question.expression.walk():
        if isinstance(node.this, exp.Column):
            cuts |= _cuts(node, field, {})
    how = question.derivation.how if question.derivation is not None else None
    if how is Derived.MULTIPLE and question.derivation is not None:
        step = int(question.derivation.details[0])
        if field.minimum is None or field.maximum is None:
            return Revealed(unknown=True)
        if (field.maximum - field.minimum) // step > MAX_MULTIPLES:
            return Revealed(unknown=True)
        # Rounded towards zero: below it, a multiple is the last of its numbers, and zero has both sides.
        for multiple in range(field.minimum // step * step, field.maximum + step, step):
            if multiple:
                cuts.add(multiple if multiple > 0 else multiple + 1)
    if how is Derived.YEAR:
        cuts.update(date(year, 1, 1).toordinal() for year in range(1900, 2101))
    return Revealed(frozenset(cuts))


def _pinned(field: Field, cuts: frozenset[int], narrowest: int) -> list[int]:
    """Where fewer values than that lie between two cuts, or between a cut and an end of the range."""
    edges = set(cuts)
    if field.minimum is not None:
        edges = {cut for cut in edges if cut > field.minimum} | {field.minimum}
    if field.maximum is not None:
        edges = {cut for cut in edges if cut <= field.maximum} | {field.maximum + 1}
    if not edges & cuts:
        return []
    return [lower for lower, upper in pairwise(sorted(edges)) if upper - lower < narrowest]


def _chosen(question: Question, field: Field) -> tuple[frozenset[int], frozenset[str]]:
    """Where comparisons cut the field's values, and which choices they test for."""
    choices = {name: parameter.choices for name, parameter in question.parameters.items()}
    cuts: set[int] = set()
    equal: set[str] = set()
    for node in question.expression.walk():
        if isinstance(node.this, exp.Column) and node.this.name == field.name:
            cuts |= _cuts(node, field, choices)
            if isinstance(node, exp.EQ | exp.NEQ) and isinstance(node.expression, exp.Placeholder):
                equal.update(_texts(node.expression, choices))
    return frozenset(cuts), frozenset(equal)


def _cuts(node: exp.Expr, field: Field, choices: Mapping[str, tuple[str, ...]]) -> set[int]:
    """Where one comparison cuts the field's values, with every choice."""
    cuts: set[int] = set()

    def cut(value: exp.Expr | None, shift: int) -> None:
        numbers = (_number(text, field) for text in _texts(value, choices))
        cuts.update(number + shift for number in numbers if number is not None)

    if isinstance(node, exp.Between):
        cut(node.args["low"], 0)
        cut(node.args["high"], 1)
    elif isinstance(node, exp.LT | exp.GTE):
        cut(node.expression, 0)
    elif isinstance(node, exp.LTE | exp.GT):
        cut(node.expression, 1)
    return cuts


def _equalled(node: exp.Expr, choices: Mapping[str, tuple[str, ...]]) -> Iterator[Sequence[str]]:
    """The sets of values that one test for equality tells from the others, with every choice."""
    if isinstance(node, exp.EQ | exp.NEQ):
        yield from ([text] for text in _texts(node.expression, choices))
    elif isinstance(node, exp.In):
        yield [text for value in node.expressions for text in _texts(value, choices)]


def _with_other_field(column: exp.Column) -> bool:
    parent = column.parent
    return (
        isinstance(parent, exp.Binary)
        and isinstance(parent.this, exp.Column)
        and isinstance(parent.expression, exp.Column)
    )


def _texts(value: exp.Expr | None, choices: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
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
