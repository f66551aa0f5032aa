"""Step 8 of an exchange: permit or deny, by policy, grant and time. Denial is the default.

`node.core.deciding.clauses` says what is checked and in which order; this is the fast walk through it, and
`node.core.deciding.explain` the talkative one. Both come to the same decision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from node.core.deciding.clauses import (
    CHECKS,
    RULE_CHECKS,
    WHEN_CHECKS,
    Case,
    NotKnownError,
    RuleCheck,
    Shown,
    region_of_subjects,
)
from node.core.deciding.grant import Grant
from node.core.deciding.terms import NO_TERMS, Terms, rule_terms
from node.core.policy.policy import Policies
from node.core.policy.question import Question
from node.core.policy.question_kind import QuestionKind
from node.core.policy.request import Request, RequestingDepartment
from node.core.policy.rule import NO_LIMITS, Limits, Rule
from node.core.workdays import Calendar
from node.errors import Reason

__all__ = ["Decision", "Evaluator", "Grants", "Request", "RequestingDepartment", "decide"]

NOTHING_SHOWN: Shown = ("", "")
Grants = Callable[[str], Grant | None]
"""Looks a grant up by its id."""


class Decision(NamedTuple):
    """Permit, or deny for a reason.

    `rule` and `clause` say what decided (a permit has no clause), `shown` what the clause compared, `terms`
    what a requester is told of it. `limits` are those of the rule; subjects must lie in `region`, "" means
    anywhere. `grant` and `question` are there for every permit.
    """

    permit: bool
    reason: Reason | None
    rule: str
    clause: str
    shown: Shown
    question: Question | None
    grant: Grant | None
    limits: Limits
    region: str
    terms: Terms = NO_TERMS

    @classmethod
    def denial(
        cls,
        reason: Reason,
        clause: str,
        shown: Shown = NOTHING_SHOWN,
        rule: str = "",
        question: Question | None = None,
        grant: Grant | None = None,
        terms: Terms = NO_TERMS,
    ) -> Decision:
        """A denial."""
        return cls(False, reason, rule, clause, shown, question, grant, NO_LIMITS, "", terms)


def decide(policies: Policies, grants: Grants, request: Request, calendar: Calendar) -> Decision:
    """Decide one request; never raises: an error while deciding is a denial (INTERNAL) with its place."""
    case: Case | None = None
    try:
        case = Case(policies, request, calendar)
        return _decide(case, grants)
    except Exception as error:
        return failure(case, error)


class Evaluator:
    """Decides under one set of policies, and remembers which rules fit what was asked before.

    From one person at a service window to the next only time and case number change: the rest of a
    request that was permitted under the same grant need not be checked again.
    """

    __slots__ = ("_fitting", "calendar", "policies")

    def __init__(self, policies: Policies, calendar: Calendar) -> None:
        self.policies = policies
        self.calendar = calendar
        self._fitting: dict[_Unchanging, tuple[Grant, Sequence[Rule]]] = {}

    def decide(self, grants: Grants, request: Request) -> Decision:
        """As the function `decide`."""
        unchanging = _unchanging(request)
        fitting = self._fitting.get(unchanging)
        if fitting is not None and (decision := self._again(*fitting, grants, request)) is not None:
            return decision
        decision = decide(self.policies, grants, request, self.calendar)
        if decision.permit and decision.grant is not None:
            if len(self._fitting) >= _MOST_REMEMBERED:
                self._fitting.clear()
            index = self.policies.datasets[request.dataset].index[request.question]
            self._fitting[unchanging] = decision.grant, index.nearest(request)[0]
        return decision

    def _again(
        self, grant: Grant, rules: Sequence[Rule], grants: Grants, request: Request
    ) -> Decision | None:
        """The permit, if there is one; None when it takes the whole walk to tell."""
        try:
            if grants(request.grant_id) is not grant or not grant.valid_at(request.at):
                return None
            case = Case(self.policies, request, self.calendar)
            case.accept(grant)
            for rule in rules:
                if _first_failing(rule, case) is None:
                    return permit(case, rule)
        except Exception:  # the whole walk tells where
            return None
        return None


_MOST_REMEMBERED = 4096
_Unchanging = tuple[
    RequestingDepartment,
    str,
    str,
    str,
    tuple[tuple[str, str], ...],
    frozenset[str],
    str,
    int,
    str,
    QuestionKind | None,
]


def _unchanging(request: Request) -> _Unchanging:
    """All that the clauses look at, but for grant, time and case number; of subjects, none, one or more."""
    return (
        request.requester,
        request.dataset,
        request.question,
        request.purpose,
        request.parameters,
        request.claims,
        request.grant_id,
        min(request.subjects, 2),
        request.role,
        request.kind,
    )


def failure(case: Case | None, error: Exception) -> Decision:
    """The denial for an error while deciding; only the kind of error is told."""
    rule, clause = (case.rule, case.clause) if case is not None else ("", "")
    return Decision.denial(Reason.INTERNAL, clause or "request", (type(error).__name__, ""), rule)


def permit(case: Case, rule: Rule) -> Decision:
    """The permit that a rule gives, if all its clauses hold."""
    region = region_of_subjects(rule, case)
    if region is None:
        raise NotKnownError
    return Decision(True, None, rule.id, "", NOTHING_SHOWN, case.question, case.grant, rule.limits, region)


def check_denial(case: Case, index: int) -> Decision:
    """The denial for `CHECKS[index]`."""
    check = CHECKS[index]
    question = case.question_or_none if case.policy_or_none is not None else None
    return Decision.denial(check.reason, check.name, check.shown(case), "", question, case.grant_or_none)


def rule_denial(case: Case, rule: Rule, check: RuleCheck) -> Decision:
    """The denial for a clause of the closest rule."""
    shown, terms = check.shown(rule, case), rule_terms(check.name, rule)
    return Decision.denial(check.reason, check.name, shown, rule.id, case.question, case.grant, terms)


def no_rule_denial(case: Case) -> Decision:
    """The denial for a question that no rule allows."""
    question, grant = case.question, case.grant
    return Decision.denial(Reason.QUESTION_NOT_ALLOWED, "rules", question=question, grant=grant)


def _decide(case: Case, grants: Grants) -> Decision:
    case.clause = "grant.exists"
    case.accept(grants(case.request.grant_id))
    for index, check in enumerate(CHECKS):
        case.clause = check.name
        if not check.holds(case):
            return check_denial(case, index)
    case.clause = "rules"
    index_of_rules = case.policy.index.get(case.request.question)
    if index_of_rules is None:
        return no_rule_denial(case)
    matching, first_for_requester = index_of_rules.nearest(case.request)
    closest: tuple[Rule, RuleCheck] | None = None
    for rule in matching:
        case.rule = rule.id
        failing = _first_failing(rule, case)
        if failing is None:
            return permit(case, rule)
        if closest is None or failing.rank > closest[1].rank:
            closest = rule, failing
    if closest is None:
        rule = first_for_requester or index_of_rules.first
        case.rule = rule.id
        failing = next(check for check in RULE_CHECKS if not check.holds(rule, case))
        closest = rule, failing
    return rule_denial(case, *closest)


def _first_failing(rule: Rule, case: Case) -> RuleCheck | None:
    for check in WHEN_CHECKS:
        case.clause = check.name
        if not check.holds(rule, case):
            return check
    return None
