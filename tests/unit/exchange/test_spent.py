"""Privacy budgets within one group commit: what was spent, with what the group spends."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from node.core.deciding.budget import ALWAYS, BudgetDebit, BudgetRow, Pot, Spent
from node.exchange.spent import Budgets

LINKED = {"a": frozenset({"a", "b"}), "b": frozenset({"a", "b"}), "c": frozenset({"c"})}


def debit(account: str = "a", who: str = "r", day: int = 5, amount: int = 2, limit: int = 5) -> BudgetDebit:
    return BudgetDebit(Pot(account, "budget.requester", who, 1), day, amount, limit, ALWAYS)


def budgets(used: int = 0) -> Budgets:
    return Budgets(lambda pot: Spent(LINKED[pot.account], used))


def test_budget_may_be_used_up_and_not_passed() -> None:
    assert budgets(3).exhausted([debit()]) == []
    assert budgets(4).exhausted([debit()]) == [debit()]


def test_what_the_group_spends_counts_at_once() -> None:
    group = budgets()
    for _ in range(2):
        assert group.exhausted([debit()]) == []
        group.pay([debit()])
    assert group.exhausted([debit()]) == [debit()]
    assert group.added == {BudgetRow("a", "budget.requester", "r", 5): 4}


def test_accounts_that_count_together_spend_of_one_budget() -> None:
    group = budgets()
    group.pay([debit("b"), debit("b")])
    assert group.exhausted([debit("a")]) == [debit("a")]
    assert group.exhausted([debit("c"), debit("a", who="another")]) == []


def test_what_was_spent_before_the_period_is_not_counted_and_what_was_after_its_end_is() -> None:
    """Days that have not come yet are those on which a clock was ahead."""
    group = budgets()
    group.pay([debit(day=0), debit(day=1), debit(day=40)])
    assert group.used(debit().pot) == 4


_DEBITS = st.builds(
    debit,
    st.sampled_from("abc"),
    st.sampled_from("rs"),
    st.integers(0, 40),
    st.integers(1, 4),
    st.integers(0, 20),
)


@given(st.lists(_DEBITS, max_size=40), st.integers(0, 5))
def test_whatever_is_asked_for_nothing_passes_its_limit(debits: list[BudgetDebit], used: int) -> None:
    """Held against a ledger that adds up everything each time."""
    group, rows = budgets(used), Counter[BudgetRow]()
    for each in debits:
        pot = each.pot
        spent = used + sum(
            amount
            for row, amount in rows.items()
            if row.account in LINKED[pot.account] and row.who == pot.who and pot.first <= row.day
        )
        payable = not group.exhausted([each])
        assert payable == (spent + each.amount <= each.limit)
        if payable:
            group.pay([each])
            rows[BudgetRow(pot.account, pot.scope, pot.who, each.day)] += each.amount
    assert group.added == rows
