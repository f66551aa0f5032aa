"""What a permitted exchange costs: the debits that its rule, grant, claims and budget ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import takewhile
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from node.core.deciding.budget import (
    ALWAYS,
    MARK,
    Balances,
    BudgetDebit,
    Debit,
    Period,
    Pot,
    counter_key,
    exhausted,
)
from node.core.deciding.evaluator import Decision
from node.core.deciding.gap import Gaps
from node.core.milliseconds import to_ms
from node.core.policy.policy import Budget
from node.core.policy.question import Question
from node.errors import Reason

RULE_DAY = "rule.day"
RULE_SUBJECT = "rule.subject"
GRANT_DAY = "grant.day"
CLAIM_TRIES = "claim.tries"
LINKAGE = "linkage"
OUTAGE = "source.outage"
FREE_OUTAGES = 100
"""How often a day a question about one subject may fail for the data source alone and cost no quota."""
BUDGET_PREFIX = "budget."

SHORT: Mapping[str, tuple[Reason, str]] = MappingProxyType(
    {
        RULE_DAY: (Reason.QUOTA_EXHAUSTED, "limits.per_day"),
        GRANT_DAY: (Reason.QUOTA_EXHAUSTED, "scope.subjects_per_day"),
        RULE_SUBJECT: (Reason.QUOTA_EXHAUSTED, "limits.per_subject_per_day"),
        CLAIM_TRIES: (Reason.QUOTA_EXHAUSTED, "claims.wrong_tries_per_subject"),
        LINKAGE: (Reason.CONDITION_NOT_MET, "forbidden_together"),
    }
)
"""The reason and the clause of a denial for each scope that an answer can run short of, but for budgets."""
BUDGET_SHORT = (Reason.BUDGET_EXHAUSTED, "privacy.budget")
"""The same for a privacy budget."""

Pseudonym = Callable[[str], str]
"""A text that names a subject to a short keyed name: there is a counter for each subject and limit."""
OlderPseudonyms = Callable[[str], tuple[str, ...]]
"""The same text to what it was called under earlier keys."""


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day where the provider is: name, number, when it is, and when it may be forgotten."""

    name: str
    number: int
    period: Period
    until_ms: int
    zone: tzinfo | None = None

    def last(self, days: int) -> Period:
        """So many days, of which this is the last."""
        first = date.fromordinal(self.number - days + 1)
        return Period(_midnight(first, 0, self.zone), self.period.until_ms)

    @classmethod
    def of(cls, moment: datetime) -> Day:
        """The day of an aware local time; counters live one day longer than the day."""
        return _day(moment.date(), moment.tzinfo)


@lru_cache(maxsize=8)
def _day(day: date, zone: tzinfo | None) -> Day:
    return Day(
        day.strftime("%Y%m%d"), day.toordinal(), _period(day, day, zone), _midnight(day, 2, zone), zone
    )


def _period(first: date, last: date, zone: tzinfo | None) -> Period:
    """Whole days where the provider is."""
    return Period(_midnight(first, 0, zone), _midnight(last, 1, zone))


def _midnight(day: date, later: int, zone: tzinfo | None) -> int:
    return to_ms(datetime.combine(day + timedelta(days=later), time(), zone))


_DAY_MS = 86_400_000


class Link(NamedTuple):
    """A forbidden combination that an answer about one subject could complete (Art. 25).

    `mark` is the key of what remembers the day (its number) on which this question was last answered,
    `others` those of the other questions, each under all its names: were all of them answered on day `since`
    or later, this one is refused. `subject` is the position of the subject; `until_ms` is when the mark may
    be forgotten; `window` is the time in which the others may have been answered.
    """

    subject: int
    mark: str
    others: tuple[tuple[str, ...], ...]
    since: int
    today: int
    until_ms: int
    window: Period = ALWAYS

    def completes(self, balances: Mapping[str, int]) -> bool:
        """Whether an answer would complete the combination."""
        return all(any(balances.get(name, 0) >= self.since for name in names) for names in self.others)


_Part = TypeVar("_Part", Debit, Link)


