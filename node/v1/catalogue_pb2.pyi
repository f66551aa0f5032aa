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
    __slots__ = ("dataset", "title", "provider", "sharing", "update")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    SHARING_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    title: str
    provider: str
    sharing: SharingAttribute
    update: str
    def __init__(self, dataset: _Optional[str] = ..., title: _Optional[str] = ..., provider: _Optional[str] = ..., sharing: _Optional[_Union[SharingAttribute, str]] = ..., update: _Optional[str] = ...) -> None: ...

class Dataset(_message.Message):
    __slots__ = ("summary", "level", "personal", "fields", "questions", "reason", "legal_basis", "digest")
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    PERSONAL_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LEGAL_BASIS_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    summary: DatasetSummary
    level: int
    personal: bool
    fields: _containers.RepeatedCompositeFieldContainer[Field]
    questions: _containers.RepeatedCompositeFieldContainer[Question]
    reason: str
    legal_basis: str
    digest: bytes
    def __init__(self, summary: _Optional[_Union[DatasetSummary, _Mapping]] = ..., level: _Optional[int] = ..., personal: _Optional[bool] = ..., fields: _Optional[_Iterable[_Union[Field, _Mapping]]] = ..., questions: _Optional[_Iterable[_Union[Question, _Mapping]]] = ..., reason: _Optional[str] = ..., legal_basis: _Optional[str] = ..., digest: _Optional[bytes] = ...) -> None: ...

class Field(_message.Message):
    __slots__ = ("name", "title", "type", "sensitivity")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SENSITIVITY_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    type: str
    sensitivity: str
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., type: _Optional[str] = ..., sensitivity: _Optional[str] = ...) -> None: ...

class Question(_message.Message):
    __slots__ = ("name", "title", "kind", "expression", "parameters", "claims", "conditions")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    EXPRESSION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    kind: QuestionKind
    expression: str
    parameters: _containers.RepeatedCompositeFieldContainer[QuestionParameter]
    claims: _containers.RepeatedScalarFieldContainer[str]
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., kind: _Optional[_Union[QuestionKind, str]] = ..., expression: _Optional[str] = ..., parameters: _Optional[_Iterable[_Union[QuestionParameter, _Mapping]]] = ..., claims: _Optional[_Iterable[str]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ...) -> None: ...

class QuestionParameter(_message.Message):
    __slots__ = ("name", "choices")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CHOICES_FIELD_NUMBER: _ClassVar[int]
    name: str
    choices: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., choices: _Optional[_Iterable[str]] = ...) -> None: ...

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

class SearchCatalogueRequest(_message.Message):
    __slots__ = ("text", "field", "purpose", "limit", "provider")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    text: str
    field: str
    purpose: str
    limit: int
    provider: str
    def __init__(self, text: _Optional[str] = ..., field: _Optional[str] = ..., purpose: _Optional[str] = ..., limit: _Optional[int] = ..., provider: _Optional[str] = ...) -> None: ...

class SearchCatalogueResponse(_message.Message):
    __slots__ = ("datasets", "total")
    DATASETS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    datasets: _containers.RepeatedCompositeFieldContainer[Dataset]
    total: int
    def __init__(self, datasets: _Optional[_Iterable[_Union[Dataset, _Mapping]]] = ..., total: _Optional[int] = ...) -> None: ...
