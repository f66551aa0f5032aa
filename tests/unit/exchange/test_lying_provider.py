"""A provider that records, commits to and proves what it says is not believed for that alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import pytest
from support.running import resident
from support.two_sides import CALLER, TwoSides, query

from node.core.bounds import MAX_ANSWER
from node.core.log import usage
from node.core.messages.taken import MAX_CELLS
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange import verdict as verdict_room
from node.exchange.asking import Answered
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

PLANNING = "city-planning/population"
SALT = bytes(32)


async def ask(sides: TwoSides, question: str = "is-enrolled", *numbers: int) -> Answered:
    about = [SubjectKey(resident(number), {}) for number in numbers or (2, 4)]
    if question == "enrolled-by-region":
        return await sides.requester.ask(CALLER, query(question, PLANNING), [], os.urandom(16))
    return await sides.requester.ask(CALLER, query(question), about, os.urandom(16))


async def believed(sides: TwoSides, question: str = "is-enrolled") -> Reason | None:
    """Why the answer is not taken, None if it is; what is not taken has an outcome that says so."""
    said: NodeError | None = None
    try:
        await ask(sides, question)
    except NodeError as error:
        said = error
    last = sides.tax.records()[-1].outcome
    if last.kind != rec.OUTCOME_KIND_FAILED:
        return None
    assert said is not None
    assert (last.reason, last.verdict_hash) == (said.reason.wire, b"")
    return said.reason


# --- what it answers ---

Bend = Callable[[rec.Answers], None]


def say(sides: TwoSides, monkeypatch: pytest.MonkeyPatch, answers: rec.Answers) -> None:
    """Let the provider commit to these answers, whatever was asked."""
    body = answers.SerializeToString(deterministic=True)
    monkeypatch.setattr(verdict_room.VerdictJob, "_known", _saying(body))


def _saying(answers: bytes) -> Callable[..., bytes]:
    honest = verdict_room.VerdictJob._known

    def known(job: verdict_room.VerdictJob, message: rec.Answers | pb.SealedResponse) -> bytes:
        return answers if isinstance(message, rec.Answers) else honest(job, message)

    return known


def verified(*results: bool, refused: Sequence[int] = (), salt: bytes = SALT) -> rec.Answers:
    return rec.Answers(salt=salt, verify=rec.VerifyAnswers(results=results), refused=refused)


def derived(*values: str | None, refused: Sequence[int] = ()) -> rec.Answers:
    answers = [rec.FieldAnswer(present=value is not None, value=value or "") for value in values]
    return rec.Answers(salt=SALT, field=rec.FieldAnswers(answers=answers), refused=refused)


def counted(*cells: tuple[Sequence[str], int], **more: int) -> rec.Answers:
    made = [rec.StatisticCell(key=key, count=count) for key, count in cells]
    load = rec.DataLoad(number=1, time_ms=2)
    return rec.Answers(
        salt=SALT,
        statistic=rec.StatisticAnswer(cells=made, load=load, **more),  # type: ignore[arg-type]
    )


HONEST: dict[str, tuple[str, rec.Answers]] = {
    "yes and no": ("is-enrolled", verified(True, False)),
    "one refused": ("is-enrolled", verified(True, False, refused=[1])),
    "values": ("contribution-band", derived("[0,60)", None)),
    "long value": ("contribution-band", derived("长" * MAX_ANSWER, None)),
    "one cell": ("enrolled-by-region", counted(((), 7))),
    "cells": ("enrolled-by-region", counted((("a",), 7), (("b",), -1))),
}
LIES: dict[str, tuple[str, rec.Answers]] = {
    "value for yes or no": ("is-enrolled", derived("张三", "李四")),
    "counts for yes or no": ("is-enrolled", counted(((), 7))),
    "yes or no for a value": ("contribution-band", verified(True, False)),
    "yes or no for counts": ("enrolled-by-region", verified()),
    "values for counts": ("enrolled-by-region", derived()),
    "nothing": ("is-enrolled", rec.Answers(salt=SALT)),
    "no salt": ("is-enrolled", verified(True, False, salt=b"")),
    "one too few": ("is-enrolled", verified(True)),
    "one too many": ("is-enrolled", verified(True, False, True)),
    "refused who was not asked": ("is-enrolled", verified(True, False, refused=[2])),
    "refused twice": ("is-enrolled", verified(False, False, refused=[1, 1])),
    "refused in disorder": ("is-enrolled", verified(False, False, refused=[1, 0])),
    "refused and answered": ("is-enrolled", verified(True, False, refused=[0])),
    "value refused and given": ("contribution-band", derived("[0,60)", None, refused=[0])),
    "value too long": ("contribution-band", derived("x" * (MAX_ANSWER + 1), None)),
    "value of two lines": ("contribution-band", derived("a\nb", None)),
    "value that moves the cursor": ("contribution-band", derived("a\x1b[2J", None)),
    "no cells": ("enrolled-by-region", counted()),
    "too many cells": ("enrolled-by-region", counted(*(((str(n),), 1) for n in range(MAX_CELLS + 1)))),
    "cell twice": ("enrolled-by-region", counted((("a",), 1), (("a",), 2))),
    "keys of two lengths": ("enrolled-by-region", counted((("a",), 1), (("a", "b"), 2))),
    "key of four parts": ("enrolled-by-region", counted((("a", "b", "c", "d"), 1))),
    "key too long": ("enrolled-by-region", counted((("x" * (MAX_ANSWER + 1),), 1))),
    "empty key": ("enrolled-by-region", counted((("",), 1))),
    "price out of bounds": ("enrolled-by-region", counted(((), 1), epsilon_micros=2**60)),
}
LOADLESS = counted(((), 7))
LOADLESS.statistic.ClearField("load")
LIES["counts of no load"] = ("enrolled-by-region", LOADLESS)
HIDDEN = derived("x", None)
HIDDEN.field.answers[1].value = "hidden in what is not present"
LIES["value that is not present"] = ("contribution-band", HIDDEN)


@pytest.mark.parametrize("what", HONEST)
async def test_answer_that_fits_is_taken(sides: TwoSides, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    question, answers = HONEST[what]
    say(sides, monkeypatch, answers)
    assert await believed(sides, question) is None


@pytest.mark.parametrize("what", LIES)
async def test_answer_that_does_not_fit_what_was_asked_is_not_taken(
    sides: TwoSides, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    question, answers = LIES[what]
    say(sides, monkeypatch, answers)
    assert await believed(sides, question) is Reason.PROOF_INVALID


# --- what it records ---


def record(sides: TwoSides, monkeypatch: pytest.MonkeyPatch, bend: Callable[[rec.UsageRecord], None]) -> None:
    """Let the provider record, log and prove a verdict that is bent."""
    honest = usage.verdict_record

    def written(*args: object) -> bytes:
        made = rec.UsageRecord.FromString(honest(*args))  # type: ignore[arg-type]
        bend(made)
        return made.SerializeToString(deterministic=True)

    monkeypatch.setattr("node.core.log.usage.verdict_record", written)


def _deny(record: rec.UsageRecord, **changes: object) -> None:
    verdict = record.verdict
    verdict.decision, verdict.reason = rec.DECISION_DENY, Reason.NO_GRANT.wire
    verdict.clause = "grant.exists"
    for field in ("answer_commitment", "rule", "charges", "load"):
        verdict.ClearField(field)
    for name, value in changes.items():
        setattr(verdict, name, value)


def _charge(record: rec.UsageRecord, *charges: rec.Charge) -> None:
    del record.verdict.charges[:]
    record.verdict.charges.extend(charges)


BENT: dict[str, Callable[[rec.UsageRecord], None]] = {
    "no rule": lambda record: record.verdict.ClearField("rule"),
    "rule with a name in it": lambda record: setattr(record.verdict, "rule", "张三"),
    "rule that is long": lambda record: setattr(record.verdict, "rule", "a" * 65),
    "clause of a permit": lambda record: setattr(record.verdict, "clause", "source"),
    "reason of a permit": lambda record: setattr(record.verdict, "reason", Reason.NO_GRANT.wire),
    "short digest of policies": lambda record: setattr(record.verdict, "policy_digest", bytes(31)),
    "long digest of policies": lambda record: setattr(record.verdict, "policy_digest", bytes(33)),
    "commitment that is long": lambda record: setattr(record.verdict, "answer_commitment", bytes(64)),
    "charge of unknown words": lambda record: _charge(record, rec.Charge(scope="张三", amount=1)),
    "charge twice": lambda record: _charge(record, *[rec.Charge(scope="rule.day", amount=1)] * 2),
    "charge out of bounds": lambda record: _charge(record, rec.Charge(scope="rule.day", amount=2**60)),
    "charges without end": lambda record: _charge(
        record, *(rec.Charge(scope=f"rule.{'a' * n}", amount=1) for n in range(1, 20))
    ),
    "place outside of the log": lambda record: setattr(record.verdict.requester_log, "index", 2**40),
    "root without a log": lambda record: record.verdict.requester_log.CopyFrom(
        rec.LogPosition(root=bytes(1000))
    ),
    "no load": lambda record: record.verdict.ClearField("load"),
    "load without a number": lambda record: record.verdict.load.ClearField("number"),
    "load out of bounds": lambda record: setattr(record.verdict.load, "number", 2**60),
    "load before all time": lambda record: setattr(record.verdict.load, "time_ms", -1),
    "hash beside the intent": lambda record: setattr(record.verdict, "intent_hash", bytes(32)),
    "root that is long": lambda record: setattr(record.verdict.requester_log, "root", bytes(33)),
}
DENIED: dict[str, dict[str, object]] = {
    "no reason": {"reason": 0},
    "no clause": {"clause": ""},
    "clause with a name in it": {"clause": "张三"},
    "clause that is long": {"clause": "a" * 40},
    "commitment to an answer": {"answer_commitment": bytes(32)},
    "rule with blanks": {"rule": "a rule"},
    "hash beside the intent": {"intent_hash": bytes(32)},
}


@pytest.mark.parametrize("what", BENT)
async def test_verdict_that_says_more_or_less_than_one_does_is_not_taken(
    sides: TwoSides, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sides, monkeypatch, BENT[what])
    assert await believed(sides) is Reason.PROOF_INVALID


@pytest.mark.parametrize("what", DENIED)
async def test_denial_that_says_more_or_less_than_one_does_is_not_taken(
    sides: TwoSides, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides.grants.clear()
    record(sides, monkeypatch, _deny)
    assert await believed(sides) is None  # for what it is
    record(sides, monkeypatch, lambda record: _deny(record, **DENIED[what]))
    assert await believed(sides) is Reason.PROOF_INVALID


async def test_denial_that_names_a_load_is_not_taken(
    sides: TwoSides, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(record: rec.UsageRecord) -> None:
        _deny(record)
        record.verdict.load.number = 1

    sides.grants.clear()
    record(sides, monkeypatch, read)
    assert await believed(sides) is Reason.PROOF_INVALID


SKEW, MINUTE = 300_000, 60_000


@pytest.mark.parametrize("late", [-SKEW - MINUTE, SKEW + MINUTE, 10**12])
async def test_verdict_from_before_the_question_or_from_the_future_is_not_taken(
    sides: TwoSides, late: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sides, monkeypatch, lambda record: setattr(record, "time_ms", record.time_ms + late))
    assert await believed(sides) is Reason.CLOCK_SKEWED


@pytest.mark.parametrize("late", [-SKEW + MINUTE, SKEW - MINUTE])
async def test_verdict_of_a_clock_that_differs_a_little_is_taken(
    sides: TwoSides, late: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(sides, monkeypatch, lambda record: setattr(record, "time_ms", record.time_ms + late))
    assert await believed(sides) is None


async def test_answer_that_is_fetched_hours_later_is_taken(sides: TwoSides) -> None:
    exchange_id, about = os.urandom(16), [SubjectKey(resident(2), {})]
    sides.wire.lose_answer = NodeError(Reason.PEER_UNAVAILABLE, "gone")
    with pytest.raises(NodeError):
        await sides.requester.ask(CALLER, query(), about, exchange_id)
    sides.wire.lose_answer = None
    sides.clock.now += 20 * 3_600_000
    answered = await sides.requester.ask(CALLER, query(), about, exchange_id)
    assert list(answered.answers.verify.results) == [True]


async def test_answer_under_another_exchange_id_is_not_taken(sides: TwoSides) -> None:
    sides.wire.bend = lambda answer: setattr(answer, "exchange_id", bytes(16))
    assert await believed(sides) is Reason.PROOF_INVALID
