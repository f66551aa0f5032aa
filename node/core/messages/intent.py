"""What an intent has to say: the requester looks before it records one, the provider on opening.

So a provider relies on nobody's desk: what the requester's own must not leave out or let in, is denied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from node.core.bounds import MAX_PARAMETER, MAX_PARAMETERS, MAX_SUBJECTS
from node.core.identity import holds_identifier
from node.core.names import FIELD_NAME, MAX_NAME, is_name
from node.core.normal_form import unreadable
from node.core.policy.question_kind import QuestionKind, kind_from_message
from node.core.purpose import PURPOSE_MAX_LENGTH, is_purpose_code
from node.core.role import ASKING_ROLES
from node.errors import NodeError, Reason
from node.texts.message import Message, Value
from node.v1 import record_pb2 as pb

MAX_CASE: Final = 64
HASH: Final = 32
BATCH_ID: Final = 16

_IDENTIFIER: Final = Message("error.intent.identity-number")
_GRANT_ID = re.compile(r"g-[0-9a-f]{16}").fullmatch
_PARAMETER = re.compile(FIELD_NAME).fullmatch


def check_intent(intent: pb.Intent) -> None:
    """Raises NodeError(QUERY_INVALID) unless every field is there and of its form."""
    check_asked(intent)
    check_bound(intent)


def check_bound(intent: pb.Intent) -> None:
    """As `check_intent`, of what the requester's node adds to what was asked: grant and commitments."""
    if not is_grant_id(intent.grant_id):
        raise _invalid("error.intent.grant-id-malformed")
    if len(intent.commitment) != HASH or len(intent.response_key_hash) != HASH:
        raise _invalid("error.intent.no-commitment")


def check_asked(intent: pb.Intent) -> None:
    """As `check_intent`, of what was asked, and by whom."""
    if problem := _named(intent.dataset, intent.question, intent.purpose):
        raise NodeError.of(Reason.QUERY_INVALID, problem)
    case = intent.case_number
    if seen := unreadable(case):
        raise _invalid("error.intent.case-number-unreadable", **seen)
    if not _is_line(case, MAX_CASE):
        raise _invalid("error.intent.case-number-malformed", most=MAX_CASE)
    parameters = intent.parameters
    if parameters:
        _check_parameters(parameters)
    if intent.role not in ASKING_ROLES:
        raise _invalid("error.intent.role-may-not-ask", roles=ASKING_ROLES)
    if len(intent.caller) != HASH:
        raise _invalid("error.intent.caller-unnamed")
    in_batch = intent.HasField("batch")
    _check_count(kind_from_message(intent.kind), intent.subjects, in_batch=in_batch)
    if in_batch and len(intent.batch.batch_id) != BATCH_ID:
        raise _invalid("error.intent.batch-id-length", bytes=BATCH_ID)
    if holds_identifier(case) or any(
        holds_identifier(each.name) or holds_identifier(each.value) for each in parameters
    ):
        raise NodeError.of(Reason.QUERY_INVALID, _IDENTIFIER)


# Of the names there are few, and each is looked at with every exchange.
@lru_cache(maxsize=4096)
def _named(dataset: str, question: str, purpose: str) -> Message | None:
    """What is wrong with names that stand in the clear, None if nothing is."""
    if not is_name(dataset) or not is_name(question):
        return Message("error.intent.name-malformed", {"most": MAX_NAME})
    if not is_purpose_code(purpose):
        return Message("error.intent.purpose-malformed", {"most": PURPOSE_MAX_LENGTH})
    return _IDENTIFIER if any(map(holds_identifier, (dataset, question, purpose))) else None


def is_grant_id(text: str) -> bool:
    """Whether a node gives ids like this one."""
    return _GRANT_ID(text) is not None


def _check_parameters(parameters: Iterable[pb.Parameter]) -> None:
    names = [parameter.name for parameter in parameters]
    if len(names) > MAX_PARAMETERS or not all(map(_PARAMETER, names)):
        raise _invalid("error.intent.parameter-name-malformed", most=MAX_PARAMETERS)
    if sorted(set(names)) != names:
        raise _invalid("error.intent.parameter-twice")
    for parameter in parameters:
        if seen := unreadable(parameter.value):
            raise _invalid("error.intent.parameter-unreadable", parameter=parameter.name, **seen)
    if not all(_is_line(parameter.value, MAX_PARAMETER) for parameter in parameters):
        raise _invalid("error.intent.parameter-value-malformed", most=MAX_PARAMETER)


def _check_count(kind: QuestionKind, subjects: int, *, in_batch: bool) -> None:
    if kind is QuestionKind.STATISTIC:
        if subjects or in_batch:
            raise _invalid("error.intent.statistic-subject")
    elif not 1 <= subjects <= MAX_SUBJECTS:
        raise _invalid("error.intent.subject-count", most=MAX_SUBJECTS)


def _is_line(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable() and text == text.strip()


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.QUERY_INVALID, key, **args)
