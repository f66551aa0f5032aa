"""What the clauses of a decision are called, and what to do when one does not hold."""

from __future__ import annotations

from node.core.deciding.clauses import PROVISIONAL
from node.texts.wording import t


def clause_label(clause: str, lang: str) -> str:
    """What a clause is called."""
    return t(f"clause.{clause}.label", lang)


def clause_advice(clause: str, lang: str, *, value: str = "", needed: str = "", rule: str = "") -> str:
    """What is wrong when the clause does not hold, and what to do next: lower case, no full stop."""
    provisional = t("clause.provisional", lang) if value.endswith(PROVISIONAL) else ""
    return t(f"clause.{clause}.advice", lang, value=value, needed=needed, rule=rule, provisional=provisional)
