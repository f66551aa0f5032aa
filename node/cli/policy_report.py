"""What `dxnode policy` says: problems and explanations as lines for people and as values for programs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from node.core.explain import Clause, Explanation
from node.core.problem import Problem, Severity
from node.core.problem_messages import Lang

_TEXT: dict[Lang, dict[str, str]] = {
    "en": {
        "good": "{files} file(s), {datasets} dataset(s): no problems",
        "bad": "{count} problem(s) in {files} file(s): nothing takes effect until they are mended",
        "warned": (
            "{files} file(s), {datasets} dataset(s): no errors, {warnings} warning(s), {notes} note(s), "
            "{accepted} accepted"
        ),
        "permit": "permit, by the rule '{rule}'",
        "deny": "deny: {reason}",
        "rule": "rule {rule}: {state}",
        "permits": "would permit",
        "denies": "does not fit",
        "needs": "needs {needed}",
        "first": "that is: {advice}",
        "checks": "before any rule:",
        "no-rules": "no rule allows this question",
        "provisional": (
            "note: the holidays of this year were not published when this was made: "
            "working days are provisional"
        ),
    },
    "zh": {
        "good": "{files} 个文件、{datasets} 个数据集：没有错误",
        "bad": "{files} 个文件中有 {count} 处错误：改正之前均不生效",
        "warned": (
            "{files} 个文件、{datasets} 个数据集：没有错误，"
            "警告 {warnings} 处，提示 {notes} 处，已认可 {accepted} 处"
        ),
        "permit": "允许，依据规则“{rule}”",
        "deny": "拒绝：{reason}",
        "rule": "规则 {rule}：{state}",
        "permits": "可以允许",
        "denies": "不符合",
        "needs": "需要 {needed}",
        "first": "即：{advice}",
        "checks": "规则之前的检查：",
        "no-rules": "没有规则允许这个问题",
        "provisional": "注意：本程序发布时该年节假日安排尚未公布，工作日为暂定",
    },
}
_VALUES_ZH = (
    ("not shared", "不予共享"),
    ("shared", "共享"),
    ("active", "正常"),
    ("suspended", "已暂停"),
    ("revoked", "已撤销"),
    ("known", "已知"),
    ("given", "已提供"),
    ("day off", "休息日"),
    ("workday", "工作日"),
    ("(provisional)", "（暂定）"),
    ("(supposed)", "（假定）"),
)
_SIGNS = {True: "✓", False: "✗", None: "·"}


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


@dataclass(frozen=True, slots=True)
class ClauseView:
    """One clause as `--json` gives it; `holds` is null where nothing was left to look at."""

    clause: str
    holds: bool | None
    value: str
    needed: str
    change: str


@dataclass(frozen=True, slots=True)
class RuleView:
    """One rule as `--json` gives it."""

    rule: str
    permits: bool
    clauses: tuple[ClauseView, ...]


@dataclass(frozen=True, slots=True)
class ExplanationView:
    """An explanation as `--json` gives it; `reason` is empty for a permit."""

    permit: bool
    reason: str
    rule: str
    clause: str
    advice: str
    checks: tuple[ClauseView, ...]
    rules: tuple[RuleView, ...]


def problem_views(problems: Sequence[Problem], lang: Lang) -> tuple[ProblemView, ...]:
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


def check_summary(problems: Sequence[Problem], files: int, datasets: int, lang: Lang) -> str:
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


def explanation_view(explanation: Explanation, lang: Lang) -> ExplanationView:
    """An explanation for programs."""
    decision = explanation.decision
    return ExplanationView(
        permit=decision.permit,
        reason=decision.reason.name if decision.reason is not None else "",
        rule=decision.rule,
        clause=decision.clause,
        advice=explanation.advice(lang) or decision.message,
        checks=tuple(clause_view(clause, lang) for clause in explanation.checks),
        rules=tuple(
            RuleView(rule.rule, rule.permits, tuple(clause_view(clause, lang) for clause in rule.clauses))
            for rule in explanation.rules
        ),
    )


def explanation_lines(explanation: Explanation, lang: Lang) -> Iterator[str]:
    """An explanation for people: the decision, then every clause with its value and what it needs."""
    text = _TEXT[lang]
    decision = explanation.decision
    if decision.permit:
        yield text["permit"].format(rule=decision.rule)
    else:
        yield text["deny"].format(reason=decision.reason.name if decision.reason is not None else "-")
        yield "  " + text["first"].format(advice=explanation.advice(lang) or decision.message)
    yield ""
    yield text["checks"]
    yield from (clause_line(clause, lang) for clause in explanation.checks)
    if not explanation.rules:
        yield text["no-rules"]
    for rule in explanation.rules:
        yield text["rule"].format(rule=rule.rule, state=text["permits" if rule.permits else "denies"])
        yield from (clause_line(clause, lang) for clause in rule.clauses if clause.needed != "-")
    asked = [clause for rule in explanation.rules for clause in rule.clauses if clause.needed != "-"]
    if any(clause.value.endswith("(provisional)") for clause in asked):
        yield text["provisional"]


def clause_view(clause: Clause, lang: Lang) -> ClauseView:
    """One clause for programs."""
    return ClauseView(clause.name, clause.holds, clause.value, clause.needed, clause.change(lang))


def clause_line(clause: Clause, lang: Lang) -> str:
    """One clause for people: its value, and what it needs if it does not hold."""
    line = f"  {_SIGNS[clause.holds]} {clause.label(lang)}: {_spoken(clause.value, lang)}"
    if clause.holds is not False:
        return line
    return f"{line}  ({_TEXT[lang]['needs'].format(needed=_spoken(clause.needed, lang))})"


def _spoken(value: str, lang: Lang) -> str:
    """A value with the words that the clauses themselves use put into the language."""
    if lang == "zh":
        for word, spoken in _VALUES_ZH:
            value = re.sub(rf"(?<![\w/-]){re.escape(word)}(?![\w/-])", spoken, value)
    return value
