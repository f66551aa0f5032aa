"""One subject as a source is asked about it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple


class SubjectKey(NamedTuple):
    """A normalised identifier, and what the caller claims about the subject (empty: nothing)."""

    id: str
    claims: Mapping[str, str]


class Unclear(Enum):
    """Why a source has no answer about one subject, though it has others."""

    SEVERAL_ROWS = "several rows"
