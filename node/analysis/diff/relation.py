"""What comparing a question on both sides comes to: how the answers differ, and who learns more by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    """Whether more or less can be learned; NONE if no answer changes, UNKNOWN if not proved."""

    WIDER = "wider"
    NARROWER = "narrower"
    UNKNOWN = "unknown"
    NONE = "none"


class Relation(StrEnum):
    """How the answers of a question differ, as far as they were compared."""

    SAME = "same"
    FEWER = "fewer"
    MORE = "more"
    OTHER = "other"
    COARSER = "coarser"
    FINER = "finer"
    NOISIER = "noisier"
    LESS_NOISY = "less_noisy"
    NOT_COMPARED = "not_compared"


@dataclass(frozen=True, slots=True)
class Record:
    """One record about which the answers differ; a verify is answered "yes" or "no", None is absent.

    Of a statistic, a count, and how far from it the noisy one lies.
    """

    values: Mapping[str, str | None]
    asked: Mapping[str, str]
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing a question came to; the records show it."""

    relation: Relation
    direction: Direction
    records: tuple[Record, ...] = ()


NOT_COMPARED = Compared(Relation.NOT_COMPARED, Direction.UNKNOWN)
SAME = Compared(Relation.SAME, Direction.NONE)
