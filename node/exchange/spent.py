"""Privacy budgets as one transaction of a group commit sees them, with what the group itself spends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from node.core.deciding.budget import BudgetDebit, BudgetRow, Pot, Spent
from node.core.deciding.gap import NO_GAPS, Gaps


class Budgets:
    """The privacy budgets that a group's jobs spend of; `read` gives a pot as it stands in the ledger.

    What jobs earlier in the group spend is counted with it, also of another account that counts together with
    the one asked for.
    """

    def __init__(self, read: Callable[[Pot], Spent], gaps: Gaps = NO_GAPS) -> None:
        """Of accounts that are shut because records are lost (`gaps`), nothing is left."""
        self._read = read
        self._gaps = gaps
        self._known: dict[Pot, Spent] = {}
        self.added: dict[BudgetRow, int] = {}
        """What the group has spent so far."""

    def used(self, pot: Pot) -> int:
        """Micro-epsilon spent of a pot by now."""
        spent = self._spent(pot)
        here = sum(amount for row, amount in self.added.items() if spent.counts(row, pot))
        return spent.used + here

    def exhausted(self, debits: Sequence[BudgetDebit]) -> list[BudgetDebit]:
        """The debits that cannot be paid; those paid together have a pot each."""
        return [
            debit
            for debit in debits
            if (self._gaps and self._gaps.shut_accounts(self._spent(debit.pot).accounts, debit.period))
            or self.used(debit.pot) + debit.amount > debit.limit
        ]

    def pay(self, debits: Sequence[BudgetDebit]) -> None:
        """Spend; durable with the transaction."""
        for debit in debits:
            row = BudgetRow(debit.pot.account, debit.pot.scope, debit.pot.who, debit.day)
            self.added[row] = self.added.get(row, 0) + debit.amount

    def _spent(self, pot: Pot) -> Spent:
        """What the ledger says."""
        spent = self._known.get(pot)
        if spent is None:
            spent = self._known[pot] = self._read(pot)
        return spent
