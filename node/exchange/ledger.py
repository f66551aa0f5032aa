"""The counters and released statistics as one transaction sees them, and what is paid there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from node.core.deciding.budget import Balances, Debit
from node.core.deciding.gap import NO_GAPS, Gaps
from node.exchange.spent import Budgets


@dataclass(slots=True)
class Ledger:
    """The counters and statistic releases as one transaction sees them."""

    balances: Balances
    stored_release: Callable[[bytes], bytes | None]
    budgets: Budgets
    gaps: Gaps = NO_GAPS
    """Times of which it is not known what was counted."""
    touched: dict[str, tuple[int, int]] = field(default_factory=dict)
    releases: dict[bytes, bytes] = field(default_factory=dict)

    def pay(self, debits: Sequence[Debit]) -> None:
        """Add the debits to their counters; they are durable with the transaction."""
        for debit in debits:
            used = self.balances.get(debit.key, 0) + debit.amount
            self.balances[debit.key] = used
            self.touched[debit.key] = (used, debit.until_ms)

    def mark(self, key: str, number: int, until_ms: int) -> None:
        """Set a counter that remembers a number which never falls; durable with the transaction."""
        number = max(number, self.balances.get(key, 0))
        self.balances[key] = number
        self.touched[key] = (number, until_ms)

    def release(self, key: bytes) -> bytes | None:
        """A statistic that was released before, in this group or any earlier one."""
        return self.releases.get(key) or self.stored_release(key)
