"""What the provider's decision is asked about: who asks which question, what for, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from node.core.policy.question_kind import QuestionKind
from node.core.role import CLERK


@dataclass(frozen=True, slots=True)
class RequestingDepartment:
    """A department as the directory knows it; `region` normalised."""

    code: str
    region: str
    level: str
    suspended: bool


@dataclass(frozen=True, slots=True)
class Request:
    """One exchange without its personal values: `claims` are names, `subjects` is how many.

    `parameters` are (name, value) pairs, values spelled as in the policy; `at` is aware. `role` is that of
    the caller at the requester's desk; `kind` is what the requester takes the question to be, None for
    whatever it is, which no intent leaves open.
    """

    requester: RequestingDepartment
    dataset: str
    question: str
    parameters: tuple[tuple[str, str], ...]
    claims: frozenset[str]
    purpose: str
    case_number: str
    grant_id: str
    subjects: int
    at: datetime
    role: str = CLERK
    kind: QuestionKind | None = None
