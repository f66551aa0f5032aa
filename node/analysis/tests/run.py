"""Runs tables of tests: what was decided instead, which parts of the policy decided, which none would miss.

All clauses of all rules that allow the question are looked at once for each row. What a row comes to when one
clause is taken away or turned round then follows from which of them fail, so that every clause that
`node.core.deciding.clauses` knows of is mutated, whatever it looks at, at the cost of a comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from node.analysis.tests.limits import Shortage, shortage
from node.analysis.tests.parts import Mutant, Mutation, Part, mutants_of, parts_of, without_item
from node.analysis.tests.table import Expected, Row, Table
from node.core.deciding.clauses import RULE_CHECKS, Case
from node.core.deciding.evaluator import NOTHING_SHOWN, Decision, decide
from node.core.deciding.explain import Clause, explain
from node.core.policy.policy import Policies, Policy
from node.core.policy.rule import Rule
from node.core.workdays import Calendar, Holidays
from node.errors import Reason

_CHECKS = {check.name: check for check in RULE_CHECKS}
_PERMITS = 1 + max(check.rank for check in RULE_CHECKS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a request came to, in the words of a table; `answer` is the kind of the question."""

    permit: bool
    rule: str
    reason: str
    clause: str
    answer: str

    def fits(self, expected: Expected) -> bool:
        """Whether it is what a row expects."""
        return self.permit is expected.permit and all(
            not wanted or wanted == got
            for wanted, got in (
                (expected.rule, self.rule),
                (expected.reason, self.reason),
                (expected.clause, self.clause),
                (expected.answer, self.answer),
            )
        )


class Standing(NamedTuple):
    """How a rule fared; the highest of a row decides.

    `rank` is that of the first clause that fails, or above all clauses if none does; of several rules the
    first in the file counts.
    """

    rank: int
    place: int
    rule: Rule
    failing: tuple[str, ...]

    @classmethod
    def of(cls, rule: Rule, failing: tuple[str, ...]) -> Standing:
        """The standing of a rule of which these clauses fail, in the order of decisions."""
        return cls(_CHECKS[failing[0]].rank if failing else _PERMITS, -rule.order, rule, failing)


@dataclass(frozen=True, slots=True)
class Standings:
    """How all rules that allow the question of a row fared, by id; `best` are the two highest."""

    case: Case
    by_rule: Mapping[str, Standing]
    best: tuple[Standing, ...]

    @classmethod
    def of(cls, case: Case) -> Standings:
        """Every clause of every rule is looked at."""
        every = [
            Standing.of(rule, tuple(check.name for check in RULE_CHECKS if not check.holds(rule, case)))
            for rule in case.policy.rules_for(case.request.question)
        ]
        best = sorted(every, key=lambda standing: standing[:2], reverse=True)[:2]
        return cls(case, {standing.rule.id: standing for standing in every}, tuple(best))

    def without(self, rule: str) -> Standing | None:
        """The highest of the others."""
        return next((standing for standing in self.best if standing.rule.id != rule), None)


@dataclass(frozen=True, slots=True)
class Ran:
    """One row, decided.

    `deciding` is the clause of a check or rule that refused the request, with its value; `short` is what a
    permit ran short of; `standings` are how the rules fared, None for what was refused before any rule;
    `provisional` says that a rule asks for a working day, and the holidays of the year are not known yet.
    """

    file: str
    row: Row
    outcome: Outcome
    deciding: Clause | None
    short: Shortage | None
    standings: Standings | None
    provisional: bool

    @property
    def passed(self) -> bool:
        """Whether it came as expected."""
        return self.outcome.fits(self.row.expected)


@dataclass(frozen=True, slots=True)
class Coverage:
    """All parts of a dataset's policy, and those that decided nothing in any row.

    A rule, and a question that it allows, decide where the rule permits; a clause where it is the reason
    of a denial, or all that kept its rule from permitting; a limit where it is the reason.
    """

    parts: tuple[Part, ...]
    undecided: tuple[Part, ...]


def run_table(table: Table, policies: Policies, calendar: Calendar) -> tuple[Ran, ...]:
    """Decide every row, by the holidays of the table on top of the published ones."""
    holidays = table.holidays
    if holidays.days_off or holidays.working_days or holidays.complete:
        calendar = Calendar(calendar.zone, _on_top(holidays, calendar.holidays))
    return tuple(_run_row(table.file, row, policies, calendar) for row in table.rows)


def coverage(ran: Iterable[Ran], policy: Policy) -> Coverage:
    """Which parts of the policy of a dataset decided in these rows, all of which are about it."""
    every = parts_of(policy)
    decided: set[Part] = set()
    for each in ran:
        decided.update(_decided(each))
    return Coverage(every, tuple(part for part in every if part not in decided))


def unmissed(ran: Sequence[Ran], policy: Policy) -> tuple[Mutant, ...]:
    """The mutants that every row is content with: what they change is not tested."""
    concerned = _Concerned([each for each in ran if each.passed])
    return tuple(
        mutant
        for mutant in mutants_of(policy)
        if all(mutated(each, mutant).fits(each.row.expected) for each in concerned.rows(mutant))
    )


