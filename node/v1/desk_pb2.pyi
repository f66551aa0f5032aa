from node.v1 import catalogue_pb2 as _catalogue_pb2
from node.v1 import error_reason_pb2 as _error_reason_pb2
from node.v1 import record_pb2 as _record_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Exactness(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXACTNESS_UNSPECIFIED: _ClassVar[Exactness]
    EXACTNESS_READ: _ClassVar[Exactness]
    EXACTNESS_CHECKED: _ClassVar[Exactness]
    EXACTNESS_CHECKING: _ClassVar[Exactness]
    EXACTNESS_UNCHECKED: _ClassVar[Exactness]
EXACTNESS_UNSPECIFIED: Exactness
EXACTNESS_READ: Exactness
EXACTNESS_CHECKED: Exactness
EXACTNESS_CHECKING: Exactness
EXACTNESS_UNCHECKED: Exactness

class Query(_message.Message):
    __slots__ = ("provider", "dataset", "question", "parameters", "purpose", "case_number", "kind")
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    QUESTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CASE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    provider: str
    dataset: str
    question: str
    parameters: _containers.ScalarMap[str, str]
    purpose: str
    case_number: str
    kind: _catalogue_pb2.QuestionKind
    def __init__(self, provider: _Optional[str] = ..., dataset: _Optional[str] = ..., question: _Optional[str] = ..., parameters: _Optional[_Mapping[str, str]] = ..., purpose: _Optional[str] = ..., case_number: _Optional[str] = ..., kind: _Optional[_Union[_catalogue_pb2.QuestionKind, str]] = ...) -> None: ...

class DeskServiceAskRequest(_message.Message):
    __slots__ = ("query", "subject", "exchange_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_ID_FIELD_NUMBER: _ClassVar[int]
    query: Query
    subject: _record_pb2.Subject
    exchange_id: bytes
    def __init__(self, query: _Optional[_Union[Query, _Mapping]] = ..., subject: _Optional[_Union[_record_pb2.Subject, _Mapping]] = ..., exchange_id: _Optional[bytes] = ...) -> None: ...

class DeskServiceAskResponse(_message.Message):
    __slots__ = ("answers", "proof")
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    answers: _record_pb2.Answers
    proof: Proof
    def __init__(self, answers: _Optional[_Union[_record_pb2.Answers, _Mapping]] = ..., proof: _Optional[_Union[Proof, _Mapping]] = ...) -> None: ...

class Proof(_message.Message):
    __slots__ = ("exchange_id", "own_index", "provider_index", "provider_size", "rule", "load")
    EXCHANGE_ID_FIELD_NUMBER: _ClassVar[int]
    OWN_INDEX_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_INDEX_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_SIZE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    exchange_id: bytes
    own_index: int
    provider_index: int
    provider_size: int
    rule: str
    load: _record_pb2.DataLoad
    def __init__(self, exchange_id: _Optional[bytes] = ..., own_index: _Optional[int] = ..., provider_index: _Optional[int] = ..., provider_size: _Optional[int] = ..., rule: _Optional[str] = ..., load: _Optional[_Union[_record_pb2.DataLoad, _Mapping]] = ...) -> None: ...

class AskManyRequest(_message.Message):
    __slots__ = ("calls", "most_bytes")
    CALLS_FIELD_NUMBER: _ClassVar[int]
    MOST_BYTES_FIELD_NUMBER: _ClassVar[int]
    calls: _containers.RepeatedCompositeFieldContainer[AskManyCall]
    most_bytes: int
    def __init__(self, calls: _Optional[_Iterable[_Union[AskManyCall, _Mapping]]] = ..., most_bytes: _Optional[int] = ...) -> None: ...

class AskManyCall(_message.Message):
    __slots__ = ("number", "ask")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    number: int
    ask: DeskServiceAskRequest
    def __init__(self, number: _Optional[int] = ..., ask: _Optional[_Union[DeskServiceAskRequest, _Mapping]] = ...) -> None: ...

class AskManyResponse(_message.Message):
    __slots__ = ("answers", "most_bytes")
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    MOST_BYTES_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[AskManyAnswer]
    most_bytes: int
    def __init__(self, answers: _Optional[_Iterable[_Union[AskManyAnswer, _Mapping]]] = ..., most_bytes: _Optional[int] = ...) -> None: ...

class AskManyAnswer(_message.Message):
    __slots__ = ("number", "answer", "refusal")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    number: int
    answer: DeskServiceAskResponse
    refusal: Refusal
    def __init__(self, number: _Optional[int] = ..., answer: _Optional[_Union[DeskServiceAskResponse, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ...) -> None: ...

class DeskServiceAskBatchRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: BatchHeader
    chunk: BatchChunk
    def __init__(self, header: _Optional[_Union[BatchHeader, _Mapping]] = ..., chunk: _Optional[_Union[BatchChunk, _Mapping]] = ...) -> None: ...

class BatchHeader(_message.Message):
    __slots__ = ("query", "batch_id")
    QUERY_FIELD_NUMBER: _ClassVar[int]
    BATCH_ID_FIELD_NUMBER: _ClassVar[int]
    query: Query
    batch_id: bytes
    def __init__(self, query: _Optional[_Union[Query, _Mapping]] = ..., batch_id: _Optional[bytes] = ...) -> None: ...

class BatchChunk(_message.Message):
    __slots__ = ("chunk", "subjects")
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    chunk: int
    subjects: _containers.RepeatedCompositeFieldContainer[_record_pb2.Subject]
    def __init__(self, chunk: _Optional[int] = ..., subjects: _Optional[_Iterable[_Union[_record_pb2.Subject, _Mapping]]] = ...) -> None: ...

class DeskServiceAskBatchResponse(_message.Message):
    __slots__ = ("chunk", "answers", "refusal", "proof")
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    chunk: int
    answers: _record_pb2.Answers
    refusal: Refusal
    proof: Proof
    def __init__(self, chunk: _Optional[int] = ..., answers: _Optional[_Union[_record_pb2.Answers, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ..., proof: _Optional[_Union[Proof, _Mapping]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("reason", "rule", "clause", "wording")
    REASON_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    CLAUSE_FIELD_NUMBER: _ClassVar[int]
    WORDING_FIELD_NUMBER: _ClassVar[int]
    reason: _error_reason_pb2.ErrorReason
    rule: str
    clause: str
    wording: str
    def __init__(self, reason: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ..., rule: _Optional[str] = ..., clause: _Optional[str] = ..., wording: _Optional[str] = ...) -> None: ...

class BrowseCatalogueRequest(_message.Message):
    __slots__ = ("provider", "dataset")
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    DATASET_FIELD_NUMBER: _ClassVar[int]
    provider: str
    dataset: str
    def __init__(self, provider: _Optional[str] = ..., dataset: _Optional[str] = ...) -> None: ...

class BrowseCatalogueResponse(_message.Message):
    __slots__ = ("datasets", "purposes")
    DATASETS_FIELD_NUMBER: _ClassVar[int]
    PURPOSES_FIELD_NUMBER: _ClassVar[int]
    datasets: _containers.RepeatedCompositeFieldContainer[_catalogue_pb2.Dataset]
    purposes: _containers.RepeatedCompositeFieldContainer[PurposeTitle]
    def __init__(self, datasets: _Optional[_Iterable[_Union[_catalogue_pb2.Dataset, _Mapping]]] = ..., purposes: _Optional[_Iterable[_Union[PurposeTitle, _Mapping]]] = ...) -> None: ...

class PurposeTitle(_message.Message):
    __slots__ = ("code", "title", "title_en")
    CODE_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    TITLE_EN_FIELD_NUMBER: _ClassVar[int]
    code: str
    title: str
    title_en: str
    def __init__(self, code: _Optional[str] = ..., title: _Optional[str] = ..., title_en: _Optional[str] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetStatusResponse(_message.Message):
    __slots__ = ("department", "title", "version", "state", "log_size", "checkpoint", "directory_version", "directory_expires_ms", "policy_digest", "datasets", "active_grants", "keys", "workdays_known_until", "holidays_digest", "policies_unsigned", "policy_version", "policy_valid_until_ms", "policy_approved", "waiting", "waiting_total", "lost", "stopped_peers", "clock", "sqlite", "accounts", "part_problems", "notice_wordings")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    LOG_SIZE_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    DIRECTORY_VERSION_FIELD_NUMBER: _ClassVar[int]
    DIRECTORY_EXPIRES_MS_FIELD_NUMBER: _ClassVar[int]
    POLICY_DIGEST_FIELD_NUMBER: _ClassVar[int]
    DATASETS_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_GRANTS_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    WORKDAYS_KNOWN_UNTIL_FIELD_NUMBER: _ClassVar[int]
    HOLIDAYS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    POLICIES_UNSIGNED_FIELD_NUMBER: _ClassVar[int]
    POLICY_VERSION_FIELD_NUMBER: _ClassVar[int]
    POLICY_VALID_UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    POLICY_APPROVED_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    WAITING_TOTAL_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    STOPPED_PEERS_FIELD_NUMBER: _ClassVar[int]
    CLOCK_FIELD_NUMBER: _ClassVar[int]
    SQLITE_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    PART_PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    NOTICE_WORDINGS_FIELD_NUMBER: _ClassVar[int]
    department: str
    title: str
    version: str
    state: str
    log_size: int
    checkpoint: bytes
    directory_version: int
    directory_expires_ms: int
    policy_digest: bytes
    datasets: _containers.RepeatedCompositeFieldContainer[DatasetStatus]
    active_grants: int
    keys: _containers.RepeatedCompositeFieldContainer[KeyStatus]
    workdays_known_until: str
    holidays_digest: bytes
    policies_unsigned: bool
    policy_version: int
    policy_valid_until_ms: int
    policy_approved: _containers.RepeatedScalarFieldContainer[str]
    waiting: _containers.RepeatedCompositeFieldContainer[WaitingDataset]
    waiting_total: int
    lost: LostState
    stopped_peers: _containers.RepeatedScalarFieldContainer[str]
    clock: ClockStatus
    sqlite: str
    accounts: _containers.RepeatedCompositeFieldContainer[AccountStatus]
    part_problems: _containers.RepeatedCompositeFieldContainer[PartProblem]
    notice_wordings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, department: _Optional[str] = ..., title: _Optional[str] = ..., version: _Optional[str] = ..., state: _Optional[str] = ..., log_size: _Optional[int] = ..., checkpoint: _Optional[bytes] = ..., directory_version: _Optional[int] = ..., directory_expires_ms: _Optional[int] = ..., policy_digest: _Optional[bytes] = ..., datasets: _Optional[_Iterable[_Union[DatasetStatus, _Mapping]]] = ..., active_grants: _Optional[int] = ..., keys: _Optional[_Iterable[_Union[KeyStatus, _Mapping]]] = ..., workdays_known_until: _Optional[str] = ..., holidays_digest: _Optional[bytes] = ..., policies_unsigned: _Optional[bool] = ..., policy_version: _Optional[int] = ..., policy_valid_until_ms: _Optional[int] = ..., policy_approved: _Optional[_Iterable[str]] = ..., waiting: _Optional[_Iterable[_Union[WaitingDataset, _Mapping]]] = ..., waiting_total: _Optional[int] = ..., lost: _Optional[_Union[LostState, _Mapping]] = ..., stopped_peers: _Optional[_Iterable[str]] = ..., clock: _Optional[_Union[ClockStatus, _Mapping]] = ..., sqlite: _Optional[str] = ..., accounts: _Optional[_Iterable[_Union[AccountStatus, _Mapping]]] = ..., part_problems: _Optional[_Iterable[_Union[PartProblem, _Mapping]]] = ..., notice_wordings: _Optional[_Iterable[str]] = ...) -> None: ...

class PartProblem(_message.Message):
    __slots__ = ("part", "name", "wording")
    PART_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    WORDING_FIELD_NUMBER: _ClassVar[int]
    part: str
    name: str
    wording: str
    def __init__(self, part: _Optional[str] = ..., name: _Optional[str] = ..., wording: _Optional[str] = ...) -> None: ...

class AccountStatus(_message.Message):
    __slots__ = ("account", "datasets", "counted_with", "period", "from_ms", "until_ms", "spent_micros", "limit_micros")
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    DATASETS_FIELD_NUMBER: _ClassVar[int]
    COUNTED_WITH_FIELD_NUMBER: _ClassVar[int]
    PERIOD_FIELD_NUMBER: _ClassVar[int]
    FROM_MS_FIELD_NUMBER: _ClassVar[int]
    UNTIL_MS_FIELD_NUMBER: _ClassVar[int]
    SPENT_MICROS_FIELD_NUMBER: _ClassVar[int]
    LIMIT_MICROS_FIELD_NUMBER: _ClassVar[int]
    account: str
    datasets: _containers.RepeatedScalarFieldContainer[str]
    counted_with: _containers.RepeatedScalarFieldContainer[str]
    period: str
    from_ms: int
    until_ms: int
    spent_micros: int
    limit_micros: int
    def __init__(self, account: _Optional[str] = ..., datasets: _Optional[_Iterable[str]] = ..., counted_with: _Optional[_Iterable[str]] = ..., period: _Optional[str] = ..., from_ms: _Optional[int] = ..., until_ms: _Optional[int] = ..., spent_micros: _Optional[int] = ..., limit_micros: _Optional[int] = ...) -> None: ...

class LostState(_message.Message):
    __slots__ = ("own_size", "own_root", "seen_size", "seen_root", "seen_by", "found_ms", "last_record_ms")
    OWN_SIZE_FIELD_NUMBER: _ClassVar[int]
    OWN_ROOT_FIELD_NUMBER: _ClassVar[int]
    SEEN_SIZE_FIELD_NUMBER: _ClassVar[int]
    SEEN_ROOT_FIELD_NUMBER: _ClassVar[int]
    SEEN_BY_FIELD_NUMBER: _ClassVar[int]
    FOUND_MS_FIELD_NUMBER: _ClassVar[int]
    LAST_RECORD_MS_FIELD_NUMBER: _ClassVar[int]
    own_size: int
    own_root: bytes
    seen_size: int
    seen_root: bytes
    seen_by: str
    found_ms: int
    last_record_ms: int
    def __init__(self, own_size: _Optional[int] = ..., own_root: _Optional[bytes] = ..., seen_size: _Optional[int] = ..., seen_root: _Optional[bytes] = ..., seen_by: _Optional[str] = ..., found_ms: _Optional[int] = ..., last_record_ms: _Optional[int] = ...) -> None: ...

class ClockStatus(_message.Message):
    __slots__ = ("standing", "node_ms", "system_ms", "told")
    STANDING_FIELD_NUMBER: _ClassVar[int]
    NODE_MS_FIELD_NUMBER: _ClassVar[int]
    SYSTEM_MS_FIELD_NUMBER: _ClassVar[int]
    TOLD_FIELD_NUMBER: _ClassVar[int]
    standing: str
    node_ms: int
    system_ms: int
    told: str
    def __init__(self, standing: _Optional[str] = ..., node_ms: _Optional[int] = ..., system_ms: _Optional[int] = ..., told: _Optional[str] = ...) -> None: ...

class WaitingDataset(_message.Message):
    __slots__ = ("dataset", "lacking", "problem_wordings")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    LACKING_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_WORDINGS_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    lacking: _containers.RepeatedScalarFieldContainer[str]
    problem_wordings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, dataset: _Optional[str] = ..., lacking: _Optional[_Iterable[str]] = ..., problem_wordings: _Optional[_Iterable[str]] = ...) -> None: ...

class DatasetStatus(_message.Message):
    __slots__ = ("dataset", "rows", "invalid_subjects", "duplicates", "load", "lines", "header_lines", "blank_lines", "continued_lines", "refused_values", "exactness")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    INVALID_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    DUPLICATES_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    HEADER_LINES_FIELD_NUMBER: _ClassVar[int]
    BLANK_LINES_FIELD_NUMBER: _ClassVar[int]
    CONTINUED_LINES_FIELD_NUMBER: _ClassVar[int]
    REFUSED_VALUES_FIELD_NUMBER: _ClassVar[int]
    EXACTNESS_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    rows: int
    invalid_subjects: int
    duplicates: int
    load: _record_pb2.DataLoad
    lines: int
    header_lines: int
    blank_lines: int
    continued_lines: int
    refused_values: int
    exactness: Exactness
    def __init__(self, dataset: _Optional[str] = ..., rows: _Optional[int] = ..., invalid_subjects: _Optional[int] = ..., duplicates: _Optional[int] = ..., load: _Optional[_Union[_record_pb2.DataLoad, _Mapping]] = ..., lines: _Optional[int] = ..., header_lines: _Optional[int] = ..., blank_lines: _Optional[int] = ..., continued_lines: _Optional[int] = ..., refused_values: _Optional[int] = ..., exactness: _Optional[_Union[Exactness, str]] = ...) -> None: ...

class KeyStatus(_message.Message):
    __slots__ = ("use", "key_id", "expires_ms")
    USE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_MS_FIELD_NUMBER: _ClassVar[int]
    use: str
    key_id: str
    expires_ms: int
    def __init__(self, use: _Optional[str] = ..., key_id: _Optional[str] = ..., expires_ms: _Optional[int] = ...) -> None: ...

class ReloadRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ReloadResponse(_message.Message):
    __slots__ = ("done_wordings", "part_problems")
    DONE_WORDINGS_FIELD_NUMBER: _ClassVar[int]
    PART_PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    done_wordings: _containers.RepeatedScalarFieldContainer[str]
    part_problems: _containers.RepeatedCompositeFieldContainer[PartProblem]
    def __init__(self, done_wordings: _Optional[_Iterable[str]] = ..., part_problems: _Optional[_Iterable[_Union[PartProblem, _Mapping]]] = ...) -> None: ...

class AcceptSourceRequest(_message.Message):
    __slots__ = ("dataset", "reason", "load")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    LOAD_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    reason: str
    load: str
    def __init__(self, dataset: _Optional[str] = ..., reason: _Optional[str] = ..., load: _Optional[str] = ...) -> None: ...

class AcceptSourceResponse(_message.Message):
    __slots__ = ("dataset", "rows", "invalid_subjects", "rows_before")
    DATASET_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    INVALID_SUBJECTS_FIELD_NUMBER: _ClassVar[int]
    ROWS_BEFORE_FIELD_NUMBER: _ClassVar[int]
    dataset: str
    rows: int
    invalid_subjects: int
    rows_before: int
    def __init__(self, dataset: _Optional[str] = ..., rows: _Optional[int] = ..., invalid_subjects: _Optional[int] = ..., rows_before: _Optional[int] = ...) -> None: ...

class DraftOrderRequest(_message.Message):
    __slots__ = ("kind", "about", "reason")
    KIND_FIELD_NUMBER: _ClassVar[int]
    ABOUT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    kind: str
    about: str
    reason: str
    def __init__(self, kind: _Optional[str] = ..., about: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class DraftOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: bytes
    def __init__(self, order: _Optional[bytes] = ...) -> None: ...

class ApplyOrderRequest(_message.Message):
    __slots__ = ("note",)
    NOTE_FIELD_NUMBER: _ClassVar[int]
    note: bytes
    def __init__(self, note: _Optional[bytes] = ...) -> None: ...

class ApplyOrderResponse(_message.Message):
    __slots__ = ("kind", "digest", "approved", "index")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    APPROVED_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    kind: str
    digest: bytes
    approved: _containers.RepeatedScalarFieldContainer[str]
    index: int
    def __init__(self, kind: _Optional[str] = ..., digest: _Optional[bytes] = ..., approved: _Optional[_Iterable[str]] = ..., index: _Optional[int] = ...) -> None: ...

class ListPeersRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListPeersResponse(_message.Message):
    __slots__ = ("peers",)
    PEERS_FIELD_NUMBER: _ClassVar[int]
    peers: _containers.RepeatedCompositeFieldContainer[PeerLog]
    def __init__(self, peers: _Optional[_Iterable[_Union[PeerLog, _Mapping]]] = ...) -> None: ...

class PeerLog(_message.Message):
    __slots__ = ("department", "newest", "newest_ms", "proved", "proved_ms", "stopped", "contradictions")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIELD_NUMBER: _ClassVar[int]
    NEWEST_MS_FIELD_NUMBER: _ClassVar[int]
    PROVED_FIELD_NUMBER: _ClassVar[int]
    PROVED_MS_FIELD_NUMBER: _ClassVar[int]
    STOPPED_FIELD_NUMBER: _ClassVar[int]
    CONTRADICTIONS_FIELD_NUMBER: _ClassVar[int]
    department: str
    newest: bytes
    newest_ms: int
    proved: bytes
    proved_ms: int
    stopped: bool
    contradictions: _containers.RepeatedCompositeFieldContainer[Contradiction]
    def __init__(self, department: _Optional[str] = ..., newest: _Optional[bytes] = ..., newest_ms: _Optional[int] = ..., proved: _Optional[bytes] = ..., proved_ms: _Optional[int] = ..., stopped: _Optional[bool] = ..., contradictions: _Optional[_Iterable[_Union[Contradiction, _Mapping]]] = ...) -> None: ...

class Contradiction(_message.Message):
    __slots__ = ("found_ms", "kind", "remembered", "other", "accepted_ms")
    FOUND_MS_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    REMEMBERED_FIELD_NUMBER: _ClassVar[int]
    OTHER_FIELD_NUMBER: _ClassVar[int]
    ACCEPTED_MS_FIELD_NUMBER: _ClassVar[int]
    found_ms: int
    kind: str
    remembered: bytes
    other: bytes
    accepted_ms: int
    def __init__(self, found_ms: _Optional[int] = ..., kind: _Optional[str] = ..., remembered: _Optional[bytes] = ..., other: _Optional[bytes] = ..., accepted_ms: _Optional[int] = ...) -> None: ...

class AcceptPeerRequest(_message.Message):
    __slots__ = ("department", "reason")
    DEPARTMENT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    department: str
    reason: str
    def __init__(self, department: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class AcceptPeerResponse(_message.Message):
    __slots__ = ("peer",)
    PEER_FIELD_NUMBER: _ClassVar[int]
    peer: PeerLog
    def __init__(self, peer: _Optional[_Union[PeerLog, _Mapping]] = ...) -> None: ...

class RevokedDeskCertificate(_message.Message):
    __slots__ = ("fingerprint", "time_ms", "reason")
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    TIME_MS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    fingerprint: bytes
    time_ms: int
    reason: str
    def __init__(self, fingerprint: _Optional[bytes] = ..., time_ms: _Optional[int] = ..., reason: _Optional[str] = ...) -> None: ...

class RevokeDeskCertificateRequest(_message.Message):
    __slots__ = ("fingerprint", "reason")
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    fingerprint: bytes
    reason: str
    def __init__(self, fingerprint: _Optional[bytes] = ..., reason: _Optional[str] = ...) -> None: ...

class RevokeDeskCertificateResponse(_message.Message):
    __slots__ = ("revoked",)
    REVOKED_FIELD_NUMBER: _ClassVar[int]
    revoked: RevokedDeskCertificate
    def __init__(self, revoked: _Optional[_Union[RevokedDeskCertificate, _Mapping]] = ...) -> None: ...

class UnrevokeDeskCertificateRequest(_message.Message):
    __slots__ = ("fingerprint", "reason")
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    fingerprint: bytes
    reason: str
    def __init__(self, fingerprint: _Optional[bytes] = ..., reason: _Optional[str] = ...) -> None: ...

class UnrevokeDeskCertificateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListRevokedDeskCertificatesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListRevokedDeskCertificatesResponse(_message.Message):
    __slots__ = ("revoked",)
    REVOKED_FIELD_NUMBER: _ClassVar[int]
    revoked: _containers.RepeatedCompositeFieldContainer[RevokedDeskCertificate]
    def __init__(self, revoked: _Optional[_Iterable[_Union[RevokedDeskCertificate, _Mapping]]] = ...) -> None: ...
