"""Catalogue entries as the client hands them out: frozen values in place of wire messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from node.client.convert import time_of
from node.v1 import catalogue_pb2 as pb

_SHARING = {
    pb.SHARING_ATTRIBUTE_UNCONDITIONAL: "unconditional",
    pb.SHARING_ATTRIBUTE_CONDITIONAL: "conditional",
    pb.SHARING_ATTRIBUTE_NOT_SHARED: "not_shared",
}
_KIND = {
    pb.QUESTION_KIND_VERIFY: "verify",
    pb.QUESTION_KIND_FIELD: "field",
    pb.QUESTION_KIND_STATISTIC: "statistic",
}


@dataclass(frozen=True, slots=True)
class CatalogueField:
    """A data item of a dataset; `values` and bounds are those that it is closed by, if it is."""

    name: str
    title: str
    title_en: str
    type: str
    sensitivity: str
    level: int
    values: tuple[str, ...]
    minimum: int | None
    maximum: int | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One rule as far as it concerns a question, in the policy's words."""

    rule: str
    to: str
    purposes: tuple[str, ...]
    when: str
    limits: str


@dataclass(frozen=True, slots=True)
class StatisticTerms:
    """What a release of counts is made of and costs, in millionths of epsilon."""

    group_by: Mapping[str, tuple[str, ...]]
    unit_contributes: int
    epsilon_micros: int


@dataclass(frozen=True, slots=True)
class CatalogueQuestion:
    """A question that may be asked; `kind` is "verify", "field" or "statistic".

    `claims` are the values to assert about the subject, with how many wrong tries each has. The ceiling
    is what the question may reach at most, 0 and "" without a bound.
    """

    name: str
    title: str
    title_en: str
    kind: str
    expression: str
    reads: tuple[str, ...]
    parameters: Mapping[str, tuple[str, ...]]
    claims: Mapping[str, int]
    ceiling_level: int
    ceiling_sensitivity: str
    statistic: StatisticTerms | None
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class UsageRule:
    """Who may ask what for which purpose on which conditions; empty parts ask for nothing, 0 is no limit."""

    id: str
    allow: tuple[str, ...]
    departments: tuple[str, ...]
    levels: tuple[str, ...]
    regions: tuple[str, ...]
    purposes: tuple[str, ...]
    case_number: str
    workdays: bool
    hours: str
    effective_from: str
    effective_until: str
    own_region: bool
    per_day: int
    per_subject_per_day: int


@dataclass(frozen=True, slots=True)
class ForbiddenCombination:
    """Questions of which nobody is answered all about one subject within so many days."""

    id: str
    questions: tuple[str, ...]
    within_days: int


@dataclass(frozen=True, slots=True)
class PrivacyBudget:
    """What the releases of a period may cost of an account, in millionths of epsilon."""

    dataset_micros: int
    organisation_micros: int
    requester_micros: int
    period: str
    account: str


@dataclass(frozen=True, slots=True)
class SubjectItem:
    """The data item that names whom the data is about, and the one that places them, "" without one."""

    field: str
    type: str
    region_field: str


