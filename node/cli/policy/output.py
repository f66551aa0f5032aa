"""Problems of policy files in the forms that terminals, pipelines and code scanners read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from urllib.parse import quote

from node import __version__
from node.cli.terminal.output import Json
from node.core.policy.policy import PolicyFile
from node.core.reading.decoded import shown
from node.core.text.problem import Problem, Severity
from node.core.text.problem_kinds import problem_texts
from node.texts.wording import Language, labelled, t

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_SHOWN = 120
_GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


class Format(StrEnum):
    """What `policy check` writes to stdout."""

    TEXT = "text"
    GITHUB = "github"
    SARIF = "sarif"


@dataclass(frozen=True, slots=True)
class Sources:
    """The lines of the files that were checked, to show what is at fault."""

    lines: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, files: Sequence[PolicyFile]) -> Sources:
        """What cannot be decoded is shown as replacement characters."""
        return cls({file.name: shown(file.content).split("\n") for file in files})

    def line(self, problem: Problem) -> str:
        """The line of a problem, without its end."""
        lines = self.lines.get(problem.file, ())
        return lines[problem.line - 1].rstrip("\r") if problem.line <= len(lines) else ""


def text_lines(problems: Sequence[Problem], sources: Sources, lang: Language) -> Iterator[str]:
    """For people: place and message, the line with the words at fault underlined, how to mend it.

    What is accepted is told with its reason alone.
    """
    for problem in problems:
        place = f"{problem.file}:{problem.line}:{problem.column}"
        label = t(f"policy_check.label.{'accepted' if problem.because else problem.severity}", lang)
        yield f"{place}: {labelled(label, problem.message_in(lang), lang)} [{problem.key}]"
        if problem.because:
            yield "  " + labelled(t("policy_check.label.because", lang), problem.because, lang)
            continue
        shown, marks = _underlined(sources.line(problem), problem.column - 1, problem.width)
        if shown.strip():
            number = str(problem.line)
            yield f"  {number} | {shown}"
            yield f"  {' ' * len(number)} | {marks}"
        yield "  " + labelled(t("policy_check.label.hint", lang), problem.hint_in(lang), lang)
        if problem.article:
            yield "  " + labelled(t("policy_check.label.law", lang), _article(problem, lang), lang)
        if problem.acceptance:
            yield "  " + labelled(t("policy_check.label.accept", lang), f"- {problem.acceptance}", lang)


def _article(problem: Problem, lang: Language) -> str:
    return t("policy_check.label.article", lang, article=problem.article)


def _underlined(line: str, start: int, width: int) -> tuple[str, str]:
    """The part of a line around what is at fault, and the marks to stand below it."""
    begin = max(0, start - MAX_SHOWN // 2) if len(line) > MAX_SHOWN else 0
    part = line[begin : begin + MAX_SHOWN]
    shown = "".join(char if char.isprintable() else " " for char in part)
    before, fault = shown[: start - begin], shown[start - begin : start - begin + max(width, 1)]
    ahead = "… " if begin else ""
    behind = " …" if begin + MAX_SHOWN < len(line) else ""
    marks = " " * (_columns(ahead) + _columns(before)) + "^" * max(_columns(fault), 1)
    return ahead + shown + behind, marks


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes: Chinese characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def github_lines(problems: Sequence[Problem], lang: Language) -> Iterator[str]:
    """Workflow commands, which GitHub and what follows it show beside the line in a change.

    What is accepted needs nobody's eyes in a change; the summary counts it.
    """
    for problem in problems:
        if problem.because:
            continue
        place = {
            "file": _posix(problem.file),
            "line": str(problem.line),
            "endLine": str(problem.line),
            "col": str(problem.column),
            "endColumn": str(problem.column + max(problem.width, 1)),
            "title": problem.key,
        }
        properties = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in place.items())
        yield f"::{_GITHUB[problem.severity]} {properties}::{_escaped(_whole(problem, lang), '')}"


def _escaped(text: str, more: str) -> str:
    """What would end a value or a workflow command, so that no file can write a command of its own."""
    return "".join(f"%{ord(char):02X}" if char in "%\r\n" + more else char for char in text)


def _whole(problem: Problem, lang: Language) -> str:
    parts = [
        problem.message_in(lang),
        labelled(t("policy_check.label.hint", lang), problem.hint_in(lang), lang),
    ]
    if problem.article:
        parts.append(_article(problem, lang))
    return "\n".join(parts)


def sarif(problems: Sequence[Problem], sources: Sources, lang: Language) -> Json:
    """A SARIF 2.1.0 log with one run (OASIS, Static Analysis Results Interchange Format)."""
    keys = sorted({problem.key for problem in problems})
    index = {key: number for number, key in enumerate(keys)}
    driver: dict[str, Json] = {
        "name": "dxnode policy check",
        "semanticVersion": __version__,
        "rules": [_sarif_rule(next(each for each in problems if each.key == key), lang) for key in keys],
    }
    run: dict[str, Json] = {
        "tool": {"driver": driver},
        "language": "zh-CN" if lang == "zh" else "en",
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],
        "results": [_sarif_result(problem, index[problem.key], sources, lang) for problem in problems],
    }
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _sarif_rule(problem: Problem, lang: Language) -> Json:
    what, hint = (re.sub(r"\{\w+\}", "…", text) for text in problem_texts(lang)[problem.key])
    properties: dict[str, Json] = {"tags": ["policy"]}
    if problem.article:
        properties["article"] = _article(problem, lang)
    return {
        "id": problem.key,
        "shortDescription": {"text": what},
        "help": {"text": hint},
        "defaultConfiguration": {"level": problem.severity.value},
        "properties": properties,
    }


def _sarif_result(problem: Problem, index: int, sources: Sources, lang: Language) -> Json:
    region: dict[str, Json] = {
        "startLine": problem.line,
        "startColumn": problem.column,
        "endLine": problem.line,
        "endColumn": problem.column + problem.width,
    }
    line = sources.line(problem)
    if line and len(line) <= MAX_SHOWN:
        region["snippet"] = {"text": line[problem.column - 1 : problem.column - 1 + problem.width] or line}
    accepted: dict[str, Json] = {"kind": "inSource", "status": "accepted", "justification": problem.because}
    return {
        "ruleId": problem.key,
        "ruleIndex": index,
        "level": problem.severity.value,
        "message": {"text": _whole(problem, lang)},
        "suppressions": [accepted] if problem.because else [],
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(problem.file)},
                    "region": region,
                }
            }
        ],
    }


def _posix(file: str) -> str:
    return PurePath(file).as_posix()


def _uri(file: str) -> str:
    """A URI: relative as the file was named, `file:` for an absolute path."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())
