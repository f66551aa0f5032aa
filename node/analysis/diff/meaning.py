"""What datasets and questions are, on both sides: each difference, and its direction where it is proved.

Every part of the value objects is compared, by name. A part that is not listed here counts as changed in
an unknown direction as soon as it differs, so that nothing new in policies can be overlooked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import cast

from node.analysis.diff.answers import compared
from node.analysis.diff.counted import counted, more_releases
from node.analysis.diff.relation import Compared, Direction
from node.core.policy.dataset import Dataset, Field, Mode, Sharing
from node.core.policy.policy import Budget, Policies, Policy
from node.core.policy.question import Ceiling, Combination, Question, Statistic


@dataclass(frozen=True, slots=True)
class Change:
    """One part of a dataset that differs: `about` names the question or field, "" for the dataset itself.

    Of a question's meaning, `compared` says what comparing the answers came to.
    """

    dataset: str
    about: str
    part: str
    before: str
    after: str
    direction: Direction
    compared: Compared | None = None


_OPENNESS = (Sharing.NOT_SHARED, Sharing.CONDITIONAL, Sharing.UNCONDITIONAL)
_FURTHER = (Mode.FILE, Mode.INTERFACE, Mode.BATCH)
_PUBLISHED_OF_DATASET = frozenset(
    {"title", "title_en", "reason", "legal_basis", "update", "format", "scope", "use"}
)
# Compared elsewhere: by their own parts, or as what they are made of.
_ELSEWHERE_OF_DATASET = frozenset({"name", "fields", "digest"})
_ELSEWHERE_OF_POLICY = frozenset({"dataset", "questions", "rules", "budget", "index"})
# What the check of policies reads, and no decision.
_FOR_THE_CHECK = ("accepted", "narrowest")
_PUBLISHED_OF_QUESTION = frozenset({"title", "title_en"})
# The text in the policy's words and the derivation say no more than the expression that is made of them.
_ELSEWHERE_OF_QUESTION = frozenset({"name", "text", "derivation", "fields", "parameters", "claims"})
_PUBLISHED_OF_FIELD = frozenset({"title", "title_en"})


def changes_beside_datasets(before: Policies, after: Policies) -> list[Change]:
    """What differs in policies as a whole, beside datasets and purposes, which requests are compared by."""
    return list(_parts("-", "", before, after, frozenset({"datasets", "purposes", "digest"}), {}))


def changes_of_accounts(before: Policies, after: Policies) -> list[Change]:
    """Accounts that datasets come with which were not there before, as under another name.

    Nothing is spent of such an account, as far as the policies tell.
    """
    known = {policy.budget.account for policy in before.datasets.values() if policy.budget is not None}
    return [
        Change(name, "", "account", _as_text(None), policy.budget.account, Direction.WIDER)
        for name, policy in after.datasets.items()
        if name not in before.datasets and policy.budget is not None and policy.budget.account not in known
    ]


def changes_of_meaning(name: str, before: Policy | None, after: Policy | None) -> list[Change]:
    """All that differs in what one dataset and its questions are; who may ask them is not looked at."""
    if before is None or after is None:
        state = "added" if before is None else "removed"
        # Who may ask of it now, or no longer may, is found among the rules.
        return [Change(name, "", state, "", "", Direction.NONE)] if before is not after else []
    return [
        *_parts(name, "", before, after, _ELSEWHERE_OF_POLICY, dict.fromkeys(_FOR_THE_CHECK, _published)),
        *_of_dataset(name, before.dataset, after.dataset),
        *_of_fields(name, before, after),
        *_of_questions(name, before, after),
        *_of_budget(name, before.budget, after.budget),
        *_of_releases(name, before, after),
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
        yield Change(dataset, about, part.name, _as_text(mine), _as_text(theirs), direction)


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


def _of_questions(name: str, one: Policy, other: Policy) -> Iterator[Change]:
    before, after = one.questions, other.questions
    fields = one.dataset.fields, other.dataset.fields
    for question in sorted(before.keys() | after.keys()):
        if question not in before or question not in after:
            state = "removed" if question in before else "added"
            yield Change(name, question, state, "", "", Direction.NONE)
            continue
        yield from _of_question(name, before[question], after[question], fields)


def _of_question(
    name: str, before: Question, after: Question, fields: tuple[Mapping[str, Field], Mapping[str, Field]]
) -> Iterator[Change]:
    directions = {
        **dict.fromkeys(_PUBLISHED_OF_QUESTION, _published),
        "combinations": _combinations,
        "ceiling": _ceiling,
    }
    answers = compared(before, after, *fields)
    for change in _parts(name, before.name, before, after, _ELSEWHERE_OF_QUESTION, directions):
        if change.part == "expression":
            yield replace(
                change, before=before.text, after=after.text, direction=answers.direction, compared=answers
            )
        elif change.part != "statistic" or before.statistic is None or after.statistic is None:
            yield change
        # Its filter alone is the question's expression.
        elif replace(before.statistic, where=after.statistic.where) != after.statistic:
            noise = counted(before.statistic, after.statistic)
            yield replace(change, direction=noise.direction, compared=noise)
    yield from _of_placeholders(name, before, after)


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
            yield Change(name, "", "budget", _as_text(before), _as_text(after), direction)
        return
    # In another period the same amount is worth more or less.
    grows = _grows if before.period == after.period else _unknown
    directions = dict.fromkeys(("dataset_micros", "organisation_micros", "requester_micros"), grows)
    # What was spent stays spent where the node knows the source; a policy does not say what the source is.
    directions |= dict.fromkeys(("period", "account"), _wider)
    yield from _parts(name, "", before, after, frozenset(), directions)


def _of_releases(name: str, before: Policy, after: Policy) -> Iterator[Change]:
    for each in more_releases(before, after):
        was, now = (
            f"dataset {dataset}, organisation {organisation}, requester {requester}"
            for dataset, organisation, requester in (each.before, each.after)
        )
        yield Change(name, each.question, "releases", was, now, each.direction)


def _grows(before: object, after: object) -> Direction:
    return Direction.WIDER if after > before else Direction.NARROWER  # type: ignore[operator]


def _wider(before: object, after: object) -> Direction:
    return Direction.WIDER


def _modes(before: object, after: object) -> Direction:
    """By what goes through the node: nothing by file, by each further mode what the one before it allows."""
    mine, theirs = (
        max((_FURTHER.index(mode) for mode in modes), default=0)
        for modes in cast("tuple[tuple[Mode, ...], ...]", (before, after))
    )
    return Direction.NONE if mine == theirs else _grows(mine, theirs)


def _combinations(before: object, after: object) -> Direction:
    """Narrower if each combination that was forbidden still is, at least as long, or a part of it."""
    mine, theirs = cast("tuple[tuple[Combination, ...], ...]", (before, after))
    kept, not_new = _forbids(theirs, mine), _forbids(mine, theirs)
    if kept and not_new:
        return Direction.NONE
    return Direction.NARROWER if kept else Direction.WIDER if not_new else Direction.UNKNOWN


def _forbids(these: Iterable[Combination], those: Iterable[Combination]) -> bool:
    """Whether all that is forbidden by `those` is forbidden by `these`."""
    return all(
        any(set(one.questions) <= set(each.questions) and one.days >= each.days for one in these)
        for each in those
    )


def _ceiling(before: object, after: object) -> Direction:
    """What a question may be made to read by a later edit; no answer changes by it now."""
    mine, theirs = (
        (each.level or math.inf, each.sensitivity.rank if each.sensitivity is not None else math.inf)
        if isinstance(each, Ceiling)
        else (math.inf, math.inf)
        for each in (before, after)
    )
    if all(one <= other for one, other in zip(theirs, mine, strict=True)):
        return Direction.NARROWER
    return Direction.WIDER


def _unknown(before: object, after: object) -> Direction:
    return Direction.UNKNOWN


def _published(before: object, after: object) -> Direction:
    return Direction.NONE


def _as_text(value: object) -> str:
    """A value in a policy's words, as far as there are any."""
    if value is None:
        return "-"
    if isinstance(value, Statistic):
        groups = ", ".join(group.name for group in value.group_by)
        return (
            f"group_by {groups or '-'}; where {value.where.sql() if value.where is not None else '-'}; "
            f"unit_contributes {value.unit_contributes}; epsilon {value.epsilon_micros / 1_000_000:g}"
        )
    if isinstance(value, Combination):
        return f"{value.id} ({' + '.join(value.questions)}; {value.days} d)"
    if isinstance(value, (tuple, frozenset, set)):
        return ", ".join(
            sorted(map(_as_text, value)) if isinstance(value, (frozenset, set)) else map(_as_text, value)
        )
    return str(value)
