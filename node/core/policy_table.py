"""Reads tables of tests, `X.test.yaml` beside a policy: on every line a request and what it has to come to.

    departments:
      tax: {code: 11441900000000035L, region: 441900, level: city}
    defaults: {by: tax, for: social-insurance/pension/deferral, at: 2026-11-23T10:00}
    tests:
      - {ask: is-enrolled, expect: permit, rule: tax-deferral, answer: verify}
      - {ask: is-enrolled, for: tax/inspection, expect: deny, reason: PURPOSE_NOT_ALLOWED, clause: for}

What a row leaves out comes from `defaults`; without one there, parameters are the first choices, claims
those of the question, subjects 1 (0 for a statistic), the time a Monday morning, and a grant covers all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from node.core.clauses import CHECKS, RULE_CHECKS
from node.core.directory_text import Level
from node.core.document import Document, Path, read
from node.core.grant import Grant, GrantState
from node.core.identity import normalise_credit_code, normalise_region
from node.core.policy import Policy, PolicyFile
from node.core.policy_scalars import (
    MAX_ITEMS,
    Boolean,
    Code,
    Date,
    FieldName,
    Name,
    PurposeCode,
    Title,
    read_integer,
    read_text,
)
from node.core.policy_shape import parse
from node.core.problem import Problem, closest, listed
from node.core.question import QuestionKind
from node.core.request import Request, Requester
from node.core.workdays import Holidays
from node.errors import NodeError, Reason

USUAL_TIME = datetime.fromisoformat("2026-11-23T10:00")
"""A Monday of a published year, within office hours, by the clock of the table's time zone."""
MAX_ROWS = 10_000
_CLAUSES = ("request", "rules", *(check.name for check in CHECKS), *(check.name for check in RULE_CHECKS))
_REASONS = tuple(reason.name for reason in Reason)


def _read_time(value: object) -> datetime:
    text = read_text(value)
    try:
        if "T" in text:
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise PydanticCustomError("table.time", "time")


def _read_reason(value: object) -> str:
    text = read_text(value)
    if text not in _REASONS:
        raise PydanticCustomError("table.reason", "reason", {"closest": closest(text, _REASONS)})
    return text


def _read_clause(value: object) -> str:
    text = read_text(value)
    if text not in _CLAUSES:
        raise PydanticCustomError("table.clause", "clause", {"closest": closest(text, _CLAUSES)})
    return text


_Time = Annotated[datetime, BeforeValidator(_read_time), WithJsonSchema({"type": "string"})]
_Reason = Annotated[str, BeforeValidator(_read_reason), WithJsonSchema({"enum": list(_REASONS)})]
_Clause = Annotated[str, BeforeValidator(_read_clause), WithJsonSchema({"enum": list(_CLAUSES)})]
_Count = Annotated[int, Field(ge=0, le=1_000_000), BeforeValidator(read_integer)]
_Dates = Annotated[list[Date], Field(max_length=MAX_ITEMS)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _DepartmentPart(_Part):
    code: Code
    region: Code = "000000"
    level: Level = "city"
    suspended: Boolean = False


class _GrantPart(_Part):
    """What a grant does not cover; parts that are not given cover what is asked."""

    state: Literal["active", "suspended", "revoked", "none"] = "active"
    questions: list[Name] | None = None
    purposes: list[PurposeCode] | None = None
    region: Code | None = None
    from_: _Time | None = Field(None, alias="from")
    until: _Time | None = None


class _AskedPart(_Part):
    by: Code | None = None
    for_: PurposeCode | None = Field(None, alias="for")
    region: Code | None = None
    level: Level | None = None
    case: Title | None = None
    subjects: _Count | None = None
    at: _Time | None = None
    grant: _GrantPart | None = None


class _RowPart(_AskedPart):
    ask: Name
    parameters: dict[FieldName, Code] | None = None
    claims: list[FieldName] | None = None
    note: Title = ""
    expect: Literal["permit", "deny"]
    rule: Name | None = None
    reason: _Reason | None = None
    clause: _Clause | None = None
    answer: Literal["verify", "field", "statistic"] | None = None


class _CalendarPart(_Part):
    days_off: _Dates = []
    working_days: _Dates = []


class TablePart(_Part):
    """A table of tests for the policy beside it."""

    model_config = ConfigDict(title="dxnode policy tests")

    departments: dict[Name, _DepartmentPart] = {}
    calendar: _CalendarPart = _CalendarPart()
    defaults: _AskedPart = _AskedPart.model_validate({})
    tests: Annotated[list[_RowPart], Field(min_length=1, max_length=MAX_ROWS)]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a row says must come of it; None and "" say nothing of that part."""

    permit: bool
    rule: str
    reason: str
    clause: str
    answer: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; `said` is who asks, as in the file."""

    line: int
    said: str
    note: str
    request: Request
    grant: Grant | None
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
        return CheckedTable(None, _by_place(document))
    rows = tuple(_Reader(document, part, policy, zone, index).row() for index in range(len(part.tests)))
    if document.problems:
        return CheckedTable(None, _by_place(document))
    calendar = part.calendar
    holidays = Holidays(
        MappingProxyType(dict.fromkeys(calendar.days_off, "")),
        MappingProxyType(dict.fromkeys(calendar.working_days, "")),
        frozenset(),
        sha256(file.content).digest(),
    )
    found = tuple(row for row in rows if row is not None)
    return CheckedTable(Table(file.name, policy.dataset.name, found, holidays), ())


def _by_place(document: Document) -> tuple[Problem, ...]:
    return tuple(sorted(document.problems, key=lambda each: (each.line, each.column)))


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
        expected = self._expected()
        if requester is None or purpose is None or len(self._document.problems) > before:
            return None
        request = self._request(requester, purpose)
        line = self._document.values[self._path].line + 1
        return Row(line, by or "", given.note, request, self._grant(request), expected)

    def _missing(self, key: str, name: str, /) -> None:
        if not self._document.full:
            self._document.problems.append(self._document.problem(key, self._path, key=name))

    def _wrong(self, key: str, name: str, /, **args: str) -> None:
        if not self._document.full:
            own = name in self._given.model_fields_set
            path: Path = (*self._path, name) if own else ("defaults", name)
            self._document.problems.append(self._document.problem(key, path, **args))

    def _requester(self, by: str) -> Requester | None:
        known = self._departments.get(by)
        department = known or _DepartmentPart(code=by)
        try:
            code = normalise_credit_code(department.code)
        except NodeError:
            self._wrong("table.department", "by", closest=closest(by, self._departments))
            return None
        region = self._given.region or self._usual.region or department.region
        level: str = self._given.level or self._usual.level or department.level
        try:
            return Requester(code, normalise_region(region), level, department.suspended)
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

    def _request(self, requester: Requester, purpose: str) -> Request:
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
        )

    def _grant(self, request: Request) -> Grant | None:
        part = self._given.grant or self._usual.grant or _GrantPart.model_validate({})
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
        )

    def _region(self, text: str) -> str:
        try:
            return normalise_region(text)
        except NodeError:
            self._missing("table.region", "grant")
            return ""

    def _moment(self, given: datetime) -> datetime:
        return (given if given.tzinfo is not None else given.replace(tzinfo=self._zone)).astimezone(UTC)
