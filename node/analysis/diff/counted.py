"""What another epsilon of a statistic means: the noise of each release, and how many the budget pays for.

A count with more noise of this kind is one with less noise and some more added to it: for 0 < a < b < 1, the
discrete Laplace distribution P(x) ~ b^|x| is that of a, to which an independent value of that of b is added
with probability 1 - a (1 - b)² / (b (1 - a)²), as their characteristic functions say. So whoever has the old
count could make the new one. But at a lower price more of them can be had.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from node.analysis.diff.relation import NOT_COMPARED, Compared, Direction, Record, Relation
from node.analysis.noise import accuracy_95
from node.core.policy.policy import Policy
from node.core.policy.question import Statistic

_COUNT = 1000


@dataclass(frozen=True, slots=True)
class Releases:
    """How many releases of a question the budgets of dataset, organisation and requester pay for."""

    question: str
    before: tuple[int, ...]
    after: tuple[int, ...]
    direction: Direction


def counted(before: Statistic, after: Statistic) -> Compared:
    """One release of a statistic on both sides; the conditions are compared as the questions' expressions.

    Compared are statistics that differ in nothing else but epsilon. Fewer groups are no narrowing: a count
    with noise of its own is closer to the exact one than a sum of as many noisy counts.
    """
    if replace(before, where=after.where, epsilon_micros=after.epsilon_micros) != after:
        return NOT_COMPARED
    near, far = f"{_COUNT} ± {accuracy_95(before)}", f"{_COUNT} ± {accuracy_95(after)}"
    records = (Record({"count(*)": str(_COUNT)}, {}, near, far),) if near != far else ()
    if after.epsilon_micros < before.epsilon_micros:
        return Compared(Relation.NOISIER, Direction.NARROWER, records)
    return Compared(Relation.LESS_NOISY, Direction.WIDER, records)


def more_releases(before: Policy, after: Policy) -> Iterator[Releases]:
    """Statistics of both sides that cost less than before, unless what can be had now could be had before.

    With budgets for another period that is not compared: the period counts as widening by itself.
    """
    if before.budget is None or after.budget is None or before.budget.period != after.budget.period:
        return
    old, new = (
        (each.dataset_micros, each.organisation_micros, each.requester_micros)
        for each in (before.budget, after.budget)
    )
    mine, theirs = _prices(before), _prices(after)
    for question in sorted(mine.keys() & theirs.keys()):
        was, now = mine[question], theirs[question]
        if now >= was:
            continue
        counts = tuple(each // was for each in old), tuple(each // now for each in new)
        if any(many > few for few, many in zip(*counts, strict=True)):
            yield Releases(question, *counts, Direction.WIDER)
        # With another statistic beside it, less than the price of one release may help to buy one of that. It
        # does not if budgets shrink at least as much as every price does.
        elif len(theirs) > 1 and any(was * each > now * last for last, each in zip(old, new, strict=True)):
            yield Releases(question, *counts, Direction.UNKNOWN)


def _prices(policy: Policy) -> dict[str, int]:
    return {
        name: question.statistic.epsilon_micros
        for name, question in policy.questions.items()
        if question.statistic is not None
    }
