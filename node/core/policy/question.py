"""Questions: the named, reviewed things that may be asked of a dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlglot import exp

from node.core.policy.dataset import FieldType, Sensitivity
from node.core.policy.question_kind import QuestionKind


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that the requester picks from `choices`, spelled as there; `type` is that of its field."""

    name: str
    type: FieldType
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A value that the requester asserts about a subject: compared for equality, tries are counted."""

    name: str
    type: FieldType
    wrong_tries_per_subject: int


@dataclass(frozen=True, slots=True)
class GroupField:
    """A field to group by, with all the values that a release has cells for."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statistic:
    """A count: of rows where `where` is true (all rows if None), in every combination of groups.

    One subject adds to the counts at most `unit_contributes` times; a release costs `epsilon_micros`
    (epsilon × 10⁶, rounded up).
    """

    group_by: tuple[GroupField, ...]
    where: exp.Expression | None
    unit_contributes: int
    epsilon_micros: int


class Derived(StrEnum):
    """What a field question lets out in place of the value."""

    PLAIN = "plain"
    EXISTS = "exists"
    EQUALS = "equals"
    MASK = "mask"
    BAND = "band"
    REGION = "region"
    MULTIPLE = "multiple"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Derivation:
    """How the answer of a field question comes from its field.

    `details` are for EQUALS the parameter or claim, for MASK how many characters are kept at the start and
    the end, for BAND the labels, for REGION the level, for MULTIPLE the step.
    """

    field: str
    how: Derived
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Combination:
    """Questions of which one requester may not ask all about one subject within `days` calendar days.

    The linkage guard (Art. 25): what each tells is harmless, what all tell together is not. Questions of
    another dataset of the provider are named `dataset/question`.
    """

    id: str
    questions: tuple[str, ...]
    days: int


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What a question may reach at most, whatever it reads now; None is without a bound."""

    level: int | None
    sensitivity: Sensitivity | None

    def __str__(self) -> str:
        parts = (("level", self.level), ("sensitivity", self.sensitivity))
        return "; ".join(f"{name}: {bound}" for name, bound in parts if bound is not None)


@dataclass(frozen=True, slots=True)
class Question:
    """One question, compiled.

    `expression` is one SQL expression over the dataset's fields (quoted columns) and placeholders
    named after the parameters and claims. It is for a `verify` the predicate (false and NULL both
    answer false); for a `field` the whole derivation, always text or NULL, where NULL means absent;
    for a `statistic` the filter, TRUE without one. `fields` are the columns that it reads. `text` is
    the question in the policy's words. `combinations` are the forbidden ones that it belongs to;
    `derivation` is there for a `field`.
    """

    name: str
    title: str
    title_en: str
    kind: QuestionKind
    text: str
    expression: exp.Expression
    fields: frozenset[str]
    parameters: Mapping[str, Parameter]
    claims: Mapping[str, Claim]
    statistic: Statistic | None
    combinations: tuple[Combination, ...] = ()
    derivation: Derivation | None = None
    ceiling: Ceiling | None = None
