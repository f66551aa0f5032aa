"""What the answers to a question tell, in words: conditions, derived values, counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import reduce

from sqlglot import exp

from node.analysis.noise import accuracy_95
from node.analysis.statements.phrases import Words, asked, choice, listed, micros, number, quoted
from node.core.policy.question import Derivation, Derived, Question, Statistic
from node.core.policy.question_kind import QuestionKind
from node.texts.wording import t

_COMPARED: dict[type[exp.Expression], tuple[str, str]] = {
    exp.EQ: ("eq", "eq"),
    exp.NEQ: ("neq", "neq"),
    exp.LT: ("lt", "before"),
    exp.LTE: ("lte", "not-after"),
    exp.GT: ("gt", "after"),
    exp.GTE: ("gte", "not-before"),
}
"""Comparisons to their words, and those for dates."""


def meaning(question: Question, words: Words) -> str:
    """What an answer tells, its parameters and claims, and what it may never reach."""
    sentences = [
        t(f"statement.question.{question.kind}", question=asked(question), meaning=_answer(question, words))
    ]
    for parameter in question.parameters.values():
        choices = choice(quoted(parameter.choices))
        sentences.append(t("statement.question.parameter", name=parameter.name, choices=choices))
    if question.claims:
        claims = listed(quoted(question.claims))
        sentences.append(t("statement.question.claims", claims=claims))
        # Whichever claim is wrong, the tries are counted once for all; the strictest number holds.
        tries = min(claim.wrong_tries_per_subject for claim in question.claims.values())
        sentences.append(t("statement.question.tries", count=number(tries), unit=words.unit))
    if question.ceiling is not None:
        bounds = []
        if question.ceiling.level is not None:
            bounds.append(t("statement.question.ceiling-level", level=question.ceiling.level))
        if question.ceiling.sensitivity is not None:
            sensitivity = question.ceiling.sensitivity.value
            bounds.append(t("statement.question.ceiling-sensitivity", sensitivity=sensitivity))
        sentences.append(t("statement.question.ceiling", ceiling=choice(bounds)))
    return _spaced(sentences)


def _spaced(sentences: list[str]) -> str:
    return reduce(lambda first, last: t("statement.list.sentence", first=first, last=last), sentences)


def _answer(question: Question, words: Words) -> str:
    if question.statistic is not None:
        return _counted(question, question.statistic, words)
    if question.derivation is not None:
        return _derived(question, question.derivation, words)
    return _Condition(question, words).worded(question.expression)


def _counted(question: Question, statistic: Statistic, words: Words) -> str:
    by = where = ""
    if statistic.group_by:
        cells = math.prod(len(group.values) for group in statistic.group_by)
        fields = listed(words.field(group.name) for group in statistic.group_by)
        by = t("statement.statistic.by", fields=fields, cells=number(cells))
    if statistic.where is not None:
        condition = _Condition(question, words).worded(statistic.where)
        where = t("statement.statistic.where", condition=condition)
    once = statistic.unit_contributes == 1
    times = (
        t("statement.statistic.once")
        if once
        else t("statement.statistic.times", times=statistic.unit_contributes)
    )
    return t(
        "statement.statistic.count",
        by=by,
        where=where,
        unit=words.unit,
        times=times,
        accuracy=number(accuracy_95(statistic)),
        epsilon=micros(statistic.epsilon_micros),
    )


def _derived(question: Question, derivation: Derivation, words: Words) -> str:
    field, details = words.field(derivation.field), derivation.details
    match derivation.how:
        case Derived.EQUALS:
            return t("statement.derived.equals", field=field, value=_placeholder(question, details[0]))
        case Derived.MASK:
            return _masked(field, *map(int, details))
        case Derived.BAND:
            return t("statement.derived.band", field=field, labels=t("statement.list.comma").join(details))
        case Derived.REGION:
            return t(
                "statement.derived.region", field=field, level=t(f"statement.derived.level-{details[0]}")
            )
        case Derived.MULTIPLE:
            return t("statement.derived.multiple", field=field, step=number(int(details[0])))
    return t(f"statement.derived.{derivation.how}", field=field)


def _masked(field: str, first: int, last: int) -> str:
    ends = (("first", first), ("last", last))
    shown = [t(f"statement.derived.{end}", count=count) for end, count in ends if count]
    if not shown:
        return t("statement.derived.mask-nothing", field=field)
    return t("statement.derived.mask", field=field, shown=listed(shown))


def _placeholder(question: Question, name: str) -> str:
    return t(
        "statement.predicate.claim" if name in question.claims else "statement.predicate.parameter", name=name
    )


def _number(digits: str) -> str:
    return t("statement.predicate.number", number=digits)


class _Condition:
    """Puts a condition into words, node by node, as `node.core.policy.predicate` builds it."""

    def __init__(self, question: Question, words: Words) -> None:
        self._question = question
        self._words = words

    def worded(self, node: exp.Expression) -> str:
        """A condition. Raises TypeError for what no condition is made of: it could not be put into words."""
        match node:
            case exp.And():
                return self.worded(node.this) + t("statement.predicate.and") + self.worded(node.expression)
            case exp.Or():
                return self.worded(node.this) + t("statement.predicate.or") + self.worded(node.expression)
            case exp.Paren():
                return t("statement.predicate.brackets", inner=self.worded(node.this))
            case exp.Not():
                return self._denied(node.this)
            case exp.In():
                return self._among(node, "in")
            case exp.Between():
                return self._between(node, "between")
            case exp.Is():
                return t("statement.predicate.empty", field=self._field(node.this))
        if type(node) not in _COMPARED:
            raise TypeError(f"no condition has a {type(node).__name__}")
        plain, of_date = _COMPARED[type(node)]
        key = of_date if self._words.dated(node.this.name) else plain
        return t(
            f"statement.predicate.{key}",
            field=self._field(node.this),
            value=self._value(node.expression).rstrip(),
        )

    def _denied(self, node: exp.Expression) -> str:
        match node:
            case exp.In():
                return self._among(node, "none")
            case exp.Between():
                return self._between(node, "not-between")
            case exp.Is():
                return t("statement.predicate.filled", field=self._field(node.this))
            case exp.Paren():
                return t("statement.predicate.not", inner=self.worded(node.this))
        return t("statement.predicate.not", inner=self.worded(node))

    def _among(self, node: exp.In, key: str) -> str:
        values = choice(self._values(node))
        return t(f"statement.predicate.{key}", field=self._field(node.this), values=values)

    def _values(self, node: exp.In) -> Iterator[str]:
        for value in node.expressions:
            yield self._value(value).strip()

    def _between(self, node: exp.Between, key: str) -> str:
        low, high = self._value(node.args["low"]), self._value(node.args["high"])
        return t(f"statement.predicate.{key}", field=self._field(node.this), low=low, high=high)

    def _field(self, node: exp.Expression) -> str:
        return self._words.field(node.name)

    def _value(self, node: exp.Expression) -> str:
        match node:
            case exp.Placeholder():
                return _placeholder(self._question, node.this)
            case exp.Column():
                return self._field(node)
            case exp.Literal():
                return t(
                    f"statement.predicate.{'text' if node.is_string else 'number'}",
                    text=node.this,
                    number=node.this,
                )
            case exp.Neg():
                return t("statement.predicate.number", number=f"-{node.this.this}")
        raise TypeError(f"no condition has a {type(node).__name__}")


def answer_kinds(questions: list[Question]) -> list[tuple[QuestionKind, list[Question]]]:
    """Questions by kind, in the order of the kinds."""
    return [
        (kind, of_kind)
        for kind in QuestionKind
        if (of_kind := [question for question in questions if question.kind is kind])
    ]
