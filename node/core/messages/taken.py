"""What a requester takes from a provider: a verdict and answers of the form that an honest one sends.

They are kept for years, and handed to callers. Proofs and commitments show who said a thing, and not that it
fits what was asked: an answer of another kind or time, about others, texts without end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from node.core.bounds import MAX_ANSWER
from node.core.log.usage import SALT_BYTES
from node.core.messages.denial_terms import terms_of
from node.core.messages.intent import HASH
from node.core.names import is_name
from node.core.policy.question_kind import QuestionKind, kind_from_message
from node.errors import NodeError, Reason
from node.texts.message import Value
from node.v1 import record_pb2 as pb

MAX_CHARGES: Final = 8
MAX_AMOUNT: Final = 2**53
MAX_CELLS: Final = 10_000
MAX_KEY: Final = 3
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
_WORDS = re.compile(r"[a-z_]{1,32}(?:\.[a-z_]{1,32})?").fullmatch


def check_verdict(verdict: pb.Verdict) -> None:
    """Whether a verdict, in canonical bytes, says what one says and nothing beside.

    Raises NodeError(PROOF_INVALID).
    """
    permit = verdict.decision == pb.DECISION_PERMIT
    if not permit and verdict.decision != pb.DECISION_DENY:
        raise _invalid("error.messages.verdict-undecided")
    if permit != (not verdict.reason) or permit == bool(verdict.clause):
        raise _invalid("error.messages.verdict-reason")
    if len(verdict.policy_digest) != HASH:
        raise _invalid("error.messages.verdict-policies")
    if len(verdict.answer_commitment) != (HASH if permit else 0):
        raise _invalid("error.messages.verdict-commitment")
    if (permit or verdict.rule) and not is_name(verdict.rule):
        raise _invalid("error.messages.verdict-rule")
    if verdict.clause and not _WORDS(verdict.clause):
        raise _invalid("error.messages.verdict-clause")
    terms_of(verdict)
    if len(verdict.intent_hash) != (0 if verdict.intent else HASH):
        raise _invalid("error.messages.verdict-intent")
    if permit != verdict.HasField("load") or (permit and not _is_load(verdict.load)):
        raise _invalid("error.messages.verdict-load")
    _check_charges(verdict.charges)
    place = verdict.requester_log
    told = place.index or place.size or place.root
    if told and not (place.index < place.size and len(place.root) == HASH):
        raise _invalid("error.messages.verdict-place")


def check_time(record: pb.UsageRecord, asked: pb.UsageRecord, now_ms: int, skew_ms: int) -> None:
    """Whether a verdict was written between the intent and now, as far as clocks agree.

    Raises NodeError(CLOCK_SKEWED).
    """
    behind, ahead = asked.time_ms - record.time_ms, record.time_ms - now_ms
    if behind > skew_ms:
        raise NodeError(Reason.CLOCK_SKEWED, "error.messages.clock-behind", seconds=round(behind / 1000))
    if ahead > skew_ms:
        raise NodeError(Reason.CLOCK_SKEWED, "error.messages.clock-ahead", seconds=round(ahead / 1000))


def check_answers(answers: pb.Answers, asked: pb.Intent) -> None:
    """Whether answers, in canonical bytes, are of the kind that was asked for, and about so many subjects.

    Raises NodeError(PROOF_INVALID).
    """
    kind, subjects = kind_from_message(asked.kind), asked.subjects
    if len(answers.salt) != SALT_BYTES:
        raise _invalid("error.messages.answer-salt-missing")
    if answers.WhichOneof("kind") != kind:
        raise _invalid("error.messages.answer-kind")
    refused = list(answers.refused)
    if sorted(set(refused)) != refused or (refused and refused[-1] >= subjects):
        raise _invalid("error.messages.answer-refusals")
    if kind is QuestionKind.STATISTIC:
        _check_statistic(answers.statistic)
        return
    given: Sequence[object]
    if kind is QuestionKind.VERIFY:
        given = answers.verify.results
        held = [position for position in refused if position < len(given) and given[position]]
    else:
        given = answers.field.answers
        held = [n for n in refused if n < len(given) and answers.field.answers[n].present]
        for answer in answers.field.answers:
            if not _is_line(answer.value, MAX_ANSWER) or (answer.value and not answer.present):
                raise _invalid("error.messages.answer-value")
    if len(given) != subjects or held:
        raise _invalid("error.messages.answer-count")


def _check_statistic(statistic: pb.StatisticAnswer) -> None:
    cells = statistic.cells
    if not 1 <= len(cells) <= MAX_CELLS:
        raise _invalid("error.messages.statistic-cell-count")
    keys = [tuple(cell.key) for cell in cells]
    if len({len(key) for key in keys}) > 1 or len(keys[0]) > MAX_KEY or len(set(keys)) < len(keys):
        raise _invalid("error.messages.statistic-cells-missing")
    if not all(_is_line(part, MAX_ANSWER) and part for key in keys for part in key):
        raise _invalid("error.messages.statistic-group-name")
    if max(statistic.epsilon_micros, statistic.accuracy_95) > MAX_AMOUNT:
        raise _invalid("error.messages.statistic-numbers")
    if not _is_load(statistic.load):
        raise _invalid("error.messages.statistic-load")


def _check_charges(charges: Sequence[pb.Charge]) -> None:
    scopes = [charge.scope for charge in charges]
    if len(scopes) > MAX_CHARGES or len(set(scopes)) < len(scopes) or not all(map(_WORDS, scopes)):
        raise _invalid("error.messages.verdict-charges-malformed")
    if any(charge.amount > MAX_AMOUNT for charge in charges):
        raise _invalid("error.messages.verdict-charges-excessive")


def _is_load(load: pb.DataLoad) -> bool:
    times = (load.time_ms, load.as_of_ms)
    return 1 <= load.number <= MAX_AMOUNT and all(0 <= each <= MAX_AMOUNT for each in times)


def _is_line(text: str, longest: int) -> bool:
    return len(text) <= longest and _CONTROL(text) is None


def _invalid(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.PROOF_INVALID, key, **args)
