"""What a requester takes from a provider: a verdict and answers of the form that an honest one sends.

They are kept for years, and handed to callers. Proofs and commitments show who said a thing, and not that it
fits what was asked: an answer of another kind or time, about others, texts without end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from node.core.log.usage import SALT_BYTES
from node.core.messages.intent import HASH
from node.core.names import is_name
from node.core.policy.question_kind import QuestionKind, kind_from_message
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as pb

MAX_CHARGES: Final = 8
MAX_AMOUNT: Final = 2**53
MAX_VALUE: Final = 1000
"""Characters of an answer: a provider loads no longer text."""
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
        raise _invalid("the provider's record decides nothing")
    if permit != (not verdict.reason) or permit == bool(verdict.clause):
        raise _invalid("the provider's record gives a reason for a permit, or none for a denial")
    if len(verdict.policy_digest) != HASH:
        raise _invalid("the provider's record does not name the policies that decided")
    if len(verdict.answer_commitment) != (HASH if permit else 0):
        raise _invalid("the provider's record commits to no answer, or to one that it denied")
    if (permit or verdict.rule) and not is_name(verdict.rule):
        raise _invalid("the provider's record names its rule in no proper way")
    if verdict.clause and not _WORDS(verdict.clause):
        raise _invalid("the provider's record names its clause in no proper way")
    if len(verdict.intent_hash) != (0 if verdict.intent else HASH):
        raise _invalid("the provider's record has neither the intent nor its hash, or both")
    if permit != verdict.HasField("load") or (permit and not _is_load(verdict.load)):
        raise _invalid("the provider's record names no load of its data, or one that it did not read")
    _check_charges(verdict.charges)
    place = verdict.requester_log
    told = place.index or place.size or place.root
    if told and not (place.index < place.size and len(place.root) == HASH):
        raise _invalid("the provider's record names no place in this department's log")


def check_time(record: pb.UsageRecord, asked: pb.UsageRecord, now_ms: int, skew_ms: int) -> None:
    """Whether a verdict was written between the intent and now, as far as clocks agree.

    Raises NodeError(CLOCK_SKEWED).
    """
    if not asked.time_ms - skew_ms <= record.time_ms <= now_ms + skew_ms:
        raise NodeError(
            Reason.CLOCK_SKEWED,
            "the provider's record is older than the question, or from the future: check both clocks",
        )


def check_answers(answers: pb.Answers, asked: pb.Intent) -> None:
    """Whether answers, in canonical bytes, are of the kind that was asked for, and about so many subjects.

    Raises NodeError(PROOF_INVALID).
    """
    kind, subjects = kind_from_message(asked.kind), asked.subjects
    if len(answers.salt) != SALT_BYTES:
        raise _invalid("the provider's answer has no salt")
    if answers.WhichOneof("kind") != kind:
        raise _invalid("the provider's answer is of another kind than the question")
    refused = list(answers.refused)
    if sorted(set(refused)) != refused or (refused and refused[-1] >= subjects):
        raise _invalid("the provider's answer refuses subjects that nobody asked about")
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
            if not _is_line(answer.value, MAX_VALUE) or (answer.value and not answer.present):
                raise _invalid("the provider's answer has a value that is too long, or none")
    if len(given) != subjects or held:
        raise _invalid("the provider's answer does not fit the number of subjects")


def _check_statistic(statistic: pb.StatisticAnswer) -> None:
    cells = statistic.cells
    if not 1 <= len(cells) <= MAX_CELLS:
        raise _invalid("the provider's statistic has no cells, or too many")
    keys = [tuple(cell.key) for cell in cells]
    if len({len(key) for key in keys}) > 1 or len(keys[0]) > MAX_KEY or len(set(keys)) < len(keys):
        raise _invalid("the provider's statistic does not have one cell for each group")
    if not all(_is_line(part, MAX_VALUE) and part for key in keys for part in key):
        raise _invalid("the provider's statistic has a group whose name is too long, or none")
    if max(statistic.epsilon_micros, statistic.accuracy_95) > MAX_AMOUNT:
        raise _invalid("the provider's statistic has numbers out of all bounds")
    if not _is_load(statistic.load):
        raise _invalid("the provider's statistic names no load of its data")


def _check_charges(charges: Sequence[pb.Charge]) -> None:
    scopes = [charge.scope for charge in charges]
    if len(scopes) > MAX_CHARGES or len(set(scopes)) < len(scopes) or not all(map(_WORDS, scopes)):
        raise _invalid("the provider's record names its charges in no proper way")
    if any(charge.amount > MAX_AMOUNT for charge in charges):
        raise _invalid("the provider's record charges more than there can be")


def _is_load(load: pb.DataLoad) -> bool:
    return 1 <= load.number <= MAX_AMOUNT and 0 <= load.time_ms <= MAX_AMOUNT


def _is_line(text: str, longest: int) -> bool:
    return len(text) <= longest and _CONTROL(text) is None


def _invalid(problem: str) -> NodeError:
    return NodeError(Reason.PROOF_INVALID, f"{problem}: tell its operator")
