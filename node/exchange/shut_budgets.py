"""Privacy budgets that are shut because it is not known what was spent; two officers open one again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from node.core.deciding.budget import BudgetDebit, Pot, Spent
from node.core.deciding.cost import budget_debits
from node.core.deciding.gap import Gaps
from node.core.directory.spelling import moment_text
from node.core.milliseconds import from_ms
from node.core.policy.policy import Policies
from node.errors import NodeError, Reason
from node.exchange.admin import AdminJob

REOPENED = "budget.reopened."
"""Begins the name of the fact that officers opened an account again; its value is the end of a gap."""


class HasGaps(Protocol):
    """Where it is known of which times counts are lost."""

    gaps: Gaps


@dataclass(frozen=True, slots=True)
class ShutBudgets:
    """What orders to reopen a budget are about (`node.exchange.orders.Subject`).

    `now` is a time where the node is, which says in which periods it is; `spent` is what is known to be
    spent.
    """

    state: HasGaps
    policies: Callable[[], Policies]
    spent: Callable[[Pot], Spent]
    record: Callable[[AdminJob], Awaitable[int]]
    now: Callable[[], datetime]

    def shut(self) -> list[str]:
        """The accounts that are shut now, by name."""
        return sorted({name for name, debit in self._accounts() if self._is_shut(debit)})

    def facts(self, about: str) -> Mapping[str, str]:
        """What is known of the budget. Raises NodeError(NOT_FOUND) when it is not shut."""
        gaps = self.state.gaps
        found = [debit for name, debit in self._accounts() if name == about and self._is_shut(debit)]
        if not found:
            raise NodeError(
                Reason.NOT_FOUND,
                "error.exchange.no-shut-account",
            )
        # Of several periods the longest: what it says is spent of that is the most.
        debit = min(found, key=lambda each: each.period)
        return MappingProxyType(
            {
                "lost_from": moment_text(from_ms(min(gap.from_ms for gap in gaps.gaps))),
                "lost_until": moment_text(from_ms(gaps.end_ms)),
                "period_from": moment_text(from_ms(debit.period.from_ms)),
                "period_until": moment_text(from_ms(debit.period.until_ms)),
                "known_spent": str(self.spent(debit.pot).used),
                "limit": str(debit.limit),
            }
        )

    async def carry_out(self, about: str, job: AdminJob) -> int:
        """Spend again of an account, and of all that count together with it, what is known to be left."""
        end = self.state.gaps.end_ms
        opened = {
            account: end
            for name, debit in self._accounts()
            if name == about
            for account in self.spent(debit.pot).accounts
        }
        facts = tuple((REOPENED + account, str(until)) for account, until in sorted(opened.items()))
        index = await self.record(
            replace(job, note=f"{job.note} (account {about})", facts=(*job.facts, *facts))
        )
        gaps = self.state.gaps
        self.state.gaps = replace(gaps, reopened={**gaps.reopened, **opened})
        return index

    def _is_shut(self, debit: BudgetDebit) -> bool:
        gaps = self.state.gaps
        return bool(gaps) and gaps.shut_accounts(self.spent(debit.pot).accounts, debit.period)

    def _accounts(self) -> Iterator[tuple[str, BudgetDebit]]:
        """Each account with its budget of now, once for each period that a policy counts it by."""
        try:
            policies = self.policies()
        except NodeError:
            return  # none are loaded: nothing is answered, and nothing to open
        for policy in policies.datasets.values():
            if policy.budget is not None:
                yield policy.budget.account, budget_debits(policy.budget, "", "", self.now(), 0)[0]
