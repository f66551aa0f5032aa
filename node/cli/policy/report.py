"""What `dxnode policy check` says: problems as values for programs, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from node.core.text.problem import Problem, Severity
from node.texts.wording import Language

_TEXT: dict[Language, dict[str, str]] = {
    "en": {
        "good": "{files} file(s), {datasets} dataset(s): no problems",
        "bad": "{count} problem(s) in {files} file(s): nothing takes effect until they are mended",
        "warned": (
            "{files} file(s), {datasets} dataset(s): no errors, {warnings} warning(s), {notes} note(s), "
            "{accepted} accepted"
        ),
    },
    "zh": {
        "good": "{files} 个文件、{datasets} 个数据集：没有错误",
        "bad": "{files} 个文件中有 {count} 处错误：改正之前均不生效",
        "warned": (
            "{files} 个文件、{datasets} 个数据集：没有错误，"
            "警告 {warnings} 处，提示 {notes} 处，已认可 {accepted} 处"
        ),
    },
}


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
        return _TEXT[lang]["bad"].format(count=len(errors), files=len({each.file for each in errors}))
    if problems:
        open_ = [each for each in problems if not each.because]
        warnings = sum(each.severity is Severity.WARNING for each in open_)
        return _TEXT[lang]["warned"].format(
            files=files,
            datasets=datasets,
            warnings=warnings,
            notes=len(open_) - warnings,
            accepted=len(problems) - len(open_),
        )
    return _TEXT[lang]["good"].format(files=files, datasets=datasets)
