"""What an exchange costs, and whether it can be paid."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.policy_samples import CALENDAR, GRANT, POLICY, REQUEST, build
from support.town import TAX

from node.core.deciding.budget import Debit, Period, Pot, counter_key, exhausted, pay
from node.core.deciding.cost import Cost, Day, budget_debits, exchange_cost
from node.core.deciding.evaluator import Decision, decide
from node.core.milliseconds import to_ms
from node.core.policy.policy import Budget

ZONE = ZoneInfo("Asia/Shanghai")
DAY = Day.of(datetime(2026, 11, 23, 10, tzinfo=ZONE))


def _decision(question: str = "is-enrolled", **changes: object) -> Decision:
    claims = frozenset({"name"}) if question == "name-matches" else frozenset()
    request = replace(REQUEST, question=question, claims=claims)
    grant = replace(GRANT, **changes)  # type: ignore[arg-type]
    decision = decide(build(), lambda _: grant, request, CALENDAR)
    assert decision.permit, decision.clause
    return decision


def _cost(decision: Decision, *ids: str) -> Cost:
    return exchange_cost(decision, TAX, "pension-insurance", ids, DAY, lambda text: f"<{text}>")


def test_every_subject_counts_for_the_rule_and_the_grant() -> None:
    cost = _cost(_decision(subjects_per_day=10), "a", "b", "a")
    assert [(d.scope, d.amount, d.limit) for d in cost.whole] == [("rule.day", 3, 5000), ("grant.day", 3, 10)]
    assert [(d.scope, d.subject) for d in cost.subjects] == [
        ("rule.subject", 0),
        ("rule.subject", 1),
        ("rule.subject", 2),
    ]
    assert cost.subjects[0].key == cost.subjects[2].key != cost.subjects[1].key


def test_counters_name_no_subject() -> None:
    cost = _cost(_decision(), "440101199001011234")
    # What names a subject went through the pseudonym, whole.
    keys = [debit.key.removeprefix(counter_key(DAY.until_ms, "")) for debit in cost.subjects]
    assert all(key.startswith("<") and key.endswith(">") for key in keys)
    assert not any("440101199001011234" in debit.key for debit in cost.whole)


@pytest.mark.parametrize("question", ["is-enrolled", "name-matches"])
def test_counters_that_end_lie_together_by_the_hour_in_which_they_do(question: str) -> None:
    """Those that are over are a range of keys: nobody has to look for them."""
    cost = _cost(_decision(question, subjects_per_day=10), "a")
    debits = [*cost.whole, *cost.subjects, *cost.tries]
    assert len(debits) >= 3
    assert all(debit.key.startswith(counter_key(debit.until_ms, "")) for debit in debits)


def test_grant_without_a_limit_has_no_counter() -> None:
    assert [d.scope for d in _cost(_decision(subjects_per_day=0), "a").whole] == ["rule.day"]


def test_claims_may_be_wrong_only_so_often() -> None:
    cost = _cost(_decision("name-matches"), "a")
    assert [(d.scope, d.limit) for d in cost.tries] == [("claim.tries", 3)]


@pytest.mark.parametrize(
    ("moment", "name"),
    [
        (datetime(2026, 11, 23, 0, 0, tzinfo=ZONE), "20261123"),
        (datetime(2026, 11, 23, 23, 59, 59, tzinfo=ZONE), "20261123"),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=ZONE), "20261231"),
    ],
)
def test_day_is_that_of_the_provider_and_outlives_itself(moment: datetime, name: str) -> None:
    day = Day.of(moment)
    assert day.name == name
    assert timedelta(days=1) <= timedelta(milliseconds=day.until_ms - moment.timestamp() * 1000)


def test_budget_is_charged_for_all_for_the_organisation_and_for_the_requester() -> None:
    budget = Budget(10, 5, 3, "month", "register")
    debits = budget_debits(budget, "r", "o", datetime(2026, 11, 23, tzinfo=ZONE), 2)
    first = date(2026, 11, 1).toordinal()
    assert [(d.pot, d.amount, d.limit) for d in debits] == [
        (Pot("register", "budget.dataset", "", first), 2, 10),
        (Pot("register", "budget.organisation", "o", first), 2, 5),
        (Pot("register", "budget.requester", "r", first), 2, 3),
    ]
    assert {d.day for d in debits} == {date(2026, 11, 23).toordinal()}


@pytest.mark.parametrize(
    ("period", "first", "after"),
    [
        ("day", date(2028, 2, 29), date(2028, 3, 1)),
        ("month", date(2028, 2, 1), date(2028, 3, 1)),
        ("year", date(2028, 1, 1), date(2029, 1, 1)),
    ],
)
def test_period_is_whole_days_where_the_provider_is(period: str, first: date, after: date) -> None:
    moment = datetime(2028, 2, 29, 23, 59, 59, tzinfo=ZONE)
    debit = budget_debits(Budget(10, 5, 3, period, "a"), "r", "o", moment, 2)[0]
    assert debit.pot.first == first.toordinal()
    begins, ends = (to_ms(datetime.combine(day, time(), ZONE)) for day in (first, after))
    assert debit.period == Period(begins, ends)


def test_debit_of_a_quota_knows_the_day_that_it_is_for() -> None:
    debits = [
        *_cost(_decision("name-matches", subjects_per_day=9), "a").whole,
        *_cost(_decision(), "a").subjects,
    ]
    debits += _cost(_decision("name-matches"), "a").tries
    midnight = datetime(2026, 11, 23, tzinfo=ZONE)
    today = Period(to_ms(midnight), to_ms(midnight + timedelta(days=1)))
    assert {debit.scope for debit in debits} == {"rule.day", "grant.day", "rule.subject", "claim.tries"}
    assert {debit.period for debit in debits} == {today}
    assert all(debit.until_ms > today.until_ms for debit in debits)


def test_limit_may_be_reached_and_not_passed() -> None:
    debit = Debit("s", "k", 2, 5)
    assert exhausted([debit], {"k": 3}) == []
    assert exhausted([debit], {"k": 4}) == [debit]
    assert exhausted([debit, debit], {"k": 1}) == []
    assert exhausted([debit, debit, debit], {}) == [debit]


_DEBITS = st.builds(
    Debit,
    st.just("s"),
    st.sampled_from("abc"),
    st.integers(0, 5),
    st.integers(0, 20),
    st.just(0),
    st.integers(0, 9),
)


@given(st.lists(_DEBITS, max_size=30), st.dictionaries(st.sampled_from("abc"), st.integers(0, 20)))
def test_what_can_be_paid_never_passes_a_limit(debits: list[Debit], balances: dict[str, int]) -> None:
    failed = exhausted(debits, balances)
    payable = list(debits)
    for debit in failed:
        payable.remove(debit)
    before = dict(balances)
    pay(payable, balances)
    for key, used in balances.items():
        limits = [debit.limit for debit in payable if debit.key == key and debit.amount]
        assert used == before.get(key, 0) or used <= max(limits)
    assert sum(balances.values()) - sum(before.values()) == sum(debit.amount for debit in payable)


# --- the linkage guard ---

GUARD = "forbidden_together:\n  - {id: g, questions: [is-enrolled, contribution-band], within_days: 30}\n"


def _guarded(question: str, requester: str = TAX, at: Day = DAY) -> Cost:
    policies = build(POLICY + GUARD)
    decision = decide(policies, lambda _: GRANT, replace(REQUEST, question=question), CALENDAR)
    return exchange_cost(decision, requester, "pension-insurance", ["a"], at, lambda text: f"<{text}>")


def test_link_is_completed_by_what_the_same_requester_was_answered_about_the_subject() -> None:
    (first,), (second,) = _guarded("is-enrolled").links, _guarded("contribution-band").links
    assert first.others == ((second.mark,),)
    assert not first.completes({})
    assert first.completes({second.mark: first.today})
    assert set(_guarded("is-enrolled").keys()) >= {first.mark, second.mark}


def test_other_requesters_answers_complete_nothing() -> None:
    (link,), (other,) = _guarded("is-enrolled").links, _guarded("contribution-band", "other").links
    assert not link.completes({other.mark: link.today})


def test_link_is_remembered_for_longer_than_it_counts() -> None:
    link = _guarded("is-enrolled").links[0]
    last = datetime(2026, 11, 23, tzinfo=ZONE) + timedelta(days=30)
    assert link.until_ms >= last.timestamp() * 1000
    later = _guarded("contribution-band", at=Day.of(last)).links[0]
    assert not later.completes({link.mark: link.today})
    assert (
        _guarded("contribution-band", at=Day.of(last - timedelta(days=1)))
        .links[0]
        .completes({link.mark: link.today})
    )
