"""Runs tables of tests: what was decided instead, which parts of the policy decided, which none would miss.

The clauses of all rules are looked at once for each row, by `node.core.explain`. What a row comes to when
one clause is taken away or turned round then follows from these values alone, so that every clause that
`node.core.clauses` knows of is mutated, whatever it looks at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from node.core.clauses import RULE_CHECKS, Case
from node.core.decide import Decision, decide
from node.core.explain import Clause, Explanation, explain
from node.core.policy import Policies, Policy
from node.core.policy_table import Expected, Row, Table
from node.core.policy_table_limits import Shortage, shortage
from node.core.policy_table_parts import Change, Mutant, Part, mutants_of, parts_of, without_item
from node.core.rule import Rule
from node.core.workdays import Calendar, Holidays

_CHECKS = {check.name: check for check in RULE_CHECKS}
_RANKS = {check.name: (check.rank, check.reason.name) for check in RULE_CHECKS}


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


@dataclass(frozen=True, slots=True)
class Ran:
    """One row, decided.

    `short` is what a permit ran short of, None if of nothing; `provisional` says that a rule asks for a
    working day, and the holidays of the year are not known yet.
    """

    file: str
    row: Row
    outcome: Outcome
    explanation: Explanation
    short: Shortage | None
    case: Case
    provisional: bool

    @property
    def passed(self) -> bool:
        """Whether it came as expected."""
        return self.outcome.fits(self.row.expected)

    @property
    def deciding(self) -> Clause | None:
        """The clause of a check or rule that refused the request, with its value."""
        rules = (clause for rule in self.explanation.rules for clause in rule.clauses)
        wanted = (self.outcome.clause, self.outcome.rule)
        every = (*self.explanation.checks, *rules)
        return next((clause for clause in every if (clause.name, clause.rule) == wanted), None)


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
    if holidays.days_off or holidays.working_days:
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
    passed = [each for each in ran if each.passed]
    return tuple(
        mutant
        for mutant in mutants_of(policy)
        if all(mutated(each, mutant).fits(each.row.expected) for each in passed)
    )


def mutated(ran: Ran, mutant: Mutant | None) -> Outcome:
    """What a row comes to under a mutant; under None as it is, which the tests hold against `decide`."""
    if any(not clause.holds for clause in ran.explanation.checks):
        return ran.outcome  # refused before any rule
    closest: tuple[int, str, str] | None = None
    for rule, clauses in _mutated_rules(ran, mutant):
        failing = next((name for name, holds in clauses if not holds), None)
        if failing is None:
            return _permitted(ran, rule, mutant.part if mutant is not None else Part(""))
        rank = _RANKS[failing][0]
        if closest is None or rank > closest[0]:
            closest = rank, rule.id, failing
    if closest is None:
        return Outcome(False, "", "QUESTION_NOT_ALLOWED", "rules", "")
    return Outcome(False, closest[1], _RANKS[closest[2]][1], closest[2], "")


def _permitted(ran: Ran, rule: Rule, without: Part) -> Outcome:
    case = ran.case
    # Where subjects must lie says nothing of what is used up.
    decision = Decision(True, None, rule.id, "", "", case.question, case.grant, rule.limits, "")
    return _outcome(decision, shortage(ran.row, decision, case.policy, case.calendar, without))


def _mutated_rules(ran: Ran, mutant: Mutant | None) -> Iterator[tuple[Rule, tuple[tuple[str, bool], ...]]]:
    rules = {rule.id: rule for rule in ran.case.policy.rules_for(ran.row.request.question)}
    for clauses in ran.explanation.rules:
        part = mutant.part if mutant is not None and mutant.part.rule == clauses.rule else None
        if part is not None and not part.clause and part.item in ("", ran.row.request.question):
            continue
        rule = rules[clauses.rule]
        yield (
            rule,
            tuple((clause.name, _holds(ran, rule, clause, part, mutant)) for clause in clauses.clauses),
        )


def _holds(ran: Ran, rule: Rule, clause: Clause, part: Part | None, mutant: Mutant | None) -> bool:
    if part is None or mutant is None or clause.name != part.clause:
        return bool(clause.holds)
    if part.item:
        return _CHECKS[clause.name].holds(without_item(rule, part.clause, part.item), ran.case)
    return mutant.change is Change.WITHOUT or not clause.holds


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
    if all(clause.holds for clause in ran.explanation.checks):
        for rule in ran.explanation.rules:
            failing = [clause.name for clause in rule.clauses if not clause.holds]
            if len(failing) == 1:
                yield Part(rule.rule, failing[0])


def _run_row(file: str, row: Row, policies: Policies, calendar: Calendar) -> Ran:
    decision = decide(policies, lambda _: row.grant, row.request, calendar)
    explanation = explain(policies, lambda _: row.grant, row.request, calendar)
    case = Case(policies, row.request, calendar)
    case.accept(row.grant)
    short = shortage(row, decision, case.policy, calendar) if decision.permit else None
    asks_workday = any(
        clause.name == "when.workdays" and clause.needed != "-"
        for rule in explanation.rules
        for clause in rule.clauses
    )
    provisional = asks_workday and calendar.day(row.request.at).provisional
    return Ran(file, row, _outcome(decision, short), explanation, short, case, provisional)


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
