"""The shape of policy files, as pydantic models; the JSON Schema for editors is made from them.

Only shape is checked here: what names another part of the file is checked when the policy is built.
What an editor says of each key stands in `node.core.reading.hover`.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from node.core.directory.spelling import Level
from node.core.policy.dataset import FieldType, Mode, Sensitivity, Sharing
from node.core.reading.hover import described
from node.core.reading.scalars import (
    MAX_ITEMS,
    Band,
    Boolean,
    CasePattern,
    Code,
    Date,
    Edges,
    Epsilon,
    FieldName,
    Hours,
    Integer,
    Marker,
    Name,
    Positive,
    PurposeCode,
    QuestionPath,
    Some,
    Text,
    Title,
    read_integer,
)
from node.core.reading.schema import bounded

MAX_RULES = 10_000

Update = Literal["realtime", "daily", "weekly", "monthly", "quarterly", "yearly", "once"]
Format = Literal["database", "spreadsheet", "document", "image", "media", "other"]
Period = Literal["day", "month", "year"]
RegionLevel = Literal["province", "city", "county", "town"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


GradeNumber = Annotated[int, Field(ge=1, le=4), BeforeValidator(read_integer)]


class SharingPart(_Part):
    attribute: Sharing
    modes: Some[Mode] | None = None
    scope: Title = Field("", validate_default=False)
    use: Title = Field("", validate_default=False)
    reason: Title = Field("", validate_default=False)
    legal_basis: Title = Field("", validate_default=False)


class ClassificationPart(_Part):
    level: GradeNumber
    personal: Boolean
    secret: Boolean = False


class SubjectPart(_Part):
    field: FieldName
    type: Literal["resident_id", "credit_code"]
    region: FieldName = ""


class FieldPart(_Part):
    title: Title
    title_en: Title
    type: FieldType
    sensitivity: Sensitivity | None = None
    level: GradeNumber | None = None
    values: Some[Code] | None = None
    range: Annotated[list[Integer], Field(min_length=2, max_length=2)] | None = None
    narrowest: Annotated[int, Field(ge=2, le=1_000_000), BeforeValidator(read_integer)] | None = None


class ParameterPart(_Part):
    choices: Annotated[list[Code], Field(min_length=1, max_length=50)]


class ClaimPart(_Part):
    wrong_tries_per_subject: Annotated[int, Field(ge=1, le=100), BeforeValidator(read_integer)]


class MaskPart(_Part):
    first: Annotated[int, Field(ge=0, le=10), BeforeValidator(read_integer)] = 0
    last: Annotated[int, Field(ge=0, le=10), BeforeValidator(read_integer)] = 0


class GeneralisePart(_Part):
    level: RegionLevel | None = None
    step: Annotated[int, Field(ge=2, le=10**12), BeforeValidator(read_integer)] | None = None


class DerivationPart(_Part):
    mask: MaskPart | None = None
    band: Band | None = None
    generalise: GeneralisePart | None = None
    year_of: Marker | None = None
    exists: Marker | None = None
    equals: FieldName | None = None
    plain: Marker | None = None


class CeilingPart(_Part):
    """What the question may touch at most; the check fails when it touches more."""

    level: GradeNumber | None = None
    sensitivity: Sensitivity | None = None


class QuestionPart(_Part):
    title: Title
    title_en: Title
    ceiling: CeilingPart | None = None
    verify: Text | None = None
    field: FieldName | None = None
    as_: DerivationPart | None = Field(None, alias="as")
    statistic: Literal["count"] | None = None
    group_by: Annotated[list[FieldName], Field(min_length=1, max_length=3)] | None = None
    where: Text | None = None
    unit_contributes: Annotated[int, Field(ge=1, le=1000), BeforeValidator(read_integer)] | None = None
    epsilon: Epsilon | None = None
    parameters: dict[FieldName, ParameterPart] = Field(default_factory=dict, max_length=8)
    claims: dict[FieldName, ClaimPart] = Field(default_factory=dict, max_length=4)


class ToPart(_Part):
    """Every key must fit the requester; `departments` and `groups` count as one, of which one entry must."""

    any: Marker | None = None
    departments: Some[Code] | None = None
    groups: Some[Name] | None = None
    levels: Some[Level] | None = None
    regions: Some[Code] | None = None


class WhenPart(_Part):
    """Every key must hold."""

    case_number: CasePattern | None = None
    workdays: Marker | None = None
    hours: Hours | None = None


class EffectivePart(_Part):
    """Local dates, both included; one of the two may be left out."""

    from_: Date | None = Field(None, alias="from")
    until: Date | None = None


class LimitsPart(_Part):
    per_day: Positive | None = None
    per_subject_per_day: Positive | None = None


class RulePart(_Part):
    id: Name
    allow: Some[Name]
    to: ToPart
    for_: Some[PurposeCode] = Field(alias="for")
    scope: Literal["own-region"] | None = None
    effective: EffectivePart | None = None
    when: WhenPart | None = None
    limits: LimitsPart | None = None


class CombinationPart(_Part):
    """Questions that, together, tell more about one subject than each of them may."""

    id: Name
    questions: Annotated[list[Name], Field(min_length=2, max_length=8)]
    within_days: Annotated[int, Field(ge=1, le=366), BeforeValidator(read_integer)]


class SharedCombinationPart(_Part):
    """The same over several datasets of one provider, whose subjects are of one type."""

    id: Name
    questions: Annotated[list[QuestionPath], Field(min_length=2, max_length=8)]
    within_days: Annotated[int, Field(ge=1, le=366), BeforeValidator(read_integer)]


class BudgetPart(_Part):
    dataset: Epsilon
    organisation: Epsilon
    requester: Epsilon


class AcceptedPart(_Part):
    """A warning that the officers answer for; it is listed as accepted from then on, and never hidden."""

    warning: Name
    at: Title
    about: Title = Field("", validate_default=False)
    because: Title


class PrivacyPart(_Part):
    budget: BudgetPart
    period: Period
    account: Name | None = None


class PolicyPart(_Part):
    """One dataset: its catalogue entry and the rules that are enforced."""

    model_config = ConfigDict(title="dxnode policy")

    dataset: Name
    title: Title
    title_en: Title
    provider: Code
    sharing: SharingPart
    classification: ClassificationPart
    update: Update
    format: Format
    subject: SubjectPart
    fields: Annotated[dict[FieldName, FieldPart], Field(min_length=1, max_length=MAX_ITEMS)]
    questions: dict[Name, QuestionPart] = Field(default_factory=dict, max_length=MAX_ITEMS)
    rules: list[RulePart] = Field(default_factory=list, max_length=MAX_RULES)
    forbidden_together: Annotated[list[CombinationPart], Field(max_length=100)] = Field(default_factory=list)
    privacy: PrivacyPart | None = None
    accepted: Annotated[list[AcceptedPart], Field(max_length=MAX_ITEMS)] = Field(default_factory=list)


class PurposePart(_Part):
    title: Title
    title_en: Title


class GroupPart(_Part):
    title: Title
    title_en: Title
    departments: Some[Code]


class DefinitionsPart(_Part):
    """What policies use by name."""

    model_config = ConfigDict(title="dxnode definitions")

    purposes: dict[PurposeCode, PurposePart] | None = Field(None, min_length=1, max_length=MAX_RULES)
    departments: dict[Name, GroupPart] = Field(default_factory=dict, max_length=MAX_ITEMS)
    bands: dict[Name, Edges] = Field(default_factory=dict, max_length=MAX_ITEMS)
    forbidden_together: Annotated[list[SharedCombinationPart], Field(max_length=100)] = Field(
        default_factory=list
    )


def schema_text(model: type[PolicyPart] | type[DefinitionsPart]) -> str:
    """The JSON Schema of a kind of file, as text ending in a newline."""
    schema = bounded(model.model_json_schema(by_alias=True), model.__name__)
    schema = described(schema, model.__name__)
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
