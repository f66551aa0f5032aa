"""The clauses of a decision: everything that is checked, in the order that gives the reason.

First the checks on requester, dataset, grant and question, `CHECKS`; the first that does not hold is
the reason. Then the rules that allow the question: of each, `RULE_CHECKS` in order, and all have to
hold. If several rules let the request through, the first in the file counts, with its limits. If none
does, the *closest* rule gives the reason: the one whose first failing clause has the highest rank
(`to` 0, `for` 1, `scope` 2, `effective` 3, `case_number` 4, `workdays` 5, `hours` 6); of several such,
the first in the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from node.core.deciding.grant import Grant, GrantState
from node.core.identity import common_region
from node.core.policy.dataset import Sharing
from node.core.policy.policy import Policies, Policy
from node.core.policy.question import Question
from node.core.policy.question_kind import QuestionKind
from node.core.policy.request import Request
from node.core.policy.rule import ALWAYS, Rule
from node.core.purpose import purpose_covers
from node.core.role import ASKING_ROLES
from node.core.words import listed
from node.core.workdays import Calendar
from node.errors import Reason
from node.texts.message import Message, Value

Shown = tuple[Value, Value]
"""The value of a clause and what it needs to be, for people; never what a requester typed freely."""
PROVISIONAL = "explain.value.provisional-day"
"""The key of a value that may change once the holidays of its year are published."""


def _word(key: str) -> Message:
    return Message(f"explain.value.{key}")


class NotKnownError(Exception):
    """A clause is about something that an earlier clause found missing."""


class Case:
    """A request, and what belongs to it; the clauses look at nothing else."""

    __slots__ = ("calendar", "clause", "grant_or_none", "policies", "policy_or_none", "request", "rule")

    def __init__(self, policies: Policies, request: Request, calendar: Calendar) -> None:
        self.policies = policies
        self.request = request
        self.calendar = calendar
        self.policy_or_none = policies.get(request.dataset)
        self.grant_or_none: Grant | None = None
        # What is being looked at, so that an error can be told with its place.
        self.rule = ""
        self.clause = ""

    @property
    def policy(self) -> Policy:
        """The dataset's policy; NotKnownError without one."""
        if self.policy_or_none is None:
            raise NotKnownError
        return self.policy_or_none

    @property
    def grant(self) -> Grant:
        """The grant that the request names, if it is about this requester and dataset."""
        if self.grant_or_none is None:
            raise NotKnownError
        return self.grant_or_none

    @property
    def question_or_none(self) -> Question | None:
        """The question, if the dataset has it."""
        return self.policy.questions.get(self.request.question)

    @property
    def question(self) -> Question:
        """The question; NotKnownError without it."""
        question = self.question_or_none
        if question is None:
            raise NotKnownError
        return question

    def accept(self, grant: Grant | None) -> None:
        """Take the grant that was found under the request's id, unless it belongs to somebody else."""
        request = self.request
        if grant is not None and (grant.requester, grant.dataset) == (
            request.requester.code,
            request.dataset,
        ):
            self.grant_or_none = grant


@dataclass(frozen=True, slots=True)
class Check:
    """A clause about requester, dataset, grant or question."""

    name: str
    reason: Reason
    holds: Callable[[Case], bool]
    shown: Callable[[Case], Shown]


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """A clause of a rule."""

    name: str
    rank: int
    reason: Reason
    holds: Callable[[Rule, Case], bool]
    shown: Callable[[Rule, Case], Shown]


def _shared(case: Case) -> bool:
    return case.policy_or_none is not None and case.policy_or_none.dataset.sharing is not Sharing.NOT_SHARED


def _purpose_known(case: Case) -> bool:
    tree = case.policies.purposes
    return tree is None or case.request.purpose in tree


def _region_known(case: Case) -> bool:
    return not case.grant.region or bool(case.policy.dataset.subject.region_field)


def _subjects_fit(case: Case) -> bool:
    statistic = case.question.kind is QuestionKind.STATISTIC
    return case.request.subjects == 0 if statistic else case.request.subjects > 0


def _parameters_fit(case: Case) -> bool:
    given, declared = case.request.parameters, case.question.parameters
    return (
        len(given) == len(declared)
        and len({name for name, _ in given}) == len(declared)
        and all(name in declared and value in declared[name].choices for name, value in given)
    )


