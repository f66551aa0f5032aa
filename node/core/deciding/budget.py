"""What an exchange costs and whether it can be paid: quotas and privacy budgets, as one pure rule.

Most of what runs out is a counter with a limit: exchanges a day, subjects of a grant a day, asks about one
subject, wrong tries of a claim. A debit names the counter, the amount and the limit; debits are paid all
together or not at all.

A privacy budget belongs to an account, whatever datasets draw on it and however they are called, and is kept
by day: what was spent in a period is a sum of days, so that neither another name nor another period makes
any of it undone.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, Sequence
from typing import NamedTuple

HOUR_MS = 3_600_000
MARK = "mark|"
"""What the key of a counter begins with that remembers a day, which may go on being used: a mark."""


def last_hour(until_ms: int) -> int:
    """The hour, counted from 1970 in UTC, from which on what lasts until then may be forgotten."""
    return -(-until_ms // HOUR_MS)


def counter_key(until_ms: int, name: str) -> str:
    """The key of a counter that may be forgotten at `until_ms`: those that end first come first."""
    return f"{last_hour(until_ms):07d}|{name}"


class Period(NamedTuple):
    """A time over which something is counted: from one moment up to another, which is not in it (ms)."""

    from_ms: int
    until_ms: int


ALWAYS = Period(0, 1 << 62)
"""What is counted without a period."""


class Debit(NamedTuple):
    """An amount to add to a counter that may not pass its limit.

    `scope` is the kind of counter as records name it ("rule.day", "grant.day", …); `key` is the counter
    itself, without any personal value; `until_ms` is when the counter may be forgotten (0: never; else `key`
    is a `counter_key`), which is later than its `period`; `subject` is the position of the subject it
    concerns, -1 for the exchange as a whole. `older` are keys that the counter had under earlier keys of the
    node: what was counted there counts with it.
    """

    scope: str
    key: str
    amount: int
    limit: int
    until_ms: int = 0
    subject: int = -1
    period: Period = ALWAYS
    older: tuple[str, ...] = ()


class Pot(NamedTuple):
    """What a privacy budget is held against: all that was spent from the day `first` (its number) on.

    Days that have not come yet count too: what was spent on them, while the clock was ahead, is spent.
    `scope` is "budget.dataset", "budget.organisation" or "budget.requester"; `who` spent, "" for all
    together, of `account` and of every account that counts together with it.
    """

    account: str
    scope: str
    who: str
    first: int


class BudgetDebit(NamedTuple):
    """Micro-epsilon to spend on a `day` (its number) of an account, if what is in the pot allows it."""

    pot: Pot
    day: int
    amount: int
    limit: int
    period: Period

    @property
    def scope(self) -> str:
        """The kind of budget, as records name it."""
        return self.pot.scope


class BudgetRow(NamedTuple):
    """Names one row of the ledger of privacy budgets: what was spent of an account on a day."""

    account: str
    scope: str
    who: str
    day: int


class Spent(NamedTuple):
    """What a pot comes to: the accounts that count together in it, and the micro-epsilon spent of them."""

    accounts: frozenset[str]
    used: int

    def counts(self, row: BudgetRow, pot: Pot) -> bool:
        """Whether what a row says was spent of the pot, which this is about."""
        same = (row.scope, row.who) == (pot.scope, pot.who) and row.account in self.accounts
        return same and pot.first <= row.day


Balances = MutableMapping[str, int]
"""Counter key to the amount used; a missing key is 0."""


def exhausted(debits: Iterable[Debit], balances: Balances) -> list[Debit]:
    """The debits that cannot be paid, counting debits on the same counter together, in order."""
    planned: dict[str, int] = {}
    failed = []
    for debit in debits:
        used = balances.get(debit.key, 0) + planned.get(debit.key, 0)
        if debit.older:
            used += sum(balances.get(key, 0) for key in debit.older)
        if used + debit.amount > debit.limit:
            failed.append(debit)
        else:
            planned[debit.key] = planned.get(debit.key, 0) + debit.amount
    return failed


def pay(debits: Sequence[Debit], balances: Balances) -> None:
    """Add the amounts to the counters."""
    for debit in debits:
        balances[debit.key] = balances.get(debit.key, 0) + debit.amount
