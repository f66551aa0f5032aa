"""What an edit of policies means: which requests are decided differently, over the whole space of requests.

For each dataset and question, both sides' rules divide the space of `node.analysis.diff.space`
dimension by dimension. Where the same rules are left on both sides the rest is equal and is not looked
at; where nothing is left to divide, the first rule of each side decides. What comes out is exact: a
request that no finding holds is decided alike on both sides, with the same limits, and every request
of a finding is decided differently. Each finding has an example, which both sides really decided.

A grant that covers the request is supposed throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import partial
from typing import cast

from node.analysis.diff.cases import TooManyFormsError
from node.analysis.diff.days import changes_of_days
from node.analysis.diff.dimensions import (
    AreaDimension,
    CaseDimension,
    DayDimension,
    DepartmentDimension,
    Dimension,
    LevelDimension,
    TimeDimension,
)
from node.analysis.diff.example import Forms, Setting, example_of
from node.analysis.diff.meaning import (
    Change,
    changes_beside_datasets,
    changes_of_accounts,
    changes_of_meaning,
)
from node.analysis.diff.relation import Direction
from node.analysis.diff.solve import Cell, Solver
from node.analysis.diff.space import Part, Side, check_covered
from node.analysis.diff.trees import PurposeDimension, RegionDimension
from node.core.deciding.evaluator import Decision, decide
from node.core.deciding.grant import Grant
from node.core.policy.policy import Policies, Policy
from node.core.policy.question import Question
from node.core.policy.question_kind import QuestionKind
from node.core.policy.request import Request
from node.core.policy.rule import NO_LIMITS, Rule
from node.core.workdays import Calendar


class Kind(StrEnum):
    """What happens to the requests of a finding."""

    ALLOWED = "newly_allowed"
    DENIED = "newly_denied"
    LOOSENED = "loosened"
    TIGHTENED = "tightened"
    MIXED = "loosened_and_tightened"

    @property
    def widens(self) -> bool:
        """Whether somebody may learn more."""
        return self in (Kind.ALLOWED, Kind.LOOSENED, Kind.MIXED)


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms a rule permits: its limits (None is without), and whether for the own area only."""

    per_day: int | None
    per_subject_per_day: int | None
    own_region: bool


@dataclass(frozen=True, slots=True)
class AskedRequest:
    """A question, in those of its forms where each parameter has one of the values; () for every form.

    `subjects` is 1 or 2 if it matters whether one subject is asked about, or several at once; else 0.
    """

    question: str
    values: tuple[tuple[str, tuple[str, ...]], ...]
    subjects: int = 0


@dataclass(frozen=True, slots=True)
class Example:
    """One request of a finding, its grant, and what each side really decides."""

    request: Request
    grant: Grant
    before: Decision
    after: Decision


@dataclass(frozen=True, slots=True)
class DiffFinding:
    """Requests of one dataset that are decided differently, all in the same way.

    `parts` are by dimension; a request belongs here if it lies in each. Terms are None for a denial.
    `make` makes the example, which nobody may want of many thousands of findings.
    """

    dataset: str
    kind: Kind
    asked: tuple[AskedRequest, ...]
    parts: Mapping[str, Part]
    before: Terms | None
    after: Terms | None
    make: Callable[[], Example] = field(compare=False, repr=False)

    @property
    def example(self) -> Example:
        """One request of the finding, really decided on both sides."""
        return self.make()


@dataclass(frozen=True, slots=True)
class Difference:
    """All that an edit changes: how requests are decided, and what questions and datasets are.

    `too_complex` names the questions whose rules have too many forms of case numbers to be compared.
    """

    findings: tuple[DiffFinding, ...]
    changes: tuple[Change, ...]
    too_complex: tuple[tuple[str, str], ...]

    @property
    def equal(self) -> bool:
        """Proved: nobody can learn anything that they could not, and nobody less."""
        return not (
            self.findings
            or self.too_complex
            or any(each.direction is not Direction.NONE for each in self.changes)
        )

    @property
    def widens(self) -> bool:
        """Whether somebody may learn more, or it is not certain that nobody may."""
        return (
            bool(self.too_complex)
            or any(each.kind.widens for each in self.findings)
            or any(each.direction in (Direction.WIDER, Direction.UNKNOWN) for each in self.changes)
        )