class _Concerned:
    """Finds the rows that a mutant can come out differently in: nearly always a few of many."""

    def __init__(self, passed: Sequence[Ran]) -> None:
        self._passed = passed
        self._decided_by: dict[str, list[Ran]] = {}
        self._failed_by: dict[tuple[str, str], list[Ran]] = {}
        for each in passed:
            if each.standings is None:
                continue
            for standing in each.standings.best[:1]:
                self._decided_by.setdefault(standing.rule.id, []).append(each)
            for rule, standing in each.standings.by_rule.items():
                for clause in standing.failing:
                    self._failed_by.setdefault((rule, clause), []).append(each)

    def rows(self, mutant: Mutant) -> Iterable[Ran]:
        """Of a rule: rows that it decides and, if it fails for one clause less then, those too."""
        part = mutant.part
        if not part.rule:
            return self._passed
        more = () if part.item else self._failed_by.get((part.rule, part.clause), ())
        return chain(self._decided_by.get(part.rule, ()), more)


def mutated(ran: Ran, mutant: Mutant | None) -> Outcome:
    """What a row comes to under a mutant; under None as it is, which the tests hold against `decide`."""
    standings = ran.standings
    if standings is None:
        return ran.outcome
    part = mutant.part if mutant is not None else Part("")
    highest = standings.without(part.rule)
    if mutant is not None and (before := standings.by_rule.get(part.rule)) is not None:
        changed = _changed(standings.case, before, mutant)
        highest = max((each for each in (highest, changed) if each is not None), key=_height, default=None)
    if highest is None:
        return Outcome(False, "", "QUESTION_NOT_ALLOWED", "rules", "")
    rule, failing = highest.rule, highest.failing
    if failing:
        return Outcome(False, rule.id, _CHECKS[failing[0]].reason.name, failing[0], "")
    case = standings.case
    # Where subjects must lie says nothing of what is used up.
    decision = Decision(True, None, rule.id, "", NOTHING_SHOWN, case.question, case.grant, rule.limits, "")
    return _outcome(decision, shortage(ran.row, decision, case, part))


def _height(standing: Standing) -> tuple[int, int]:
    return standing.rank, standing.place


def _changed(case: Case, before: Standing, mutant: Mutant) -> Standing | None:
    """How the rule of a mutant fares in its place; None where the rule does not allow the question."""
    rule, part = before.rule, mutant.part
    if not part.clause:
        return None if part.item in ("", case.request.question) else before
    if part.clause not in _CHECKS:  # a limit
        return before
    if part.item:
        fails = not _CHECKS[part.clause].holds(without_item(rule, part.clause, part.item), case)
    else:
        fails = mutant.change is Mutation.NEGATED and part.clause not in before.failing
    failing = {*before.failing, part.clause} if fails else {*before.failing} - {part.clause}
    return Standing.of(rule, tuple(name for name in _CHECKS if name in failing))


def _decided(ran: Ran) -> Iterator[Part]:
    outcome = ran.outcome
    if outcome.permit:
        yield Part(outcome.rule)
        yield Part(outcome.rule, item=ran.row.request.question)
        return
    if ran.short is not None:
        yield ran.short.part
        return
    yield Part(outcome.rule, outcome.clause)
    for standing in ran.standings.by_rule.values() if ran.standings is not None else ():
        if len(standing.failing) == 1:
            yield Part(standing.rule.id, standing.failing[0])


def _run_row(file: str, row: Row, policies: Policies, calendar: Calendar) -> Ran:
    decision = decide(policies, lambda _: row.grant, row.request, calendar)
    case = Case(policies, row.request, calendar)
    case.accept(row.grant)
    short = shortage(row, decision, case) if decision.permit else None
    outcome = _outcome(decision, short)
    reached = decision.permit or decision.rule or decision.clause == "rules"
    standings = Standings.of(case) if reached and decision.reason is not Reason.INTERNAL else None
    deciding = _deciding(row, policies, calendar, outcome) if not outcome.fits(row.expected) else None
    day = calendar.day(row.request.at)
    rules = standings.by_rule.values() if standings is not None else ()
    provisional = day.provisional and any(standing.rule.when.workdays for standing in rules)
    return Ran(file, row, outcome, deciding, short, standings, provisional)


def _deciding(row: Row, policies: Policies, calendar: Calendar, outcome: Outcome) -> Clause | None:
    explained = explain(policies, lambda _: row.grant, row.request, calendar)
    every = (*explained.checks, *(clause for rule in explained.rules for clause in rule.clauses))
    wanted = (outcome.clause, outcome.rule)
    return next((clause for clause in every if (clause.name, clause.rule) == wanted), None)


def _outcome(decision: Decision, short: Shortage | None) -> Outcome:
    if short is not None:
        return Outcome(False, decision.rule, short.reason, short.part.clause, "")
    reason = decision.reason.name if decision.reason is not None else ""
    answer = decision.question.kind if decision.permit and decision.question is not None else ""
    return Outcome(decision.permit, decision.rule, reason, decision.clause, answer)


def _on_top(upper: Holidays, lower: Holidays) -> Holidays:
    """Both, where a date of the upper one is not left to the lower one."""
    said = upper.days_off.keys() | upper.working_days.keys()
    kept = {day: title for day, title in lower.days_off.items() if day not in said}
    made_up = {day: title for day, title in lower.working_days.items() if day not in said}
    return Holidays(
        {**kept, **upper.days_off},
        {**made_up, **upper.working_days},
        lower.complete | upper.complete,
        upper.digest,
    )
