"""Something to be said to people: a key of the tables, and what fills the text's placeholders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

Value: TypeAlias = "str | int | datetime | Message | tuple[Value, ...]"
"""What may fill a placeholder: another message is said in the same language, a tuple as a list."""


@dataclass(frozen=True, slots=True)
class Message:
    """A text by its key; it is worded only where it is shown.

    `args` never hold a subject, a secret or a data value. A key names its table first, then the text:
    `error.crypto.key-damaged`.
    """

    key: str
    args: Mapping[str, Value] = field(default_factory=dict)