def _parameters_shown(case: Case) -> Shown:
    declared = case.question.parameters
    given = {name: value for name, value in case.request.parameters if name in declared}
    value = ", ".join(
        f"{name}={value if value in declared[name].choices else '?'}" for name, value in given.items()
    )
    needed = "; ".join(f"{name}: {listed(parameter.choices, 50)}" for name, parameter in declared.items())
    return value or "-", needed or "-"


def _claims_shown(case: Case) -> Shown:
    declared = case.question.claims
    return listed(sorted(case.request.claims & declared.keys())), listed(declared)


def _validity_shown(case: Case) -> Shown:
    grant, local = case.grant, case.calendar.local
    window = f"{local(grant.valid_from):%Y-%m-%d %H:%M} – {local(grant.valid_until):%Y-%m-%d %H:%M}"
    return f"{local(case.request.at):%Y-%m-%d %H:%M}", window


CHECKS: tuple[Check, ...] = (
    Check(
        "requester.suspended",
        Reason.SUSPENDED,
        lambda case: not case.request.requester.suspended,
        lambda case: (_word("suspended" if case.request.requester.suspended else "active"), _word("active")),
    ),
    Check(
        "dataset.sharing",
        Reason.NOT_SHARED,
        _shared,
        lambda case: (_word("shared" if _shared(case) else "not-shared"), _word("shared")),
    ),
    Check(
        "grant.exists",
        Reason.NO_GRANT,
        lambda case: case.grant_or_none is not None,
        lambda case: (case.grant_or_none.id if case.grant_or_none else "-", case.request.dataset),
    ),
    Check(
        "grant.revoked",
        Reason.GRANT_EXPIRED,
        lambda case: case.grant.state is not GrantState.REVOKED,
        lambda case: (_word(case.grant.state), _word(GrantState.ACTIVE)),
    ),
    Check(
        "grant.suspended",
        Reason.SUSPENDED,
        lambda case: case.grant.state is not GrantState.SUSPENDED,
        lambda case: (_word(case.grant.state), _word(GrantState.ACTIVE)),
    ),
    Check(
        "grant.validity",
        Reason.GRANT_EXPIRED,
        lambda case: case.grant.valid_at(case.request.at),
        _validity_shown,
    ),
    Check(
        "question.exists",
        Reason.QUESTION_NOT_ALLOWED,
        lambda case: case.question_or_none is not None,
        lambda case: (
            case.question_or_none.name if case.question_or_none else "-",
            listed(case.policy.questions),
        ),
    ),
    Check(
        "grant.questions",
        Reason.QUESTION_NOT_ALLOWED,
        lambda case: case.grant.covers_question(case.request.question),
        lambda case: (case.question.name, listed(sorted(case.grant.questions))),
    ),
    Check(
        "purpose.known",
        Reason.PURPOSE_NOT_ALLOWED,
        _purpose_known,
        lambda case: (case.request.purpose if _purpose_known(case) else "?", "-"),
    ),
    Check(
        "grant.purposes",
        Reason.PURPOSE_NOT_ALLOWED,
        lambda case: case.grant.covers_purpose(case.request.purpose),
        lambda case: (case.request.purpose if _purpose_known(case) else "?", listed(case.grant.purposes)),
    ),
    Check(
        "grant.roles",
        Reason.QUESTION_NOT_ALLOWED,
        lambda case: case.grant.covers_role(case.request.role),
        lambda case: (
            case.request.role if case.request.role in ASKING_ROLES else "?",
            listed(case.grant.roles),
        ),
    ),
    Check(
        "grant.region",
        Reason.CONDITION_NOT_MET,
        _region_known,
        lambda case: (case.grant.region or "-", case.policy.dataset.subject.region_field or "-"),
    ),
    Check(
        "question.kind",
        Reason.QUERY_INVALID,
        lambda case: case.request.kind in (None, case.question.kind),
        lambda case: (case.request.kind or "-", case.question.kind),
    ),
    Check(
        "question.subjects",
        Reason.QUERY_INVALID,
        _subjects_fit,
        lambda case: (
            str(case.request.subjects),
            "0" if case.question.kind is QuestionKind.STATISTIC else "≥ 1",
        ),
    ),
    Check(
        "mode",
        Reason.CONDITION_NOT_MET,
        lambda case: case.policy.dataset.shares(case.request.subjects),
        lambda case: (str(case.request.subjects), listed(case.policy.dataset.modes)),
    ),
    Check("question.parameters", Reason.QUERY_INVALID, _parameters_fit, _parameters_shown),
    Check(
        "question.claims",
        Reason.QUERY_INVALID,
        lambda case: case.request.claims == case.question.claims.keys(),
        _claims_shown,
    ),
)


