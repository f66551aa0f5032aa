"""A subject about whom the source has no one answer: refused, recorded, and paid for like any other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.running import pension_policy, resident
from support.two_sides import CALLER, TwoSides, query

from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import Answered
from node.v1 import record_pb2 as rec


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[TwoSides]:
    sides = TwoSides(tmp_path, pension_policy(per_subject_per_day="1"))
    sides.register.unclear = {resident(4)}
    yield sides
    await sides.close()


async def ask(sides: TwoSides, *numbers: int, **claims: str) -> Answered:
    subjects = [SubjectKey(resident(number), claims) for number in numbers]
    return await sides.requester.ask(CALLER, query("name-matches" if claims else "is-enrolled"), subjects)


def last_verdict(sides: TwoSides) -> rec.Verdict:
    return [r.verdict for r in sides.hr.records() if r.WhichOneof("body") == "verdict"][-1]


def paid(verdict: rec.Verdict, scope: str) -> int:
    return sum(charge.amount for charge in verdict.charges if charge.scope == scope)


async def test_subject_with_several_rows_is_a_denial_of_the_source(sides: TwoSides) -> None:
    with pytest.raises(NodeError) as denied:
        await ask(sides, 4)

    assert denied.value.reason is Reason.SOURCE_UNAVAILABLE
    verdict = last_verdict(sides)
    assert (verdict.decision, verdict.clause) == (rec.DECISION_DENY, "source")
    assert verdict.answer_commitment == b""
    with pytest.raises(NodeError) as again:
        await ask(sides, 4)
    assert again.value.reason is Reason.QUOTA_EXHAUSTED, "failing is no way around a limit"


async def test_in_a_batch_only_the_subject_concerned_gets_nothing(sides: TwoSides) -> None:
    answers = (await ask(sides, 2, 4, 6, 3)).answers

    assert list(answers.verify.results) == [True, False, True, False]
    assert list(answers.refused) == [1]
    assert paid(last_verdict(sides), "rule.day") == 4
    assert list((await ask(sides, 4, 8)).answers.refused) == [0], "asked once today already"


async def test_no_answer_is_no_wrong_try(tmp_path: Path) -> None:
    sides = TwoSides(tmp_path)
    sides.register.unclear = {resident(4)}
    answers = (await ask(sides, 2, 4, name="wrong")).answers

    assert list(answers.refused) == [1]
    # Two wrong tries are left about each; of those who got no answer, all three are.
    for number, left in ((2, 2), (4, 3)):
        sides.register.unclear = set()
        for _ in range(left):
            assert list((await ask(sides, number, name="wrong")).answers.verify.results) == [False]
        with pytest.raises(NodeError) as used_up:
            await ask(sides, number, name="wrong")
        assert used_up.value.reason is Reason.QUOTA_EXHAUSTED
    await sides.close()
