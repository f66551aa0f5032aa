"""The linkage guard (Art. 25): questions that are harmless alone are not all answered about one subject."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.places import POLICIES
from support.running import pension_policy, resident
from support.small_log import clean_up
from support.two_sides import CALLER, TwoSides, query

from node.core.policy.policy import DEFINITIONS_FILE, PolicyFile
from node.core.subject import SubjectKey
from node.crypto.data_key import DataKeyRing
from node.documents.keys import KeyUse, generate
from node.errors import NodeError, Reason
from node.exchange.asking import Answered
from node.exchange.group import GroupCommit
from node.v1 import record_pb2 as rec

AT_ONCE = 64
DAY_MS = 86_400_000
GUARDED = (
    "forbidden_together:\n"
    "  - {id: both, questions: [is-enrolled, contribution-band], within_days: 30}\n"
    "  - {id: three, questions: [is-enrolled, deferral-eligible, months-at-least], within_days: 2}\n\n"
    "privacy:"
)


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[TwoSides]:
    sides = TwoSides(tmp_path, pension_policy().replace("privacy:", GUARDED))
    questions = frozenset({"is-enrolled", "contribution-band", "deferral-eligible", "months-at-least"})
    wider = replace(
        sides.grant, questions=questions, valid_until=sides.grant.valid_until + timedelta(days=400)
    )
    sides.grants[wider.id], sides.received = wider, [wider]
    yield sides
    await sides.close()


async def ask(sides: TwoSides, question: str, *numbers: int) -> Answered:
    asked = query(question)
    if question == "months-at-least":
        asked = replace(asked, parameters={"n": "60"})
    return await sides.requester.ask(CALLER, asked, [SubjectKey(resident(n), {}) for n in numbers or (2,)])


async def refused(sides: TwoSides, question: str, *numbers: int) -> bool:
    """Whether all of it is denied by the guard; any other denial fails the test."""
    (said,) = await asyncio.gather(ask(sides, question, *numbers), return_exceptions=True)
    if isinstance(said, Answered):
        return False
    assert isinstance(said, NodeError)
    assert said.reason is Reason.CONDITION_NOT_MET
    last = [r.verdict for r in sides.hr.records() if r.WhichOneof("body") == "verdict"][-1]
    assert (last.decision, last.clause) == (rec.DECISION_DENY, "forbidden_together")
    assert not last.charges
    return True


async def test_answer_that_completes_a_combination_is_refused_in_either_order(sides: TwoSides) -> None:
    await ask(sides, "is-enrolled", 2)
    assert await refused(sides, "contribution-band", 2)
    await ask(sides, "contribution-band", 4)
    assert await refused(sides, "is-enrolled", 4)


async def test_same_question_may_be_asked_again(sides: TwoSides) -> None:
    for _ in range(3):
        await ask(sides, "is-enrolled", 2)


async def test_other_subjects_are_not_concerned(sides: TwoSides) -> None:
    await ask(sides, "is-enrolled", 2)
    assert not await refused(sides, "contribution-band", 4)


async def test_of_three_questions_any_two_are_answered(sides: TwoSides) -> None:
    await ask(sides, "months-at-least", 2)
    await ask(sides, "deferral-eligible", 2)
    assert await refused(sides, "is-enrolled", 2)
    await ask(sides, "deferral-eligible", 2)


async def test_after_the_days_it_is_answered_again(sides: TwoSides) -> None:
    await ask(sides, "is-enrolled", 2)
    sides.clock.now += 29 * DAY_MS
    assert await refused(sides, "contribution-band", 2)
    sides.clock.now += DAY_MS
    assert not await refused(sides, "contribution-band", 2)


async def test_refused_question_is_not_remembered_as_answered(sides: TwoSides) -> None:
    await ask(sides, "is-enrolled", 2)
    sides.clock.now += 29 * DAY_MS
    assert await refused(sides, "contribution-band", 2)
    sides.clock.now += DAY_MS
    await ask(sides, "is-enrolled", 2)


async def test_of_64_at_once_only_one_side_of_the_combination_is_answered(sides: TwoSides) -> None:
    names = ["is-enrolled", "contribution-band"] * (AT_ONCE // 2)
    said = await asyncio.gather(*(ask(sides, name, 2) for name in names), return_exceptions=True)
    answered = {name for name, each in zip(names, said, strict=True) if isinstance(each, Answered)}
    assert len(answered) == 1
    kinds = Counter(each.reason if isinstance(each, NodeError) else "answered" for each in said)
    assert kinds == {"answered": AT_ONCE // 2, Reason.CONDITION_NOT_MET: AT_ONCE // 2}


async def test_of_many_subjects_only_those_concerned_get_nothing(sides: TwoSides) -> None:
    await ask(sides, "is-enrolled", 4, 8)
    answers = (await ask(sides, "contribution-band", 2, 4, 6, 8)).answers
    assert list(answers.refused) == [1, 3]
    assert [each.present for each in answers.field.answers] == [True, False, True, False]
    assert await refused(sides, "is-enrolled", 2, 6)
    assert list((await ask(sides, "is-enrolled", 2, 4)).answers.refused) == [0]


async def test_in_a_batch_too_only_the_subjects_concerned_get_nothing(sides: TwoSides) -> None:
    async def chunks() -> AsyncIterator[tuple[int, Sequence[SubjectKey]]]:
        for chunk, numbers in enumerate([(2, 4), (6, 8), (4,)]):
            yield chunk, [SubjectKey(resident(number), {}) for number in numbers]

    await ask(sides, "is-enrolled", 4, 6)
    results = sides.requester.ask_batch(CALLER, query("contribution-band"), os.urandom(16), chunks())
    async with aclosing(results):
        said = [each.result async for each in results]
    refused = [list(each.answers.refused) if isinstance(each, Answered) else each.reason for each in said]
    assert refused == [[1], [0], Reason.CONDITION_NOT_MET]
    answered = [each.answers.field.answers for each in said if isinstance(each, Answered)]
    assert [[one.present for one in each] for each in answered] == [[True, False], [False, True]]
    last = [r.verdict for r in sides.hr.records() if r.WhichOneof("body") == "verdict"][-1]
    assert (last.decision, last.clause) == (rec.DECISION_DENY, "forbidden_together")


OTHER = "unemployment-insurance"
ACROSS = f"""
forbidden_together:
  - {{id: both, questions: [pension-insurance/is-enrolled, {OTHER}/contribution-band], within_days: 30}}
