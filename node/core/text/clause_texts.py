"""What the clauses of a decision are called, and what to do when one does not hold."""

from __future__ import annotations

from node.core.deciding.clauses import PROVISIONAL
from node.texts.message import Message, Value
from node.texts.wording import say, t


def clause_label(clause: str, lang: str) -> str:
    """What a clause is called."""
    return t(f"clause.{clause}.label", lang)


def clause_advice(clause: str, lang: str, *, value: Value = "", needed: Value = "", rule: str = "") -> str:
    """What is wrong when the clause does not hold, and what to do next: lower case, no full stop."""
    provisional: Value = Message("clause.provisional") if is_provisional(value) else ""
    args: dict[str, Value] = {"value": value, "needed": needed, "rule": rule, "provisional": provisional}
    return say(Message(f"clause.{clause}.advice", args), lang)


def is_provisional(value: Value) -> bool:
    """Whether the value of a clause may change once the holidays of its year are published."""
    return isinstance(value, Message) and value.key == PROVISIONAL
