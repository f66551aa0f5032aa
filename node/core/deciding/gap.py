"""Times of which a node does not know what it recorded and counted.

A node that goes on from an older state has lost what it answered since. Of whatever is counted over a time
that overlaps such a gap, nobody knows how much is used: it counts as used up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from node.core.deciding.budget import Period


class Gap(NamedTuple):
    """From the last record that is left to the moment when officers accepted the loss, in milliseconds."""

    from_ms: int
    until_ms: int

    def overlaps(self, period: Period) -> bool:
        """Whether it has a moment in common with that time."""
        return self.from_ms < period.until_ms and period.from_ms < self.until_ms


@dataclass(frozen=True, slots=True)
class Gaps:
    """All of them, and the budget accounts that officers opened again: up to which end of a gap (ms)."""

    gaps: tuple[Gap, ...] = ()
    reopened: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.gaps)

    @property
    def end_ms(self) -> int:
        """When the latest one ended; 0 without one."""
        return max((gap.until_ms for gap in self.gaps), default=0)

    def shut(self, period: Period) -> bool:
        """Whether what is counted over that time counts as used up."""
        return any(gap.overlaps(period) for gap in self.gaps)

    def shut_accounts(self, accounts: Iterable[str], period: Period) -> bool:
        """The same, of a privacy budget; of accounts that count together, until all of them are open.

        Else an account that was opened would open another one that is joined to it later.
        """
        since = min((self.reopened.get(account, 0) for account in accounts), default=0)
        return any(gap.until_ms > since and gap.overlaps(period) for gap in self.gaps)

    def set_back(self, time_ms: int) -> Gaps:
        """The same after the clock was set back to a time: nothing is lost of what is still to come.

        An account that was opened at a later time is shut again: of which losses that was is not known.
        """
        if self.end_ms <= time_ms:
            return self
        gaps = tuple(Gap(min(gap.from_ms, time_ms), min(gap.until_ms, time_ms)) for gap in self.gaps)
        return Gaps(gaps, {name: until for name, until in self.reopened.items() if until <= time_ms})

    def may_repeat(self, time_ms: int) -> bool:
        """Whether an intent of that time may have been answered without a record that is left."""
        return time_ms < self.end_ms


NO_GAPS = Gaps()
