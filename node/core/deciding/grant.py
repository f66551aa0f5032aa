"""Grants: approved applications of a requester at a provider (Decree 809, Art. 20 to 22)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from node.core.identity import SubjectType
from node.core.policy.question_kind import QuestionKind
from node.core.purpose import purpose_covers
from node.core.role import ASKING_ROLES


class GrantState(StrEnum):
    """Where a grant stands; a revoked grant stays revoked."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one requester may ask of one dataset, for what, and until when.

    `region` is a normalised region code, "" for all; `subjects_per_day` 0 means no limit; the times
    are aware, in UTC, `valid_until` excluded. `roles` are those of the requester's desk that may use it.
    `kinds` are those of the questions, sorted by name, `chunk_subjects` about how many subjects one request
    may be that asks them, and `subject_type` says which identifiers the dataset has, where the provider told.
    """

    id: str
    provider: str
    requester: str
    dataset: str
    questions: frozenset[str]
    purposes: tuple[str, ...]
    region: str
    subjects_per_day: int
    valid_from: datetime
    valid_until: datetime
    state: GrantState
    basis: str
    scenario: str
    note: str
    roles: tuple[str, ...] = ASKING_ROLES
    kinds: tuple[QuestionKind, ...] = ()
    subject_type: SubjectType | None = None
    chunk_subjects: tuple[int, ...] = ()

    def covers_question(self, question: str) -> bool:
        """Whether the grant names the question."""
        return question in self.questions

    def kind_of(self, question: str) -> QuestionKind | None:
        """The kind of one of its questions, if the provider told it."""
        return dict(zip(sorted(self.questions), self.kinds, strict=False)).get(question)

    def chunk_of(self, question: str) -> int:
        """About how many subjects a request may be that asks one of its questions; 0 if that is not told."""
        return dict(zip(sorted(self.questions), self.chunk_subjects, strict=False)).get(question, 0)

    def covers_purpose(self, purpose: str) -> bool:
        """Whether the purpose is one of the grant's, or a child of one."""
        return any(purpose_covers(granted, purpose) for granted in self.purposes)

    def covers_role(self, role: str) -> bool:
        """Whether a desk caller of that role may use it."""
        return role in self.roles

    def valid_at(self, moment: datetime) -> bool:
        """Whether `moment` (aware) lies within the validity; says nothing about the state."""
        return self.valid_from <= moment < self.valid_until
