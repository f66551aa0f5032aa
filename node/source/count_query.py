"""A query for exact counts, as it goes to what runs it: in a file of its own, for that to load little."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from node.core.stop import Stop

Row = tuple[tuple[str | int | None, ...], int]
"""Group values, and a count."""


@dataclass(frozen=True, slots=True)
class CountQuery:
    """A query over a snapshot's groups file, as the relation `groups`; `values` are bound.

    Its columns are those to group by, then the count.
    """

    groups: Path
    sql: str
    values: Mapping[str, str | int]


class Counter(Protocol):
    """What runs such queries, away from the node; see `node.statistics`."""

    def count(self, query: CountQuery, stop: Stop) -> Sequence[Row]:
        """The rows. Raises NodeError(SOURCE_UNAVAILABLE)."""
