"""What the grants and the catalogue say of how much may be asked, so that a batch can tell before it asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from node.client.catalogue import CatalogueEntry, CatalogueQuestion, UsageRule
from node.core.bounds import MAX_SUBJECTS
from node.core.deciding.grant import Grant, GrantState
from node.core.policy.question_kind import COMMANDS, QuestionKind
from node.core.purpose import purpose_covers
from node.errors import NodeError, Reason
from node.texts.message import Message
from node.v1 import grant_pb2

_NONE: Final = Message("label.none")


@dataclass(frozen=True, slots=True)
class DayUse:
    """For how many subjects a provider charged today, under one rule and one grant, as the own log knows."""

    provider: str
    dataset: str
    rule: str
    grant_id: str
    subjects: int


@dataclass(frozen=True, slots=True)
class AskLimits:
    """How much of a question is answered in a day; 0 is no limit, or none that is known.

    `per_day` subjects for the whole department, of which `used_today` are used as far as the own node knows;
    `per_subject` times about one subject, `wrong_tries` about
    one whose claims are wrong. `workdays` says that only working days count. `known` is False when the
    provider's catalogue could not be had, so that the grant alone was looked at.
    """

    per_day: int
    per_subject: int
    wrong_tries: int
    workdays: bool
    known: bool
    used_today: int = 0
    chunk_subjects: int = MAX_SUBJECTS
    """About how many subjects one request may be."""
    question: CatalogueQuestion | None = None
    """As the catalogue has it; None where it is not known there."""

    def check_given(self, parameters: Mapping[str, str], claims: Sequence[str]) -> None:
        """Raises NodeError QUERY_INVALID for a statistic, and for other claims or parameters than it has.

        The provider would refuse chunk by chunk, on record.
        """
        asked = self.question
        if asked is None:
            return
        kind = QuestionKind(asked.kind)
        if kind is QuestionKind.STATISTIC:
            raise NodeError(
                Reason.QUERY_INVALID,
                "error.exchange.question-kind",
                kind=str(kind),
                commands=COMMANDS[kind],
                clause="question.kind",
            )
        if set(claims) != set(asked.claims):
            raise NodeError(Reason.QUERY_INVALID, "batch.claims", claims=tuple(asked.claims) or (_NONE,))
        if set(parameters) != set(asked.parameters):
            raise NodeError(
                Reason.QUERY_INVALID, "batch.parameters", parameters=tuple(asked.parameters) or (_NONE,)
            )
        for name, choices in asked.parameters.items():
            if choices and parameters[name] not in choices:
                raise NodeError(Reason.QUERY_INVALID, "batch.parameter", parameter=name, choices=choices)


def limits_of(
    grants: Sequence[Grant],
    used: Sequence[DayUse],
    entry: CatalogueEntry | None,
    dataset: str,
    question: str,
    purpose: str,
) -> AskLimits:
    """The limits on asking a question for a purpose.

    `grants` are those that the provider gave, `used` is what it charged for today, `entry` is its catalogue
    entry of the dataset. Where several grants or rules allow the question, the most generous one counts:
    which one decides, the provider knows.
    """
    granted = [
        grant
        for grant in grants
        if grant.dataset == dataset
        and grant.covers_question(question)
        and grant.covers_purpose(purpose)
        and grant.state is GrantState.ACTIVE
    ]
    rules = [rule for rule in entry.rules if _allows(rule, question, purpose)] if entry is not None else []
    asked = [each for each in entry.questions if each.name == question] if entry is not None else []
    tries = [most for each in asked for most in each.claims.values()]
    by_grant, by_rule = Counter[str](), Counter[str]()
    for each in used:
        if each.dataset == dataset:
            by_grant[each.grant_id] += each.subjects
            by_rule[each.rule] += each.subjects
    per_day, used_today = _strictest(
        _most_left([(grant.subjects_per_day, by_grant[grant.id]) for grant in granted]),
        _most_left([(rule.per_day, by_rule[rule.id]) for rule in rules]),
    )
    return AskLimits(
        per_day=per_day,
        used_today=used_today,
        chunk_subjects=_smallest(granted, question),
        per_subject=_most([rule.per_subject_per_day for rule in rules]),
        wrong_tries=min(tries, default=0),
        workdays=bool(rules) and all(rule.workdays for rule in rules),
        known=entry is not None,
        question=asked[0] if asked else None,
    )


def _smallest(grants: Sequence[Grant], question: str) -> int:
    return min((grant.chunk_of(question) or MAX_SUBJECTS for grant in grants), default=MAX_SUBJECTS)


def day_use(message: grant_pb2.DayUse) -> DayUse:
    """From a message."""
    return DayUse(message.provider, message.dataset, message.rule, message.grant_id, message.subjects)


def _allows(rule: UsageRule, question: str, purpose: str) -> bool:
    covered = not rule.purposes or any(purpose_covers(each, purpose) for each in rule.purposes)
    return question in rule.allow and covered


def _most(limits: Sequence[int]) -> int:
    """The most generous of limits that each suffice; 0 is none."""
    return 0 if not limits or 0 in limits else max(limits)


def _most_left(limits: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The one of limits, with what is used of each, that lets most be asked today; 0 is none."""
    if not limits or any(not limit for limit, _ in limits):
        return 0, 0
    return max(limits, key=lambda each: (each[0] - each[1], each[0]))


def _strictest(*limits: tuple[int, int]) -> tuple[int, int]:
    """The strictest of limits that all hold, and so much used of it that no more is left than of any."""
    there = [each for each in limits if each[0]]
    if not there:
        return 0, 0
    per_day = min(limit for limit, _ in there)
    left = max(0, min(limit - used for limit, used in there))
    return per_day, max(0, per_day - left)
