from node.v1 import catalogue_pb2 as _catalogue_pb2
from node.v1 import error_reason_pb2 as _error_reason_pb2
from node.v1 import revision_pb2 as _revision_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Decision(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DECISION_UNSPECIFIED: _ClassVar[Decision]
    DECISION_PERMIT: _ClassVar[Decision]
    DECISION_DENY: _ClassVar[Decision]

class OutcomeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_KIND_UNSPECIFIED: _ClassVar[OutcomeKind]
    OUTCOME_KIND_ANSWERED: _ClassVar[OutcomeKind]
    OUTCOME_KIND_DENIED: _ClassVar[OutcomeKind]
    OUTCOME_KIND_FAILED: _ClassVar[OutcomeKind]
    OUTCOME_KIND_ABANDONED: _ClassVar[OutcomeKind]
DECISION_UNSPECIFIED: Decision
DECISION_PERMIT: Decision
DECISION_DENY: Decision
OUTCOME_KIND_UNSPECIFIED: OutcomeKind
OUTCOME_KIND_ANSWERED: OutcomeKind
OUTCOME_KIND_DENIED: OutcomeKind
OUTCOME_KIND_FAILED: OutcomeKind
OUTCOME_KIND_ABANDONED: OutcomeKind

class UsageRecord(_message.Message):
    __slots__ = ("version", "time_ms", "exchange_id", "requester", "provider", "intent", "verdict", "outcome", "refusals", "admin")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_ID_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    INTENT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    ADMIN_FIELD_NUMBER: _ClassVar[int]
    version: int
    time_ms: int
    exchange_id: bytes
    requester: str
    provider: str
    intent: Intent
    verdict: Verdict
    outcome: Outcome
    refusals: Refusals
    admin: AdminAction
    def __init__(self, version: _Optional[int] = ..., time_ms: _Optional[int] = ..., exchange_id: _Optional[bytes] = ..., requester: _Optional[str] = ..., provider: _Optional[str] = ..., intent: _Optional[_Union[Intent, _Mapping]] = ..., verdict: _Optional[_Union[Verdict, _Mapping]] = ..., outcome: _Optional[_Union[Outcome, _Mapping]] = ..., refusals: _Optional[_Union[Refusals, _Mapping]] = ..., admin: _Optional[_Union[AdminAction, _Mapping]] = ...) -> None: ...

class Intent(_message.Message):
    __slots__ = ("dataset", "question", "parameters", "purpose", "case_number", "grant_id", "subjects", "commitment", "role", "caller", "batch", "response_key_hash", "kind")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CASE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    GRANT_ID_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_KEY_HASH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    question: str
    parameters: _containers.RepeatedCompositeFieldContainer[Parameter]
    purpose: str
    case_number: str
    grant_id: str
    subjects: int
    commitment: bytes
    role: str
    caller: bytes
    batch: BatchPosition
    response_key_hash: bytes
    kind: _catalogue_pb2.QuestionKind
    def __init__(self, dataset: _Optional[str] = ..., question: _Optional[str] = ..., parameters: _Optional[_Iterable[_Union[Parameter, _Mapping]]] = ..., purpose: _Optional[str] = ..., case_number: _Optional[str] = ..., grant_id: _Optional[str] = ..., subjects: _Optional[int] = ..., commitment: _Optional[bytes] = ..., role: _Optional[str] = ..., caller: _Optional[bytes] = ..., batch: _Optional[_Union[BatchPosition, _Mapping]] = ..., response_key_hash: _Optional[bytes] = ..., kind: _Optional[_Union[_catalogue_pb2.QuestionKind, str]] = ...) -> None: ...

class Parameter(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class BatchPosition(_message.Message):
    __slots__ = ("batch_id", "chunk")
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    batch_id: bytes
    chunk: int
    def __init__(self, batch_id: _Optional[bytes] = ..., chunk: _Optional[int] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("intent", "requester_log", "decision", "reason", "rule", "clause", "policy_digest", "charges", "answer_commitment", "load", "intent_hash", "terms")
    INTENT_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_LOG_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    POLICY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CHARGES_FIELD_NUMBER: _ClassVar[int]
    ANSWER_COMMITMENT_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    INTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    intent: bytes
    requester_log: LogPosition
    decision: Decision
    reason: _error_reason_pb2.ErrorReason
    rule: str
    clause: str
    policy_digest: bytes
    charges: _containers.RepeatedCompositeFieldContainer[Charge]
    answer_commitment: bytes
    load: DataLoad
    intent_hash: bytes
    terms: DenialTerms
    def __init__(self, intent: _Optional[bytes] = ..., requester_log: _Optional[_Union[LogPosition, _Mapping]] = ..., decision: _Optional[_Union[Decision, str]] = ..., reason: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ..., rule: _Optional[str] = ..., clause: _Optional[str] = ..., policy_digest: _Optional[bytes] = ..., charges: _Optional[_Iterable[_Union[Charge, _Mapping]]] = ..., answer_commitment: _Optional[bytes] = ..., load: _Optional[_Union[DataLoad, _Mapping]] = ..., intent_hash: _Optional[bytes] = ..., terms: _Optional[_Union[DenialTerms, _Mapping]] = ...) -> None: ...

class DenialTerms(_message.Message):
    __slots__ = ("limit", "from_minute", "until_minute", "first_day", "last_day")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    FROM_MINUTE_FIELD_NUMBER: _ClassVar[int]
    UNTIL_MINUTE_FIELD_NUMBER: _ClassVar[int]
    FIRST_DAY_FIELD_NUMBER: _ClassVar[int]
    LAST_DAY_FIELD_NUMBER: _ClassVar[int]
    limit: int
    from_minute: int
    until_minute: int
    first_day: int
    last_day: int
    def __init__(self, limit: _Optional[int] = ..., from_minute: _Optional[int] = ..., until_minute: _Optional[int] = ..., first_day: _Optional[int] = ..., last_day: _Optional[int] = ...) -> None: ...

class DataLoad(_message.Message):
    __slots__ = ("number", "time_ms", "as_of_ms", "overdue")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    AS_OF_MS_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    number: int
    time_ms: int
    as_of_ms: int
    overdue: bool
    def __init__(self, number: _Optional[int] = ..., time_ms: _Optional[int] = ..., as_of_ms: _Optional[int] = ..., overdue: _Optional[bool] = ...) -> None: ...

class LogPosition(_message.Message):
    __slots__ = ("index", "size", "root")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    index: int
    size: int
    root: bytes
    def __init__(self, index: _Optional[int] = ..., size: _Optional[int] = ..., root: _Optional[bytes] = ...) -> None: ...

class Charge(_message.Message):
    __slots__ = ("scope", "amount")
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    scope: str
    amount: int
    def __init__(self, scope: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class Outcome(_message.Message):
    __slots__ = ("intent_hash", "kind", "reason", "verdict_hash", "provider_log", "policy_digest")
    INTENT_HASH_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    VERDICT_HASH_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_LOG_FIELD_NUMBER: _ClassVar[int]
    POLICY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    intent_hash: bytes
    kind: OutcomeKind
    reason: _error_reason_pb2.ErrorReason
    verdict_hash: bytes
    provider_log: LogPosition
    policy_digest: bytes
    def __init__(self, intent_hash: _Optional[bytes] = ..., kind: _Optional[_Union[OutcomeKind, str]] = ..., reason: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ..., verdict_hash: _Optional[bytes] = ..., provider_log: _Optional[_Union[LogPosition, _Mapping]] = ..., policy_digest: _Optional[bytes] = ...) -> None: ...

class Refusals(_message.Message):
    __slots__ = ("reason", "count", "from_ms", "until_ms", "attempt")
    REASON_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    FROM_MS_FIELD_NUMBER: _ClassVar[int]
    UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    reason: _error_reason_pb2.ErrorReason
    count: int
    from_ms: int
    until_ms: int
    attempt: Intent
    def __init__(self, reason: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ..., count: _Optional[int] = ..., from_ms: _Optional[int] = ..., until_ms: _Optional[int] = ..., attempt: _Optional[_Union[Intent, _Mapping]] = ...) -> None: ...

class AdminAction(_message.Message):
    __slots__ = ("action", "object", "role", "caller", "note", "approved", "clock")
    ACTION_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    action: str
    object: str
    role: str
    caller: bytes
    note: str
    approved: _containers.RepeatedScalarFieldContainer[str]
    clock: ClockStep
    def __init__(self, action: _Optional[str] = ..., object: _Optional[str] = ..., role: _Optional[str] = ..., caller: _Optional[bytes] = ..., note: _Optional[str] = ..., approved: _Optional[_Iterable[str]] = ..., clock: _Optional[_Union[ClockStep, _Mapping]] = ...) -> None: ...

class ClockStep(_message.Message):
    __slots__ = ("last_record_ms", "node_ms", "system_ms")
    LAST_RECORD_MS_FIELD_NUMBER: _ClassVar[int]
    NODE_MS_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_MS_FIELD_NUMBER: _ClassVar[int]
    last_record_ms: int
    node_ms: int
    system_ms: int
    def __init__(self, last_record_ms: _Optional[int] = ..., node_ms: _Optional[int] = ..., system_ms: _Optional[int] = ...) -> None: ...

class Opening(_message.Message):
    __slots__ = ("salt", "subjects")
    SALT_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    salt: bytes
    subjects: _containers.RepeatedCompositeFieldContainer[Subject]
    def __init__(self, salt: _Optional[bytes] = ..., subjects: _Optional[_Iterable[_Union[Subject, _Mapping]]] = ...) -> None: ...

class Subject(_message.Message):
    __slots__ = ("id", "claims")
    class ClaimsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    id: str
    claims: _containers.ScalarMap[str, str]
    def __init__(self, id: _Optional[str] = ..., claims: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Answers(_message.Message):
    __slots__ = ("salt", "verify", "field", "statistic", "refused")
    SALT_FIELD_NUMBER: _ClassVar[int]
    VERIFY_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    STATISTIC_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    salt: bytes
    verify: VerifyAnswers
    field: FieldAnswers
    statistic: StatisticAnswer
    refused: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, salt: _Optional[bytes] = ..., verify: _Optional[_Union[VerifyAnswers, _Mapping]] = ..., field: _Optional[_Union[FieldAnswers, _Mapping]] = ..., statistic: _Optional[_Union[StatisticAnswer, _Mapping]] = ..., refused: _Optional[_Iterable[int]] = ...) -> None: ...

class KeptOpening(_message.Message):
    __slots__ = ("opening", "answers", "pseudonyms", "charges")
    OPENING_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    PSEUDONYMS_FIELD_NUMBER: _ClassVar[int]
    CHARGES_FIELD_NUMBER: _ClassVar[int]
    opening: bytes
    answers: bytes
    pseudonyms: bytes
    charges: _containers.RepeatedCompositeFieldContainer[Charge]
    def __init__(self, opening: _Optional[bytes] = ..., answers: _Optional[bytes] = ..., pseudonyms: _Optional[bytes] = ..., charges: _Optional[_Iterable[_Union[Charge, _Mapping]]] = ...) -> None: ...

class KeptEvidence(_message.Message):
    __slots__ = ("signature", "hashes", "shared", "verdict", "verdict_end")
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    HASHES_FIELD_NUMBER: _ClassVar[int]
    SHARED_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    VERDICT_END_FIELD_NUMBER: _ClassVar[int]
    signature: bytes
    hashes: bytes
    shared: bytes
    verdict: bytes
    verdict_end: bytes
    def __init__(self, signature: _Optional[bytes] = ..., hashes: _Optional[bytes] = ..., shared: _Optional[bytes] = ..., verdict: _Optional[bytes] = ..., verdict_end: _Optional[bytes] = ...) -> None: ...

class VerifyAnswers(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, results: _Optional[_Iterable[bool]] = ...) -> None: ...

class FieldAnswers(_message.Message):
    __slots__ = ("answers",)
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[FieldAnswer]
    def __init__(self, answers: _Optional[_Iterable[_Union[FieldAnswer, _Mapping]]] = ...) -> None: ...

class FieldAnswer(_message.Message):
    __slots__ = ("present", "value")
    PRESENT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    present: bool
    value: str
    def __init__(self, present: _Optional[bool] = ..., value: _Optional[str] = ...) -> None: ...

class StatisticAnswer(_message.Message):
    __slots__ = ("cells", "epsilon_micros", "accuracy_95", "reused", "load")
    CELLS_FIELD_NUMBER: _ClassVar[int]
    EPSILON_MICROS_FIELD_NUMBER: _ClassVar[int]
    ACCURACY_95_FIELD_NUMBER: _ClassVar[int]
    REUSED_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    cells: _containers.RepeatedCompositeFieldContainer[StatisticCell]
    epsilon_micros: int
    accuracy_95: int
    reused: bool
    load: DataLoad
    def __init__(self, cells: _Optional[_Iterable[_Union[StatisticCell, _Mapping]]] = ..., epsilon_micros: _Optional[int] = ..., accuracy_95: _Optional[int] = ..., reused: _Optional[bool] = ..., load: _Optional[_Union[DataLoad, _Mapping]] = ...) -> None: ...

class StatisticCell(_message.Message):
    __slots__ = ("key", "count")
    KEY_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    key: _containers.RepeatedScalarFieldContainer[str]
    count: int
    def __init__(self, key: _Optional[_Iterable[str]] = ..., count: _Optional[int] = ...) -> None: ...
