"""The parts of a policy that tables of tests are held against: what can decide, and be taken away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from node.core.deciding.clauses import RULE_CHECKS
from node.core.deciding.cost import BUDGET_SHORT, CLAIM_TRIES, LINKAGE, RULE_DAY, RULE_SUBJECT, SHORT
from node.core.policy.policy import Policy
from node.core.policy.rule import Rule

PER_DAY, PER_SUBJECT = SHORT[RULE_DAY][1], SHORT[RULE_SUBJECT][1]
TRIES, TOGETHER, BUDGET = SHORT[CLAIM_TRIES][1], SHORT[LINKAGE][1], BUDGET_SHORT[1]
CIRCLES = ("dataset", "organisation", "requester")
"""Whose privacy budgets there are."""


class Mutation(StrEnum):
    """What is done to a part of a policy to see whether a row would miss it."""

    WITHOUT = "without"
    NEGATED = "negated"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a policy.

    A clause or a limit of a rule, one `item` of such a clause (a purpose, a department), or without a clause
    one question that the rule allows, or with neither the whole rule. Without a rule: the wrong tries of one
    question, one forbidden combination, one circle of the privacy budget.
    """

    rule: str
    clause: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A policy in which one part is changed."""

    part: Part
    change: Mutation


def parts_of(policy: Policy) -> tuple[Part, ...]:
    """All that can decide: of each rule the rule, its questions when there are several, clauses and limits;
    then wrong tries, forbidden combinations and budgets.
    """
    found: list[Part] = []
    for rule in policy.rules:
        found.append(Part(rule.id))
        if len(rule.allow) > 1:
            found.extend(Part(rule.id, item=name) for name in sorted(rule.allow))
        found.extend(Part(rule.id, clause) for clause in (*written_clauses(rule), *_limits(rule)))
    questions = policy.questions.values()
    found.extend(Part("", TRIES, question.name) for question in questions if question.claims)
    combinations = {each.id for question in questions for each in question.combinations}
    found.extend(Part("", TOGETHER, name) for name in sorted(combinations))
    if policy.budget is not None:
        found.extend(Part("", BUDGET, circle) for circle in CIRCLES)
    return tuple(found)


def mutants_of(policy: Policy) -> Iterator[Mutant]:
    """Each part taken away in turn, each item of the lists of a clause too, and each clause turned round."""
    rules = {rule.id: rule for rule in policy.rules}
    for part in parts_of(policy):
        yield Mutant(part, Mutation.WITHOUT)
        if part.rule and part.clause in ITEMS_OF:
            items = ITEMS_OF[part.clause](rules[part.rule])
            if len(items) > 1:
                yield from (Mutant(Part(part.rule, part.clause, item), Mutation.WITHOUT) for item in items)
        if part.clause in _TURNED:
            yield Mutant(part, Mutation.NEGATED)


def written_clauses(rule: Rule) -> tuple[str, ...]:
    """The clauses that a rule makes use of, in the order of decisions."""
    # A clause not listed there asks for something in every rule, as `for` does.
    return tuple(
        check.name
        for check in RULE_CHECKS
        if (is_written := _WRITTEN.get(check.name)) is None or is_written(rule)
    )


def without_item(rule: Rule, clause: str, item: str) -> Rule:
    """The rule with one item less in a list of one of its clauses."""
    to = rule.to
    if clause == "for":
        return replace(rule, purposes=_less(rule.purposes, item))
    if clause == "to.levels":
        return replace(rule, to=replace(to, levels=_less(to.levels, item)))
    if clause == "to.regions":
        return replace(rule, to=replace(to, regions=_less(to.regions, item)))
    groups = tuple(group for group in to.groups if group.name != item)
    return replace(rule, to=replace(to, listed=_less(to.listed, item), groups=groups))


def _less(items: tuple[str, ...], item: str) -> tuple[str, ...]:
    return tuple(each for each in items if each != item)


def _limits(rule: Rule) -> tuple[str, ...]:
    given = ((PER_DAY, rule.limits.per_day), (PER_SUBJECT, rule.limits.per_subject_per_day))
    return tuple(clause for clause, limit in given if limit is not None)


_WRITTEN: Mapping[str, Callable[[Rule], bool]] = MappingProxyType(
    {
        "to.departments": lambda rule: bool(rule.to.listed or rule.to.groups),
        "to.levels": lambda rule: bool(rule.to.levels),
        "to.regions": lambda rule: bool(rule.to.regions),
        "scope": lambda rule: rule.own_region,
        "effective": lambda rule: bool(rule.effective.text()),
        "when.case_number": lambda rule: bool(rule.when.case_number),
        "when.workdays": lambda rule: rule.when.workdays,
        "when.hours": lambda rule: rule.when.hours is not None,
    }
)
ITEMS_OF: Mapping[str, Callable[[Rule], tuple[str, ...]]] = MappingProxyType(
    {
        "to.departments": lambda rule: (*rule.to.listed, *(group.name for group in rule.to.groups)),
        "to.levels": lambda rule: rule.to.levels,
        "to.regions": lambda rule: rule.to.regions,
        "for": lambda rule: rule.purposes,
    }
)
"""The clauses that are lists, and what is in them."""
_TURNED = frozenset(check.name for check in RULE_CHECKS)
NOT_MUTATED = ("numbers", "accounts", "times", "forms", "meaning", "order", "definitions")
"""What no mutant changes: numbers of limits, accounts of budgets, dates and hours, forms of case numbers,
what questions mean, the order of rules, definitions that policies share. What is said of each has the same
name in the texts.
"""
