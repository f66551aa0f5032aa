"""Whether an exchange can be paid, asked before its work is begun, and again when it is charged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from node.core.budget import Debit, exhausted
from node.core.cost import BUDGET_SHORT, LINKAGE, SHORT, Cost
from node.errors import Reason
from node.exchange.group import Ledger


class Short(NamedTuple):
    """What an exchange is denied for that cannot be paid."""

    reason: Reason
    clause: str
    message: str


def counters(cost: Cost, budget: Sequence[Debit]) -> list[str]:
    """Keys of all counters that are concerned."""
    return [*cost.keys(), *(debit.key for debit in budget)]


def short_of(cost: Cost, subjects: int, budget: Iterable[Debit], ledger: Ledger) -> Short | None:
    """What keeps an exchange about so many subjects from being answered in part or whole, if anything does.

    `budget` is what a new statistic costs, nothing for one that was released before.
    """
    if scope := cost.short(subjects, ledger.balances):
        together = "the provider does not answer these questions together about one subject"
        used_up = "the quota is used up: ask again tomorrow"
        return Short(*SHORT[scope], together if scope == LINKAGE else used_up)
    if exhausted(budget, ledger.balances):
        spent = "the privacy budget is used up: use an earlier release, or ask the provider"
        return Short(*BUDGET_SHORT, spent)
    return None
