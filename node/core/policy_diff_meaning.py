"""What datasets and questions are, on both sides: each difference, and its direction where it is proved.

Every part of the value objects is compared, by name. A part that is not listed here counts as changed in
an unknown direction as soon as it differs, so that nothing new in policies can be overlooked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from node.core.catalogue import Dataset, Field, Mode, Sharing
from node.core.policy import Budget, Policies, Policy
from node.core.question import Question, Statistic


class Direction(StrEnum):
    """Whether more or less can be learned; NONE for what is only published, UNKNOWN if not proved."""

    WIDER = "wider"
    NARROWER = "narrower"
    UNKNOWN = "unknown"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a dataset that differs: `about` names the question or field, "" for the dataset itself."""

    dataset: str
    about: str
    part: str
    before: str
    after: str
    direction: Direction


_OPENNESS = (Sharing.NOT_SHARED, Sharing.CONDITIONAL, Sharing.UNCONDITIONAL)
_FURTHER = (Mode.FILE, Mode.INTERFACE, Mode.BATCH)
_PUBLISHED_OF_DATASET = frozenset(
    {"title", "title_en", "reason", "legal_basis", "update", "format", "scope", "use"}
)
# Compared elsewhere: by their own parts, or as what they are made of.
_ELSEWHERE_OF_DATASET = frozenset({"name", "fields", "digest"})
_ELSEWHERE_OF_POLICY = frozenset({"dataset", "questions", "rules", "budget", "index"})
_PUBLISHED_OF_QUESTION = frozenset({"title", "title_en"})
# The text in the policy's words and the derivation say no more than the expression that is made of them.
_ELSEWHERE_OF_QUESTION = frozenset({"name", "text", "derivation", "fields", "parameters", "claims"})
_PUBLISHED_OF_FIELD = frozenset({"title", "title_en"})


def changes_beside_datasets(before: Policies, after: Policies) -> list[Change]:
    """What differs in policies as a whole, beside datasets and purposes, which requests are compared by."""
    return list(_parts("-", "", before, after, frozenset({"datasets", "purposes", "digest"}), {}))


def changes_of_meaning(name: str, before: Policy | None, after: Policy | None) -> list[Change]:
    """All that differs in what one dataset and its questions are; who may ask them is not looked at."""
    if before is None or after is None:
        state = "added" if before is None else "removed"
        # Who may ask of it now, or no longer may, is found among the rules.
        return [Change(name, "", state, "", "", Direction.NONE)] if before is not after else []
    return [
        *_parts(name, "", before, after, _ELSEWHERE_OF_POLICY, {"accepted": _published}),
        *_of_dataset(name, before.dataset, after.dataset),
        *_of_fields(name, before, after),
        *_of_questions(name, before.questions, after.questions),
        *_of_budget(name, before.budget, after.budget),
    ]


def _parts(
    dataset: str,
    about: str,
    before: object,
    after: object,
    elsewhere: frozenset[str],
    directions: Mapping[str, Callable[[object, object], Direction]],
) -> Iterator[Change]:
    for part in fields(before):  # type: ignore[arg-type]  # a value object
        mine, theirs = getattr(before, part.name), getattr(after, part.name)
        if part.name in elsewhere or mine == theirs:
            continue
        direction = directions.get(part.name, _unknown)(mine, theirs)
        yield Change(dataset, about, part.name, _said(mine), _said(theirs), direction)


def _of_dataset(name: str, before: Dataset, after: Dataset) -> Iterator[Change]:
    directions = {
        **dict.fromkeys(_PUBLISHED_OF_DATASET, _published),
        "sharing": lambda a, b: _grows(_OPENNESS.index(a), _OPENNESS.index(b)),
        "modes": _modes,
        "level": lambda a, b: _grows(b, a),
        "personal": lambda a, b: _grows(b, a),
    }
    yield from _parts(name, "", before, after, _ELSEWHERE_OF_DATASET, directions)


def _of_fields(name: str, before: Policy, after: Policy) -> Iterator[Change]:
    read = {
        field
        for policy in (before, after)
        for question in policy.questions.values()
        for field in (*question.fields, *_grouped(question))
    }
    mine, theirs = before.dataset.fields, after.dataset.fields
    for field in sorted(mine.keys() | theirs.keys()):
        if field not in mine or field not in theirs:
            # Questions that read it are compared by themselves.
            yield Change(name, field, "removed" if field in mine else "added", "", "", Direction.NONE)
            continue
        yield from _of_field(name, mine[field], theirs[field], read=field in read)


