from node.v1 import catalogue_pb2 as _catalogue_pb2
from node.v1 import revision_pb2 as _revision_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GrantState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    GRANT_STATE_UNSPECIFIED: _ClassVar[GrantState]
    GRANT_STATE_ACTIVE: _ClassVar[GrantState]
    GRANT_STATE_SUSPENDED: _ClassVar[GrantState]
    GRANT_STATE_REVOKED: _ClassVar[GrantState]
GRANT_STATE_UNSPECIFIED: GrantState
GRANT_STATE_ACTIVE: GrantState
GRANT_STATE_SUSPENDED: GrantState
GRANT_STATE_REVOKED: GrantState

class Grant(_message.Message):
    __slots__ = ("id", "provider", "requester", "dataset", "questions", "purposes", "scope", "valid_from_ms", "valid_until_ms", "state", "basis", "scenario", "note", "roles", "kinds", "subject_type", "chunk_subjects")
    ID_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    VALID_FROM_MS_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    provider: str
    requester: str
    dataset: str
    questions: _containers.RepeatedScalarFieldContainer[str]
    purposes: _containers.RepeatedScalarFieldContainer[str]
    scope: GrantScope
    valid_from_ms: int
    valid_until_ms: int
    state: GrantState
    basis: str
    scenario: str
    note: str
    roles: _containers.RepeatedScalarFieldContainer[str]
    kinds: _containers.RepeatedScalarFieldContainer[_catalogue_pb2.QuestionKind]
    subject_type: str
    chunk_subjects: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, id: _Optional[str] = ..., provider: _Optional[str] = ..., requester: _Optional[str] = ..., dataset: _Optional[str] = ..., questions: _Optional[_Iterable[str]] = ..., purposes: _Optional[_Iterable[str]] = ..., scope: _Optional[_Union[GrantScope, _Mapping]] = ..., valid_from_ms: _Optional[int] = ..., valid_until_ms: _Optional[int] = ..., state: _Optional[_Union[GrantState, str]] = ..., basis: _Optional[str] = ..., scenario: _Optional[str] = ..., note: _Optional[str] = ..., roles: _Optional[_Iterable[str]] = ..., kinds: _Optional[_Iterable[_Union[_catalogue_pb2.QuestionKind, str]]] = ..., subject_type: _Optional[str] = ..., chunk_subjects: _Optional[_Iterable[int]] = ...) -> None: ...

class GrantScope(_message.Message):
    __slots__ = ("region", "subjects_per_day")
    REGION_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    region: str
    subjects_per_day: int
    def __init__(self, region: _Optional[str] = ..., subjects_per_day: _Optional[int] = ...) -> None: ...

class ListGrantsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListGrantsResponse(_message.Message):
    __slots__ = ("grants",)
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    grants: _containers.RepeatedCompositeFieldContainer[Grant]
    def __init__(self, grants: _Optional[_Iterable[_Union[Grant, _Mapping]]] = ...) -> None: ...

class IssueGrantRequest(_message.Message):
    __slots__ = ("grant",)
    GRANT_FIELD_NUMBER: _ClassVar[int]
    grant: Grant
    def __init__(self, grant: _Optional[_Union[Grant, _Mapping]] = ...) -> None: ...

class IssueGrantResponse(_message.Message):
    __slots__ = ("grant",)
    GRANT_FIELD_NUMBER: _ClassVar[int]
    grant: Grant
    def __init__(self, grant: _Optional[_Union[Grant, _Mapping]] = ...) -> None: ...

class ListIssuedGrantsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListIssuedGrantsResponse(_message.Message):
    __slots__ = ("grants",)
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    grants: _containers.RepeatedCompositeFieldContainer[Grant]
    def __init__(self, grants: _Optional[_Iterable[_Union[Grant, _Mapping]]] = ...) -> None: ...

class GetGrantRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class GetGrantResponse(_message.Message):
    __slots__ = ("grant",)
    GRANT_FIELD_NUMBER: _ClassVar[int]
    grant: Grant
    def __init__(self, grant: _Optional[_Union[Grant, _Mapping]] = ...) -> None: ...

class SuspendGrantRequest(_message.Message):
    __slots__ = ("id", "note")
    ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    id: str
    note: str
    def __init__(self, id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class SuspendGrantResponse(_message.Message):
    __slots__ = ("grant",)
    GRANT_FIELD_NUMBER: _ClassVar[int]
    grant: Grant
    def __init__(self, grant: _Optional[_Union[Grant, _Mapping]] = ...) -> None: ...

class ResumeGrantRequest(_message.Message):
    __slots__ = ("id", "note")
    ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    id: str
    note: str
    def __init__(self, id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class ResumeGrantResponse(_message.Message):
    __slots__ = ("grant",)
    GRANT_FIELD_NUMBER: _ClassVar[int]
    grant: Grant
    def __init__(self, grant: _Optional[_Union[Grant, _Mapping]] = ...) -> None: ...

class RevokeGrantRequest(_message.Message):
    __slots__ = ("id", "note")
    ID_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    id: str
    note: str
    def __init__(self, id: _Optional[str] = ..., note: _Optional[str] = ...) -> None: ...

class RevokeGrantResponse(_message.Message):
    __slots__ = ("grant",)
    GRANT_FIELD_NUMBER: _ClassVar[int]
    grant: Grant
    def __init__(self, grant: _Optional[_Union[Grant, _Mapping]] = ...) -> None: ...

class ListReceivedGrantsRequest(_message.Message):
    __slots__ = ("refresh",)
    REFRESH_FIELD_NUMBER: _ClassVar[int]
    refresh: bool
    def __init__(self, refresh: _Optional[bool] = ...) -> None: ...

class ListReceivedGrantsResponse(_message.Message):
    __slots__ = ("grants", "used_today")
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    USED_TODAY_FIELD_NUMBER: _ClassVar[int]
    grants: _containers.RepeatedCompositeFieldContainer[Grant]
    used_today: _containers.RepeatedCompositeFieldContainer[DayUse]
    def __init__(self, grants: _Optional[_Iterable[_Union[Grant, _Mapping]]] = ..., used_today: _Optional[_Iterable[_Union[DayUse, _Mapping]]] = ...) -> None: ...

class DayUse(_message.Message):
    __slots__ = ("provider", "dataset", "rule", "grant_id", "subjects")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    provider: str
    dataset: str
    rule: str
    grant_id: str
    subjects: int
    def __init__(self, provider: _Optional[str] = ..., dataset: _Optional[str] = ..., rule: _Optional[str] = ..., grant_id: _Optional[str] = ..., subjects: _Optional[int] = ...) -> None: ...
