"""The catalogue entry of a dataset (Decree 809, Art. 13 to 15) as value objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from node.core.identity import SubjectType


class Sharing(StrEnum):
    """The sharing attribute (Art. 14)."""

    UNCONDITIONAL = "unconditional"
    CONDITIONAL = "conditional"
    NOT_SHARED = "not_shared"


class Mode(StrEnum):
    """How answers are handed over (Art. 13, 22): one by one, in batches, as a file."""

    INTERFACE = "interface"
    BATCH = "batch"
    FILE = "file"


class FieldType(StrEnum):
    """What a field holds, and how a source has to present it to a question's SQL.

    TEXT, ENUM: text. INTEGER: a 64-bit integer. DATE: ISO 8601 text (2026-01-31) or SQL DATE.
    REGION: a GB/T 2260 code, normalised. RESIDENT_ID, CREDIT_CODE: normalised text.
    """

    TEXT = "text"
    INTEGER = "integer"
    DATE = "date"
    ENUM = "enum"
    REGION = "region"
    RESIDENT_ID = "resident_id"
    CREDIT_CODE = "credit_code"


class Sensitivity(StrEnum):
    """How much a field gives away: `identifier` points at a person, `sensitive` harms if it leaks."""

    NORMAL = "normal"
    SENSITIVE = "sensitive"
    IDENTIFIER = "identifier"

    @property
    def rank(self) -> int:
        """How much it gives away, growing from 0."""
        return list(Sensitivity).index(self)


@dataclass(frozen=True, slots=True)
class Field:
    """A data item (数据项); `values` are the closed values of an enum or region, bounds are inclusive.

    `level` is its classification level, at most that of its dataset.
    """

    name: str
    title: str
    title_en: str
    type: FieldType
    sensitivity: Sensitivity
    values: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    level: int = 1


@dataclass(frozen=True, slots=True)
class Subject:
    """Which column names the subject; `region_field` is the field that places it, "" without one."""

    field: str
    type: SubjectType
    region_field: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """One catalogue entry.

    `level` is the classification level, 1 (open) to 4 (gravest harm); `reason` and `legal_basis` are
    filled for what is not shared, `scope` and `use` for what is shared on conditions (Art. 15), `modes`
    for all that is shared; `digest` is the SHA-256 of the policy file.
    """

    name: str
    title: str
    title_en: str
    provider: str
    sharing: Sharing
    reason: str
    legal_basis: str
    level: int
    personal: bool
    update: str
    format: str
    modes: tuple[Mode, ...]
    scope: str
    use: str
    subject: Subject
    fields: Mapping[str, Field]
    digest: bytes

    def shares(self, subjects: int) -> bool:
        """Whether a sharing mode allows an exchange about so many subjects; 0 is a statistic (Art. 13, 22).

        Both `interface` and `batch` allow one subject and statistics, `batch` alone allows more. What is
        shared as `file` does not go through the node.
        """
        return Mode.BATCH in self.modes or (subjects <= 1 and Mode.INTERFACE in self.modes)
