"""What a decision, and each clause that led to it, says to people."""

from __future__ import annotations

from node.core.deciding.evaluator import Decision
from node.core.deciding.explain import Clause, Explanation
from node.core.text.clause_texts import clause_advice, clause_label
from node.errors import Reason


def label_of(clause: Clause, lang: str) -> str:
    """What a clause is called."""
    return clause_label(clause.name, lang)


def change_of(clause: Clause, lang: str) -> str:
    """What would have to change, or "" if the clause holds or was not looked at."""
    if clause.holds is not False:
        return ""
    return clause_advice(clause.name, lang, value=clause.value, needed=clause.needed, rule=clause.rule)


def advice_of(decision: Decision, lang: str) -> str:
    """What decided against a request, and what to do next; "" for a permit."""
    if decision.permit:
        return ""
    value, needed = decision.shown
    name = "failed" if decision.reason is Reason.INTERNAL else decision.clause
    return clause_advice(name, lang, value=value, needed=needed, rule=decision.rule)


def changes_of(explanation: Explanation, lang: str) -> tuple[str, ...]:
    """All that would have to change for a permit, by the closest rule; empty for a permit or an error."""
    rules = [rule for rule in explanation.rules if rule.rule == explanation.closest]
    clauses = [*explanation.checks, *(clause for rule in rules for clause in rule.clauses)]
    found = [change for clause in clauses if (change := change_of(clause, lang))]
    checked = bool(explanation.checks) and all(clause.holds is not None for clause in explanation.checks)
    if checked and not explanation.rules:
        found.append(clause_advice("rules", lang))
    return tuple(found)
