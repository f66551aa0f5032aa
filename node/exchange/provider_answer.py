"""Turns what a data source says into the answers message that the verdict commits to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from node.core.deciding.budget import BudgetDebit
from node.core.policy.question import Question
from node.core.state.data_load import DataLoad
from node.errors import NodeError
from node.exchange.payable import Short
from node.v1 import record_pb2 as rec


class Computed(NamedTuple):
    """What step 10 found: answers, or why there are none. Not yet released, not yet charged.

    With a `release_key` the answers are a statistic: a new one costs `budget`, one that was released
    before costs nothing. `unclear` are the positions of subjects about whom the source has no one answer.
    What is `short` cannot be paid, and so was not computed; nor was what has nothing at all here, because it
    was answered before.
    """

    answers: rec.Answers | None = None
    load: DataLoad | None = None
    release_key: bytes = b""
    budget: tuple[BudgetDebit, ...] = ()
    failure: NodeError | None = None
    unclear: frozenset[int] = frozenset()
    short: Short | None = None


NOT_COMPUTED = Computed()


def verify_answers(values: Sequence[object], salt: bytes) -> rec.Answers:
    """One bit for each subject."""
    return rec.Answers(salt=salt, verify=rec.VerifyAnswers(results=[value is True for value in values]))


def field_answers(values: Sequence[object], salt: bytes) -> rec.Answers:
    """One derived value for each subject; None is absent."""
    answers = [
        rec.FieldAnswer() if value is None else rec.FieldAnswer(present=True, value=str(value))
        for value in values
    ]
    return rec.Answers(salt=salt, field=rec.FieldAnswers(answers=answers))


def load_message(load: DataLoad | None) -> rec.DataLoad | None:
    """As a message."""
    if load is None:
        return None
    return rec.DataLoad(
        number=load.number, time_ms=load.time_ms, as_of_ms=load.as_of_ms, overdue=load.overdue
    )


def without(answers: rec.Answers, refused: Sequence[int]) -> rec.Answers:
    """The answers with nothing in the places of refused subjects."""
    kept = rec.Answers()
    kept.CopyFrom(answers)
    for position in refused:
        if kept.HasField("verify"):
            kept.verify.results[position] = False
        else:
            kept.field.answers[position].Clear()
    kept.refused.extend(refused)
    return kept


def wrong_claims(answers: rec.Answers) -> frozenset[int]:
    """Positions of the subjects for whom the claims did not hold."""
    if answers.HasField("verify"):
        return frozenset(i for i, result in enumerate(answers.verify.results) if not result)
    return frozenset(i for i, answer in enumerate(answers.field.answers) if answer.value != "true")


def release_key(
    dataset: str, question: Question, parameters: Mapping[str, str], region: str, load: DataLoad
) -> bytes:
    """Names a statistic: the same question on the same load has the same key (SHA-256, 32 bytes).

    Not on the same data: given again for nothing after a new load, it would tell that nothing changed.
    """
    statistic = question.statistic
    parts = [
        dataset,
        question.name,
        question.expression.sql(),
        repr(statistic.group_by) if statistic else "",
        str(statistic.unit_contributes) if statistic else "",
        str(statistic.epsilon_micros) if statistic else "",
        repr(sorted(parameters.items())),
        region,
        str(load.number),
        str(load.time_ms),
    ]
    return hashlib.sha256("\x00".join(parts).encode()).digest()
