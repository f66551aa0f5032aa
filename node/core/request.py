"""What the provider's decision is asked about: who asks which question, what for, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Requester:
    """A department as the directory knows it; `region` normalised."""

    code: str
    region: str
    level: str
    suspended: bool


@dataclass(frozen=True, slots=True)
class Request:
    """One exchange without its personal values: `claims` are names, `subjects` is how many.

    `parameters` are (name, value) pairs, values spelled as in the policy; `at` is aware.
    """

    requester: Requester
    dataset: str
    question: str
    parameters: tuple[tuple[str, str], ...]
    claims: frozenset[str]
    purpose: str
    case_number: str
    grant_id: str
    subjects: int
    at: datetime
