"""Builds forbidden combinations of questions (Art. 25), and finds what is wrong with them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from node.core.policy.policy import Policy
from node.core.policy.question import Combination, Question
from node.core.policy.question_kind import QuestionKind
from node.core.reading.document import Document
from node.core.reading.format import CombinationPart, SharedCombinationPart
from node.core.reading.place import Path
from node.core.words import closest, listed

PARTS = "forbidden_together"


def combine(
    document: Document,
    parts: Sequence[CombinationPart],
    written: Mapping[str, object],
    questions: Mapping[str, Question],
) -> dict[str, Question]:
    """The questions of one policy with its own combinations, adding to the problems of its file.

    `written` are all questions of the file, also those that have problems.
    """
    _check_names(document, parts)
    for order, given in enumerate(parts):
        for index, name in enumerate(given.questions):
            at: Path = (PARTS, order, "questions", index)
            if name not in written:
                document.add("rule.unknown-question", at, name=name, closest=closest(name, written))
            elif name in questions and questions[name].kind is QuestionKind.STATISTIC:
                document.add("combination.statistic", at, name=name)
    every = [Combination(given.id, tuple(given.questions), given.within_days) for given in parts]
    return {
        name: replace(question, combinations=tuple(each for each in every if name in each.questions))
        for name, question in questions.items()
    }


def combine_across(
    document: Document, shared: Sequence[Combination], policies: Mapping[str, Policy]
) -> dict[str, Policy]:
    """The policies with the combinations that the definitions forbid, adding to the problems of their file.

    The questions of one must be about subjects of one type, in datasets of one provider. One that names a
    dataset that is not here forbids nothing here: nobody can be answered all of it by this provider.
    """
    found: dict[str, list[Combination]] = {}
    for order, combination in enumerate(shared):
        before = len(document.problems)
        _check_across(document, order, combination, policies)
        if len(document.problems) > before:
            continue
        for whole in combination.questions:
            dataset, _, _ = whole.partition("/")
            questions = tuple(_seen_from(dataset, each) for each in combination.questions)
            found.setdefault(whole, []).append(replace(combination, questions=questions))
    return {name: _joined(policy, found) for name, policy in policies.items()}


def absent(shared: Sequence[Combination], datasets: Container[str]) -> Iterator[tuple[Path, str]]:
    """The datasets that combinations of the definitions name and that are not here, with their places."""
    for order, combination in enumerate(shared):
        for index, whole in enumerate(combination.questions):
            dataset, _, _ = whole.partition("/")
            if dataset not in datasets:
                yield (PARTS, order, "questions", index), dataset


def _seen_from(dataset: str, whole: str) -> str:
    """A question as the policy of a dataset calls it: by its name alone if it is its own."""
    other, _, name = whole.partition("/")
    return name if other == dataset else whole


def _joined(policy: Policy, found: Mapping[str, list[Combination]]) -> Policy:
    dataset = policy.dataset.name
    questions = {
        name: replace(question, combinations=(*question.combinations, *found.get(f"{dataset}/{name}", ())))
        for name, question in policy.questions.items()
    }
    return replace(policy, questions=MappingProxyType(questions))


def check_shared(document: Document, parts: Sequence[SharedCombinationPart]) -> tuple[Combination, ...]:
    """The combinations of the definitions, adding to the problems of their file."""
    _check_names(document, parts)
    return tuple(Combination(given.id, tuple(given.questions), given.within_days) for given in parts)


def _check_names(document: Document, parts: Sequence[CombinationPart | SharedCombinationPart]) -> None:
    seen: set[str] = set()
    for order, given in enumerate(parts):
        if given.id in seen:
            document.add("combination.id-twice", (PARTS, order, "id"), id=given.id)
        seen.add(given.id)
        for index, name in enumerate(given.questions):
            if name in given.questions[:index]:
                document.add("combination.question-twice", (PARTS, order, "questions", index), name=name)


def _check_across(
    document: Document, order: int, combination: Combination, policies: Mapping[str, Policy]
) -> None:
    named = (each.partition("/")[0] for each in combination.questions)
    known = [policies[name] for name in named if name in policies]
    for index, whole in enumerate(combination.questions):
        dataset, _, name = whole.partition("/")
        policy = policies.get(dataset)
        if policy is None:
            continue
        first = known[0].dataset
        at: Path = (PARTS, order, "questions", index)
        question = policy.questions.get(name)
        if question is None:
            guess = closest(name, policy.questions)
            document.add(
                "combination.question",
                at,
                dataset=dataset,
                name=name,
                closest=guess and f"{dataset}/{guess}",
                known=listed(policy.questions),
            )
        elif question.kind is QuestionKind.STATISTIC:
            document.add("combination.statistic", at, name=whole)
        elif policy.dataset.provider != first.provider:
            document.add("combination.provider", at, name=dataset, other=first.name)
        elif policy.dataset.subject.type != first.subject.type:
            document.add("combination.subject", at, name=dataset, other=first.name)
    if any(each.id == combination.id for policy in known for each in _combinations(policy)):
        document.add("combination.id-twice", (PARTS, order, "id"), id=combination.id)


def _combinations(policy: Policy) -> Iterator[Combination]:
    return (each for question in policy.questions.values() for each in question.combinations)
