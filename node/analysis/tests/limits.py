"""What a permit in a table of tests runs short of: limits, wrong tries, forbidden combinations, budgets.

The counters stand at what a row says was asked before; what they are held against is
`node.core.deciding.cost`, by which nodes charge.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from node.analysis.tests.parts import BUDGET, PER_DAY, PER_SUBJECT, TOGETHER, TRIES, Part
from node.analysis.tests.table import Row
from node.core.deciding.budget import Debit, exhausted
from node.core.deciding.clauses import Case
from node.core.deciding.cost import (
    BUDGET_PREFIX,
    BUDGET_SHORT,
    LINKAGE,
    SHORT,
    Cost,
    Day,
    budget_debits,
    exchange_cost,
)
from node.core.deciding.evaluator import Decision
from node.core.policy.question import Question
from node.core.policy.rule import Limits

_NOBODY = Part("")


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why a permitted request is not answered after all; `part` is what refuses it."""

    part: Part
    reason: str
    value: str
    needed: str


def shortage(row: Row, decision: Decision, case: Case, without: Part = _NOBODY) -> Shortage | None:
    """What the permit of a row runs short of, if one part of the policy were not there."""
    question = decision.question
    if question is None:
        return None
    asked = _less(question, without)
    ids = ("subject",) if row.request.subjects else ()
    day = Day.of(case.calendar.local(row.request.at))
    cost = exchange_cost(
        decision._replace(question=asked, limits=_limits(decision, without)),
        row.request.requester.code,
        row.request.dataset,
        ids,
        day,
        lambda text: text,
    )
    cost = _for_all(cost, row)
    balances = {debit.key: row.earlier.used.get(debit.scope, 0) for debit in _debits(cost)}
    links = list(zip(cost.links, asked.combinations, strict=True)) if ids else []
    for link, together in links:
        others = (name for name in together.questions if name != asked.name)
        for name, marks in zip(others, link.others, strict=True):
            if name in row.earlier.answered:
                balances[marks[0]] = day.number - row.earlier.answered[name]
    if scope := cost.short(len(ids), balances):
        reason, clause = SHORT[scope]
        if scope == LINKAGE:
            name = next(together.id for link, together in links if link.completes(balances))
            return Shortage(Part("", clause, name), reason.name, asked.name, name)
        debit = next(debit for debit in exhausted(_debits(cost), balances) if debit.scope == scope)
        part = Part("", clause, asked.name) if clause == TRIES else Part(decision.rule, clause)
        return Shortage(part, reason.name, f"{balances[debit.key]} + {debit.amount}", f"≤ {debit.limit}")
    return _budget_shortage(row, question, case, without)


def _budget_shortage(row: Row, question: Question, case: Case, without: Part) -> Shortage | None:
    budget = case.policy.budget
    if question.statistic is None or budget is None:
        return None
    requester, local = row.request.requester.code, case.calendar.local(row.request.at)
    price = question.statistic.epsilon_micros
    # What was spent of another account is no matter of this one.
    spent = row.earlier.used if row.earlier.account in ("", budget.account) else {}
    for debit in budget_debits(budget, requester, requester, local, price):
        circle, used = debit.scope.removeprefix(BUDGET_PREFIX), spent.get(debit.scope, 0)
        part = Part("", BUDGET, circle)
        if used + debit.amount > debit.limit and part != without:
            reason, _ = BUDGET_SHORT
            value = f"{circle} {used / 1e6:g} + {debit.amount / 1e6:g}"
            return Shortage(part, reason.name, value, f"≤ {debit.limit / 1e6:g}")
    return None


def _for_all(cost: Cost, row: Row) -> Cost:
    """One subject stands for all, whose counters stand alike; what is counted together is for all."""
    count = max(1, row.request.subjects)
    return cost._replace(whole=tuple(debit._replace(amount=count) for debit in cost.whole))


def _debits(cost: Cost) -> tuple[Debit, ...]:
    return (*cost.whole, *cost.subjects, *cost.tries)


def _less(question: Question, part: Part) -> Question:
    if part.clause == TRIES and part.item == question.name:
        return replace(question, claims={})
    if part.clause == TOGETHER:
        kept = tuple(each for each in question.combinations if each.id != part.item)
        return replace(question, combinations=kept)
    return question


def _limits(decision: Decision, part: Part) -> Limits:
    limits = decision.limits
    if part == Part(decision.rule, PER_DAY):
        return replace(limits, per_day=None)
    if part == Part(decision.rule, PER_SUBJECT):
        return replace(limits, per_subject_per_day=None)
    return limits
