"""What a request names that the policies do not have, and which name was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from node.core.policy.policy import Policies
from node.core.policy.request import Request
from node.core.words import closest, listed, shorten
from node.texts.message import Message


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A word of a request that names nothing, among what it could have named."""

    kind: str
    word: str
    known: tuple[str, ...]

    @property
    def closest(self) -> str:
        """The name that was probably meant, or ""."""
        return closest(self.word, self.known)

    @property
    def wording(self) -> Message:
        """That it is unknown, and the closest name or those there are."""
        hint = Message("policy_check.unknown.known", {"known": listed(self.known)})
        if self.closest:
            hint = Message("problem.did-you-mean", {"closest": self.closest})
        return Message(f"policy_check.unknown.{self.kind}", {"word": shorten(self.word), "hint": hint})


def unknown_names(policies: Policies, request: Request) -> Iterator[UnknownName]:
    """All names of a request that mean nothing; of a dataset that there is not, no question is looked for."""
    if policies.purposes is not None:
        yield from _unless_known("purpose", request.purpose, policies.purposes.purposes)
    yield from _unless_known("dataset", request.dataset, policies.datasets)
    policy = policies.get(request.dataset)
    if policy is None:
        return
    yield from _unless_known("question", request.question, policy.questions)
    question = policy.questions.get(request.question)
    if question is None:
        return
    for name, value in request.parameters:
        if name in question.parameters:
            yield from _unless_known("choice", value, question.parameters[name].choices)
        else:
            yield from _unless_known("parameter", name, question.parameters)
    for name in sorted(request.claims):
        yield from _unless_known("claim", name, question.claims)


def _unless_known(kind: str, word: str, known: Iterable[str]) -> Iterator[UnknownName]:
    every = tuple(known)
    if word not in every:
        yield UnknownName(kind, word, every)
