"""Says which name was meant by one that there is not: of a department, dataset, question, and so on.

It is looked up once something was refused, among what the desk knows: the grants that it was given or issued,
the catalogue entries of their datasets, the purposes of its policies. What was typed is not repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from node.core.called import ALMOST_THE_SAME, Called, meant_names
from node.core.meant import as_plain
from node.core.purpose import purpose_covers
from node.errors import NodeError, Reason
from node.texts.message import Message
from node.texts.wording import listing

if TYPE_CHECKING:
    from node.client import CatalogueEntry, Client
    from node.client.catalogue import CatalogueQuestion

_MAY_BE_MISTYPED: Final = frozenset(
    {
        Reason.QUERY_INVALID,
        Reason.NO_GRANT,
        Reason.QUESTION_NOT_ALLOWED,
        Reason.PURPOSE_NOT_ALLOWED,
        Reason.NOT_SHARED,
        Reason.NOT_FOUND,
    }
)
_MOST_ENTRIES: Final = 12
"""Catalogue entries that are looked into: each may be a call to another node."""

Meant: TypeAlias = Mapping[str, tuple[str, ...]]
"""What was probably meant, by the kind of name."""
_LookUp: TypeAlias = Callable[[], Meant]


@contextmanager
def question_named(
    client: Client,
    question: str,
    purpose: str,
    parameters: Mapping[str, str] = MappingProxyType({}),
    claims: Iterable[str] = (),
) -> Iterator[None]:
    """Ask within this; an error tells which question and purpose were meant, if they are mistyped.

    So it does for names and choices of `parameters`, and for names of `claims`.
    """
    with _telling(lambda: _meant_to_ask(client, question, purpose, parameters, tuple(claims))):
        yield


@contextmanager
def dataset_named(client: Client, dataset: str, provider: str) -> Iterator[None]:
    """The same for a dataset in the catalogue of a department, by default the own one."""
    with _telling(lambda: _meant_entry(client, dataset, provider)):
        yield


@contextmanager
def grant_named(client: Client, grant: str) -> Iterator[None]:
    """The same for a grant that the own node issued."""

    def meant() -> Meant:
        known = [Called(each.id) for each in client.admin.issued_grants()]
        return {"grant": meant_names(grant, known, ALMOST_THE_SAME)}

    with _telling(meant):
        yield


@contextmanager
def application_named(
    client: Client, requester: str, dataset: str, questions: Sequence[str], purposes: Sequence[str]
) -> Iterator[None]:
    """The same for what an application is to allow, of the own datasets, and to whom."""

    def meant() -> Meant:
        known = {each.requester for each in client.admin.issued_grants()}
        known |= {each.provider for each in client.grants()}
        department = meant_names(requester, tuple(map(Called, sorted(known))), ALMOST_THE_SAME)
        return {"department": department, **_meant_to_allow(client, dataset, questions, purposes)}

    with _telling(meant):
        yield


@contextmanager
def _telling(meant: _LookUp) -> Iterator[None]:
    try:
        yield
    except NodeError as error:
        if error.reason not in _MAY_BE_MISTYPED:
            raise
        told: dict[str, str] = {}
        with suppress(NodeError):  # the first error is the one to tell
            told = {f"meant_{kind}": listing(names) for kind, names in meant().items() if names}
        if not told:
            raise
        raise NodeError.of(
            error.reason, Message(error.wording.key, {**error.wording.args, **told})
        ) from error


def _meant_to_ask(
    client: Client, question: str, purpose: str, parameters: Mapping[str, str], claims: Sequence[str]
) -> Meant:
    grants = client.grants()
    *before, wanted = as_plain(question).split("/")
    datasets = sorted({(each.provider, each.dataset) for each in grants})
    if len(before) > 1:
        provider = _right(before[-2], (Called(each) for each, _ in datasets))
        datasets = [each for each in datasets if each[0] == provider] or datasets
    entries = _entries(client, datasets, before[-1] if before else "")
    if before:
        name = _right(before[-1], (_dataset(*each, entries) for each in datasets))
        datasets = [each for each in datasets if each[1] == name] or datasets
    several = len(before) > 1 or len({provider for provider, _ in datasets}) > 1
    known: list[Called] = []
    for provider, dataset in datasets:
        start = f"{provider}/{dataset}/" if several else f"{dataset}/"
        entry = entries.get((provider, dataset))
        titled = {each.name: (each.title, each.title_en) for each in entry.questions} if entry else {}
        granted = {
            name
            for each in grants
            if (each.provider, each.dataset) == (provider, dataset)
            for name in each.questions
        }
        known += [Called(start + name, titled.get(name, ())) for name in sorted(granted | titled.keys())]
    found = () if any(each.name == question for each in known) else _last_named(wanted, known)
    rules = {each for entry in entries.values() for rule in entry.rules for each in rule.purposes}
    granted_for = {each for grant in grants for each in grant.purposes}
    asked = {
        f"{entry.dataset}/{each.name}": each
        for place, entry in entries.items()
        for each in entry.questions
        if place in datasets
    }
    name = next(iter(found), question)
    entry_of = next((each for path, each in asked.items() if f"/{name}".endswith(f"/{path}")), None)
    return {
        "question": found,
        "purpose": meant_purpose(client, purpose, rules | granted_for),
        **({} if entry_of is None else _meant_values(entry_of, parameters, claims)),
    }


def _meant_values(question: CatalogueQuestion, parameters: Mapping[str, str], claims: Sequence[str]) -> Meant:
    """The names of parameters and claims, and the choices, that were meant: the catalogue has them all."""
    names = tuple(map(Called, question.parameters))
    meant: list[str] = []
    for name, value in parameters.items():
        choices = question.parameters.get(name)
        if choices is None:
            meant += meant_names(name, names)
        else:
            meant += [f"{name}={each}" for each in meant_names(value, tuple(map(Called, choices)))]
    known = tuple(map(Called, question.claims))
    return {
        "parameter": tuple(meant),
        "claim": tuple(each for claim in claims for each in meant_names(claim, known)),
    }


def _last_named(wanted: str, known: Sequence[Called]) -> tuple[str, ...]:
    """Those of which the last part was meant."""
    by_part: dict[str, list[str]] = {}
    for each in known:
        by_part.setdefault(each.name.rpartition("/")[2], []).append(each.name)
    if wanted in by_part:
        parts: tuple[str, ...] = (wanted,)
    else:
        parts = meant_names(wanted, [Called(each.name.rpartition("/")[2], each.titles) for each in known])
    return tuple(name for part in parts for name in by_part[part])[:3]


def _right(typed: str, known: Iterable[Called]) -> str:
    """The name itself, or the one that was meant; what nothing is known of as it is."""
    meant = meant_names(typed, tuple(known))
    return meant[0] if meant else typed


def _dataset(provider: str, dataset: str, entries: Mapping[tuple[str, str], CatalogueEntry]) -> Called:
    entry = entries.get((provider, dataset))
    return Called(dataset, (entry.title, entry.title_en) if entry is not None else ())


def _entries(
    client: Client, datasets: Sequence[tuple[str, str]], wanted: str
) -> Mapping[tuple[str, str], CatalogueEntry]:
    """The entries that may be meant; of a department that cannot be asked, none."""
    named = [each for each in datasets if each[1] == wanted]
    found: dict[tuple[str, str], CatalogueEntry] = {}
    silent: set[str] = set()
    for provider, dataset in (named or datasets)[:_MOST_ENTRIES]:
        if provider in silent:
            continue
        try:
            found[provider, dataset] = client.dataset(dataset, provider)
        except NodeError:
            silent.add(provider)
    return found


def meant_purpose(client: Client, purpose: str, others: Iterable[str] = ()) -> tuple[str, ...]:
    """The purposes that were probably meant, of those of the own policies and `others`."""
    titled = {each.code: (each.title, each.title_en) for each in client.purposes()}
    every = sorted({*others, *titled})
    return meant_names(purpose, [Called(code, titled.get(code, ())) for code in every])


def _meant_entry(client: Client, dataset: str, provider: str) -> Meant:
    providers = sorted({each.provider for each in client.grants()})
    department = meant_names(provider, tuple(map(Called, providers))) if provider else ()
    entries = client.catalogue(department[0] if department else provider)
    known = [Called(each.dataset, (each.title, each.title_en)) for each in entries]
    return {"department": department, "dataset": meant_names(dataset, known) if dataset else ()}


def _meant_to_allow(client: Client, dataset: str, questions: Sequence[str], purposes: Sequence[str]) -> Meant:
    known = [Called(each.dataset, (each.title, each.title_en)) for each in client.catalogue()]
    meant = meant_names(dataset, known)
    name = meant[0] if meant else dataset
    if all(each.name != name for each in known):
        return {}
    entry = client.dataset(name)
    asked = [Called(each.name, (each.title, each.title_en)) for each in entry.questions]
    rules = {each for rule in entry.rules for each in rule.purposes}
    return {
        "dataset": meant,
        "question": tuple(name for each in questions for name in meant_names(each, asked)),
        "purpose": tuple(
            name
            for each in purposes
            if not any(purpose_covers(each, rule) for rule in rules)
            for name in meant_purpose(client, each, rules)
        ),
    }