def difference(
    before: Policies,
    after: Policies,
    calendar: Calendar,
    today: date,
    calendar_before: Calendar | None = None,
    compared: Callable[[], None] = lambda: None,
) -> Difference:
    """Compare the meaning of two sets of policies; examples lie on or after `today` if they can.

    Both sides' rules are compared under `calendar`; what another one before means is told by dates.
    `compared` is called after each dataset. Raises NotCoveredError if policies can say what this comparison
    does not know.
    """
    check_covered()
    findings: list[DiffFinding] = []
    changes = changes_beside_datasets(before, after) + changes_of_accounts(before, after)
    if calendar_before is not None:
        changes += changes_of_days(after, calendar_before, calendar)
    too_complex: list[tuple[str, str]] = []
    purposes = PurposeDimension(before, after)
    for name in sorted(before.datasets.keys() | after.datasets.keys()):
        pair = _Pair(name, before, after, purposes, calendar, today)
        changes += changes_of_meaning(name, before.get(name), after.get(name))
        findings += pair.findings()
        if pair.counters_differ():
            changes.append(Change(name, "", "counters", "", "", Direction.UNKNOWN))
        too_complex += ((name, question) for question in pair.too_complex)
        compared()
    return Difference(tuple(findings), tuple(changes), tuple(too_complex))


class _Pair:
    """One dataset on both sides."""

    def __init__(
        self,
        name: str,
        before: Policies,
        after: Policies,
        purposes: PurposeDimension,
        calendar: Calendar,
        today: date,
    ) -> None:
        self._name = name
        self._before, self._after = before, after
        self._a, self._b = before.get(name), after.get(name)
        self._calendar = calendar
        self._side_a, self._side_b = _side("a", self._a), _side("b", self._b)
        days = DayDimension(calendar)
        self._setting = Setting(days, purposes, self._known_codes(), calendar, today)
        rules = [rule for policy in (self._a, self._b) if policy is not None for rule in policy.rules]
        dimensions = (
            purposes,
            DepartmentDimension(rules),
            RegionDimension(),
            LevelDimension(),
            AreaDimension((self._side_a, self._side_b)),
            days,
            TimeDimension(),
            CaseDimension(),
        )
        # Each takes only its own constraints and parts, and is given no others.
        self._solver: Solver[Hashable] = Solver(cast("tuple[Dimension, ...]", dimensions))
        self.too_complex: list[str] = []

    def findings(self) -> list[DiffFinding]:
        """Everything that is decided differently, in as few findings as are found."""
        cells: dict[Cell, set[AskedRequest]] = {}
        rules_a, rules_b = self._numbered(_terms)
        for question in sorted(rules_a.keys() | rules_b.keys()):
            a, b = rules_a.get(question, []), rules_b.get(question, [])
            try:
                for asked, in_a, in_b in self._modes(question):
                    for cell in self._solver.solve(a if in_a else [], b if in_b else []):
                        cells.setdefault(cell, set()).add(asked)
            except TooManyFormsError:
                self.too_complex.append(question)
        by_asked = (
            (tuple(sorted(asked, key=lambda each: (each.question, each.values, each.subjects))), cell)
            for cell, asked in cells.items()
        )
        found = [self._finding(asked, cell) for asked, cell in self._solver.merged(by_asked)]
        return sorted(found, key=lambda each: list(Kind).index(each.kind))

    def _modes(self, question: str) -> Iterable[tuple[AskedRequest, bool, bool]]:
        """The forms of a question, those about one subject and about several apart if a side takes only one.

        With each, whether it can be asked on the one side and on the other (Art. 13, 22).
        """
        questions = _question(self._a, question), _question(self._b, question)
        counted = any(each is not None and each.kind is QuestionKind.STATISTIC for each in questions)
        several = _shares(self._a, 2), _shares(self._b, 2)
        for asked, in_a, in_b in self._forms(question):
            if counted or several[0] is several[1] or not (_shares(self._a, 1) and _shares(self._b, 1)):
                yield asked, in_a, in_b
            else:
                yield replace(asked, subjects=1), in_a, in_b
                yield replace(asked, subjects=2), in_a and several[0], in_b and several[1]

    def _forms(self, question: str) -> Iterable[tuple[AskedRequest, bool, bool]]:
        """The forms that a question is asked in, and whether they are of the one side and of the other."""
        a, b = _question(self._a, question), _question(self._b, question)
        if a is None or b is None or not _asked_alike(a, b):
            if a is not None:
                yield AskedRequest(question, ()), True, False
            if b is not None:
                yield AskedRequest(question, ()), False, True
            return
        names = sorted(a.parameters)
        of_a = {name: a.parameters[name].choices for name in names}
        of_b = {name: b.parameters[name].choices for name in names}
        both = {name: tuple(each for each in of_a[name] if each in of_b[name]) for name in names}
        if all(set(of_a[name]) == set(of_b[name]) for name in names):
            yield AskedRequest(question, ()), True, True
            return
        if all(both.values()):
            yield AskedRequest(question, tuple(both.items())), True, True
        for mine, theirs, is_a in ((of_a, of_b, True), (of_b, of_a, False)):
            earlier: dict[str, tuple[str, ...]] = {}
            for position, name in enumerate(names):
                rest = {other: mine[other] for other in names[position + 1 :]}
                alone = tuple(each for each in mine[name] if each not in theirs[name])
                values = {**earlier, name: alone, **rest}
                if all(values.values()):
                    yield AskedRequest(question, tuple(values.items())), is_a, not is_a
                earlier[name] = both[name]

    def counters_differ(self) -> bool:
        """Whether what both sides count is counted together on one side and apart on the other.

        Each rule with limits has its own counters for each requester. New names alone change nothing.
        """
        renamed: dict[str, set[str]] = {}
        rules_a, rules_b = self._numbered(_counter)
        for question in rules_a.keys() & rules_b.keys() - set(self.too_complex):
            for cell in self._solver.solve(rules_a[question], rules_b[question]):
                before, after = self._solver.terms(cell[1]), self._solver.terms(cell[2])
                if before and after:
                    renamed.setdefault(str(before), set()).add(str(after))
        return (
            any(len(names) > 1 for names in renamed.values())
            or len(set().union(*renamed.values())) < len(renamed)
            or bool(renamed.keys() & _ids(self._b) or set().union(*renamed.values()) & _ids(self._a))
        )

    def _numbered(self, terms: Callable[[Rule], Hashable]) -> tuple[dict[str, list[int]], ...]:
        """The rules of each side by question, as the solver knows them."""
        sides = []
        for policy, side in ((self._a, self._side_a), (self._b, self._side_b)):
            found: dict[str, list[int]] = {}
            # By file alone nothing is shared through the node, whatever rules say.
            for rule in policy.rules if policy is not None and policy.dataset.shares(1) else ():
                number = self._solver.rule(rule, side, terms(rule))
                for question in rule.allow:
                    found.setdefault(question, []).append(number)
            sides.append(found)
        return tuple(sides)

    def _finding(self, asked: tuple[AskedRequest, ...], cell: Cell) -> DiffFinding:
        before, after = (
            terms if isinstance(terms := self._solver.terms(number), Terms) else None for number in cell[1:]
        )
        named = self._solver.parts(cell)
        make = partial(self._example, asked[0], named, before, after)
        return DiffFinding(self._name, _kind(before, after), asked, named, before, after, make)

    def _example(
        self, asked: AskedRequest, parts: Mapping[str, Part], before: Terms | None, after: Terms | None
    ) -> Example:
        policy = self._b if after is not None else self._a
        if policy is None:
            raise AssertionError("one side permits, so it has the dataset")
        forms = Forms(
            self._name, policy.questions[asked.question], dict(asked.values), max(asked.subjects, 1)
        )
        request, grant = example_of(forms, parts, self._setting)
        decided = [
            decide(each, lambda _: grant, request, self._calendar) for each in (self._before, self._after)
        ]
        if [each.permit for each in decided] != [terms is not None for terms in (before, after)]:
            raise AssertionError("an example is not decided as was found")
        return Example(request, grant, decided[0], decided[1])

    def _known_codes(self) -> list[str]:
        """Departments that either side names."""
        return sorted(
            {
                code
                for policy in (self._a, self._b)
                if policy is not None
                for rule in policy.rules
                for code in rule.to.departments
            }
        )


