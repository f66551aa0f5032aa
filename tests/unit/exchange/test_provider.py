"""The provider's steps: charged before answered, denied on any error, the same for the same envelope."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.decided import charges, denied, tally, verdicts
from support.places import POLICIES
from support.running import pension_policy, resident, with_counts
from support.two_sides import CALLER, LOAD, TwoSides, query
from support.waiting import PATIENCE, reached

from node.core.deciding.grant import GrantState
from node.core.policy.policy import DEFINITIONS_FILE, PolicyFile
from node.core.reading.build import build_policies
from node.core.state.data_load import KeptLoad
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.arrival import ProviderState
from node.exchange.asking import Answered
from node.exchange.group import CLOCK_TOLERANCE_MS
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

AT_ONCE = 64
DEFINITIONS = POLICIES / DEFINITIONS_FILE
COUNTS = [f"count-{number}" for number in range(AT_ONCE)]


def _many_counts() -> str:
    """A policy with many statistics, of which the budget pays for two."""
    return with_counts(pension_policy(dataset="1", organisation="1", requester="1"), COUNTS)


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[TwoSides]:
    sides = TwoSides(tmp_path, _many_counts())
    wider = replace(sides.grant, questions=sides.grant.questions | set(COUNTS))
    sides.grants[wider.id], sides.received = wider, [wider]
    yield sides
    await sides.close()


async def ask(sides: TwoSides, number: int = 2) -> Answered:
    return await sides.requester.ask(CALLER, query(), [SubjectKey(resident(number), {})])


async def count(sides: TwoSides, name: str) -> Answered:
    return await sides.requester.ask(CALLER, query(name, "city-planning/population"), [])


def load(sides: TwoSides, load: KeptLoad) -> None:
    """Another load of the register."""
    sides.state = replace(sides.state, loads=dict.fromkeys(sides.state.sources, load))


def kept(sides: TwoSides, index: int) -> rec.KeptOpening:
    """What the provider keeps, encrypted, beside a record."""
    body = sides.hr.store.opening(index)
    return rec.KeptOpening.FromString(sides.hr.vault.decrypt(body, b"opening/%d" % index) if body else b"")


def hidden(sides: TwoSides, index: int) -> dict[str, int]:
    return {charge.scope: charge.amount for charge in kept(sides, index).charges}


# --- budgets ---


async def test_last_of_the_budget_goes_to_exactly_one_of_64(sides: TwoSides) -> None:
    await count(sides, "enrolled-by-region")
    said = await tally([asyncio.ensure_future(count(sides, name)) for name in COUNTS])
    assert said == {"answered": 1, Reason.BUDGET_EXHAUSTED: AT_ONCE - 1}
    spent = [charges(verdict).get("budget.dataset", 0) for verdict in verdicts(sides)]
    assert sum(spent) == 1_000_000
    assert sorted(spent)[-2:] == [500_000, 500_000]


async def test_last_of_an_account_goes_to_exactly_one_of_64_of_two_datasets(tmp_path: Path) -> None:
    policy = _many_counts().replace("period: year", "period: year\n  account: residents")
    other = policy.replace("dataset: pension-insurance", "dataset: pension-payments", 1)
    sides = TwoSides(tmp_path, policy, more=[PolicyFile("payments.yaml", other.encode())])
    wider = replace(sides.grant, questions=sides.grant.questions | set(COUNTS))
    second = replace(wider, id="g-0123456789abcdee", dataset="pension-payments")
    sides.grants, sides.received = {each.id: each for each in (wider, second)}, [wider, second]
    await count(sides, "enrolled-by-region")
    asked = [
        replace(query(name, "city-planning/population"), dataset=dataset)
        for name in COUNTS[: AT_ONCE // 2]
        for dataset in ("pension-insurance", "pension-payments")
    ]
    works: list[asyncio.Future[Answered]] = [
        asyncio.ensure_future(sides.requester.ask(CALLER, each, [])) for each in asked
    ]
    assert await tally(works) == {"answered": 1, Reason.BUDGET_EXHAUSTED: AT_ONCE - 1}
    assert sum(charges(verdict).get("budget.dataset", 0) for verdict in verdicts(sides)) == 1_000_000
    await sides.close()


async def test_budget_of_a_period_is_what_its_days_leave(tmp_path: Path) -> None:
    sides = TwoSides(tmp_path, _many_counts().replace("period: year", "period: day"))
    sides.received = [replace(sides.grant, questions=sides.grant.questions | set(COUNTS))]
    sides.grants = {each.id: each for each in sides.received}
    for name in ("enrolled-by-region", "count-1"):
        await count(sides, name)
    assert (await denied(count(sides, "count-2"))).reason is Reason.BUDGET_EXHAUSTED
    sides.clock.now += 14 * 3_600_000  # midnight in Dongguan
    await count(sides, "count-2")
    # Counted by the month, what was spent on both days is spent.
    by_month = PolicyFile("p.yaml", _many_counts().replace("period: year", "period: month").encode())
    policies = build_policies([by_month, PolicyFile("definitions.yaml", DEFINITIONS.read_bytes())])
    sides.state = replace(sides.state, policies=policies)
    assert (await denied(count(sides, "count-3"))).reason is Reason.BUDGET_EXHAUSTED
    await sides.close()


async def test_release_is_charged_in_every_scope(sides: TwoSides) -> None:
    await count(sides, "enrolled-by-region")
    paid = charges(verdicts(sides)[0])
    scopes = ("budget.dataset", "budget.organisation", "budget.requester")
    assert {scope: paid[scope] for scope in scopes} == dict.fromkeys(scopes, 500_000)


async def test_same_statistic_at_once_is_one_release_and_one_charge(sides: TwoSides) -> None:
    works = [asyncio.ensure_future(count(sides, "enrolled-by-region")) for _ in range(8)]
    answered = await asyncio.gather(*works)
    cells = {tuple(cell.count for cell in each.answers.statistic.cells) for each in answered}
    assert len(cells) == 1
    assert sum(charges(verdict).get("budget.dataset", 0) for verdict in verdicts(sides)) == 500_000
    assert sum(not each.answers.statistic.reused for each in answered) == 1


async def test_new_load_is_a_new_release_and_is_charged(sides: TwoSides) -> None:
    first = await count(sides, "enrolled-by-region")
    load(sides, replace(LOAD, number=2, time_ms=LOAD.time_ms + 1))
    second = await count(sides, "enrolled-by-region")
    assert not second.answers.statistic.reused
    told = [each.answers.statistic.load for each in (first, second)]
    assert [(each.number, each.time_ms) for each in told] == [(1, LOAD.time_ms), (2, LOAD.time_ms + 1)]
    load(sides, replace(LOAD, number=3))
    refused = await denied(count(sides, "enrolled-by-region"))
    assert refused.reason is Reason.BUDGET_EXHAUSTED
    load(sides, LOAD)
    assert (await count(sides, "enrolled-by-region")).answers.statistic.cells == first.answers.statistic.cells


async def test_load_of_the_same_number_and_another_time_is_another_one(sides: TwoSides) -> None:
    # As after a database that was put back: numbers may come again, times don't.
    await count(sides, "enrolled-by-region")
    load(sides, replace(LOAD, time_ms=LOAD.time_ms + 1))
    assert not (await count(sides, "enrolled-by-region")).answers.statistic.reused


async def test_live_database_has_a_new_release_each_day(sides: TwoSides) -> None:
    load(sides, replace(LOAD, time_ms=sides.clock.now - 10 * 3_600_000, daily=True))
    assert not (await count(sides, "enrolled-by-region")).answers.statistic.reused
    assert (await count(sides, "enrolled-by-region")).answers.statistic.reused
    sides.clock.now += 14 * 3_600_000  # midnight in Dongguan
    again = await count(sides, "enrolled-by-region")
    assert not again.answers.statistic.reused
    assert (again.answers.statistic.load.number, again.answers.statistic.load.time_ms) == (2, sides.clock.now)


async def test_verdict_names_the_load_that_was_read_and_a_denial_names_none(sides: TwoSides) -> None:
    await ask(sides)
    sides.grants.clear()
    await denied(ask(sides))
    answered, refused = verdicts(sides)
    assert (answered.load.number, answered.load.time_ms) == (1, LOAD.time_ms)
    assert not refused.HasField("load")


async def test_failed_count_costs_no_budget(sides: TwoSides) -> None:
    def fail() -> None:
        raise NodeError(Reason.SOURCE_UNAVAILABLE, "the disk is gone")

    sides.register.before = fail
    assert (await denied(count(sides, "count-1"))).reason is Reason.SOURCE_UNAVAILABLE
    assert "budget.dataset" not in charges(verdicts(sides)[0])


# --- charged before answered ---


async def test_no_answer_leaves_when_it_cannot_be_recorded(sides: TwoSides) -> None:
    for step in ("begin", "write", "commit", "late"):
        sides.hr.faults.fail(step)
        exchange_id = os.urandom(16)
        asking = sides.requester.ask(CALLER, query(), [SubjectKey(resident(2), {})], exchange_id)
        assert (await denied(asking)).reason is Reason.STORE_UNAVAILABLE
        sides.hr.faults.fail()
        answered = await sides.requester.ask(CALLER, query(), [SubjectKey(resident(2), {})], exchange_id)
        assert list(answered.answers.verify.results) == [True]
    assert len(verdicts(sides)) == 4
    assert [charges(verdict)["rule.day"] for verdict in verdicts(sides)] == [1] * 4


async def test_charge_is_kept_when_the_answer_is_lost(sides: TwoSides) -> None:
    sides.wire.lose_answer = NodeError(Reason.PEER_UNAVAILABLE, "gone")
    await denied(ask(sides))
    assert charges(verdicts(sides)[0])["rule.day"] == 1


async def test_source_that_fails_is_a_recorded_denial_and_recovers(sides: TwoSides) -> None:
    def defect() -> None:
        raise ZeroDivisionError(resident(2))

    sides.register.before = defect
    said = await denied(ask(sides))
    assert said.reason is Reason.SOURCE_UNAVAILABLE
    assert resident(2) not in str(said)
    verdict = verdicts(sides)[0]
    assert (verdict.decision, verdict.clause) == (rec.DECISION_DENY, "source")
    # The quota is charged all the same: failing on purpose is no way around it.
    assert charges(verdict)["rule.day"] == 1
    sides.register.before = lambda: None
    assert list((await ask(sides)).answers.verify.results) == [True]


async def test_source_that_hangs_is_given_up_in_bounded_time(tmp_path: Path) -> None:
    sides = TwoSides(tmp_path, source_seconds=0.3)
    hangs = threading.Event()

    def hang() -> None:
        assert hangs.wait(PATIENCE)

    sides.register.before = hang
    sides.register.quick = False
    assert (await denied(ask(sides))).reason is Reason.SOURCE_UNAVAILABLE
    assert not hangs.is_set(), "it is given up while it still hangs"
    hangs.set()
    sides.register.quick = True  # no matter how busy the machine is now
    assert list((await ask(sides)).answers.verify.results) == [True]
    await sides.close()


async def test_dataset_without_a_source_is_denied(sides: TwoSides) -> None:
    sides.state = replace(sides.state, sources={})
    assert (await denied(ask(sides))).reason is Reason.SOURCE_UNAVAILABLE


async def test_denied_exchange_reads_no_data_and_costs_nothing(sides: TwoSides) -> None:
    sides.grants.clear()
    await denied(ask(sides))
    assert sides.register.asked == 0
    assert charges(verdicts(sides)[0]) == {}


async def test_error_while_deciding_is_a_denial(sides: TwoSides) -> None:
    class Broken(dict):  # type: ignore[type-arg]
        def get(self, *_: object) -> object:
            raise ZeroDivisionError

    sides.grants = Broken()
    assert (await denied(ask(sides))).reason is Reason.INTERNAL
    assert verdicts(sides)[0].decision == rec.DECISION_DENY
    assert sides.register.asked == 0


async def test_without_policies_nothing_is_answered(sides: TwoSides) -> None:
    def gone() -> ProviderState:
        raise NodeError(Reason.POLICY_NOT_LOADED, "no policy")

    sides.provider._state = gone
    assert (await denied(ask(sides))).reason is Reason.POLICY_NOT_LOADED
    assert sides.register.asked == 0


# --- the same envelope ---


async def test_same_envelope_at_once_is_decided_once(sides: TwoSides) -> None:
    await ask(sides)
    envelope = sides.wire.carried[0]
    again = await asyncio.gather(*(sides.provider.ask(sides.arrival(), envelope) for _ in range(10)))
    assert len({each.SerializeToString() for each in again}) == 1
    assert len(verdicts(sides)) == 1
    assert sides.register.asked <= 2


async def test_sender_who_goes_away_and_comes_again_is_charged_once(sides: TwoSides) -> None:
    sides.wire.lose_request = NodeError(Reason.PEER_UNAVAILABLE, "gone")
    exchange_id = os.urandom(16)
    asking = sides.requester.ask(CALLER, query(), [SubjectKey(resident(2), {})], exchange_id)
    await denied(asking)
    asked = sides.tax.store.asked(exchange_id)
    assert asked is not None
    envelope = pb.Envelope.FromString(asked.envelope)
    for pause in (0, 0, 0.0005, 0.001, 0.002):
        gone = asyncio.ensure_future(sides.provider.ask(sides.arrival(), envelope))
        await asyncio.sleep(pause)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
    await sides.provider.ask(sides.arrival(), envelope)
    assert len(verdicts(sides)) == 1


# --- clocks ---


async def test_clock_behind_the_log_stops_answers_until_it_is_set(sides: TwoSides) -> None:
    await ask(sides)
    sides.clock.now -= CLOCK_TOLERANCE_MS + 60_000
    assert (await denied(ask(sides))).reason is Reason.CLOCK_SKEWED
    assert len(verdicts(sides)) == 1
    sides.clock.now += CLOCK_TOLERANCE_MS + 60_000
    assert list((await ask(sides)).answers.verify.results) == [True]


async def test_new_day_has_a_new_quota(tmp_path: Path) -> None:
    sides = TwoSides(tmp_path, pension_policy(per_day="2", per_subject_per_day="1"))
    await ask(sides, 2)
    assert (await denied(ask(sides, 2))).reason is Reason.QUOTA_EXHAUSTED
    await ask(sides, 4)
    assert (await denied(ask(sides, 6))).reason is Reason.QUOTA_EXHAUSTED
    sides.clock.now += 14 * 3_600_000 - 1  # from 10:00 to the last moment of the day in Dongguan
    assert (await denied(ask(sides, 6))).reason is Reason.QUOTA_EXHAUSTED
    sides.clock.now += 1
    await ask(sides, 2)
    await ask(sides, 6)
    await sides.close()


async def test_wrong_claims_are_counted_and_right_ones_are_not(sides: TwoSides) -> None:
    async def claim(name: str) -> bool:
        subject = SubjectKey(resident(2), {"name": name})
        answered = await sides.requester.ask(CALLER, query("name-matches"), [subject])
        return answered.answers.verify.results[0]

    for _ in range(5):
        assert await claim("right")
    for _ in range(3):
        assert not await claim("wrong")
    assert (await denied(claim("right"))).reason is Reason.QUOTA_EXHAUSTED
    tries = [hidden(sides, index).get("claim.tries", 0) for index in range(9)]
    assert tries == [0] * 5 + [1] * 3 + [0]


async def test_limits_about_a_subject_go_on_under_a_new_data_key(tmp_path: Path) -> None:
    sides = TwoSides(tmp_path, pension_policy(per_subject_per_day="4"))

    async def claim(name: str) -> bool:
        subject = SubjectKey(resident(4), {"name": name})
        answered = await sides.requester.ask(CALLER, query("name-matches"), [subject])
        return answered.answers.verify.results[0]

    for _ in range(3):
        await ask(sides, 2)
        assert not await claim("wrong")
        sides.hr.rotate_data_key()
    await ask(sides, 2)
    assert (await denied(ask(sides, 2))).reason is Reason.QUOTA_EXHAUSTED
    assert (await denied(claim("right"))).reason is Reason.QUOTA_EXHAUSTED
    await sides.close()


async def test_record_does_not_tell_a_right_claim_from_a_wrong_one(sides: TwoSides) -> None:
    """What is charged for a wrong claim alone stands where the answer does: encrypted."""
    for names in (("right", "right"), ("right", "wrong"), ("wrong", "wrong")):
        subjects = [SubjectKey(resident(2 * n), {"name": name}) for n, name in enumerate(names, 1)]
        await sides.requester.ask(CALLER, query("name-matches"), subjects)
    told = verdicts(sides)
    assert [charges(verdict) for verdict in told] == [{"rule.day": 2}] * 3
    for verdict in told:
        verdict.ClearField("requester_log")
    assert len({verdict.ByteSize() for verdict in told}) == 1
    kept = [hidden(sides, index) for index in range(3)]
    assert [each.get("claim.tries", 0) for each in kept] == [0, 1, 2]
    assert [each["rule.subject"] for each in kept] == [2, 2, 2]


async def test_record_does_not_tell_for_how_many_there_were_no_tries_left(sides: TwoSides) -> None:
    async def claim(*names: str) -> Answered:
        subjects = [SubjectKey(resident(2 * n), {"name": name}) for n, name in enumerate(names, 1)]
        return await sides.requester.ask(CALLER, query("name-matches"), subjects)

    for _ in range(3):
        await claim("wrong", "right")
    assert list((await claim("right", "right")).answers.refused) == [0]
    assert [charges(verdict) for verdict in verdicts(sides)] == [{"rule.day": 2}] * 4
    assert hidden(sides, 3)["rule.subject"] == 1


@pytest.mark.parametrize(
    ("state", "reason"),
    [(GrantState.SUSPENDED, Reason.SUSPENDED), (GrantState.REVOKED, Reason.GRANT_EXPIRED)],
)
async def test_grant_that_ends_while_the_answer_is_computed_gives_no_answer(
    sides: TwoSides, state: GrantState, reason: Reason
) -> None:
    def end() -> None:
        sides.grants[sides.grant.id] = replace(sides.grant, state=state)

    sides.register.before = end
    assert (await denied(ask(sides))).reason is reason
    assert charges(verdicts(sides)[-1]) == {}


async def test_flood_of_denials_is_cut_off_before_it_fills_the_log(sides: TwoSides) -> None:
    sides.denials.burst = 3.0
    sides.grants[sides.grant.id] = replace(sides.grant, state=GrantState.SUSPENDED)
    for _ in range(3):
        assert (await denied(ask(sides))).reason is Reason.SUSPENDED
    recorded = len(verdicts(sides))
    assert (await denied(ask(sides))).reason is Reason.RATE_LIMITED
    assert len(verdicts(sides)) == recorded


async def test_who_joined_an_exchange_gets_its_answer_though_the_first_sender_went_away(
    tmp_path: Path,
) -> None:
    sides = TwoSides(tmp_path)
    sides.wire.lose_request = NodeError(Reason.PEER_UNAVAILABLE, "gone")
    exchange_id = os.urandom(16)
    await denied(sides.requester.ask(CALLER, query(), [SubjectKey(resident(2), {})], exchange_id))
    asked = sides.tax.store.asked(exchange_id)
    assert asked is not None
    envelope = pb.Envelope.FromString(asked.envelope)
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    sides.register.before, sides.register.quick = hold, False
    first = asyncio.ensure_future(sides.provider.ask(sides.arrival(), envelope))
    await reached(begun)
    others = [asyncio.ensure_future(sides.provider.ask(sides.arrival(), envelope)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    go_on.set()
    answers = await asyncio.gather(*others)
    assert all(answers)
    assert len(verdicts(sides)) == 1
    await sides.close()