def _of_field(name: str, before: Field, after: Field, *, read: bool) -> Iterator[Change]:
    harmless = (
        set(_PUBLISHED_OF_FIELD) if read else _PUBLISHED_OF_FIELD | {"type", "values", "minimum", "maximum"}
    )
    directions = {
        **dict.fromkeys(harmless, _published),
        "sensitivity": lambda a, b: _grows(b.rank, a.rank),
        "level": lambda a, b: _grows(b, a),
    }
    yield from _parts(name, before.name, before, after, frozenset(), directions)


def _grouped(question: Question) -> Iterable[str]:
    return [group.name for group in question.statistic.group_by] if question.statistic else []


def _of_questions(
    name: str, before: Mapping[str, Question], after: Mapping[str, Question]
) -> Iterator[Change]:
    for question in sorted(before.keys() | after.keys()):
        if question not in before or question not in after:
            state = "removed" if question in before else "added"
            yield Change(name, question, state, "", "", Direction.NONE)
            continue
        mine, theirs = before[question], after[question]
        published = {**dict.fromkeys(_PUBLISHED_OF_QUESTION, _published), "combinations": _combinations}
        for change in _parts(name, question, mine, theirs, _ELSEWHERE_OF_QUESTION, published):
            if change.part == "expression":
                yield Change(name, question, "expression", mine.text, theirs.text, Direction.UNKNOWN)
            else:
                yield change
        yield from _of_placeholders(name, mine, theirs)


def _of_placeholders(name: str, before: Question, after: Question) -> Iterator[Change]:
    """Parameters and claims that both have; who can ask with which values is found among the requests."""
    for parameter in sorted(before.parameters.keys() & after.parameters.keys()):
        yield from _parts(
            name,
            f"{before.name} :{parameter}",
            before.parameters[parameter],
            after.parameters[parameter],
            frozenset({"choices"}),
            {},
        )
    for claim in sorted(before.claims.keys() & after.claims.keys()):
        yield from _parts(
            name,
            f"{before.name} :{claim}",
            before.claims[claim],
            after.claims[claim],
            frozenset(),
            {"wrong_tries_per_subject": _grows},
        )


def _of_budget(name: str, before: Budget | None, after: Budget | None) -> Iterator[Change]:
    if before is None or after is None:
        if before is not after:
            direction = Direction.WIDER if before is None else Direction.NARROWER
            yield Change(name, "", "budget", _said(before), _said(after), direction)
        return
    # In another period the same amount is worth more or less.
    grows = _grows if before.period == after.period else _unknown
    directions = dict.fromkeys(("dataset_micros", "organisation_micros", "requester_micros"), grows)
    yield from _parts(name, "", before, after, frozenset(), directions)


def _grows(before: object, after: object) -> Direction:
    return Direction.WIDER if after > before else Direction.NARROWER  # type: ignore[operator]


def _modes(before: object, after: object) -> Direction:
    """By what goes through the node: nothing by file, by each further mode what the one before it allows."""
    mine, theirs = (
        max((rank for rank, mode in enumerate(_FURTHER) if mode in modes), default=0)  # type: ignore[operator]
        for modes in (before, after)
    )
    return Direction.NONE if mine == theirs else _grows(mine, theirs)


def _combinations(before: object, after: object) -> Direction:
    """More forbidden combinations are narrower, fewer wider."""
    mine, theirs = set(before), set(after)  # type: ignore[call-overload]
    if mine <= theirs:
        return Direction.NARROWER if mine < theirs else Direction.NONE
    return Direction.WIDER if theirs < mine else Direction.UNKNOWN


def _unknown(before: object, after: object) -> Direction:
    return Direction.UNKNOWN


def _published(before: object, after: object) -> Direction:
    return Direction.NONE


def _said(value: object) -> str:
    """A value in a policy's words, as far as there are any."""
    if value is None:
        return "-"
    if isinstance(value, Statistic):
        groups = ", ".join(group.name for group in value.group_by)
        return (
            f"group_by {groups or '-'}; where {value.where.sql() if value.where is not None else '-'}; "
            f"unit_contributes {value.unit_contributes}; epsilon {value.epsilon_micros / 1_000_000:g}"
        )
    if isinstance(value, (tuple, frozenset, set)):
        return ", ".join(
            sorted(map(_said, value)) if isinstance(value, (frozenset, set)) else map(_said, value)
        )
    return str(value)
