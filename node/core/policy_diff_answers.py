"""Whether a question that both sides have is still answered alike: other words, or another answer.

What is asked for is what somebody can learn: no more than before if and only if the new answer follows from
the old one. So a question that is answered "yes" for fewer is not narrower: its "yes" says more. Where the
comparison is not exact, that is said, and nobody is told that nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlglot import exp

from node.core.catalogue import Field
from node.core.identity import LEVEL_DIGITS
from node.core.predicate_formula import Outcome, Space
from node.core.predicate_space import Case, TooManyCasesError, joint, space_of, together
from node.core.question import Derived, Question, QuestionKind


class Direction(StrEnum):
    """Whether more or less can be learned; NONE if no answer changes, UNKNOWN if not proved."""

    WIDER = "wider"
    NARROWER = "narrower"
    UNKNOWN = "unknown"
    NONE = "none"


class Relation(StrEnum):
    """How the answers of a question differ, as far as they were compared."""

    SAME = "same"
    FEWER = "fewer"
    MORE = "more"
    OTHER = "other"
    COARSER = "coarser"
    NOT_COMPARED = "not_compared"


@dataclass(frozen=True, slots=True)
class Record:
    """One record about which the answers differ; a verify is answered "yes" or "no", None is absent."""

    values: Mapping[str, str | None]
    asked: Mapping[str, str]
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing a question came to; the records show it."""

    relation: Relation
    direction: Direction
    records: tuple[Record, ...] = ()


_NOT_COMPARED = Compared(Relation.NOT_COMPARED, Direction.UNKNOWN)
_SAME = Compared(Relation.SAME, Direction.NONE)
_COARSER = Compared(Relation.COARSER, Direction.NARROWER)
_YES, _NO = "yes", "no"


def compared(
    before: Question, after: Question, fields_before: Mapping[str, Field], fields_after: Mapping[str, Field]
) -> Compared:
    """The answers of a question on both sides, over all records within the domains of either."""
    if before.expression == after.expression:
        return _SAME
    if before.kind is not after.kind or before.claims.keys() != after.claims.keys():
        return _NOT_COMPARED
    if {name: each.type for name, each in before.parameters.items()} != {
        name: each.type for name, each in after.parameters.items()
    }:
        return _NOT_COMPARED
    space = joint(space_of(fields_before, before), space_of(fields_after, after))
    if space is None:
        return _NOT_COMPARED
    try:
        if before.kind is QuestionKind.FIELD:
            return _derivations(before, after, space)
        return _predicates(before, after, space)
    except TooManyCasesError:
        return _NOT_COMPARED


def _predicates(before: Question, after: Question, space: Space) -> Compared:
    """Only "true" is a yes: false and NULL are answered alike, and counted alike."""
    reached: dict[tuple[bool, bool], Case] = {}
    for (mine, theirs), case in together([before.expression, after.expression], space).items():
        reached.setdefault((mine is Outcome.TRUE, theirs is Outcome.TRUE), case)
    more, fewer = reached.get((False, True)), reached.get((True, False))
    records = [_record(case, _YES, _NO) for case in (fewer,) if case is not None]
    records += [_record(case, _NO, _YES) for case in (more,) if case is not None]
    if not records:
        return _SAME
    relation = Relation.OTHER if len(records) > 1 else Relation.MORE if more else Relation.FEWER
    # With one answer for everybody, nothing is learned. Of counts, that is not so.
    told = {theirs for _, theirs in reached}
    settled = len(told) == 1 and before.kind is QuestionKind.VERIFY
    return Compared(relation, Direction.NARROWER if settled else Direction.WIDER, tuple(records))


def _derivations(before: Question, after: Question, space: Space) -> Compared:
    """Whether what a field lets out now follows from what it let out before."""
    mine, theirs = before.derivation, after.derivation
    if mine is None or theirs is None or mine.field != theirs.field:
        return _NOT_COMPARED
    if mine.how is Derived.PLAIN:
        return _COARSER
    if theirs.how is Derived.EXISTS and mine.how is not Derived.EQUALS:
        return _COARSER
    if mine.how is not theirs.how:
        return _NOT_COMPARED
    if mine.how is Derived.BAND:
        return _bands(before.expression, after.expression, space)
    if mine.how is Derived.REGION:
        # What is cut to one level follows from what is cut to one below it.
        coarser = LEVEL_DIGITS[theirs.details[0]] < LEVEL_DIGITS[mine.details[0]]
        return _COARSER if coarser else Compared(Relation.OTHER, Direction.WIDER)
    if mine.how is Derived.MULTIPLE and int(theirs.details[0]) % int(mine.details[0]) == 0:
        return _COARSER
    return _NOT_COMPARED


def _bands(before: exp.Expression, after: exp.Expression, space: Space) -> Compared:
    """Bands follow from others if no band of old is divided."""
    mine, theirs = before.args["ifs"], after.args["ifs"]
    reached = together([each.this for each in (*mine, *theirs)], space)
    divided: dict[str | None, dict[str | None, Case]] = {}
    for outcome, case in reached.items():
        labels = _label(mine, outcome[: len(mine)]), _label(theirs, outcome[len(mine) :])
        divided.setdefault(labels[0], {}).setdefault(labels[1], case)
    split = next((item for item in sorted(divided.items(), key=str) if len(item[1]) > 1), None)
    if split is not None:
        old, cases = split
        records = [_record(case, old, new) for new, case in list(cases.items())[:2]]
        return Compared(Relation.OTHER, Direction.WIDER, tuple(records))
    new = [(old, *item) for old, cases in divided.items() for item in cases.items()]
    renamed = [_record(case, old, label) for old, label, case in new if old != label]
    return Compared(Relation.COARSER, Direction.NARROWER, tuple(renamed[:1])) if renamed else _SAME


def _label(ifs: Sequence[exp.Expression], outcome: Sequence[Outcome]) -> str | None:
    for branch, holds in zip(ifs, outcome, strict=True):
        if holds is Outcome.TRUE:
            return str(branch.args["true"].name)
    return None


def _record(case: Case, before: str | None, after: str | None) -> Record:
    return Record(case.fields, case.placeholders, before, after)
