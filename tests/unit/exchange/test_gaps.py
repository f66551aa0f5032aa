"""What was counted in a time that is lost counts as used up: nothing is opened again by losing it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.bundles import LI, WANG, listed
from support.running import pension_policy, resident
from support.town import HR
from support.two_sides import CALLER, ZONE, TwoSides, query

from node.core.deciding.gap import NO_GAPS, Gap, Gaps
from node.core.log.usage import parse_record
from node.core.role import Caller
from node.core.state.order import OrderKind
from node.core.subject import SubjectKey
from node.documents.order_file import open_order, sign_order
from node.errors import NodeError, Reason
from node.exchange.asking import Answered
from node.exchange.orders import Orders
from node.exchange.shut_budgets import REOPENED, ShutBudgets
from node.v1 import record_pb2 as rec

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LIMITS = "limits: {per_day: 50000, per_subject_per_day: 1000}"
BOTH = "{id: both, questions: [is-enrolled, contribution-band], within_days: 30}"
TOGETHER = f"forbidden_together:\n  - {BOTH}\n\nprivacy:"
OPERATOR = Caller("operator")


async def town(folder: Path, policy: str) -> TwoSides:
    sides = TwoSides(folder, policy)
    wider = replace(sides.grant, valid_until=sides.grant.valid_until + timedelta(days=400))
    sides.grants[wider.id], sides.received = wider, [wider]
    return sides


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[TwoSides]:
    sides = await town(tmp_path, pension_policy())
    yield sides
    await sides.close()


@pytest.fixture
async def unlimited(tmp_path: Path) -> AsyncIterator[TwoSides]:
    """Without limits by day, but questions that are forbidden together."""
    text = pension_policy().replace(f"\n    {LIMITS}", "").replace("privacy:", TOGETHER, 1)
    sides = await town(tmp_path, text)
    yield sides
    await sides.close()


def lose(sides: TwoSides, lost_ms: int = HOUR_MS) -> None:
    """The provider goes on, and does not know what it counted in the time before."""
    until = sides.clock.now
    sides.hr.lost = replace(sides.hr.lost, gaps=(*sides.hr.lost.gaps, Gap(until - lost_ms, until)))
    sides.clock.now += 1


async def ask(sides: TwoSides, question: str = "is-enrolled", *numbers: int, **claims: str) -> Answered:
    subjects = [SubjectKey(resident(n), claims) for n in numbers or (2,)]
    return await sides.requester.ask(CALLER, query(question), subjects)


async def count(sides: TwoSides) -> Answered:
    return await sides.requester.ask(CALLER, query("enrolled-by-region", "city-planning/population"), [])


async def refused(work: Awaitable[object]) -> tuple[Reason, str]:
    with pytest.raises(NodeError) as error:
        await work
    return error.value.reason, error.value.metadata.get("clause", "")


def to_midnight(sides: TwoSides) -> int:
    now = sides.now().astimezone(ZONE)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((midnight - now).total_seconds() * 1000) + 1000


# --- limits by day ---


async def test_limits_of_the_day_are_used_up_until_midnight(sides: TwoSides) -> None:
    assert await ask(sides)
    lose(sides)
    assert await refused(ask(sides)) == (Reason.QUOTA_EXHAUSTED, "limits.per_day")
    verdict = [record.verdict for record in sides.hr.records() if record.HasField("verdict")][-1]
    assert not verdict.charges
    sides.clock.now += to_midnight(sides)
    assert await ask(sides)


async def test_day_after_the_loss_is_open(sides: TwoSides) -> None:
    sides.clock.now += DAY_MS
    sides.hr.lost = Gaps((Gap(sides.clock.now - 2 * DAY_MS, sides.clock.now - DAY_MS),))
    assert await ask(sides)


async def test_limit_of_a_grant_and_of_one_subject_are_used_up_too(tmp_path: Path) -> None:
    for text, wanted in (
        ("limits: {per_subject_per_day: 5}", "limits.per_subject_per_day"),
        ("", "scope.subjects_per_day"),
    ):
        folder = tmp_path / wanted
        folder.mkdir()
        sides = await town(folder, pension_policy().replace(LIMITS, text))
        if not text:
            grant = replace(sides.received[0], subjects_per_day=100)
            sides.grants[grant.id], sides.received = grant, [grant]
        lose(sides)
        assert await refused(ask(sides)) == (Reason.QUOTA_EXHAUSTED, wanted)
        await sides.close()


async def test_what_has_no_limit_is_answered(unlimited: TwoSides) -> None:
    lose(unlimited)
    asked = replace(query("months-at-least"), parameters={"n": "60"})
    assert await unlimited.requester.ask(CALLER, asked, [SubjectKey(resident(4), {})])


async def test_wrong_tries_are_used_up(unlimited: TwoSides) -> None:
    lose(unlimited)
    assert await refused(ask(unlimited, "name-matches", 2, name="right")) == (
        Reason.QUOTA_EXHAUSTED,
        "claims.wrong_tries_per_subject",
    )
    unlimited.clock.now += to_midnight(unlimited)
    assert await ask(unlimited, "name-matches", 2, name="right")


# --- questions that are forbidden together ---


async def test_answers_of_the_lost_time_count_as_given_for_as_long_as_they_would(unlimited: TwoSides) -> None:
    lose(unlimited)
    for question in ("is-enrolled", "contribution-band"):
        assert (await refused(ask(unlimited, question)))[1] == "forbidden_together"
    unlimited.clock.now += 29 * DAY_MS
    assert (await refused(ask(unlimited)))[1] == "forbidden_together"
    unlimited.clock.now += DAY_MS
    assert await ask(unlimited)


# --- budgets ---


async def test_budget_is_used_up_until_the_end_of_its_period(sides: TwoSides) -> None:
    lose(sides)
    sides.clock.now += to_midnight(sides)
    assert await refused(count(sides)) == (Reason.BUDGET_EXHAUSTED, "privacy.budget")
    sides.clock.now += 60 * DAY_MS  # the next year
    assert (await count(sides)).answers.statistic.cells


async def test_release_that_is_left_is_given_again_at_no_cost(sides: TwoSides) -> None:
    first = await count(sides)
    lose(sides)
    sides.clock.now += to_midnight(sides)
    again = await count(sides)
    assert again.answers.statistic.reused
    assert list(again.answers.statistic.cells) == list(first.answers.statistic.cells)


@dataclass
class State:
    """The gaps as the node has them."""

    sides: TwoSides

    @property
    def gaps(self) -> Gaps:
        return self.sides.hr.lost

    @gaps.setter
    def gaps(self, gaps: Gaps) -> None:
        self.sides.hr.lost = gaps


def shut_budgets(sides: TwoSides) -> ShutBudgets:
    return ShutBudgets(
        State(sides),
        lambda: sides.state.policies,
        sides.hr.store.spent,
        sides.hr._record,
        lambda: sides.now().astimezone(ZONE),
    )


def orders(sides: TwoSides) -> Orders:
    member = listed(sides.hr.member)
    return Orders(
        HR,
        {OrderKind.REOPEN_BUDGET: shut_budgets(sides)},
        lambda note: open_order(note, member),
        sides.hr.store.fact,
        lambda: sides.hr.lost.end_ms,
        sides.now,
        os.urandom,
    )


async def test_two_officers_open_a_budget_again(sides: TwoSides) -> None:
    before = await count(sides)
    lose(sides)
    sides.clock.now += to_midnight(sides)
    sides.clock.now += DAY_MS
    load = next(iter(sides.state.loads.values()))
    sides.state = replace(
        sides.state, loads=dict.fromkeys(sides.state.sources, replace(load, number=load.number + 1))
    )
    assert (await refused(count(sides)))[0] is Reason.BUDGET_EXHAUSTED
    assert shut_budgets(sides).shut() == ["pension-insurance"]
    found = orders(sides)
    draft = found.draft("reopen-budget", "pension-insurance", "counted by the requesters")
    facts = shut_budgets(sides).facts("pension-insurance")
    assert int(facts["known_spent"]) == before.answers.statistic.epsilon_micros
    with pytest.raises(NodeError):
        await found.apply(OPERATOR, sign_order(draft, LI))
    assert (await refused(count(sides)))[0] is Reason.BUDGET_EXHAUSTED
    carried = await found.apply(OPERATOR, sign_order(sign_order(draft, LI), WANG))
    record = parse_record(sides.hr.store.leaves(carried.index, 1)[0][1]).admin
    assert (record.action, list(record.approved)) == ("order.reopen-budget", ["li", "wang"])
    assert "pension-insurance" in record.note
    assert not (await count(sides)).answers.statistic.reused
    assert shut_budgets(sides).shut() == []
    # Durable; and another loss shuts it again.
    assert sides.hr.store.facts(REOPENED) == {"pension-insurance": str(sides.hr.lost.end_ms)}
    lose(sides)
    assert shut_budgets(sides).shut() == ["pension-insurance"]


async def test_account_is_shut_as_long_as_one_that_counts_together_with_it(sides: TwoSides) -> None:
    """Else a dataset that is put under an account which officers opened would be open with it."""
    store = sides.hr.store
    store.keep_account_sources("opened", "another", ["file a"], "content ")
    lose(sides)
    sides.clock.now += to_midnight(sides)
    sides.hr.lost = replace(sides.hr.lost, reopened={"opened": sides.hr.lost.end_ms})
    store.keep_account_sources("pension-insurance", "pension-insurance", ["file b"], "content ")
    policy = sides.state.policies.datasets["pension-insurance"]
    assert policy.budget is not None
    renamed = replace(policy, budget=replace(policy.budget, account="opened"))
    policies = replace(sides.state.policies, datasets={"pension-insurance": renamed})
    sides.state = replace(sides.state, policies=policies)
    store.keep_account_sources("opened", "pension-insurance", ["file b"], "content ")

    assert (await refused(count(sides)))[0] is Reason.BUDGET_EXHAUSTED
    assert shut_budgets(sides).shut() == ["opened"]

    draft = orders(sides).draft("reopen-budget", "opened", "counted by the requesters")
    await orders(sides).apply(OPERATOR, sign_order(sign_order(draft, LI), WANG))
    assert set(store.facts(REOPENED)) == {"opened", "pension-insurance"}
    assert (await count(sides)).answers.statistic.cells


async def test_budget_that_is_not_shut_is_not_opened(sides: TwoSides) -> None:
    for about in ("pension-insurance", "", "another"):
        with pytest.raises(NodeError) as nothing:
            orders(sides).draft("reopen-budget", about, "why")
        assert nothing.value.reason is Reason.NOT_FOUND


# --- envelopes ---


async def test_envelope_of_a_lost_time_is_denied_and_one_that_is_on_record_is_answered(
    unlimited: TwoSides,
) -> None:
    kept = os.urandom(16)
    subjects = [SubjectKey(resident(77), {})]
    asked = replace(query("months-at-least"), parameters={"n": "60"})
    first = await unlimited.requester.ask(CALLER, asked, subjects, kept)
    unlimited.wire.lose_request = NodeError(Reason.TIMEOUT, "too late")
    lost = os.urandom(16)
    assert (await refused(unlimited.requester.ask(CALLER, asked, subjects, lost)))[0] is Reason.TIMEOUT
    unlimited.wire.lose_request = None
    unlimited.clock.now += 1
    lose(unlimited)
    assert await refused(unlimited.requester.ask(CALLER, asked, subjects, lost)) == (
        Reason.REQUEST_REPLAYED,
        "records",
    )
    envelope = unlimited.wire.carried[0]
    answer = await unlimited.provider.ask(unlimited.arrival(), envelope)
    assert answer.exchange_id == kept
    verdicts = [record for record in unlimited.hr.records() if record.HasField("verdict")]
    assert [record.verdict.decision for record in verdicts] == [rec.DECISION_PERMIT, rec.DECISION_DENY]
    assert first.exchange_id == kept
    # A new question is answered.
    assert await unlimited.requester.ask(CALLER, asked, subjects)


def test_no_gap_costs_nothing() -> None:
    assert not NO_GAPS
    assert NO_GAPS.end_ms == 0
