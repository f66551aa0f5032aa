"""What a request names that the policies do not have, and which name was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from node.core.called import Called, meant_names
from node.core.policy.policy import Policies
from node.core.policy.request import Request
from node.core.words import listed, shorten
from node.texts.message import Message


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A word of a request that names nothing, among what it could have named."""

    kind: str
    word: str
    known: tuple[Called, ...]

    @property
    def closest(self) -> str:
        """The name that was probably meant, or ""."""
        return next(iter(meant_names(self.word, self.known)), "")

    @property
    def wording(self) -> Message:
        """That it is unknown, and the closest name or those there are."""
        hint = Message("policy_check.unknown.known", {"known": listed(each.name for each in self.known)})
        if self.closest:
            hint = Message("problem.did-you-mean", {"closest": self.closest})
        return Message(f"policy_check.unknown.{self.kind}", {"word": shorten(self.word), "hint": hint})


def unknown_names(policies: Policies, request: Request) -> Iterator[UnknownName]:
    """All names of a request that mean nothing; of a dataset that there is not, no question is looked for."""
    if policies.purposes is not None:
        purposes = policies.purposes.purposes.items()
        titled = [Called(code, (each.title, each.title_en)) for code, each in purposes]
        yield from _unless_known("purpose", request.purpose, titled)
    yield from _unless_known("dataset", request.dataset, datasets_called(policies))
    policy = policies.get(request.dataset)
    if policy is None:
        return
    asked = [Called(name, (each.title, each.title_en)) for name, each in policy.questions.items()]
    yield from _unless_known("question", request.question, asked)
    question = policy.questions.get(request.question)
    if question is None:
        return
    for name, value in request.parameters:
        if name in question.parameters:
            yield from _unless_known("choice", value, map(Called, question.parameters[name].choices))
        else:
            yield from _unless_known("parameter", name, map(Called, question.parameters))
    for name in sorted(request.claims):
        yield from _unless_known("claim", name, map(Called, question.claims))


def datasets_called(policies: Policies) -> tuple[Called, ...]:
    """The datasets, by name and title."""
    each_one = sorted(policies.datasets.items())
    return tuple(Called(name, (each.dataset.title, each.dataset.title_en)) for name, each in each_one)


def _unless_known(kind: str, word: str, known: Iterable[Called]) -> Iterator[UnknownName]:
    every = tuple(known)
    if all(word != each.name for each in every):
        yield UnknownName(kind, word, every)
