"""Policies as the node uses them: a dataset, its compiled questions and its rules."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from node.core.identity import SubjectType
from node.core.policy.approval import Publication
from node.core.policy.dataset import Dataset
from node.core.policy.question import Question
from node.core.policy.rule import Rule, RuleIndex
from node.core.policy.suppression import Suppression
from node.core.purpose import PurposeTree

TABLE_ENDING = ".test.yaml"
"""What the name of a file ends with that holds tests of the policy beside it; it is no policy itself."""

DEFINITIONS_FILE = "definitions.yaml"
"""The file beside policies that holds what they share."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much privacy loss the statistics of an account may add up to, in micro-epsilon a period.

    Budgets are rounded down, prices up. `period` is "day", "month" or "year". All datasets that draw on one
    `account` spend of the same.
    """

    dataset_micros: int
    organisation_micros: int
    requester_micros: int
    period: str
    account: str

    def days(self, day: date) -> tuple[date, date]:
        """The first and the last day of the period that a local day falls into."""
        if self.period == "day":
            return day, day
        if self.period == "month":
            return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
        return date(day.year, 1, 1), date(day.year, 12, 31)


@dataclass(frozen=True, slots=True)
class Policy:
    """One dataset with its questions, rules and budget; the budget is there if a statistic is.

    `accepted` are the warnings that its officers answer for, `narrowest` how many neighbouring values of a
    field one requester should not tell apart; both are for the check, and change nothing in what is enforced.
    """

    dataset: Dataset
    questions: Mapping[str, Question]
    rules: tuple[Rule, ...]
    budget: Budget | None
    index: Mapping[str, RuleIndex]
    accepted: tuple[Suppression, ...] = ()
    narrowest: Mapping[str, int] = field(default_factory=dict)

    @property
    def subject_type(self) -> SubjectType:
        """What names a subject of the dataset."""
        return self.dataset.subject.type

    def rules_for(self, question: str) -> tuple[Rule, ...]:
        """The rules that allow a question, in file order."""
        return tuple(rule for rule in self.rules if question in rule.allow)


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """The bytes of one file and the name to call it by in messages."""

    name: str
    content: bytes

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content."""
        return sha256(self.content).digest()


@dataclass(frozen=True, slots=True)
class Policies:
    """Everything that a node enforces.

    `digest` (32 bytes) fixes the content of all files, whatever they are called and in whichever
    order they are read. `publications` says who approved the catalogue entries of `datasets`.
    """

    datasets: Mapping[str, Policy]
    purposes: PurposeTree | None
    digest: bytes
    publications: Mapping[str, Publication] = field(default_factory=dict)

    def get(self, dataset: str) -> Policy | None:
        """The policy of a dataset."""
        return self.datasets.get(dataset)