def _terms(rule: Rule) -> Terms:
    return Terms(rule.limits.per_day, rule.limits.per_subject_per_day, rule.own_region)


def _counter(rule: Rule) -> str:
    """The rule whose counters a permit adds to, "" if it has none."""
    return "" if rule.limits == NO_LIMITS else rule.id


def _ids(policy: Policy | None) -> set[str]:
    return {rule.id for rule in policy.rules} if policy is not None else set()


def _side(letter: str, policy: Policy | None) -> Side:
    return Side(letter, policy is not None and bool(policy.dataset.subject.region_field))


def _shares(policy: Policy | None, subjects: int) -> bool:
    return policy is not None and policy.dataset.shares(subjects)


def _question(policy: Policy | None, name: str) -> Question | None:
    return policy.questions.get(name) if policy is not None else None


def _asked_alike(a: Question, b: Question) -> bool:
    """Whether there can be one request that both take."""
    return (
        (a.kind is QuestionKind.STATISTIC) is (b.kind is QuestionKind.STATISTIC)
        and a.parameters.keys() == b.parameters.keys()
        and a.claims.keys() == b.claims.keys()
    )


def _kind(before: Terms | None, after: Terms | None) -> Kind:
    if before is None:
        return Kind.ALLOWED
    if after is None:
        return Kind.DENIED
    looser = tighter = False
    for mine, theirs in (
        (before.per_day, after.per_day),
        (before.per_subject_per_day, after.per_subject_per_day),
    ):
        looser |= mine is not None and (theirs is None or theirs > mine)
        tighter |= theirs is not None and (mine is None or theirs < mine)
    looser |= before.own_region and not after.own_region
    tighter |= after.own_region and not before.own_region
    if looser and tighter:
        return Kind.MIXED
    return Kind.LOOSENED if looser else Kind.TIGHTENED
