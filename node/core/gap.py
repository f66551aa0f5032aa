"""Times of which a node does not know what it recorded and counted.

A node that goes on from an older state has lost what it answered since. Of whatever is counted over a time
that overlaps such a gap, nobody knows how much is used: it counts as used up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Gap(NamedTuple):
    """From the last record that is left to the moment when officers accepted the loss, in milliseconds."""

    from_ms: int
    until_ms: int

    def overlaps(self, from_ms: int, until_ms: int) -> bool:
        """Whether it has a moment in common with that time; `until_ms` 0 has no end."""
        return self.from_ms < (until_ms or self.until_ms + 1) and from_ms < self.until_ms


def last_end(gaps: Iterable[Gap]) -> int:
    """When the latest gap ended; 0 without one."""
    return max((gap.until_ms for gap in gaps), default=0)