class Cost(NamedTuple):
    """The debits of one exchange.

    `whole` is for the exchange, `subjects` for each subject (position in `Debit.subject`), `tries`
    is paid only for the subjects whose claim turned out wrong, and must be payable for all. `links`
    may not be completed, and are marked for each subject that is answered. `outages` is what a failure of the
    data source costs in place of all that, as long as it lasts.
    """

    whole: tuple[Debit, ...]
    subjects: tuple[Debit, ...]
    tries: tuple[Debit, ...]
    links: tuple[Link, ...] = ()
    outages: tuple[Debit, ...] = ()

    def of_outage(self, balances: Balances) -> tuple[Debit, ...]:
        """What it costs that the data source failed, whoever is asked about.

        A try of which so many failed is charged like an answer: failing on purpose gets nobody further.
        """
        over = {debit.subject for debit in exhausted(self.outages, balances)}
        dear = [debit for debit in self.subjects if debit.subject in over]
        return _payable((*self.outages, *(self.whole if over else ()), *dear), balances)

    def of_failure(self) -> tuple[Debit, ...]:
        """What it costs that a question failed at a row, or may have: all that an answer does.

        A claim counts as a wrong one, so that whether it makes the question fail is no way to try claims; and
        of every subject, so that the record tells of none whose tries are used up.
        """
        return (*self.whole, *self.subjects, *self.tries)

    def short(self, subjects: int, balances: Balances) -> str:
        """The scope of what does not even last for a part of an answer about so many subjects, or ""."""
        if spent := exhausted(self.whole, balances):
            return spent[0].scope
        if not subjects or len(self.refused(balances)) < subjects:
            return ""
        if self._linked(balances):
            return LINKAGE
        by_limit = exhausted(self.subjects, balances)
        return RULE_SUBJECT if len({debit.subject for debit in by_limit}) == subjects else CLAIM_TRIES

    def refused(self, balances: Balances) -> set[int]:
        """The positions of the subjects about whom there is no answer."""
        debits = (*self.subjects, *self.tries)
        refused = {debit.subject for debit in exhausted(debits, balances)} if debits else set()
        return refused | self._linked(balances) if self.links else refused

    def _linked(self, balances: Balances) -> set[int]:
        """Those about whom an answer would complete a forbidden combination (Art. 25)."""
        return {link.subject for link in self.links if link.completes(balances)}

    def of_first(self, subjects: int) -> Cost:
        """The cost for the first so many subjects alone; all parts are in the order of the subjects."""

        def first(part: Sequence[_Part]) -> tuple[_Part, ...]:
            return tuple(takewhile(lambda each: each.subject < subjects, part))

        return Cost(
            self.whole, first(self.subjects), first(self.tries), first(self.links), first(self.outages)
        )

    def with_gaps(self, gaps: Gaps, balances: Balances) -> Balances:
        """The balances as they count where records are lost.

        A counter is used up whose time overlaps a gap, and a question of a combination was answered.
        """
        if not gaps:
            return balances
        counted = dict(balances)
        for debit in (*self.whole, *self.subjects, *self.tries):
            if gaps.shut(debit.period):
                counted[debit.key] = max(counted.get(debit.key, 0), debit.limit)
        for link in self.links:
            if gaps.shut(link.window):
                counted.update(
                    (name, max(counted.get(name, 0), link.since)) for names in link.others for name in names
                )
        return counted

    def keys(self) -> list[str]:
        """All counters that are concerned."""
        keys = [
            key
            for part in (self.whole, self.subjects, self.tries, self.outages)
            for debit in part
            for key in (debit.key, *debit.older)
        ]
        return keys + [key for link in self.links for names in ((link.mark,), *link.others) for key in names]


NO_COST = Cost((), (), ())


