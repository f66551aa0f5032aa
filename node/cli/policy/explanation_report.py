"""What `dxnode policy explain` says of one request: the decision, every clause, what would have to change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from node.core.deciding.explain import Clause, Explanation
from node.core.text.clause_texts import is_provisional
from node.core.text.explanation import advice_of, change_of, changes_of, label_of
from node.texts.message import Value
from node.texts.wording import Language, labelled, t, worded

_SIGNS = {True: "✓", False: "✗", None: "·"}
SUPPOSED = "(supposed)"
"""The id of a grant that there is not: what is explained is what would be decided with it."""
_CODE = re.compile(r"\b[0-9A-Z]{18}\b")


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
    """An explanation as `--json` gives it.

    `reason` is empty for a permit; `closest` is the rule that permits, or comes closest, and `changes` all
    that would have to change for it to permit. `supposed` is what was not given and taken for granted,
    `counted` what is counted only when it is really asked, in the language spoken.
    """

    permit: bool
    reason: str
    rule: str
    clause: str
    advice: str
    closest: str
    changes: tuple[str, ...]
    supposed: tuple[str, ...]
    counted: tuple[str, ...]
    checks: tuple[ClauseView, ...]
    rules: tuple[RuleView, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """An explanation with what was supposed, what is counted, and the titles of departments by code."""

    explanation: Explanation
    supposed: tuple[str, ...]
    counted: tuple[str, ...]
    names: Mapping[str, str]


def explanation_view(explained: Explained, lang: Language) -> ExplanationView:
    """An explanation for programs."""
    explanation = explained.explanation
    decision = explanation.decision
    return ExplanationView(
        permit=decision.permit,
        reason=decision.reason.name if decision.reason is not None else "",
        rule=decision.rule,
        clause=decision.clause,
        advice=advice_of(decision, lang),
        closest=explanation.closest,
        changes=changes_of(explanation, lang),
        supposed=explained.supposed,
        counted=explained.counted,
        checks=tuple(clause_view(clause, lang) for clause in explanation.checks),
        rules=tuple(
            RuleView(rule.rule, rule.permits, tuple(clause_view(clause, lang) for clause in rule.clauses))
            for rule in explanation.rules
        ),
    )


def explanation_lines(explained: Explained, lang: Language) -> Iterator[str]:
    """An explanation for people: the decision, what would have to change, then every clause."""
    explanation = explained.explanation

    def named(line: str) -> str:
        return _CODE.sub(lambda code: _named(code[0], explained.names, lang), line)

    yield from map(named, _decided(explanation, lang))
    for supposed in explained.supposed:
        yield named(t("explain.line.supposed", lang, what=supposed))
    yield ""
    yield t("explain.line.checks", lang)
    yield from (named(clause_line(clause, lang)) for clause in explanation.checks)
    if not explanation.rules:
        yield t("explain.line.no-rules", lang)
    for rule in explanation.rules:
        state = "permits" if rule.permits else "closest" if rule.rule == explanation.closest else "denies"
        yield t("explain.line.rule", lang, rule=rule.rule, state=t(f"explain.line.{state}", lang))
        yield from (named(clause_line(clause, lang)) for clause in rule.clauses if clause.needed != "-")
    if explained.counted:
        yield t("explain.line.counted", lang)
        yield from (f"  - {named(each)}" for each in explained.counted)
    asked = [clause for rule in explanation.rules for clause in rule.clauses if clause.needed != "-"]
    if any(is_provisional(clause.value) for clause in asked):
        yield t("explain.line.provisional", lang)


def _decided(explanation: Explanation, lang: Language) -> Iterator[str]:
    decision = explanation.decision
    if decision.permit:
        yield t("explain.line.permit", lang, rule=decision.rule)
        return
    reason = decision.reason.name if decision.reason is not None else "-"
    yield t("explain.line.deny", lang, reason=reason, what=t(f"reason.{reason}.what", lang))
    changes = changes_of(explanation, lang) or (advice_of(decision, lang),)
    if len(changes) == 1:
        yield "  " + t("explain.line.first", lang, change=changes[0])
        return
    if explanation.closest:
        yield t("explain.line.changes", lang, rule=explanation.closest)
    else:
        yield t("explain.line.changes-first", lang)
    yield from (f"  {number}. {change}" for number, change in enumerate(changes, 1))


def clause_view(clause: Clause, lang: Language) -> ClauseView:
    """One clause for programs."""
    value, needed = worded(clause.value, lang), worded(clause.needed, lang)
    return ClauseView(clause.name, clause.holds, value, needed, change_of(clause, lang))


def clause_line(clause: Clause, lang: Language) -> str:
    """One clause for people: its value, and what it needs if it does not hold."""
    line = f"  {_SIGNS[clause.holds]} {labelled(label_of(clause, lang), _shown(clause.value, lang), lang)}"
    if clause.holds is not False or clause.needed == "-":
        return line
    return line + t("explain.line.needs", lang, needed=_shown(clause.needed, lang))


def _named(code: str, names: Mapping[str, str], lang: Language) -> str:
    title = names.get(code)
    return code if title is None else t("label.named", lang, title=title, code=code)


def _shown(value: Value, lang: Language) -> str:
    """A value for people; the id of a grant that is only supposed is no word of theirs."""
    return t("explain.value.supposed", lang) if value == SUPPOSED else worded(value, lang)
