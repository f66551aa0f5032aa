"""What a request names that the policies do not have, and which name was probably meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from node.core.policy.policy import Policies
from node.core.policy.request import Request
from node.core.words import closest, listed, shorten
from node.texts.wording import Language, t

_TEXT: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "dataset": "there is no dataset '{word}'",
        "question": "the dataset has no question '{word}'",
        "parameter": "the question has no parameter '{word}'",
        "choice": "'{word}' is no choice of the parameter",
        "claim": "the question has no claim '{word}'",
        "purpose": "there is no purpose '{word}'",
        "known": "known: {known}",
    },
    "zh": {
        "dataset": "没有数据集“{word}”",
        "question": "该数据集中找不到“{word}”这一问题",
        "parameter": "该问题没有参数“{word}”",
        "choice": "“{word}”不是该参数的可选值",
        "claim": "该问题没有申报项“{word}”",
        "purpose": "没有用途“{word}”",
        "known": "现有：{known}",
    },
}


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

    def said(self, lang: Language) -> str:
        """One line: that it is unknown, and the closest name or those there are."""
        text = _TEXT[lang]
        known = text["known"].format(known=listed(self.known))
        hint = t("problem.did-you-mean", lang, closest=self.closest) if self.closest else known
        return f"{text[self.kind].format(word=shorten(self.word))}: {hint}"


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
