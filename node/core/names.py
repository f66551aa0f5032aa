"""How what policies define may be called: datasets, questions, rules, fields."""

from __future__ import annotations

import re

NAME = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
FIELD_NAME = r"[a-z][a-z0-9_]{0,62}"
MAX_NAME = 64
MAX_TITLE = 500
"""Characters of a title, or of another line that a person wrote."""

_NAME = re.compile(NAME).fullmatch


def is_name(text: str) -> bool:
    """Whether a dataset, question or rule may be called so."""
    return len(text) <= MAX_NAME and _NAME(text) is not None
