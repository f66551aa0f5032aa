"""The kinds of questions, and their one encoding: in the catalogue, in a query and in an intent."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2 as pb


class QuestionKind(StrEnum):
    """What sort of answer a question has: one bit, one derived value, a table of noisy counts."""

    VERIFY = "verify"
    FIELD = "field"
    STATISTIC = "statistic"


COMMANDS: Mapping[QuestionKind, str] = MappingProxyType(
    {QuestionKind.VERIFY: "verify", QuestionKind.FIELD: "ask", QuestionKind.STATISTIC: "stats"}
)
"""Of `dxnode`, to ask a question of that kind."""
_TO_WIRE = {
    QuestionKind.VERIFY: pb.QUESTION_KIND_VERIFY,
    QuestionKind.FIELD: pb.QUESTION_KIND_FIELD,
    QuestionKind.STATISTIC: pb.QUESTION_KIND_STATISTIC,
}
_FROM_WIRE = {number: kind for kind, number in _TO_WIRE.items()}


def kind_to_message(kind: QuestionKind) -> pb.QuestionKind:
    """As messages have it."""
    return _TO_WIRE[kind]


def kind_from_message(number: pb.QuestionKind) -> QuestionKind:
    """From a message. Raises NodeError(QUERY_INVALID) when it gives none, or one that is not known."""
    kind = _FROM_WIRE.get(number)
    if kind is None:
        raise NodeError(Reason.QUERY_INVALID, "error.policy.question-kind-missing")
    return kind
