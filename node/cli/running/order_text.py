"""What the commands for orders say, in the language spoken."""

from __future__ import annotations

from node.texts.wording import language, table


def say(key: str, /, **args: object) -> str:
    """A text of these commands."""
    return table("order", language())[key].format(**args)


def name_of(fact: str) -> str:
    """What a fact of an order is called."""
    return table("order", language()).get(f"fact.{fact}", fact)
