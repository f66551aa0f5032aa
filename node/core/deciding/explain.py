"""Why a request is permitted or denied: every clause, its value, and what would have to change.

The walk is the plain one, rule by rule, and comes to the same decision as `node.core.deciding.evaluator`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from node.core.deciding.clauses import CHECKS, RULE_CHECKS, Case, Check, NotKnownError, RuleCheck, Shown
from node.core.deciding.evaluator import (
    Decision,
    Grants,
    check_denial,
    failure,
    no_rule_denial,
    permit,
    rule_denial,
)
from node.core.policy.policy import Policies
from node.core.policy.request import Request
from node.core.policy.rule import Rule
from node.core.workdays import Calendar
from node.texts.message import Value


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause: `holds` is None where an earlier one left nothing to look at, or looking failed."""

    name: str
    rule: str
    holds: bool | None
    value: Value
    needed: Value


@dataclass(frozen=True, slots=True)
class RuleClauses:
    """One rule that allows the question, clause by clause."""

    rule: str
    clauses: tuple[Clause, ...]

    @property
    def permits(self) -> bool:
        """Whether every clause holds."""
        return all(clause.holds for clause in self.clauses)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with all that led to it; `closest` is the rule that permits, or comes closest to it."""

    decision: Decision
    checks: tuple[Clause, ...]
    rules: tuple[RuleClauses, ...]
    closest: str


def explain(policies: Policies, grants: Grants, request: Request, calendar: Calendar) -> Explanation:
    """Explain one request; never raises, as `decide`."""
    case: Case | None = None
    try:
        case = Case(policies, request, calendar)
        case.clause = "grant.exists"
        case.accept(grants(request.grant_id))
    except Exception as error:
        return Explanation(failure(case, error), (), (), "")
    checks = tuple(_check_clause(check, case) for check in CHECKS)
    policy = case.policy_or_none
    rules = policy.rules_for(request.question) if policy is not None else ()
    clauses = tuple(
        RuleClauses(rule.id, tuple(_rule_clause(check, rule, case) for check in RULE_CHECKS))
        for rule in rules
    )
    return Explanation(_decision(case, rules), checks, clauses, _closest(rules, case))


def _closest(rules: tuple[Rule, ...], case: Case) -> str:
    """The rule that permits, else the closest, whatever the checks before the rules say; "" without one."""
    try:
        found = _nearest(rules, case)
    except Exception:  # the decision tells where
        return ""
    return found[0].id if found is not None else ""


def _check_clause(check: Check, case: Case) -> Clause:
    return _clause(check.name, "", lambda: (check.holds(case), check.shown(case)))


def _rule_clause(check: RuleCheck, rule: Rule, case: Case) -> Clause:
    return _clause(check.name, rule.id, lambda: (check.holds(rule, case), check.shown(rule, case)))


def _clause(name: str, rule: str, look: Callable[[], tuple[bool, Shown]]) -> Clause:
    try:
        holds, (value, needed) = look()
        return Clause(name, rule, holds, value, needed)
    except NotKnownError:
        return Clause(name, rule, None, "-", "-")
    except Exception as error:
        return Clause(name, rule, None, type(error).__name__, "-")


def _decision(case: Case, rules: tuple[Rule, ...]) -> Decision:
    try:
        for index, check in enumerate(CHECKS):
            case.rule, case.clause = "", check.name
            if not check.holds(case):
                return check_denial(case, index)
        nearest = _nearest(rules, case)
        if nearest is None:
            return no_rule_denial(case)
        rule, failing = nearest
        return permit(case, rule) if failing is None else rule_denial(case, rule, failing)
    except Exception as error:
        return failure(case, error)


def _nearest(rules: tuple[Rule, ...], case: Case) -> tuple[Rule, RuleCheck | None] | None:
    """The first rule that permits, else the closest with its first failing clause; None without a rule."""
    closest: tuple[Rule, RuleCheck] | None = None
    for rule in rules:
        failing = _first_failing(rule, case)
        if failing is None:
            return rule, None
        if closest is None or failing.rank > closest[1].rank:
            closest = rule, failing
    return closest


def _first_failing(rule: Rule, case: Case) -> RuleCheck | None:
    for check in RULE_CHECKS:
        case.rule, case.clause = rule.id, check.name
        if not check.holds(rule, case):
            return check
    return None
