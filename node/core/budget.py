"""What an exchange costs and whether it can be paid: quotas and privacy budgets, as one pure rule.

Everything that runs out is a counter with a limit: exchanges a day, subjects of a grant a day,
asks about one subject, wrong tries of a claim, micro-epsilon of a privacy budget. A debit names the
counter, the amount and the limit; debits are paid all together or not at all.
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


class Debit(NamedTuple):
    """An amount to add to a counter that may not pass its limit.

    `scope` is the kind of counter as records name it ("rule.day", "budget.dataset", …); `key` is the
    counter itself, without any personal value; `until_ms` is when the counter may be forgotten (0:
    never; else `key` is a `counter_key`); `subject` is the position of the subject it concerns, -1 for the
    exchange as a whole.
    """

    scope: str
    key: str
    amount: int
    limit: int
    until_ms: int = 0
    subject: int = -1


Balances = MutableMapping[str, int]
"""Counter key to the amount used; a missing key is 0."""


def exhausted(debits: Iterable[Debit], balances: Balances) -> list[Debit]:
    """The debits that cannot be paid, counting debits on the same counter together, in order."""
    planned: dict[str, int] = {}
    failed = []
    for debit in debits:
        used = balances.get(debit.key, 0) + planned.get(debit.key, 0)
        if used + debit.amount > debit.limit:
            failed.append(debit)
        else:
            planned[debit.key] = planned.get(debit.key, 0) + debit.amount
    return failed


def pay(debits: Sequence[Debit], balances: Balances) -> None:
    """Add the amounts to the counters."""
    for debit in debits:
        balances[debit.key] = balances.get(debit.key, 0) + debit.amount