@dataclass(frozen=True, slots=True)
class CatalogueApproval:
    """Who approved an entry, as "head" of the provider or as "authority"; `signed` is the signed note."""

    role: str
    department: str
    person: str
    at: datetime | None
    note: str
    signed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CatalogueVersion:
    """A version of an entry that was served since some time; `changed` names what the one before had not.

    In `changed`, + is before what is new, - before what is gone; it is empty for the first version.
    """

    number: int
    entry_digest: bytes
    title: str
    served_since: datetime | None
    approvals: tuple[CatalogueApproval, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A dataset of a department; `sharing` is "unconditional", "conditional" or "not_shared".

    In a list of all datasets only what a summary has is filled. What is `unapproved` is served by a
    switch for development alone. `imported_from` is the department in whose catalogue it was imported.
    `data_as_of` is how things stood in the data that its node answers from, where that node showed the whole
    entry; `data_overdue` tells that this is longer ago than `update` says.
    """

    dataset: str
    title: str
    title_en: str
    provider: str
    sharing: str
    update: str
    level: int
    personal: bool
    format: str
    modes: tuple[str, ...]
    scope: str
    use: str
    reason: str
    legal_basis: str
    subject: SubjectItem
    fields: tuple[CatalogueField, ...]
    questions: tuple[CatalogueQuestion, ...]
    rules: tuple[UsageRule, ...]
    forbidden_together: tuple[ForbiddenCombination, ...]
    privacy: PrivacyBudget | None
    digest: bytes
    unapproved: bool
    entry_digest: bytes
    approvals: tuple[CatalogueApproval, ...]
    imported_from: str
    imported_at: datetime | None
    data_as_of: datetime | None = None
    data_overdue: bool = False


@dataclass(frozen=True, slots=True)
class CatalogueFound:
    """The entries that a search found, in full and best first; `total` there are in all."""

    entries: tuple[CatalogueEntry, ...]
    total: int


def catalogue_entry(message: pb.Dataset) -> CatalogueEntry:
    """From a message."""
    summary = message.summary
    return CatalogueEntry(
        dataset=summary.dataset,
        title=summary.title,
        title_en=summary.title_en,
        provider=summary.provider,
        sharing=_SHARING.get(summary.sharing, "not_shared"),
        update=summary.update,
        level=message.level,
        personal=message.personal,
        format=message.format,
        modes=tuple(message.modes),
        scope=message.scope,
        use=message.use,
        reason=message.reason,
        legal_basis=message.legal_basis,
        subject=SubjectItem(message.subject.field, message.subject.type, message.subject.region_field),
        fields=tuple(map(_field, message.fields)),
        questions=tuple(map(_question, message.questions)),
        rules=tuple(map(_rule, message.rules)),
        forbidden_together=tuple(
            ForbiddenCombination(each.id, tuple(each.questions), each.within_days)
            for each in message.forbidden_together
        ),
        privacy=_budget(message.privacy, message.summary.dataset) if message.HasField("privacy") else None,
        digest=message.digest,
        unapproved=summary.unapproved,
        entry_digest=message.publication.entry_digest,
        approvals=tuple(map(_approval, message.publication.approvals)),
        imported_from=summary.imported_from,
        imported_at=time_of(summary.imported_ms),
        data_as_of=time_of(message.data.as_of_ms),
        data_overdue=message.data.overdue,
    )


def catalogue_version(message: pb.DatasetVersion) -> CatalogueVersion:
    """From a message."""
    return CatalogueVersion(
        number=message.number,
        entry_digest=message.entry_digest,
        title=message.title,
        served_since=time_of(message.served_since_ms),
        approvals=tuple(map(_approval, message.approvals)),
        changed=tuple(message.changed),
    )


def _approval(message: pb.Approval) -> CatalogueApproval:
    return CatalogueApproval(
        role=message.role if message.role in ("head", "authority") else "unknown",
        department=message.department,
        person=message.person,
        at=time_of(message.at_ms),
        note=message.note,
        signed=message.signed,
    )


def _field(message: pb.Field) -> CatalogueField:
    return CatalogueField(
        name=message.name,
        title=message.title,
        title_en=message.title_en,
        type=message.type,
        sensitivity=message.sensitivity,
        level=message.level,
        values=tuple(message.values),
        minimum=message.minimum if message.HasField("minimum") else None,
        maximum=message.maximum if message.HasField("maximum") else None,
    )


def _question(message: pb.Question) -> CatalogueQuestion:
    return CatalogueQuestion(
        name=message.name,
        title=message.title,
        title_en=message.title_en,
        kind=_KIND.get(message.kind, "unknown"),
        expression=message.expression,
        reads=tuple(message.reads),
        parameters={parameter.name: tuple(parameter.choices) for parameter in message.parameters},
        claims=dict.fromkeys(message.claims, 0)
        | {claim.name: claim.wrong_tries_per_subject for claim in message.claim_limits},
        ceiling_level=message.ceiling.level,
        ceiling_sensitivity=message.ceiling.sensitivity,
        statistic=_statistic(message.statistic) if message.HasField("statistic") else None,
        conditions=tuple(
            Condition(c.rule, c.to, tuple(c.purposes), c.when, c.limits) for c in message.conditions
        ),
    )


def _statistic(message: pb.StatisticTerms) -> StatisticTerms:
    return StatisticTerms(
        group_by={group.field: tuple(group.values) for group in message.group_by},
        unit_contributes=message.unit_contributes,
        epsilon_micros=message.epsilon_micros,
    )


def _rule(message: pb.UsageRule) -> UsageRule:
    return UsageRule(
        id=message.id,
        allow=tuple(message.allow),
        departments=tuple(message.departments),
        levels=tuple(message.levels),
        regions=tuple(message.regions),
        purposes=tuple(message.purposes),
        case_number=message.case_number,
        workdays=message.workdays,
        hours=message.hours,
        effective_from=message.effective_from,
        effective_until=message.effective_until,
        own_region=message.own_region,
        per_day=message.per_day,
        per_subject_per_day=message.per_subject_per_day,
    )


def _budget(message: pb.PrivacyBudget, dataset: str) -> PrivacyBudget:
    return PrivacyBudget(
        message.dataset_micros,
        message.organisation_micros,
        message.requester_micros,
        message.period,
        message.account or dataset,
    )