"""


@pytest.fixture
async def across(tmp_path: Path) -> AsyncIterator[TwoSides]:
    """Two datasets, of which one question each is forbidden together with the other."""
    definitions = (POLICIES / DEFINITIONS_FILE).read_text("utf-8") + ACROSS
    other = pension_policy().replace("dataset: pension-insurance", f"dataset: {OTHER}")
    files = [PolicyFile("other.yaml", other.encode()), PolicyFile(DEFINITIONS_FILE, definitions.encode())]
    sides = TwoSides(tmp_path, more=files)
    for number, dataset in enumerate(("pension-insurance", OTHER)):
        granted = replace(sides.grant, id=f"g-{number:016x}", dataset=dataset)
        sides.grants[granted.id] = granted
    sides.received = list(sides.grants.values())
    yield sides
    await sides.close()


async def ask_of(sides: TwoSides, dataset: str, question: str, *numbers: int) -> Answered | str:
    """What is answered, or the clause that denies it."""
    subjects = [SubjectKey(resident(number), {}) for number in numbers]
    try:
        return await sides.requester.ask(CALLER, replace(query(question), dataset=dataset), subjects)
    except NodeError as error:
        return error.metadata["clause"] if error.reason is Reason.CONDITION_NOT_MET else error.reason.name


async def test_across_datasets_the_answer_that_completes_a_combination_is_refused(across: TwoSides) -> None:
    pension, other = "pension-insurance", OTHER
    assert isinstance(await ask_of(across, pension, "is-enrolled", 2), Answered)
    assert await ask_of(across, other, "contribution-band", 2) == "forbidden_together"
    assert isinstance(await ask_of(across, other, "contribution-band", 4), Answered)
    assert await ask_of(across, pension, "is-enrolled", 4) == "forbidden_together"
    # The same questions of one dataset are not forbidden together.
    assert isinstance(await ask_of(across, pension, "contribution-band", 2), Answered)
    assert isinstance(await ask_of(across, other, "is-enrolled", 4), Answered)
    said = await ask_of(across, other, "contribution-band", 2, 6)
    assert isinstance(said, Answered)
    assert list(said.answers.refused) == [0]
    across.clock.now += 30 * DAY_MS
    for granted in across.grants.values():
        across.grants[granted.id] = replace(granted, valid_until=granted.valid_until + timedelta(days=400))
    across.received = list(across.grants.values())
    assert isinstance(await ask_of(across, other, "contribution-band", 2), Answered)


async def test_of_64_at_once_only_one_dataset_is_answered_about_a_subject(across: TwoSides) -> None:
    both = [("pension-insurance", "is-enrolled"), (OTHER, "contribution-band")] * (AT_ONCE // 2)
    said = await asyncio.gather(*(ask_of(across, dataset, question, 2) for dataset, question in both))
    answered = {dataset for (dataset, _), each in zip(both, said, strict=True) if isinstance(each, Answered)}
    assert len(answered) == 1
    assert said.count("forbidden_together") == AT_ONCE // 2


async def test_answers_are_remembered_over_a_restart_and_as_long_as_they_count(sides: TwoSides) -> None:
    await ask(sides, "is-enrolled", 2)
    await sides.hr.commit.stop()
    sides.clock.now += 29 * DAY_MS
    assert clean_up(sides.hr.store, sides.clock.now) == 2  # the counters of the day, and no mark
    sides.provider._commit = sides.hr.commit = GroupCommit(sides.hr.faults, sides.hr.log_keys, sides.clock)
    assert await refused(sides, "contribution-band", 2)


async def test_answers_are_remembered_when_the_data_key_is_replaced(sides: TwoSides) -> None:
    await ask(sides, "is-enrolled", 2)
    used = sides.hr.vault._data
    start = sides.now()
    newest = generate(KeyUse.DATA, start, start + timedelta(days=365), os.urandom).data_key(os.urandom)
    sides.hr.vault._data = DataKeyRing(newest, used._keys.values())
    assert await refused(sides, "contribution-band", 2)


async def test_answer_that_could_not_be_computed_is_not_remembered(sides: TwoSides) -> None:
    def fail() -> None:
        raise NodeError(Reason.SOURCE_UNAVAILABLE, "the disk is gone")

    sides.register.before = fail
    with pytest.raises(NodeError):
        await ask(sides, "is-enrolled", 2)
    sides.register.before = lambda: None
    assert not await refused(sides, "contribution-band", 2)
