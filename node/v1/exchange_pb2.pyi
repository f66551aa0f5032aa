from node.v1 import error_reason_pb2 as _error_reason_pb2
from node.v1 import revision_pb2 as _revision_pb2
from node.v1 import usage_log_pb2 as _usage_log_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Suite(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUITE_UNSPECIFIED: _ClassVar[Suite]
    SUITE_XWING_HKDF_SHA256_AES256GCM: _ClassVar[Suite]
SUITE_UNSPECIFIED: Suite
SUITE_XWING_HKDF_SHA256_AES256GCM: Suite

class AskRequest(_message.Message):
    __slots__ = ("envelope",)
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    envelope: Envelope
    def __init__(self, envelope: _Optional[_Union[Envelope, _Mapping]] = ...) -> None: ...

class AskResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: SealedAnswer
    def __init__(self, answer: _Optional[_Union[SealedAnswer, _Mapping]] = ...) -> None: ...

class AskBatchRequest(_message.Message):
    __slots__ = ("envelope",)
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    envelope: Envelope
    def __init__(self, envelope: _Optional[_Union[Envelope, _Mapping]] = ...) -> None: ...

class AskBatchResponse(_message.Message):
    __slots__ = ("answer",)
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    answer: SealedAnswer
    def __init__(self, answer: _Optional[_Union[SealedAnswer, _Mapping]] = ...) -> None: ...

class LinkRequest(_message.Message):
    __slots__ = ("calls", "most_bytes")
    CALLS_FIELD_NUMBER: _ClassVar[int]
    MOST_BYTES_FIELD_NUMBER: _ClassVar[int]
    calls: _containers.RepeatedCompositeFieldContainer[LinkCall]
    most_bytes: int
    def __init__(self, calls: _Optional[_Iterable[_Union[LinkCall, _Mapping]]] = ..., most_bytes: _Optional[int] = ...) -> None: ...

class LinkCall(_message.Message):
    __slots__ = ("number", "envelope", "wait_ms")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    WAIT_MS_FIELD_NUMBER: _ClassVar[int]
    number: int
    envelope: Envelope
    wait_ms: int
    def __init__(self, number: _Optional[int] = ..., envelope: _Optional[_Union[Envelope, _Mapping]] = ..., wait_ms: _Optional[int] = ...) -> None: ...

class LinkResponse(_message.Message):
    __slots__ = ("answers", "most_bytes")
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    MOST_BYTES_FIELD_NUMBER: _ClassVar[int]
    answers: _containers.RepeatedCompositeFieldContainer[LinkAnswer]
    most_bytes: int
    def __init__(self, answers: _Optional[_Iterable[_Union[LinkAnswer, _Mapping]]] = ..., most_bytes: _Optional[int] = ...) -> None: ...

class LinkAnswer(_message.Message):
    __slots__ = ("number", "answer", "refusal")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ANSWER_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    number: int
    answer: SealedAnswer
    refusal: _error_reason_pb2.ErrorReason
    def __init__(self, number: _Optional[int] = ..., answer: _Optional[_Union[SealedAnswer, _Mapping]] = ..., refusal: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ...) -> None: ...

class Envelope(_message.Message):
    __slots__ = ("version", "suite", "requester", "provider", "exchange_id", "key_id", "ciphertext", "sealed_key")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SUITE_FIELD_NUMBER: _ClassVar[int]
    REQUESTER_FIELD_NUMBER: _ClassVar[int]
    PROVIDER_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXT_FIELD_NUMBER: _ClassVar[int]
    SEALED_KEY_FIELD_NUMBER: _ClassVar[int]
    version: int
    suite: Suite
    requester: str
    provider: str
    exchange_id: bytes
    key_id: str
    ciphertext: bytes
    sealed_key: bytes
    def __init__(self, version: _Optional[int] = ..., suite: _Optional[_Union[Suite, str]] = ..., requester: _Optional[str] = ..., provider: _Optional[str] = ..., exchange_id: _Optional[bytes] = ..., key_id: _Optional[str] = ..., ciphertext: _Optional[bytes] = ..., sealed_key: _Optional[bytes] = ...) -> None: ...

class SealedRequest(_message.Message):
    __slots__ = ("intent", "receipt", "opening", "response_key")
    INTENT_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    OPENING_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_KEY_FIELD_NUMBER: _ClassVar[int]
    intent: bytes
    receipt: _usage_log_pb2.Receipt
    opening: bytes
    response_key: bytes
    def __init__(self, intent: _Optional[bytes] = ..., receipt: _Optional[_Union[_usage_log_pb2.Receipt, _Mapping]] = ..., opening: _Optional[bytes] = ..., response_key: _Optional[bytes] = ...) -> None: ...

class SealedAnswer(_message.Message):
    __slots__ = ("exchange_id", "ciphertext")
    EXCHANGE_ID_FIELD_NUMBER: _ClassVar[int]
    CIPHERTEXT_FIELD_NUMBER: _ClassVar[int]
    exchange_id: bytes
    ciphertext: bytes
    def __init__(self, exchange_id: _Optional[bytes] = ..., ciphertext: _Optional[bytes] = ...) -> None: ...

class SealedResponse(_message.Message):
    __slots__ = ("verdict", "receipt", "answers")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    ANSWERS_FIELD_NUMBER: _ClassVar[int]
    verdict: bytes
    receipt: _usage_log_pb2.Receipt
    answers: bytes
    def __init__(self, verdict: _Optional[bytes] = ..., receipt: _Optional[_Union[_usage_log_pb2.Receipt, _Mapping]] = ..., answers: _Optional[bytes] = ...) -> None: ...
