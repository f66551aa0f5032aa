"""Conditions that ask nothing: they, or parts of them, hold always or never, over all that is declared.

Decided exactly, with NULL as in SQL, by `node.analysis.predicate.space`; where that is too much, a note
says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import reduce

from sqlglot import exp

from node.analysis.lint.finding import Finding
from node.analysis.predicate.formula import Outcome, Space
from node.analysis.predicate.space import Effort, TooManyCasesError, outcomes, space_of, together
from node.core.policy.dataset import Field
from node.core.policy.policy import Policy
from node.core.policy.predicate import Part, Scope, read_predicate
from node.core.policy.question import Question
from node.core.reading.document import Document
from node.core.reading.place import Path
from node.core.words import shorten

# Steps for one question and for all of a dataset: together about two seconds.
MAX_STEPS_OF_QUESTION = 100_000
MAX_STEPS_OF_DATASET = 400_000


class _Verdict(Enum):
    """What a condition comes to; the value is the warning about it."""

    OPEN = ""
    NEVER = "lint.condition-never"
    ALWAYS = "lint.condition-always"
    FILLED = "lint.condition-filled"


@dataclass(frozen=True, slots=True)
class _Condition:
    """One condition as it stands in the file, and what its parts come to."""

    path: Path
    text: str
    parts: Sequence[Part]
    space: Space
    effort: Effort

    def verdict(self, expression: exp.Expression, space: Space | None = None) -> _Verdict:
        """Whether a part always or never holds; `FILLED` if it does wherever it is not NULL."""
        found = outcomes(expression, space or self.space, self.effort)
        if found.true is None:
            return _Verdict.NEVER
        if found.false is not None:
            return _Verdict.OPEN
        return _Verdict.ALWAYS if found.null is None else _Verdict.FILLED

    def finding(self, key: str, part: Part) -> Finding:
        words = self.text[part.start : part.end]
        return Finding(key, self.path, (("part", shorten(words)),), offset=part.start, words=words)


def conditions(policy: Policy, document: Document) -> Iterator[Finding]:
    """What is odd about the conditions of a dataset's questions, by question."""
    left = MAX_STEPS_OF_DATASET
    for question in policy.questions.values():
        effort = Effort(min(left, MAX_STEPS_OF_QUESTION))
        before = effort.left
        for key in ("verify", "where"):
            text = document.at(("questions", question.name, key))
            if not isinstance(text, str):
                continue
            path: Path = ("questions", question.name, key)
            condition = _condition(path, text, policy.dataset.fields, question, effort)
            try:
                yield from list(_findings(condition, question))
            except TooManyCasesError:
                yield Finding("lint.condition-unknown", path, (("name", question.name),))
        left -= before - effort.left


def _condition(
    path: Path, text: str, fields: Mapping[str, Field], question: Question, effort: Effort
) -> _Condition:
    read = read_predicate(text, Scope(fields, question.parameters.keys(), question.claims.keys()))
    return _Condition(path, text, read.parts, space_of(fields, question), effort)


def _findings(condition: _Condition, question: Question) -> Iterator[Finding]:
    verdicts = [(part, condition.verdict(part.expression)) for part in condition.parts]
    whole, verdict = verdicts[-1]
    if verdict is not _Verdict.OPEN:
        # The smallest part that comes to the same is what to look at.
        part = min(
            (part for part, each in verdicts if each is verdict), key=lambda each: each.end - each.start
        )
        yield condition.finding(verdict.value, part)
        return
    told: list[Part] = []
    for part, verdict in reversed(verdicts):
        within = any(outer.start <= part.start and part.end <= outer.end for outer in told)
        if verdict is _Verdict.OPEN or within:
            continue
        told.append(part)
        key = "lint.part-never" if verdict is _Verdict.NEVER else "lint.part-always"
        yield condition.finding(key, part)
    if not told:
        yield from _idle(condition, whole)
    yield from _choices(condition, question, whole)


def _idle(condition: _Condition, whole: Part) -> Iterator[Finding]:
    """Parts of the outermost AND or OR without which the same records would be told apart."""
    joined = _bare(whole.expression)
    kind = type(joined)
    if not isinstance(joined, exp.And | exp.Or):
        return
    left = list(_joined(joined, kind))
    for each in reversed(list(left)):
        others = [other for other in left if other is not each]
        if not others:
            return
        rest = reduce(lambda one, other: kind(this=one.copy(), expression=other.copy()), others)
        met = together([whole.expression, rest], condition.space, condition.effort)
        if all((one is Outcome.TRUE) is (other is Outcome.TRUE) for one, other in met):
            left = others
            bare = _bare(each)
            part = next(part for part in condition.parts if _bare(part.expression) is bare)
            yield condition.finding("lint.part-idle", part)


def _joined(node: exp.Expression, kind: type[exp.Expression]) -> Iterator[exp.Expression]:
    if isinstance(node, kind):
        yield from _joined(node.this, kind)
        yield from _joined(node.expression, kind)
    else:
        yield node


def _bare(node: exp.Expression) -> exp.Expression:
    return _bare(node.this) if isinstance(node, exp.Paren) else node


def _choices(condition: _Condition, question: Question, whole: Part) -> Iterator[Finding]:
    """Choices of parameters with which the condition asks nothing, whatever is chosen for the others."""
    for name, parameter in question.parameters.items():
        for index, choice in enumerate(parameter.choices):
            choices = {**condition.space.choices, name: (choice,)}
            verdict = condition.verdict(whole.expression, replace(condition.space, choices=choices))
            if verdict is not _Verdict.OPEN:
                path: Path = ("questions", question.name, "parameters", name, "choices", index)
                key = "lint.choice-never" if verdict is _Verdict.NEVER else "lint.choice-always"
                yield Finding(key, path, (("choice", shorten(choice)), ("parameter", name)))
