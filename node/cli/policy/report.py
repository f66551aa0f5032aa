"""What `dxnode policy check` says: problems as values for programs, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.core.text.problem import Problem, Severity
from node.texts.wording import Language, t


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One problem as `--json` gives it; `key` stays the same in every language and version.

    Columns count characters from 1, `end_column` is behind the words at fault; `article` is that of
    Decree 809, 0 without one. `accepted` is why the officers accept it, "" while they do not; `acceptance`
    is the line of the policy that would, "" where none can.
    """

    file: str
    line: int
    column: int
    end_column: int
    key: str
    severity: str
    words: str
    message: str
    hint: str
    article: int
    accepted: str
    acceptance: str


def problem_views(problems: Sequence[Problem], lang: Language) -> tuple[ProblemView, ...]:
    """Problems for programs."""
    return tuple(
        ProblemView(
            problem.file,
            problem.line,
            problem.column,
            problem.column + problem.width,
            problem.key,
            problem.severity,
            problem.words,
            problem.message_in(lang),
            problem.hint_in(lang),
            problem.article,
            problem.because,
            problem.acceptance,
        )
        for problem in problems
    )


def check_summary(problems: Sequence[Problem], files: int, datasets: int, lang: Language) -> str:
    """The last line of a check."""
    errors = [each for each in problems if each.severity is Severity.ERROR]
    if errors:
        return t(
            "policy_check.summary.bad", lang, count=len(errors), files=len({each.file for each in errors})
        )
    if problems:
        open_ = [each for each in problems if not each.because]
        warnings = sum(each.severity is Severity.WARNING for each in open_)
        return t(
            "policy_check.summary.warned",
            lang,
            files=files,
            datasets=datasets,
            warnings=warnings,
            notes=len(open_) - warnings,
            accepted=len(problems) - len(open_),
        )
    return t("policy_check.summary.good", lang, files=files, datasets=datasets)
