"""A data source that fails costs nobody a day's limit, and failing on purpose gets nobody further."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from support.decided import charges, denied, verdicts
from support.running import pension_policy, resident
from support.two_sides import CALLER, TwoSides, query

from node.core.deciding.cost import FREE_OUTAGES, OUTAGE
from node.core.outage import Outage, OutageError
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import Answered
from node.texts.wording import say
from node.v1 import record_pb2 as rec

DAILY = 10
"""Questions about one subject a day."""


def fails(outage: Outage) -> Callable[[], None]:
    def fail() -> None:
        raise OutageError(outage, "error.source.database-silent")

    return fail


def is_well() -> None:
    """Nothing fails."""


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[TwoSides]:
    sides = TwoSides(tmp_path, pension_policy(per_subject_per_day=str(DAILY)))
    yield sides
    await sides.close()


async def ask(
    sides: TwoSides, *numbers: int, exchange_id: bytes = b"", claims: dict[str, str] | None = None
) -> Answered:
    subjects = [SubjectKey(resident(number), claims or {}) for number in numbers or (2,)]
    asked = query("name-matches" if claims else "is-enrolled")
    return await sides.requester.ask(CALLER, asked, subjects, exchange_id or os.urandom(16))


@pytest.mark.parametrize("outage", Outage)
async def test_day_of_a_subject_is_whole_after_more_failures_than_it_has_questions(
    sides: TwoSides, outage: Outage
) -> None:
    sides.register.before = fails(outage)
    for _ in range(DAILY + 1):
        await denied(ask(sides))
    sides.register.before = is_well
    for _ in range(DAILY):
        await ask(sides)
    assert (await denied(ask(sides))).reason is Reason.QUOTA_EXHAUSTED


@pytest.mark.parametrize("outage", Outage)
async def test_who_asks_is_told_why_and_that_it_is_not_charged(sides: TwoSides, outage: Outage) -> None:
    sides.register.before = fails(outage)
    said = await denied(ask(sides))
    verdict = verdicts(sides)[0]
    assert (verdict.decision, verdict.clause) == (rec.DECISION_DENY, outage)
    assert charges(verdict) == {OUTAGE: 1}
    assert said.metadata["clause"] == outage
    assert "this try is not charged" in say(said.wording, "en")
    assert "本次不计入限额" in say(said.wording, "zh")


async def test_every_outage_is_told_in_its_own_words(sides: TwoSides) -> None:
    told = set()
    for outage in Outage:
        sides.register.before = fails(outage)
        told.add(say((await denied(ask(sides))).wording, "zh"))
    assert len(told) == len(Outage)


async def test_failing_more_often_than_is_free_is_charged_and_said_to_be(sides: TwoSides) -> None:
    sides.register.before = fails(Outage.SLOW)
    for _ in range(FREE_OUTAGES):
        await denied(ask(sides))
    for _ in range(DAILY):
        said = await denied(ask(sides))
        assert said.reason is Reason.SOURCE_UNAVAILABLE
        assert "this try is charged" in say(said.wording, "en")
    assert charges(verdicts(sides)[-1]) == {"rule.day": 1, "rule.subject": 1}
    sides.register.before = is_well
    assert (await denied(ask(sides))).reason is Reason.QUOTA_EXHAUSTED
    await ask(sides, 4)


async def test_one_subject_that_failed_too_often_costs_no_other_its_day(sides: TwoSides) -> None:
    sides.register.before = fails(Outage.SILENT)
    for _ in range(FREE_OUTAGES):
        await denied(ask(sides, 2))
    for _ in range(DAILY):
        await denied(ask(sides, 2, 4))
    sides.register.before = is_well
    answers = (await ask(sides, 2, 4)).answers
    assert list(answers.refused) == [0]


async def test_failure_is_counted_once_for_one_exchange_id(sides: TwoSides) -> None:
    exchange_id = os.urandom(16)
    sides.register.before = fails(Outage.LOCKED)
    await denied(ask(sides, exchange_id=exchange_id))
    sides.register.before = is_well
    for _ in range(3):
        assert (await denied(ask(sides, exchange_id=exchange_id))).metadata["clause"] == Outage.LOCKED
    await sides.provider.ask(sides.arrival(), sides.wire.carried[-1])
    assert len(verdicts(sides)) == 1


async def test_what_may_come_from_a_row_costs_all_that_an_answer_does_and_a_try(sides: TwoSides) -> None:
    """A claim that makes the question fail where there is such a row would be tried for nothing else."""

    def fail() -> None:
        raise NodeError(Reason.SOURCE_UNAVAILABLE, "error.source.query-failed")

    sides.register.before = fail
    said = await denied(ask(sides, claims={"name": "right"}))
    assert "this try is charged" in say(said.wording, "en")
    verdict = verdicts(sides)[0]
    assert verdict.clause == "source"
    assert charges(verdict)["claim.tries"] == 1
    tried = 1
    while (await denied(ask(sides, claims={"name": "right"}))).reason is Reason.SOURCE_UNAVAILABLE:
        tried += 1
        assert tried <= DAILY
    sides.register.before = is_well
    assert (await denied(ask(sides, claims={"name": "right"}))).metadata["clause"] in (
        "claims.wrong_tries_per_subject",
        "limits.per_subject_per_day",
    )


async def test_an_outage_is_no_try_of_a_claim(sides: TwoSides) -> None:
    sides.register.before = fails(Outage.SILENT)
    for _ in range(DAILY):
        await denied(ask(sides, claims={"name": "wrong"}))
    sides.register.before = is_well
    assert list((await ask(sides, claims={"name": "right"})).answers.verify.results) == [True]


async def test_each_failure_counts_as_a_denial_of_its_requester(sides: TwoSides) -> None:
    before = sides.denials._bucket(sides.tax.member.code).tokens
    sides.register.before = fails(Outage.SILENT)
    for _ in range(3):
        await denied(ask(sides))
    assert sides.denials._bucket(sides.tax.member.code).tokens <= before - 3


async def test_failures_of_yesterday_are_forgotten(sides: TwoSides) -> None:
    sides.register.before = fails(Outage.SLOW)
    for _ in range(FREE_OUTAGES):
        await denied(ask(sides))
    sides.clock.now += 14 * 3_600_000  # midnight in Dongguan
    await denied(ask(sides))
    assert charges(verdicts(sides)[-1]) == {OUTAGE: 1}


async def test_a_new_key_of_the_node_forgets_no_failure(sides: TwoSides) -> None:
    sides.register.before = fails(Outage.SLOW)
    for _ in range(FREE_OUTAGES):
        await denied(ask(sides))
    sides.hr.rotate_data_key()
    await denied(ask(sides))
    assert charges(verdicts(sides)[-1]) == {"rule.day": 1, "rule.subject": 1}


async def test_charge_that_cannot_be_made_durable_makes_no_denial_either(sides: TwoSides) -> None:
    sides.register.before = fails(Outage.SILENT)
    sides.hr.faults.fail("commit")
    exchange_id = os.urandom(16)
    assert (await denied(ask(sides, exchange_id=exchange_id))).reason is Reason.STORE_UNAVAILABLE
    assert verdicts(sides) == []
    sides.hr.faults.fail()
    assert (await denied(ask(sides, exchange_id=exchange_id))).metadata["clause"] == Outage.SILENT
    assert [charges(each) for each in verdicts(sides)] == [{OUTAGE: 1}]
