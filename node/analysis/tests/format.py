"""The shape of tables of tests, as pydantic models; the JSON Schema for editors is made from them.

What an editor says of each key stands in `node.analysis.tests.hover`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from node.core.deciding.clauses import CHECKS, RULE_CHECKS
from node.core.deciding.cost import BUDGET_SHORT, GRANT_DAY, SHORT
from node.core.directory.spelling import Level
from node.core.reading.holidays import HolidaysPart
from node.core.reading.scalars import (
    MAX_ITEMS,
    Boolean,
    Code,
    FieldName,
    Name,
    PurposeCode,
    Title,
    read_decimal,
    read_integer,
    read_text,
)
from node.core.words import closest
from node.errors import Reason

MAX_ROWS = 10_000
# A table has no grant that is limited to a number of subjects.
LIMITS = tuple(clause for scope, (_, clause) in SHORT.items() if scope != GRANT_DAY)
"""The clauses that depend on what was asked before, but for the privacy budget."""
_CLAUSES = (
    *("request", "rules", *(check.name for check in CHECKS), *(check.name for check in RULE_CHECKS)),
    *(*LIMITS, BUDGET_SHORT[1]),
)
_REASONS = tuple(reason.name for reason in Reason)


def _read_time(value: object) -> datetime:
    text = read_text(value)
    try:
        moment = datetime.fromisoformat(text) if "T" in text else None
        if moment is not None and 2000 <= moment.year <= 2100:
            return moment
    except ValueError:
        pass
    raise PydanticCustomError("table.time", "time")


def _read_reason(value: object) -> str:
    text = read_text(value)
    if text not in _REASONS:
        raise PydanticCustomError("table.reason", "reason", {"closest": closest(text.upper(), _REASONS)})
    return text


def _read_clause(value: object) -> str:
    text = read_text(value)
    if text not in _CLAUSES:
        raise PydanticCustomError("table.clause", "clause", {"closest": closest(text, _CLAUSES)})
    return text


_Time = Annotated[datetime, BeforeValidator(_read_time), WithJsonSchema({"type": "string"})]
_Reason = Annotated[str, BeforeValidator(_read_reason), WithJsonSchema({"enum": list(_REASONS)})]
_Clause = Annotated[str, BeforeValidator(_read_clause), WithJsonSchema({"enum": list(_CLAUSES)})]
_Count = Annotated[int, Field(ge=0, le=1_000_000_000), BeforeValidator(read_integer)]
_Subjects = Annotated[int, Field(ge=0, le=1_000_000), BeforeValidator(read_integer)]
_DaysAgo = Annotated[int, Field(ge=0, le=366), BeforeValidator(read_integer)]
_Epsilon = Annotated[Decimal, BeforeValidator(read_decimal), WithJsonSchema({"type": "number", "minimum": 0})]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DepartmentPart(_Part):
    code: Code
    region: Code = "000000"
    level: Level = "city"
    suspended: Boolean = False


_Role = Literal["clerk", "system", "operator"]


class SupposedPart(_Part):
    """What a grant does not cover; parts that are not given cover what is asked."""

    state: Literal["active", "suspended", "revoked", "none"] = "active"
    questions: list[Name] | None = None
    purposes: list[PurposeCode] | None = None
    roles: Annotated[list[_Role], Field(min_length=1)] | None = None
    region: Code | None = None
    from_: _Time | None = Field(None, alias="from")
    until: _Time | None = None


class SpentPart(_Part):
    """Privacy loss that earlier statistics of the same period came to, as under `budget` of a policy.

    It is of the policy's account unless another is named, of which it does not matter.
    """

    account: Name | None = None
    dataset: _Epsilon | None = None
    organisation: _Epsilon | None = None
    requester: _Epsilon | None = None


class UsedPart(_Part):
    """What is used up already when the request comes."""

    per_day: _Count = 0
    per_subject_per_day: _Count = 0
    wrong_tries_per_subject: _Count = 0
    budget: SpentPart | None = None


class AskedPart(_Part):
    by: Code | None = None
    for_: PurposeCode | None = Field(None, alias="for")
    region: Code | None = None
    level: Level | None = None
    role: _Role | None = None
    case: Title | None = None
    subjects: _Subjects | None = None
    at: _Time | None = None
    grant: SupposedPart | None = None


class RowPart(AskedPart):
    ask: Name
    parameters: dict[FieldName, Code] | None = None
    claims: list[FieldName] | None = None
    used: UsedPart | None = None
    after: dict[Code, _DaysAgo] = Field(default_factory=dict, max_length=MAX_ITEMS)
    note: Title = ""
    expect: Literal["permit", "deny"]
    rule: Name | None = None
    reason: _Reason | None = None
    clause: _Clause | None = None
    answer: Literal["verify", "field", "statistic"] | None = None


class TablePart(_Part):
    """Tests of the policy beside this file."""

    model_config = ConfigDict(title="dxnode policy tests")

    departments: dict[Name, DepartmentPart] = {}
    calendar: HolidaysPart = Field(default_factory=HolidaysPart)
    defaults: AskedPart = Field(default_factory=lambda: AskedPart.model_validate({}))
    tests: Annotated[list[RowPart], Field(min_length=1, max_length=MAX_ROWS)]
