"""The shape of policy files, as pydantic models; the JSON Schema for editors is made from them.

Only shape is checked here: what names another part of the file is checked when the policy is built.
Descriptions are for the officer who hovers over a key in an editor.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from node.core.catalogue import FieldType, Mode, Sensitivity, Sharing
from node.core.directory_text import Level
from node.core.policy_scalars import (
    MAX_ITEMS,
    Boolean,
    CasePattern,
    Code,
    Date,
    Epsilon,
    FieldName,
    Hours,
    Integer,
    Marker,
    Name,
    Positive,
    PurposeCode,
    Some,
    Text,
    Title,
    read_integer,
)

MAX_RULES = 10_000

Update = Literal["realtime", "daily", "weekly", "monthly", "quarterly", "yearly", "once"]
Format = Literal["database", "spreadsheet", "document", "image", "media", "other"]
Period = Literal["day", "month", "year"]
RegionLevel = Literal["province", "city", "county", "town"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


GradeNumber = Annotated[int, Field(ge=1, le=4), BeforeValidator(read_integer)]


class SharingPart(_Part):
    attribute: Sharing = Field(description="无条件共享、有条件共享或不予共享 (Art. 14)")
    modes: Some[Mode] | None = Field(
        None, description="共享方式: interface 接口, batch 批量交换, file 文件 (Art. 13, 22)"
    )
    scope: Title = Field("", description="共享范围: with whom it is shared (Art. 15)", validate_default=False)
    use: Title = Field("", description="使用用途: what it may be used for (Art. 15)", validate_default=False)
    reason: Title = Field("", description="不予共享的理由 (Art. 15)", validate_default=False)
    legal_basis: Title = Field("", description="不予共享的法律、法规依据 (Art. 15)", validate_default=False)


class ClassificationPart(_Part):
    level: GradeNumber = Field(
        description="数据级别：1 (open) to 4 (gravest harm); plain values leave at level 1 and 2 only"
    )
    personal: Boolean = Field(description="是否含个人信息: true or false")
    secret: Boolean = Field(False, description="state or work secrets are no government data (Art. 3)")


class SubjectPart(_Part):
    field: FieldName = Field(description="the column that names the subject; not listed under fields")
    type: Literal["resident_id", "credit_code"]
    region: FieldName = Field("", description="the field that says where the subject belongs")


class FieldPart(_Part):
    title: Title = Field(description="数据项名称")
    title_en: Title = ""
    type: FieldType
    sensitivity: Sensitivity | None = Field(
        None, description="identifier: only masked, tested or claimed; sensitive: never plain"
    )
    level: GradeNumber | None = Field(None, description="数据项级别: that of the dataset if not given")
    values: Some[Code] | None = Field(None, description="closed values of an enum, or regions to count by")
    range: Annotated[list[Integer], Field(min_length=2, max_length=2)] | None = Field(
        None, description="[least, greatest], of an integer"
    )


class ParameterPart(_Part):
    choices: Annotated[list[Code], Field(min_length=1, max_length=50)] = Field(
        description="the only values that may be given"
    )


class ClaimPart(_Part):
    wrong_tries_per_subject: Annotated[int, Field(ge=1, le=100), BeforeValidator(read_integer)] = Field(
        description="answers that are not yes, about one subject, before no more are given that day"
    )


class MaskPart(_Part):
    first: Annotated[int, Field(ge=0, le=10), BeforeValidator(read_integer)] = 0
    last: Annotated[int, Field(ge=0, le=10), BeforeValidator(read_integer)] = 0


class GeneralisePart(_Part):
    level: RegionLevel | None = Field(None, description="cut a region code to this level")
    step: Annotated[int, Field(ge=2, le=10**12), BeforeValidator(read_integer)] | None = Field(
        None, description="round an integer down to a multiple of this"
    )


class DerivationPart(_Part):
    mask: MaskPart | None = Field(None, description="keep the first and last characters, **** for the rest")
    band: Annotated[list[Integer], Field(min_length=2, max_length=50)] | None = Field(
        None, description="edges, growing: [0, 60, 120] answers [0,60) or [60,120]"
    )
    generalise: GeneralisePart | None = None
    year_of: Marker | None = Field(None, description="the year of a date")
    exists: Marker | None = Field(None, description='"true" if the field is filled')
    equals: FieldName | None = Field(None, description='"true" if it equals this parameter or claim')
    plain: Marker | None = Field(None, description="the value itself: normal fields, level 1 and 2 only")


class CeilingPart(_Part):
    """What the question may touch at most; the check fails when it touches more."""

    level: GradeNumber | None = Field(None, description="问题可涉及的最高级别: of any field it reads")
    sensitivity: Sensitivity | None = Field(
        None, description="问题可涉及的最高敏感程度: normal < sensitive < identifier"
    )


class QuestionPart(_Part):
    title: Title = ""
    title_en: Title = ""
    ceiling: CeilingPart | None = Field(None, description="up to which fields the question may reach")
    verify: Text | None = Field(None, description="yes or no: a condition on the fields")
    field: FieldName | None = Field(None, description="one derived value: which field; `as` says how")
    as_: DerivationPart | None = Field(None, alias="as")
    statistic: Literal["count"] | None = Field(None, description="a count with noise")
    group_by: Annotated[list[FieldName], Field(min_length=1, max_length=3)] | None = None
    where: Text | None = Field(None, description="count only where this condition holds")
    unit_contributes: Annotated[int, Field(ge=1, le=1000), BeforeValidator(read_integer)] | None = Field(
        None, description="at most how many rows belong to one subject"
    )
    epsilon: Epsilon | None = Field(None, description="privacy loss of one release")
    parameters: dict[FieldName, ParameterPart] = Field(default_factory=dict, max_length=8)
    claims: dict[FieldName, ClaimPart] = Field(default_factory=dict, max_length=4)


class ToPart(_Part):
    """Every key must fit the requester; of a list, one entry."""

    any: Marker | None = Field(None, description="every member of the directory")
    departments: Some[Code] | None = Field(None, description="unified social credit codes")
    levels: Some[Level] | None = None
    regions: Some[Code] | None = Field(None, description="region codes; each covers what lies within")


class WhenPart(_Part):
    """Every key must hold."""

    case_number: CasePattern | None = Field(
        None, description="办件号: # is a digit, @ a capital letter, * any letters, digits and hyphens"
    )
    workdays: Marker | None = Field(None, description="only on working days")
    hours: Hours | None = Field(None, description='local time, "08:30-17:30"; the end is excluded')


class EffectivePart(_Part):
    """Local dates, both included; one of the two may be left out."""

    from_: Date | None = Field(None, alias="from", description="生效日期: the first day, such as 2026-01-01")
    until: Date | None = Field(None, description="截止日期: the last day")


class LimitsPart(_Part):
    per_day: Positive | None = Field(None, description="subjects a day, for each requester")
    per_subject_per_day: Positive | None = Field(None, description="times a day about one subject")


class RulePart(_Part):
    id: Name
    allow: Some[Name] = Field(description="questions of this dataset")
    to: ToPart
    for_: Some[PurposeCode] = Field(alias="for", description="purposes; each covers its children")
    scope: Literal["own-region"] | None = Field(
        None, description="回流: a department learns of subjects of its own area only (Art. 24)"
    )
    effective: EffectivePart | None = Field(None, description="the days on which the rule holds")
    when: WhenPart | None = None
    limits: LimitsPart | None = None


class BudgetPart(_Part):
    dataset: Epsilon = Field(description="epsilon for all together")
    organisation: Epsilon = Field(description="epsilon for the departments of one organisation together")
    requester: Epsilon = Field(description="epsilon for one requester")


class PrivacyPart(_Part):
    budget: BudgetPart
    period: Period = Field(description="the budget starts anew every such period")


class PolicyPart(_Part):
    """One dataset: its catalogue entry and the rules that are enforced."""

    model_config = ConfigDict(title="dxnode policy")

    dataset: Name
    title: Title = Field(description="目录名称")
    title_en: Title = Field(description="目录英文名称: the title in English")
    provider: Code = Field(description="unified social credit code of the provider")
    sharing: SharingPart
    classification: ClassificationPart
    update: Update = Field(description="更新频率")
    format: Format = Field(description="数据格式: what the data is kept in (Art. 13)")
    subject: SubjectPart
    fields: Annotated[dict[FieldName, FieldPart], Field(min_length=1, max_length=MAX_ITEMS)]
    questions: dict[Name, QuestionPart] = Field(default_factory=dict, max_length=MAX_ITEMS)
    rules: list[RulePart] = Field(default_factory=list, max_length=MAX_RULES)
    privacy: PrivacyPart | None = None


class PurposePart(_Part):
    title: Title
    title_en: Title = ""


class PurposesPart(_Part):
    """The purposes that policies may name, each parent listed before use."""

    model_config = ConfigDict(title="dxnode purposes")

    purposes: dict[PurposeCode, PurposePart] = Field(min_length=1, max_length=MAX_RULES)


def schema_text(model: type[PolicyPart] | type[PurposesPart]) -> str:
    """The JSON Schema of a kind of file, as text ending in a newline."""
    return json.dumps(model.model_json_schema(by_alias=True), ensure_ascii=False, indent=2) + "\n"
