from node.v1 import revision_pb2 as _revision_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SharingAttribute(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SHARING_ATTRIBUTE_UNSPECIFIED: _ClassVar[SharingAttribute]
    SHARING_ATTRIBUTE_UNCONDITIONAL: _ClassVar[SharingAttribute]
    SHARING_ATTRIBUTE_CONDITIONAL: _ClassVar[SharingAttribute]
    SHARING_ATTRIBUTE_NOT_SHARED: _ClassVar[SharingAttribute]

class QuestionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUESTION_KIND_UNSPECIFIED: _ClassVar[QuestionKind]
    QUESTION_KIND_VERIFY: _ClassVar[QuestionKind]
    QUESTION_KIND_FIELD: _ClassVar[QuestionKind]
    QUESTION_KIND_STATISTIC: _ClassVar[QuestionKind]
SHARING_ATTRIBUTE_UNSPECIFIED: SharingAttribute
SHARING_ATTRIBUTE_UNCONDITIONAL: SharingAttribute
SHARING_ATTRIBUTE_CONDITIONAL: SharingAttribute
SHARING_ATTRIBUTE_NOT_SHARED: SharingAttribute
QUESTION_KIND_UNSPECIFIED: QuestionKind
QUESTION_KIND_VERIFY: QuestionKind
QUESTION_KIND_FIELD: QuestionKind
QUESTION_KIND_STATISTIC: QuestionKind

class ListDatasetsRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDatasetsResponse(_message.Message):
    __slots__ = ("datasets", "next_page_token")
    DATASETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    datasets: _containers.RepeatedCompositeFieldContainer[DatasetSummary]
    next_page_token: str
    def __init__(self, datasets: _Optional[_Iterable[_Union[DatasetSummary, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetDatasetRequest(_message.Message):
    __slots__ = ("dataset",)
    DATASET_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    def __init__(self, dataset: _Optional[str] = ...) -> None: ...

class GetDatasetResponse(_message.Message):
    __slots__ = ("dataset",)
    DATASET_FIELD_NUMBER: _ClassVar[int]
    dataset: Dataset
    def __init__(self, dataset: _Optional[_Union[Dataset, _Mapping]] = ...) -> None: ...

class DatasetSummary(_message.Message):
    __slots__ = ("dataset", "title", "provider", "sharing", "update", "title_en", "imported_from", "imported_ms", "unapproved")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SHARING_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    TITLE_EN_FIELD_NUMBER: _ClassVar[int]
    IMPORTED_FROM_FIELD_NUMBER: _ClassVar[int]
    IMPORTED_MS_FIELD_NUMBER: _ClassVar[int]
    UNAPPROVED_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    title: str
    provider: str
    sharing: SharingAttribute
    update: str
    title_en: str
    imported_from: str
    imported_ms: int
    unapproved: bool
    def __init__(self, dataset: _Optional[str] = ..., title: _Optional[str] = ..., provider: _Optional[str] = ..., sharing: _Optional[_Union[SharingAttribute, str]] = ..., update: _Optional[str] = ..., title_en: _Optional[str] = ..., imported_from: _Optional[str] = ..., imported_ms: _Optional[int] = ..., unapproved: _Optional[bool] = ...) -> None: ...

class Dataset(_message.Message):
    __slots__ = ("summary", "level", "personal", "fields", "questions", "reason", "legal_basis", "digest", "format", "modes", "scope", "use", "subject", "rules", "forbidden_together", "privacy", "publication", "data")
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    PERSONAL_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    MODES_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    USE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    FORBIDDEN_TOGETHER_FIELD_NUMBER: _ClassVar[int]
    PRIVACY_FIELD_NUMBER: _ClassVar[int]
    PUBLICATION_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    summary: DatasetSummary
    level: int
    personal: bool
    fields: _containers.RepeatedCompositeFieldContainer[Field]
    questions: _containers.RepeatedCompositeFieldContainer[Question]
    reason: str
    legal_basis: str
    digest: bytes
    format: str
    modes: _containers.RepeatedScalarFieldContainer[str]
    scope: str
    use: str
    subject: SubjectItem
    rules: _containers.RepeatedCompositeFieldContainer[UsageRule]
    forbidden_together: _containers.RepeatedCompositeFieldContainer[ForbiddenCombination]
    privacy: PrivacyBudget
    publication: Publication
    data: DataAge
    def __init__(self, summary: _Optional[_Union[DatasetSummary, _Mapping]] = ..., level: _Optional[int] = ..., personal: _Optional[bool] = ..., fields: _Optional[_Iterable[_Union[Field, _Mapping]]] = ..., questions: _Optional[_Iterable[_Union[Question, _Mapping]]] = ..., reason: _Optional[str] = ..., legal_basis: _Optional[str] = ..., digest: _Optional[bytes] = ..., format: _Optional[str] = ..., modes: _Optional[_Iterable[str]] = ..., scope: _Optional[str] = ..., use: _Optional[str] = ..., subject: _Optional[_Union[SubjectItem, _Mapping]] = ..., rules: _Optional[_Iterable[_Union[UsageRule, _Mapping]]] = ..., forbidden_together: _Optional[_Iterable[_Union[ForbiddenCombination, _Mapping]]] = ..., privacy: _Optional[_Union[PrivacyBudget, _Mapping]] = ..., publication: _Optional[_Union[Publication, _Mapping]] = ..., data: _Optional[_Union[DataAge, _Mapping]] = ...) -> None: ...

class DataAge(_message.Message):
    __slots__ = ("as_of_ms", "overdue")
    AS_OF_MS_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    as_of_ms: int
    overdue: bool
    def __init__(self, as_of_ms: _Optional[int] = ..., overdue: _Optional[bool] = ...) -> None: ...

class Publication(_message.Message):
    __slots__ = ("entry_digest", "approvals")
    ENTRY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    entry_digest: bytes
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    def __init__(self, entry_digest: _Optional[bytes] = ..., approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ...) -> None: ...

class Approval(_message.Message):
    __slots__ = ("role", "department", "person", "at_ms", "note", "signed")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    PERSON_FIELD_NUMBER: _ClassVar[int]
    AT_MS_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    SIGNED_FIELD_NUMBER: _ClassVar[int]
    role: str
    department: str
    person: str
    at_ms: int
    note: str
    signed: bytes
    def __init__(self, role: _Optional[str] = ..., department: _Optional[str] = ..., person: _Optional[str] = ..., at_ms: _Optional[int] = ..., note: _Optional[str] = ..., signed: _Optional[bytes] = ...) -> None: ...

class SubjectItem(_message.Message):
    __slots__ = ("field", "type", "region_field")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_FIELD_NUMBER: _ClassVar[int]
    field: str
    type: str
    region_field: str
    def __init__(self, field: _Optional[str] = ..., type: _Optional[str] = ..., region_field: _Optional[str] = ...) -> None: ...

class Field(_message.Message):
    __slots__ = ("name", "title", "type", "sensitivity", "title_en", "level", "values", "minimum", "maximum")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SENSITIVITY_FIELD_NUMBER: _ClassVar[int]
    TITLE_EN_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    type: str
    sensitivity: str
    title_en: str
    level: int
    values: _containers.RepeatedScalarFieldContainer[str]
    minimum: int
    maximum: int
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., type: _Optional[str] = ..., sensitivity: _Optional[str] = ..., title_en: _Optional[str] = ..., level: _Optional[int] = ..., values: _Optional[_Iterable[str]] = ..., minimum: _Optional[int] = ..., maximum: _Optional[int] = ...) -> None: ...

class Question(_message.Message):
    __slots__ = ("name", "title", "kind", "expression", "parameters", "claims", "conditions", "title_en", "reads", "claim_limits", "ceiling", "statistic")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    TITLE_EN_FIELD_NUMBER: _ClassVar[int]
    READS_FIELD_NUMBER: _ClassVar[int]
    CLAIM_LIMITS_FIELD_NUMBER: _ClassVar[int]
    CEILING_FIELD_NUMBER: _ClassVar[int]
    STATISTIC_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    kind: QuestionKind
    expression: str
    parameters: _containers.RepeatedCompositeFieldContainer[QuestionParameter]
    claims: _containers.RepeatedScalarFieldContainer[str]
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    title_en: str
    reads: _containers.RepeatedScalarFieldContainer[str]
    claim_limits: _containers.RepeatedCompositeFieldContainer[QuestionClaim]
    ceiling: Ceiling
    statistic: StatisticTerms
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., kind: _Optional[_Union[QuestionKind, str]] = ..., expression: _Optional[str] = ..., parameters: _Optional[_Iterable[_Union[QuestionParameter, _Mapping]]] = ..., claims: _Optional[_Iterable[str]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., title_en: _Optional[str] = ..., reads: _Optional[_Iterable[str]] = ..., claim_limits: _Optional[_Iterable[_Union[QuestionClaim, _Mapping]]] = ..., ceiling: _Optional[_Union[Ceiling, _Mapping]] = ..., statistic: _Optional[_Union[StatisticTerms, _Mapping]] = ...) -> None: ...

class QuestionParameter(_message.Message):
    __slots__ = ("name", "choices", "type")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    name: str
    choices: _containers.RepeatedScalarFieldContainer[str]
    type: str
    def __init__(self, name: _Optional[str] = ..., choices: _Optional[_Iterable[str]] = ..., type: _Optional[str] = ...) -> None: ...

class QuestionClaim(_message.Message):
    __slots__ = ("name", "type", "wrong_tries_per_subject")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    WRONG_TRIES_PER_SUBJECT_FIELD_NUMBER: _ClassVar[int]
    name: str
    type: str
    wrong_tries_per_subject: int
    def __init__(self, name: _Optional[str] = ..., type: _Optional[str] = ..., wrong_tries_per_subject: _Optional[int] = ...) -> None: ...

class Ceiling(_message.Message):
    __slots__ = ("level", "sensitivity")
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    SENSITIVITY_FIELD_NUMBER: _ClassVar[int]
    level: int
    sensitivity: str
    def __init__(self, level: _Optional[int] = ..., sensitivity: _Optional[str] = ...) -> None: ...

class StatisticTerms(_message.Message):
    __slots__ = ("group_by", "unit_contributes", "epsilon_micros")
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    UNIT_CONTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    EPSILON_MICROS_FIELD_NUMBER: _ClassVar[int]
    group_by: _containers.RepeatedCompositeFieldContainer[CountedBy]
    unit_contributes: int
    epsilon_micros: int
    def __init__(self, group_by: _Optional[_Iterable[_Union[CountedBy, _Mapping]]] = ..., unit_contributes: _Optional[int] = ..., epsilon_micros: _Optional[int] = ...) -> None: ...

class CountedBy(_message.Message):
    __slots__ = ("field", "values")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    field: str
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, field: _Optional[str] = ..., values: _Optional[_Iterable[str]] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ("rule", "to", "purposes", "when", "limits")
    RULE_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    WHEN_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    rule: str
    to: str
    purposes: _containers.RepeatedScalarFieldContainer[str]
    when: str
    limits: str
    def __init__(self, rule: _Optional[str] = ..., to: _Optional[str] = ..., purposes: _Optional[_Iterable[str]] = ..., when: _Optional[str] = ..., limits: _Optional[str] = ...) -> None: ...

class UsageRule(_message.Message):
    __slots__ = ("id", "allow", "departments", "levels", "regions", "purposes", "case_number", "workdays", "hours", "effective_from", "effective_until", "own_region", "per_day", "per_subject_per_day")
    ID_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENTS_FIELD_NUMBER: _ClassVar[int]
    LEVELS_FIELD_NUMBER: _ClassVar[int]
    REGIONS_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    CASE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    WORKDAYS_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_FROM_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_UNTIL_FIELD_NUMBER: _ClassVar[int]
    OWN_REGION_FIELD_NUMBER: _ClassVar[int]
    PER_DAY_FIELD_NUMBER: _ClassVar[int]
    PER_SUBJECT_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    id: str
    allow: _containers.RepeatedScalarFieldContainer[str]
    departments: _containers.RepeatedScalarFieldContainer[str]
    levels: _containers.RepeatedScalarFieldContainer[str]
    regions: _containers.RepeatedScalarFieldContainer[str]
    purposes: _containers.RepeatedScalarFieldContainer[str]
    case_number: str
    workdays: bool
    hours: str
    effective_from: str
    effective_until: str
    own_region: bool
    per_day: int
    per_subject_per_day: int
    def __init__(self, id: _Optional[str] = ..., allow: _Optional[_Iterable[str]] = ..., departments: _Optional[_Iterable[str]] = ..., levels: _Optional[_Iterable[str]] = ..., regions: _Optional[_Iterable[str]] = ..., purposes: _Optional[_Iterable[str]] = ..., case_number: _Optional[str] = ..., workdays: _Optional[bool] = ..., hours: _Optional[str] = ..., effective_from: _Optional[str] = ..., effective_until: _Optional[str] = ..., own_region: _Optional[bool] = ..., per_day: _Optional[int] = ..., per_subject_per_day: _Optional[int] = ...) -> None: ...

class ForbiddenCombination(_message.Message):
    __slots__ = ("id", "questions", "within_days")
    ID_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    WITHIN_DAYS_FIELD_NUMBER: _ClassVar[int]
    id: str
    questions: _containers.RepeatedScalarFieldContainer[str]
    within_days: int
    def __init__(self, id: _Optional[str] = ..., questions: _Optional[_Iterable[str]] = ..., within_days: _Optional[int] = ...) -> None: ...

class PrivacyBudget(_message.Message):
    __slots__ = ("dataset_micros", "organisation_micros", "requester_micros", "period", "account")
    DATASET_MICROS_FIELD_NUMBER: _ClassVar[int]
    ORGANISATION_MICROS_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_MICROS_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    dataset_micros: int
    organisation_micros: int
    requester_micros: int
    period: str
    account: str
    def __init__(self, dataset_micros: _Optional[int] = ..., organisation_micros: _Optional[int] = ..., requester_micros: _Optional[int] = ..., period: _Optional[str] = ..., account: _Optional[str] = ...) -> None: ...

class SearchCatalogueRequest(_message.Message):
    __slots__ = ("text", "field", "purpose", "limit", "provider", "department")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    text: str
    field: str
    purpose: str
    limit: int
    provider: str
    department: str
    def __init__(self, text: _Optional[str] = ..., field: _Optional[str] = ..., purpose: _Optional[str] = ..., limit: _Optional[int] = ..., provider: _Optional[str] = ..., department: _Optional[str] = ...) -> None: ...

class SearchCatalogueResponse(_message.Message):
    __slots__ = ("datasets", "total")
    DATASETS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    datasets: _containers.RepeatedCompositeFieldContainer[Dataset]
    total: int
    def __init__(self, datasets: _Optional[_Iterable[_Union[Dataset, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...

class ImportedCatalogue(_message.Message):
    __slots__ = ("publisher", "imported_ms", "entries", "digest")
    PUBLISHER_FIELD_NUMBER: _ClassVar[int]
    IMPORTED_MS_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    publisher: str
    imported_ms: int
    entries: _containers.RepeatedScalarFieldContainer[bytes]
    digest: bytes
    def __init__(self, publisher: _Optional[str] = ..., imported_ms: _Optional[int] = ..., entries: _Optional[_Iterable[bytes]] = ..., digest: _Optional[bytes] = ...) -> None: ...

class GetDatasetHistoryRequest(_message.Message):
    __slots__ = ("dataset", "provider")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    provider: str
    def __init__(self, dataset: _Optional[str] = ..., provider: _Optional[str] = ...) -> None: ...

class GetDatasetHistoryResponse(_message.Message):
    __slots__ = ("versions",)
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    versions: _containers.RepeatedCompositeFieldContainer[DatasetVersion]
    def __init__(self, versions: _Optional[_Iterable[_Union[DatasetVersion, _Mapping]]] = ...) -> None: ...

class DatasetVersion(_message.Message):
    __slots__ = ("number", "entry_digest", "title", "served_since_ms", "approvals", "changed")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ENTRY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    SERVED_SINCE_MS_FIELD_NUMBER: _ClassVar[int]
    APPROVALS_FIELD_NUMBER: _ClassVar[int]
    CHANGED_FIELD_NUMBER: _ClassVar[int]
    number: int
    entry_digest: bytes
    title: str
    served_since_ms: int
    approvals: _containers.RepeatedCompositeFieldContainer[Approval]
    changed: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, number: _Optional[int] = ..., entry_digest: _Optional[bytes] = ..., title: _Optional[str] = ..., served_since_ms: _Optional[int] = ..., approvals: _Optional[_Iterable[_Union[Approval, _Mapping]]] = ..., changed: _Optional[_Iterable[str]] = ...) -> None: ...
