"""Runs tables of tests: what was decided instead, which parts of the rules decided, which none would miss.

The clauses of all rules are looked at once for each row, by `node.core.explain`. What a row comes to when
one clause is taken away or turned round then follows from these values alone, so that every clause that
`node.core.clauses` knows of is mutated, whatever it looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from node.core.clauses import RULE_CHECKS
from node.core.decide import Decision, decide
from node.core.explain import Clause, Explanation, RuleClauses, explain
from node.core.policy import Policies, Policy
from node.core.policy_table import Expected, Row, Table
from node.core.rule import Rule
from node.core.workdays import Calendar, Holidays

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
    """One row, decided; `provisional` says that holidays of its year are not known yet."""

    file: str
    row: Row
    outcome: Outcome
    explanation: Explanation
    provisional: bool

    @property
    def passed(self) -> bool:
        """Whether it came as expected."""
        return self.outcome.fits(self.row.expected)

    @property
    def deciding(self) -> Clause | None:
        """The clause that refused the request, with its value."""
        rules = (clause for rule in self.explanation.rules for clause in rule.clauses)
        wanted = (self.outcome.clause, self.outcome.rule)
        every = (*self.explanation.checks, *rules)
        return next((clause for clause in every if (clause.name, clause.rule) == wanted), None)


class Change(StrEnum):
    """What is done to a part of a policy to see whether a row would miss it."""

    WITHOUT = "without"
    NEGATED = "negated"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a rule: a clause, one question that it allows, or with neither the whole rule."""

    rule: str
    clause: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A policy in which one part is changed."""

    part: Part
    change: Change


@dataclass(frozen=True, slots=True)
class Coverage:
    """All parts of a dataset's rules, and those that decided nothing in any row.

    A rule, and a question that it allows, decide where the rule permits; a clause where it is the reason
    of a denial, or all that kept its rule from permitting.
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
    """Which parts of the rules of a dataset decided in these rows, all of which are about it."""
    every = parts_of(policy)
    decided: set[Part] = set()
    for each in ran:
        decided.update(_decided(each))
    return Coverage(every, tuple(part for part in every if part not in decided))


def parts_of(policy: Policy) -> tuple[Part, ...]:
    """All parts of the rules: of each the rule, its questions when there are several, and its clauses."""
    found: list[Part] = []
    for rule in policy.rules:
        found.append(Part(rule.id))
        if len(rule.allow) > 1:
            found.extend(Part(rule.id, question=name) for name in sorted(rule.allow))
        found.extend(Part(rule.id, clause) for clause in written_clauses(rule))
    return tuple(found)


def mutants_of(policy: Policy) -> Iterator[Mutant]:
    """Each part taken away in turn, and each clause turned round."""
    for part in parts_of(policy):
        yield Mutant(part, Change.WITHOUT)
        if part.clause:
            yield Mutant(part, Change.NEGATED)


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
    before = ran.outcome
    if any(not clause.holds for clause in ran.explanation.checks):
        return before  # refused before any rule
    closest: tuple[int, str, str] | None = None
    for rule in _mutated_rules(ran, mutant):
        failing = next((name for name, holds in rule.clauses if not holds), None)
        if failing is None:
            return Outcome(True, rule.id, "", "", ran_answer(ran))
        rank = _RANKS[failing][0]
        if closest is None or rank > closest[0]:
            closest = rank, rule.id, failing
    if closest is None:
        return Outcome(False, "", "QUESTION_NOT_ALLOWED", "rules", "")
    return Outcome(False, closest[1], _RANKS[closest[2]][1], closest[2], "")


def ran_answer(ran: Ran) -> str:
    """The kind of the question that a row asks, "" for none that the dataset has."""
    question = ran.explanation.decision.question
    return question.kind if question is not None else ""


def written_clauses(rule: Rule) -> tuple[str, ...]:
    """The clauses that a rule makes use of, in the order of decisions."""
    written: dict[str, Callable[[Rule], bool]] = {
        "to.departments": lambda rule: bool(rule.to.departments),
        "to.levels": lambda rule: bool(rule.to.levels),
        "to.regions": lambda rule: bool(rule.to.regions),
        "scope": lambda rule: rule.own_region,
        "effective": lambda rule: bool(rule.effective.text()),
        "when.case_number": lambda rule: bool(rule.when.case_number),
        "when.workdays": lambda rule: rule.when.workdays,
        "when.hours": lambda rule: rule.when.hours is not None,
    }
    # A clause not listed here asks for something in every rule, as `for` does.
    return tuple(
        check.name
        for check in RULE_CHECKS
        if (is_written := written.get(check.name)) is None or is_written(rule)
    )


@dataclass(frozen=True, slots=True)
class _Values:
    id: str
    clauses: tuple[tuple[str, bool], ...]


def _mutated_rules(ran: Ran, mutant: Mutant | None) -> Iterator[_Values]:
    for rule in ran.explanation.rules:
        part = mutant.part if mutant is not None and mutant.part.rule == rule.rule else None
        if part is not None and not part.clause and part.question in ("", ran.row.request.question):
            continue
        yield _Values(rule.rule, tuple(_values(rule, part, mutant)))


def _values(rule: RuleClauses, part: Part | None, mutant: Mutant | None) -> Iterator[tuple[str, bool]]:
    for clause in rule.clauses:
        holds = bool(clause.holds)
        if part is not None and mutant is not None and clause.name == part.clause:
            holds = mutant.change is Change.WITHOUT or not holds
        yield clause.name, holds


def _decided(ran: Ran) -> Iterator[Part]:
    outcome = ran.outcome
    if outcome.permit:
        yield Part(outcome.rule)
        yield Part(outcome.rule, question=ran.row.request.question)
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
    return Ran(file, row, _outcome(decision), explanation, calendar.day(row.request.at).provisional)


def _outcome(decision: Decision) -> Outcome:
    reason = decision.reason.name if decision.reason is not None else ""
    answer = decision.question.kind if decision.permit and decision.question is not None else ""
    return Outcome(decision.permit, decision.rule, reason, decision.clause, answer)


def _on_top(upper: Holidays, lower: Holidays) -> Holidays:
    """Both, where a date of the upper one is not left to the lower one."""
    said = upper.days_off.keys() | upper.working_days.keys()
    kept = {day: title for day, title in lower.days_off.items() if day not in said}
    made_up = {day: title for day, title in lower.working_days.items() if day not in said}
    return Holidays(
        {**kept, **upper.days_off}, {**made_up, **upper.working_days}, lower.complete, upper.digest
    )
