"""Finds policies that draw on one budget account on different terms: each is held to its own alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from node.analysis.lint.finding import Finding, finding
from node.core.policy.policy import Policy
from node.core.words import listed


def account_differs(policy: Policy, datasets: Mapping[str, Policy]) -> Iterator[Finding]:
    """Other datasets that draw on the account of this one, with another budget or another period."""
    budget = policy.budget
    if budget is None:
        return
    others = [
        name
        for name, other in datasets.items()
        if other.budget is not None and other.budget.account == budget.account and other.budget != budget
    ]
    if others:
        path = ("privacy", "budget")
        yield finding(
            "lint.account-differs", path, on_key=True, account=budget.account, others=listed(sorted(others))
        )
