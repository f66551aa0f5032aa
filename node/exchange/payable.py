"""Whether an exchange can be paid: asked before its work is begun, and again when it is charged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from node.core.deciding.budget import BudgetDebit
from node.core.deciding.cost import BUDGET_SHORT, SHORT, Cost
from node.errors import Reason
from node.exchange.ledger import Ledger

_FEW = 16


class Short(NamedTuple):
    """What an exchange is denied for that cannot be paid."""

    reason: Reason
    clause: str


def short_of(cost: Cost, subjects: int, budget: Sequence[BudgetDebit], ledger: Ledger) -> Short | None:
    """What keeps an exchange about so many subjects from being answered in part or whole, if anything does.

    `budget` is what a new statistic costs, nothing for one that was released before.
    """
    if scope := cost.short(subjects, cost.with_gaps(ledger.gaps, ledger.balances)):
        return Short(*SHORT[scope])
    if ledger.budgets.exhausted(budget):
        return Short(*BUDGET_SHORT)
    return None


def short_before(
    cost: Cost, subjects: int, budget: Sequence[BudgetDebit], ledger: Callable[[Sequence[str]], Ledger]
) -> Short | None:
    """As `short_of`, with what `ledger` reads of some counters; of a large exchange few, if those will do.

    An exchange about many subjects is denied as a whole when there is no answer about any of them: the first
    of them about whom there is one settles that.
    """
    for first in (_FEW, subjects):
        part = cost if first >= subjects else cost.of_first(first)
        short = short_of(part, min(first, subjects), budget, ledger(part.keys()))
        if short is None or first >= subjects:
            return short
    return None