def exchange_cost(
    decision: Decision,
    requester: str,
    dataset: str,
    ids: Sequence[str],
    day: Day,
    pseudonym: Pseudonym,
    older: OlderPseudonyms = lambda _: (),
) -> Cost:
    """Quotas of a permitted exchange about the subjects `ids`."""
    count = max(1, len(ids))
    whole: list[Debit] = []
    subjects: list[Debit] = []
    tries: list[Debit] = []
    limits, grant, question = decision.limits, decision.grant, decision.question
    ends = counter_key(day.until_ms, "")

    def counted(scope: str, prefix: str, limit: int) -> list[Debit]:
        return [
            Debit(
                scope,
                ends + pseudonym(prefix + each),
                1,
                limit,
                day.until_ms,
                position,
                day.period,
                tuple(ends + name for name in older(prefix + each)),
            )
            for position, each in enumerate(ids)
        ]

    if limits.per_day is not None:
        key = f"{ends}{RULE_DAY}|{dataset}|{decision.rule}|{requester}|{day.name}"
        whole.append(Debit(RULE_DAY, key, count, limits.per_day, day.until_ms, period=day.period))
    if grant is not None and grant.subjects_per_day and ids:
        key = f"{ends}{GRANT_DAY}|{grant.id}|{day.name}"
        whole.append(Debit(GRANT_DAY, key, count, grant.subjects_per_day, day.until_ms, period=day.period))
    if (most := limits.per_subject_per_day) is not None:
        prefix = f"{RULE_SUBJECT}|{dataset}|{decision.rule}|{requester}|{day.name}|"
        subjects = counted(RULE_SUBJECT, prefix, most)
    if question is not None and question.claims:
        limit = min(claim.wrong_tries_per_subject for claim in question.claims.values())
        prefix = f"{CLAIM_TRIES}|{dataset}|{question.name}|{requester}|{day.name}|"
        tries = counted(CLAIM_TRIES, prefix, limit)
    links: tuple[Link, ...] = ()
    if question is not None and question.combinations:
        prefixes = {
            name: f"{LINKAGE}|{name if '/' in name else f'{dataset}/{name}'}|{requester}|"
            for combination in question.combinations
            for name in combination.questions
        }
        links = _links(question, prefixes, ids, day, pseudonym, older)
    return Cost(tuple(whole), tuple(subjects), tuple(tries), links)


def outage_debits(
    cost: Cost,
    rule: str,
    requester: str,
    dataset: str,
    ids: Sequence[str],
    day: Day,
    pseudonym: Pseudonym,
    older: OlderPseudonyms = lambda _: (),
) -> tuple[Debit, ...]:
    """What bounds how often a question may fail for the data source alone: so often a day, for each subject.

    Only where a limit counts by subject: else there is none that failing could get around.
    """
    if not cost.subjects and not cost.tries:
        return ()
    prefix, ends = f"{OUTAGE}|{dataset}|{rule}|{requester}|{day.name}|", counter_key(day.until_ms, "")
    return tuple(
        Debit(
            OUTAGE,
            ends + pseudonym(prefix + each),
            1,
            FREE_OUTAGES,
            day.until_ms,
            position,
            day.period,
            tuple(ends + name for name in older(prefix + each)),
        )
        for position, each in enumerate(ids)
    )


def _payable(debits: Sequence[Debit], balances: Balances) -> tuple[Debit, ...]:
    gone = set(exhausted(debits, balances))
    return tuple(debit for debit in debits if debit not in gone)


def _links(
    question: Question,
    prefixes: Mapping[str, str],
    ids: Sequence[str],
    day: Day,
    pseudonym: Pseudonym,
    older: OlderPseudonyms,
) -> tuple[Link, ...]:
    longest = max(combination.days for combination in question.combinations)
    until_ms = day.until_ms + (longest - 1) * _DAY_MS

    windows = {each.days: day.last(each.days) for each in question.combinations}

    def names(other: str, subject: str) -> tuple[str, ...]:
        text = prefixes[other] + subject
        return MARK + pseudonym(text), *(MARK + name for name in older(text))

    return tuple(
        Link(
            position,
            MARK + pseudonym(prefixes[question.name] + each),
            tuple(names(other, each) for other in combination.questions if other != question.name),
            day.number - combination.days + 1,
            day.number,
            until_ms,
            windows[combination.days],
        )
        for position, each in enumerate(ids)
        for combination in question.combinations
    )


def budget_debits(
    budget: Budget, requester: str, organisation: str, moment: datetime, epsilon_micros: int
) -> tuple[BudgetDebit, ...]:
    """What a noisy release of `epsilon_micros` costs its account: by all, by organisation, by requester.

    What was spent is never forgotten; each period has its own budget, in whole days where the provider is.
    """
    first, last = budget.days(moment.date())
    period = _period(first, last, moment.tzinfo)
    return tuple(
        BudgetDebit(
            Pot(budget.account, BUDGET_PREFIX + scope, who, first.toordinal()),
            moment.toordinal(),
            epsilon_micros,
            limit,
            period,
        )
        for scope, who, limit in (
            ("dataset", "", budget.dataset_micros),
            ("organisation", organisation, budget.organisation_micros),
            ("requester", requester, budget.requester_micros),
        )
    )
