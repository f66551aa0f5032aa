"""What the grants and the catalogue say of how much may be asked, so that a batch can tell before it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from node.client.catalogue import CatalogueEntry, CatalogueQuestion, UsageRule
from node.core.deciding.grant import Grant, GrantState
from node.core.policy.question_kind import COMMANDS, QuestionKind
from node.core.purpose import purpose_covers
from node.errors import NodeError, Reason
from node.texts.message import Message

_NONE: Final = Message("label.none")


@dataclass(frozen=True, slots=True)
class AskLimits:
    """How much of a question is answered in a day; 0 is no limit, or none that is known.

    `per_day` subjects for the whole department, `per_subject` times about one subject, `wrong_tries` about
    one whose claims are wrong. `workdays` says that only working days count. `known` is False when the
    provider's catalogue could not be had, so that the grant alone was looked at.
    """

    per_day: int
    per_subject: int
    wrong_tries: int
    workdays: bool
    known: bool
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
    grants: Sequence[Grant], entry: CatalogueEntry | None, dataset: str, question: str, purpose: str
) -> AskLimits:
    """The limits on asking a question for a purpose.

    `grants` are those that the provider gave, `entry` is its catalogue entry of the dataset. Where several
    grants or rules allow the question, the most generous one counts: which one decides, the provider knows.
    """
    granted = [
        grant.subjects_per_day
        for grant in grants
        if grant.dataset == dataset
        and grant.covers_question(question)
        and grant.covers_purpose(purpose)
        and grant.state is GrantState.ACTIVE
    ]
    rules = [rule for rule in entry.rules if _allows(rule, question, purpose)] if entry is not None else []
    asked = [each for each in entry.questions if each.name == question] if entry is not None else []
    tries = [most for each in asked for most in each.claims.values()]
    return AskLimits(
        per_day=_least(_most(granted), _most([rule.per_day for rule in rules])),
        per_subject=_most([rule.per_subject_per_day for rule in rules]),
        wrong_tries=min(tries, default=0),
        workdays=bool(rules) and all(rule.workdays for rule in rules),
        known=entry is not None,
        question=asked[0] if asked else None,
    )


def _allows(rule: UsageRule, question: str, purpose: str) -> bool:
    covered = not rule.purposes or any(purpose_covers(each, purpose) for each in rule.purposes)
    return question in rule.allow and covered


def _most(limits: Sequence[int]) -> int:
    """The most generous of limits that each suffice; 0 is none."""
    return 0 if not limits or 0 in limits else max(limits)


def _least(*limits: int) -> int:
    """The strictest of limits that all hold; 0 is none."""
    return min((each for each in limits if each), default=0)
