"""Reads tables of tests, `X.test.yaml` beside a policy: on every line a request and what it has to come to.

    departments:
      tax: {code: 11441900000000035L, region: 441900, level: city}
    defaults: {by: tax, for: social-insurance/pension/deferral, at: 2026-11-23T10:00}
    tests:
      - {ask: is-enrolled, expect: permit, rule: tax-deferral, answer: verify}
      - {ask: is-enrolled, for: tax/inspection, expect: deny, reason: PURPOSE_NOT_ALLOWED, clause: for}

What a row leaves out comes from `defaults`; without one there, parameters are the first choices, claims
those of the question, subjects 1 (0 for a statistic), the role that of a clerk, the time a Monday morning,
a grant covers all, and nothing was asked before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256

from node.analysis.tests.format import DepartmentPart, SpentPart, SupposedPart, TablePart, UsedPart
from node.core.deciding.cost import BUDGET_PREFIX, CLAIM_TRIES, RULE_DAY, RULE_SUBJECT
from node.core.deciding.grant import Grant, GrantState
from node.core.identity import normalise_credit_code, normalise_region
from node.core.policy.policy import Policy, PolicyFile
from node.core.policy.question_kind import QuestionKind
from node.core.policy.request import Request, RequestingDepartment
from node.core.reading.document import Document, read
from node.core.reading.holidays import build_holidays
from node.core.reading.place import Path
from node.core.reading.question import micros_up
from node.core.reading.shape import parse
from node.core.role import ASKING_ROLES, CLERK
from node.core.text.problem import Problem
from node.core.words import closest, listed
from node.core.workdays import Holidays
from node.errors import NodeError

USUAL_TIME = datetime.fromisoformat("2026-11-23T10:00")
"""A Monday of a published year, within office hours, by the clock of the table's time zone."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a row says must come of it; None and "" say nothing of that part."""

    permit: bool
    rule: str
    reason: str
    clause: str
    answer: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """What happened before the request of a row.

    `used` is what counters stand at, by scope (`node.core.deciding.cost`), budgets in micro-epsilon;
    `answered` are the questions that the requester was answered about the same subjects, each with how many
    days ago; those of other datasets are named `dataset/question`. What was spent of budgets is of `account`,
    "" for that of the policy.
    """

    used: Mapping[str, int]
    answered: Mapping[str, int]
    account: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; `asked_by` is who asks, as in the file."""

    line: int
    asked_by: str
    note: str
    request: Request
    grant: Grant | None
    earlier: Earlier
    expected: Expected


@dataclass(frozen=True, slots=True)
class Table:
    """All rows of a file about one dataset, and what its calendar puts on top of the published one."""

    file: str
    dataset: str
    rows: tuple[Row, ...]
    holidays: Holidays


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """What a file holds, None if there are problems."""

    table: Table | None
    problems: tuple[Problem, ...]


def check_table(file: PolicyFile, policy: Policy, zone: tzinfo) -> CheckedTable:
    """Read one table of tests of `policy`; never raises for what is in it. All problems at once, by place.

    Times without a zone are in `zone`.
    """
    document = read(file.name, file.content)
    part = parse(document, TablePart, {}) if document.root is not None else None
    if document.problems or part is None:
        return CheckedTable(None, tuple(document.told()))
    rows = tuple(_Reader(document, part, policy, zone, index).row() for index in range(len(part.tests)))
    holidays = build_holidays(document, part.calendar, sha256(file.content).digest(), ("calendar",))
    if document.problems:
        return CheckedTable(None, tuple(document.told()))
    found = tuple(row for row in rows if row is not None)
    return CheckedTable(Table(file.name, policy.dataset.name, found, holidays), ())


class _Reader:
    """Reads one row, adding to the document's problems."""

    def __init__(self, document: Document, part: TablePart, policy: Policy, zone: tzinfo, index: int) -> None:
        self._document = document
        self._departments = part.departments
        self._policy = policy
        self._zone = zone
        self._given = part.tests[index]
        self._usual = part.defaults
        self._path: Path = ("tests", index)

    def row(self) -> Row | None:
        before = len(self._document.problems)
        given, usual = self._given, self._usual
        by, purpose = given.by or usual.by, given.for_ or usual.for_
        for key, value in (("by", by), ("for", purpose)):
            if value is None:
                self._missing("table.missing", key)
        requester = self._requester(by) if by is not None else None
        expected, earlier = self._expected(), self._earlier()
        if requester is None or purpose is None or len(self._document.problems) > before:
            return None
        request = self._request(requester, purpose)
        line = self._document.values[self._path].line + 1
        return Row(line, by or "", given.note, request, self._grant(request), earlier, expected)

    def _missing(self, key: str, name: str, /) -> None:
        if not self._document.full:
            self._document.problems.append(self._document.problem(key, self._path, key=name))

    def _wrong(self, key: str, name: str, /, **args: str) -> None:
        if not self._document.full:
            own = name in self._given.model_fields_set
            path: Path = (*self._path, name) if own else ("defaults", name)
            problem = self._document.problem(key, path, **args)
            if problem not in self._document.problems:  # what stands under defaults is read for every row
                self._document.problems.append(problem)

    def _requester(self, by: str) -> RequestingDepartment | None:
        known = self._departments.get(by)
        department = known or DepartmentPart(code=by)
        try:
            code = normalise_credit_code(department.code)
        except NodeError:
            self._wrong("table.department", "by", closest=closest(by, self._departments))
            return None
        region = self._given.region or self._usual.region or department.region
        level: str = self._given.level or self._usual.level or department.level
        try:
            return RequestingDepartment(code, normalise_region(region), level, department.suspended)
        except NodeError:
            self._missing("table.region", "region")
            return None

    def _expected(self) -> Expected:
        given = self._given
        permit = given.expect == "permit"
        if permit and given.rule is None:
            self._missing("table.permit-why", "rule")
        if not permit and given.reason is None and given.clause is None:
            self._missing("table.deny-why", "reason")
        for key in ("reason", "clause") if permit else ("answer",):
            if getattr(given, key) is not None:
                self._wrong("table.not-here", key, key=key, expect=given.expect)
        rules = [rule.id for rule in self._policy.rules]
        if given.rule is not None and given.rule not in rules:
            self._wrong("table.rule", "rule", closest=closest(given.rule, rules), known=listed(rules))
        return Expected(permit, given.rule or "", given.reason or "", given.clause or "", given.answer or "")

    def _earlier(self) -> Earlier:
        given, questions = self._given, self._policy.questions.values()
        together = (name for each in questions for one in each.combinations for name in one.questions)
        known = {*self._policy.questions, *together}
        for name in given.after:
            if name not in known:
                self._wrong("table.after", "after", name=name, closest=closest(name, known))
        used = given.used or UsedPart.model_validate({})
        account = used.budget.account if used.budget is not None else None
        return Earlier(_counters(used), given.after, account or "")

    def _request(self, requester: RequestingDepartment, purpose: str) -> Request:
        given, usual = self._given, self._usual
        question = self._policy.questions.get(given.ask)
        parameters: Mapping[str, str] = given.parameters or {}
        claims = frozenset(given.claims or ())
        subjects = 1
        if question is not None:
            subjects = 0 if question.kind is QuestionKind.STATISTIC else 1
            if given.parameters is None:
                parameters = {name: each.choices[0] for name, each in question.parameters.items()}
            if given.claims is None:
                claims = frozenset(question.claims)
        counted = given.subjects if given.subjects is not None else usual.subjects
        return Request(
            requester=requester,
            dataset=self._policy.dataset.name,
            question=given.ask,
            parameters=tuple(parameters.items()),
            claims=claims,
            purpose=purpose,
            case_number=given.case or usual.case or "",
            grant_id="(supposed)",
            subjects=counted if counted is not None else subjects,
            at=self._moment(given.at or usual.at or USUAL_TIME),
            role=given.role or usual.role or CLERK,
            kind=question.kind if question is not None else None,
        )

    def _grant(self, request: Request) -> Grant | None:
        part = self._given.grant or self._usual.grant or SupposedPart.model_validate({})
        if part.state == "none":
            return None
        region = part.region
        return Grant(
            id=request.grant_id,
            provider=self._policy.dataset.provider,
            requester=request.requester.code,
            dataset=request.dataset,
            questions=frozenset(part.questions if part.questions is not None else (request.question,)),
            purposes=tuple(part.purposes if part.purposes is not None else (request.purpose,)),
            region=self._region(region) if region is not None else "",
            subjects_per_day=0,
            valid_from=self._moment(part.from_) if part.from_ else request.at - timedelta(days=1),
            valid_until=self._moment(part.until) if part.until else request.at + timedelta(days=1),
            state=GrantState(part.state),
            basis="",
            scenario="",
            note="",
            roles=tuple(part.roles or ASKING_ROLES),
        )

    def _region(self, text: str) -> str:
        try:
            return normalise_region(text)
        except NodeError:
            self._missing("table.region", "grant")
            return ""

    def _moment(self, given: datetime) -> datetime:
        return (given if given.tzinfo is not None else given.replace(tzinfo=self._zone)).astimezone(UTC)


def _counters(used: UsedPart) -> Mapping[str, int]:
    budget = used.budget or SpentPart()
    spent = {"dataset": budget.dataset, "organisation": budget.organisation, "requester": budget.requester}
    return {
        RULE_DAY: used.per_day,
        RULE_SUBJECT: used.per_subject_per_day,
        CLAIM_TRIES: used.wrong_tries_per_subject,
        **{BUDGET_PREFIX + circle: micros_up(epsilon) for circle, epsilon in spent.items() if epsilon},
    }
