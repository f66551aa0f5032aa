"""Whether a question that both sides have is still answered alike: other words, or another answer.

What is asked for is what somebody can learn: no more than before if and only if the new answer follows from
the old one. So a question that is answered "yes" for fewer is not narrower: its "yes" says more. Where the
comparison is not exact, that is said, and nobody is told that nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping

from node.analysis.diff.derived import derivations
from node.analysis.diff.relation import NOT_COMPARED, SAME, Compared, Direction, Record, Relation
from node.analysis.predicate.formula import Outcome, Space
from node.analysis.predicate.space import Case, TooManyCasesError, joint, space_of, together
from node.core.policy.dataset import Field
from node.core.policy.question import Question
from node.core.policy.question_kind import QuestionKind

_YES, _NO = "yes", "no"


def compared(
    before: Question, after: Question, fields_before: Mapping[str, Field], fields_after: Mapping[str, Field]
) -> Compared:
    """The answers of a question on both sides, over all records within the domains of either."""
    if before.expression == after.expression:
        return SAME
    if before.kind is not after.kind or before.claims.keys() != after.claims.keys():
        return NOT_COMPARED
    if {name: each.type for name, each in before.parameters.items()} != {
        name: each.type for name, each in after.parameters.items()
    }:
        return NOT_COMPARED
    space = joint(space_of(fields_before, before), space_of(fields_after, after))
    if space is None:
        return NOT_COMPARED
    try:
        if before.kind is QuestionKind.FIELD:
            return derivations(before, after, space)
        return _predicates(before, after, space)
    except TooManyCasesError:
        return NOT_COMPARED


def _predicates(before: Question, after: Question, space: Space) -> Compared:
    """Only "true" is a yes: false and NULL are answered alike, and counted alike."""
    reached: dict[tuple[bool, bool], Case] = {}
    for (mine, theirs), case in together([before.expression, after.expression], space).items():
        reached.setdefault((mine is Outcome.TRUE, theirs is Outcome.TRUE), case)
    more, fewer = reached.get((False, True)), reached.get((True, False))
    records = [_record(case, _YES, _NO) for case in (fewer,) if case is not None]
    records += [_record(case, _NO, _YES) for case in (more,) if case is not None]
    if not records:
        return SAME
    relation = Relation.OTHER if len(records) > 1 else Relation.MORE if more else Relation.FEWER
    # With one answer for everybody, nothing is learned. Of counts, that is not so.
    told = {theirs for _, theirs in reached}
    settled = len(told) == 1 and before.kind is QuestionKind.VERIFY
    return Compared(relation, Direction.NARROWER if settled else Direction.WIDER, tuple(records))


def _record(case: Case, before: str | None, after: str | None) -> Record:
    return Record(case.fields, case.placeholders, before, after)
