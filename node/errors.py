"""The one error type of the node, and the reasons it can have."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final, cast

from node.texts.message import Message, Value
from node.texts.wording import say
from node.v1.error_reason_pb2 import ErrorReason as _Wire


class Reason(IntEnum):
    """Why something was refused or failed; the numbers are those of `node.v1.ErrorReason`.

    `protos/node/v1/error_reason.proto` says what each one means and which gRPC code it has.
    """

    CALLER_UNIDENTIFIED = _Wire.ERROR_REASON_CALLER_UNIDENTIFIED
    NO_GRANT = _Wire.ERROR_REASON_NO_GRANT
    PURPOSE_NOT_ALLOWED = _Wire.ERROR_REASON_PURPOSE_NOT_ALLOWED
    QUESTION_NOT_ALLOWED = _Wire.ERROR_REASON_QUESTION_NOT_ALLOWED
    CONDITION_NOT_MET = _Wire.ERROR_REASON_CONDITION_NOT_MET
    GRANT_EXPIRED = _Wire.ERROR_REASON_GRANT_EXPIRED
    SUSPENDED = _Wire.ERROR_REASON_SUSPENDED
    NOT_SHARED = _Wire.ERROR_REASON_NOT_SHARED
    QUERY_INVALID = _Wire.ERROR_REASON_QUERY_INVALID
    ENVELOPE_INVALID = _Wire.ERROR_REASON_ENVELOPE_INVALID
    PROOF_INVALID = _Wire.ERROR_REASON_PROOF_INVALID
    KEY_ID_UNKNOWN = _Wire.ERROR_REASON_KEY_ID_UNKNOWN
    POLICY_NOT_LOADED = _Wire.ERROR_REASON_POLICY_NOT_LOADED
    DIRECTORY_EXPIRED = _Wire.ERROR_REASON_DIRECTORY_EXPIRED
    DIRECTORY_INVALID = _Wire.ERROR_REASON_DIRECTORY_INVALID
    CONFIG_INVALID = _Wire.ERROR_REASON_CONFIG_INVALID
    CLOCK_SKEWED = _Wire.ERROR_REASON_CLOCK_SKEWED
    STATE_LOST = _Wire.ERROR_REASON_STATE_LOST
    BUDGET_EXHAUSTED = _Wire.ERROR_REASON_BUDGET_EXHAUSTED
    QUOTA_EXHAUSTED = _Wire.ERROR_REASON_QUOTA_EXHAUSTED
    RATE_LIMITED = _Wire.ERROR_REASON_RATE_LIMITED
    OVERLOADED = _Wire.ERROR_REASON_OVERLOADED
    TOO_LARGE = _Wire.ERROR_REASON_TOO_LARGE
    REQUEST_REPLAYED = _Wire.ERROR_REASON_REQUEST_REPLAYED
    NOT_FOUND = _Wire.ERROR_REASON_NOT_FOUND
    SOURCE_UNAVAILABLE = _Wire.ERROR_REASON_SOURCE_UNAVAILABLE
    PEER_UNAVAILABLE = _Wire.ERROR_REASON_PEER_UNAVAILABLE
    DRAINING = _Wire.ERROR_REASON_DRAINING
    TIMEOUT = _Wire.ERROR_REASON_TIMEOUT
    STORE_UNAVAILABLE = _Wire.ERROR_REASON_STORE_UNAVAILABLE
    SOURCE_BUSY = _Wire.ERROR_REASON_SOURCE_BUSY
    OUTPUT_UNAVAILABLE = _Wire.ERROR_REASON_OUTPUT_UNAVAILABLE
    LOG_CORRUPT = _Wire.ERROR_REASON_LOG_CORRUPT
    INTERNAL = _Wire.ERROR_REASON_INTERNAL
    LOG_DIFFERS = _Wire.ERROR_REASON_LOG_DIFFERS

    def __str__(self) -> str:
        return self.name

    def __format__(self, spec: str) -> str:
        return format(self.name, spec)

    @property
    def wire(self) -> _Wire:
        """The same value as generated messages take it."""
        return cast("_Wire", int(self))


class NodeError(Exception):
    """Something was refused or failed for one `Reason`.

    `wording` says to people what is wrong and what to do next, lower case, no full stop, in the language of
    who is shown it. Its arguments are for programs too. They never hold a subject, a secret or a data value.
    """

    def __init__(self, reason: Reason, key: str, /, **args: Value) -> None:
        super().__init__(reason, key)
        self.reason = reason
        self.wording = Message(key, args)

    @classmethod
    def of(cls, reason: Reason, wording: Message) -> NodeError:
        """The error that says this."""
        return NodeError(reason, wording.key, **wording.args)

    @classmethod
    def by_reason(cls, reason: Reason) -> NodeError:
        """The error that says its reason and no more: what a sealed request is denied for is told by that."""
        return cls.of(reason, wording_of(reason))

    @property
    def message(self) -> str:
        """What is wrong and what to do next, in English: for logs."""
        return say(self.wording, "en")

    @property
    def metadata(self) -> Mapping[str, str]:
        """What programs may go by: the arguments that are texts."""
        return {name: value for name, value in self.wording.args.items() if isinstance(value, str)}

    def __str__(self) -> str:
        return f"{self.reason.name}: {self.message}"


OF_THE_NODE: Final = frozenset(
    {
        Reason.CALLER_UNIDENTIFIED,
        Reason.POLICY_NOT_LOADED,
        Reason.DIRECTORY_EXPIRED,
        Reason.DIRECTORY_INVALID,
        Reason.CONFIG_INVALID,
        Reason.STATE_LOST,
        Reason.RATE_LIMITED,
        Reason.OVERLOADED,
        Reason.NOT_FOUND,
        Reason.PEER_UNAVAILABLE,
        Reason.DRAINING,
        Reason.TIMEOUT,
        Reason.STORE_UNAVAILABLE,
        Reason.LOG_CORRUPT,
        Reason.LOG_DIFFERS,
        Reason.INTERNAL,
    }
)
"""Reasons that say something of the node that gives them: words name it where that is another's."""


def wording_of(reason: Reason) -> Message:
    """What a reason says by itself."""
    return Message(f"reason.{reason.name}.what")


def wording_of_peer(reason: Reason) -> Message:
    """The same for a reason that another department's node gave."""
    return Message(f"reason.{reason.name}.theirs") if reason in OF_THE_NODE else wording_of(reason)
