"""Judges a column of identifiers as a whole, before anybody is asked about one of them.

One mistyped number in a list is a row without an answer. Where many are wrong, or a spreadsheet has rounded
them, the list itself is: its column is another one, or every eleventh number is a valid one of somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from node.core.identity import SubjectType, normalise_subject
from node.core.spreadsheet import Damage, identifier_text
from node.errors import NodeError
from node.texts.message import Message

MOST_INVALID_PERCENT: Final = 5
_A_FEW: Final = 10
"""So many invalid ones are typing errors in a list of any length, unless they are more than half of it."""
_SELDOM: Final = 1000
"""One in so many is more than what is mistyped and happens to end in zeros."""
_EXACT: Final = 10**15
"""A spreadsheet holds numbers to 15 digits."""


def identifier(text: str, kind: SubjectType | None = None) -> str | None:
    """The one form of an identifier of that kind as a file or a spreadsheet has it; None for what is none."""
    found = _normalised(text, kind)
    if found is None and (given := identifier_text(text)) != text:
        found = _normalised(given, kind)
    return found


def _normalised(text: str, kind: SubjectType | None) -> str | None:
    try:
        return normalise_subject(text, kind)
    except NodeError:
        return None


def number_text(number: float) -> str:
    """A number of a spreadsheet as text; in scientific notation where its last digits are gone."""
    if number != number:
        return ""
    if not abs(number) < _EXACT:
        return f"{number:.14E}"
    return str(int(number)) if number == int(number) else repr(number)


@dataclass(slots=True)
class IdColumn:
    """Takes a column row by row, and says at the end whether it can be asked about."""

    kind: SubjectType | None = None
    rows: int = 0
    invalid: int = 0
    first_invalid: int = 0
    """The number of the first row (from 1) without a valid identifier; 0 without one."""
    first_rounded: int = 0
    _damage: Damage = field(default_factory=Damage)

    def take(self, text: str) -> str | None:
        """The next row: its identifier in its one form, None for what is none."""
        self.rows += 1
        found = identifier(text, self.kind)
        if found is None:
            self.invalid += 1
            self.first_invalid = self.first_invalid or self.rows
            # Of those that end in zeros and are valid, most do so by themselves.
            if self._damage.look(text):
                self.first_rounded = self.first_rounded or self.rows
        return found

    @property
    def rounded(self) -> int:
        """How many invalid ones a spreadsheet has rounded; 0 for so few that they are typing errors."""
        return self._damage.rounded if self._damage.rounded * _SELDOM > self.rows else 0

    def fault(self, column: str) -> Message | None:
        """What is wrong with the column of that name as a whole; None if it can be asked about."""
        if self.rounded:
            return Message(
                "error.identity.column-rounded",
                {"column": column, "count": self.rounded, "rows": self.rows, "row": self.first_rounded},
            )
        many = self.invalid * 100 > MOST_INVALID_PERCENT * self.rows and self.invalid > _A_FEW
        if many or self.invalid * 2 > self.rows:
            return Message(
                "error.identity.column-invalid",
                {"column": column, "count": self.invalid, "rows": self.rows, "row": self.first_invalid},
            )
        return None


def could_be_rounded(text: str) -> bool:
    """Whether an identifier is as a spreadsheet leaves one whose last digits are gone."""
    return Damage().look(text)
