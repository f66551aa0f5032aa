"""What the commands for approvals of catalogue entries say, in the language spoken."""

from __future__ import annotations

from node.texts.wording import language, table


def say(key: str, /, **args: object) -> str:
    """A text of these commands."""
    return table("approval", language())[key].format(**args)
