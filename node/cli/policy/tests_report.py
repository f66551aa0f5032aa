"""What `dxnode policy test` says: rows, coverage and mutation, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from node.analysis.tests.limits import Shortage
from node.analysis.tests.parts import NOT_MUTATED, Mutant, Part
from node.analysis.tests.run import Coverage, Outcome, Ran
from node.analysis.tests.table import Expected
from node.cli.policy.explanation_report import ClauseView, clause_line, clause_view
from node.core.text.clause_texts import clause_label
from node.core.text.problem import Problem, Severity
from node.texts.message import Message
from node.texts.wording import Language, find, say, t

Place = tuple[str, int]
"""A file, and a line of it."""


@dataclass(frozen=True, slots=True)
class Tested:
    """All that the table of one dataset came to; `places` are those of rules, and of parts without one.

    `mutants` is how many were tried, 0 without mutation.
    """

    dataset: str
    places: Mapping[Part, Place]
    ran: tuple[Ran, ...]
    coverage: Coverage
    mutants: int
    unmissed: tuple[Mutant, ...]

    @property
    def failed(self) -> tuple[Ran, ...]:
        """The rows that did not come as expected."""
        return tuple(each for each in self.ran if not each.passed)


@dataclass(frozen=True, slots=True)
class RowView:
    """One row as `--json` gives it.

    `deciding` is the clause of a check or rule that refused, `short` what was used up or would have been put
    together; both are null for a permit.
    """

    file: str
    line: int
    note: str
    passed: bool
    provisional: bool
    expected: Expected
    decided: Outcome
    deciding: ClauseView | None
    short: Shortage | None


@dataclass(frozen=True, slots=True)
class TestedView:
    """One table as `--json` gives it; `not_mutated` is what no mutant changes, empty without mutation."""

    dataset: str
    passed: bool
    rows: tuple[RowView, ...]
    parts: int
    undecided: tuple[Part, ...]
    mutants: int
    unmissed: tuple[Mutant, ...]
    not_mutated: tuple[str, ...]


def tested_view(tested: Tested, lang: Language) -> TestedView:
    """A table for programs."""
    return TestedView(
        tested.dataset,
        not tested.failed,
        tuple(_row_view(each, lang) for each in tested.ran),
        len(tested.coverage.parts),
        tested.coverage.undecided,
        tested.mutants,
        tested.unmissed,
        NOT_MUTATED if tested.mutants else (),
    )


def tested_lines(tested: Tested, lang: Language) -> Iterator[str]:
    """A table for people: rows that fail, then what no row decided, then what none would miss."""
    for each in tested.ran:
        if not each.passed:
            yield from _failed_lines(each, lang)
        elif each.provisional:
            year = str(each.row.request.at.year)
            yield t("policy_test.row.provisional", lang, file=each.file, line=str(each.row.line), year=year)
    parts, undecided = tested.coverage.parts, tested.coverage.undecided
    decided = str(len(parts) - len(undecided))
    yield t("policy_test.coverage.head", lang, dataset=tested.dataset, decided=decided, parts=str(len(parts)))
    for part in undecided:
        yield "  " + _part("coverage", part, tested, lang)
    if tested.mutants:
        missed = str(tested.mutants - len(tested.unmissed))
        yield t(
            "policy_test.mutation.head",
            lang,
            dataset=tested.dataset,
            missed=missed,
            mutants=str(tested.mutants),
        )
        for mutant in tested.unmissed:
            yield "  " + _part(f"mutation.{mutant.change}", mutant.part, tested, lang)


def summary(tested: Sequence[Tested], lang: Language) -> str:
    """The last line."""
    rows, failed = sum(len(each.ran) for each in tested), sum(len(each.failed) for each in tested)
    key = "policy_test.summary.bad" if failed else "policy_test.summary.good"
    return t(key, lang, tables=str(len(tested)), rows=str(rows), failed=str(failed))


def refused(problems: Sequence[Problem], lang: Language) -> str:
    """The last line when a policy or table has problems."""
    errors = [each for each in problems if each.severity is Severity.ERROR]
    files = len({each.file for each in errors})
    return t("policy_test.summary.refused", lang, count=str(len(errors)), files=str(files))


def busy(lang: Language) -> str:
    """What a progress bar says."""
    return t("policy_test.busy", lang)


def not_mutated(lang: Language) -> str:
    """What no mutant changes, so that nobody takes it for tested."""
    things = tuple(Message(f"policy_test.not_mutated.{thing}") for thing in NOT_MUTATED)
    return say(Message("policy_test.not_mutated.head", {"things": things}), lang)


def _failed_lines(ran: Ran, lang: Language) -> Iterator[str]:
    row = ran.row
    yield t(
        "policy_test.row.failed",
        lang,
        file=ran.file,
        line=str(row.line),
        question=row.request.question,
        by=row.asked_by,
        purpose=row.request.purpose,
        expected=_outcome(row.expected, lang),
        decided=_outcome(ran.outcome, lang),
    )
    if (clause := ran.deciding) is not None:
        yield clause_line(clause, lang)
    if (short := ran.short) is not None:
        label = _label(short.part, lang)
        yield "  " + t("policy_test.row.short", lang, label=label, value=short.value, needed=short.needed)
    if row.note:
        yield "  " + t("policy_test.row.note", lang, note=row.note)


def _outcome(outcome: Expected | Outcome, lang: Language) -> str:
    parts = [t("label.permit" if outcome.permit else "label.deny", lang)]
    parts += [outcome.reason] if outcome.reason else []
    for name in ("rule", "clause", "answer"):
        if value := getattr(outcome, name):
            parts.append(t(f"label.{name}", lang, **{name: value}))
    return t("policy_test.row.comma", lang).join(parts)


def _part(section: str, part: Part, tested: Tested, lang: Language) -> str:
    kind = "policy" if not part.rule else "clause" if part.clause else "question" if part.item else "rule"
    file, line = tested.places[Part(part.rule) if part.rule else part]
    return t(
        f"policy_test.{section}.{kind}",
        lang,
        file=file,
        line=str(line),
        rule=part.rule,
        question=part.item,
        clause=part.clause,
        label=_label(part, lang),
    )


def _label(part: Part, lang: Language) -> str:
    """What a clause or limit is called, and which of its items is meant."""
    if not part.clause:
        return ""
    name = find(f"policy_test.limit.{part.clause}", lang) or clause_label(part.clause, lang)
    return f"{name} {part.item}" if part.item else name


def _row_view(ran: Ran, lang: Language) -> RowView:
    clause = ran.deciding
    return RowView(
        ran.file,
        ran.row.line,
        ran.row.note,
        ran.passed,
        ran.provisional,
        ran.row.expected,
        ran.outcome,
        clause_view(clause, lang) if clause is not None else None,
        ran.short,
    )