def region_of_subjects(rule: Rule, case: Case) -> str | None:
    """Where subjects must lie: in the grant's region, by a rule for the own area in the requester's too.

    None if the two have nothing in common, or if nothing says where requester or subjects belong.
    """
    granted, own = case.grant.region, case.request.requester.region
    if not rule.own_region:
        return granted
    if not own or not case.policy.dataset.subject.region_field:
        return None
    return common_region(granted, own)


def _region_shown(rule: Rule, case: Case) -> Shown:
    value = " / ".join((case.request.requester.region or "-", case.grant.region or "-"))
    return value, _word("own-region") if rule.own_region else "-"


def _effective(rule: Rule, case: Case) -> bool:
    if rule.effective is ALWAYS:  # the usual case, without reading the calendar
        return True
    return rule.effective.holds(case.calendar.local(case.request.at).date())


def _effective_shown(rule: Rule, case: Case) -> Shown:
    first, last = rule.effective.first, rule.effective.last
    dates = (("from", first), ("until", last))
    needed = tuple(Message(f"explain.value.{key}", {"day": f"{day}"}) for key, day in dates if day)
    return f"{case.calendar.local(case.request.at):%Y-%m-%d}", needed or "-"


def _case_number_fits(rule: Rule, case: Case) -> bool:
    return rule.case_format is None or rule.case_format.fullmatch(case.request.case_number) is not None


def _workday(rule: Rule, case: Case) -> bool:
    return not rule.when.workdays or case.calendar.day(case.request.at).workday


def _workday_shown(rule: Rule, case: Case) -> Shown:
    day = case.calendar.day(case.request.at)
    args: dict[str, Value] = {
        "day": f"{day.date:%Y-%m-%d}",
        "kind": _word("workday" if day.workday else "day-off"),
    }
    value = Message(PROVISIONAL if day.provisional else "explain.value.day", args)
    return value, _word("workday") if rule.when.workdays else "-"


def _within_hours(rule: Rule, case: Case) -> bool:
    return rule.when.hours is None or rule.when.hours.holds(case.calendar.local(case.request.at))


RULE_CHECKS: tuple[RuleCheck, ...] = (
    RuleCheck(
        "to.departments",
        0,
        Reason.QUESTION_NOT_ALLOWED,
        lambda rule, case: rule.to.fits_department(case.request.requester),
        lambda rule, case: (case.request.requester.code, rule.to.named_text()),
    ),
    RuleCheck(
        "to.levels",
        0,
        Reason.QUESTION_NOT_ALLOWED,
        lambda rule, case: rule.to.fits_level(case.request.requester),
        lambda rule, case: (case.request.requester.level, listed(rule.to.levels)),
    ),
    RuleCheck(
        "to.regions",
        0,
        Reason.QUESTION_NOT_ALLOWED,
        lambda rule, case: rule.to.fits_region(case.request.requester),
        lambda rule, case: (case.request.requester.region, listed(rule.to.regions)),
    ),
    RuleCheck(
        "for",
        1,
        Reason.PURPOSE_NOT_ALLOWED,
        lambda rule, case: any(purpose_covers(code, case.request.purpose) for code in rule.purposes),
        lambda rule, case: (case.request.purpose if _purpose_known(case) else "?", listed(rule.purposes)),
    ),
    RuleCheck(
        "scope",
        2,
        Reason.CONDITION_NOT_MET,
        lambda rule, case: not rule.own_region or region_of_subjects(rule, case) is not None,
        _region_shown,
    ),
    RuleCheck("effective", 3, Reason.CONDITION_NOT_MET, _effective, _effective_shown),
    RuleCheck(
        "when.case_number",
        4,
        Reason.CONDITION_NOT_MET,
        _case_number_fits,
        lambda rule, case: (
            _word("given") if case.request.case_number else "-",
            rule.when.case_number or "-",
        ),
    ),
    RuleCheck("when.workdays", 5, Reason.CONDITION_NOT_MET, _workday, _workday_shown),
    RuleCheck(
        "when.hours",
        6,
        Reason.CONDITION_NOT_MET,
        _within_hours,
        lambda rule, case: (f"{case.calendar.local(case.request.at):%H:%M}", str(rule.when.hours or "-")),
    ),
)
WHEN_CHECKS = tuple(check for check in RULE_CHECKS if check.rank > 1)
