"""What spreadsheets make of identifiers: spellings that keep them whole, and damage where none was used.

A spreadsheet holds numbers to 15 digits. So exports write an identifier as a formula, `="…"`, or put an
apostrophe before it; both are read. Where nobody did, the last digits are gone (`4.41999E+17`, `…000`) and no
reader can bring them back: whoever finds that refuses the file as a whole.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from node.core.normal_form import visible

_FORMULA: Final = re.compile(r'="((?:[^"]|"")*)"').fullmatch
# Before what may be an identifier alone: a name may begin with one.
_KEPT_AS_TEXT: Final = re.compile(
    r"['‘’`＇]\s*(?P<kept>[0-9].*?|[ANYany][0-9A-Za-z]{17})\s*['’]?", re.DOTALL
).fullmatch
_SCIENTIFIC: Final = re.compile(r"[+-]?[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,3}").fullmatch
_ROUNDED: Final = re.compile(r"[1-9][0-9]{14}000(?:[.,]0*)?").fullmatch
# One identifier in a thousand ends so by itself: the check character after two zeros.
_BY_CHANCE: Final = 2


def unwrapped(text: str) -> str:
    """What stands in a formula that is one text in marks (`="…"`), and any other text as it is.

    Marks within it are doubled, as the formula has them.
    """
    if '="' not in text:
        return text
    formula = _FORMULA(text.strip())
    return text if formula is None else formula[1].replace('""', '"')


def identifier_text(text: str) -> str:
    """The same for an identifier, which may also have the apostrophe of a cell of text before it.

    Or one on either side, as texts of SQL have.
    """
    text = unwrapped(text)
    kept = _KEPT_AS_TEXT(text)
    return text if kept is None else kept["kept"]


@dataclass(slots=True)
class Damage:
    """Counts identifiers that a spreadsheet took for numbers, so that only the first digits are left."""

    scientific: int = 0
    """As 4.41999E+17."""
    zeros: int = 0
    """18 digits of which the last three are zeros."""

    def look(self, text: str) -> bool:
        """Count one identifier, as it stands in the file; whether it looks like one that was rounded.

        Also in full width, and where somebody made a text of what was rounded before.
        """
        text = identifier_text(unicodedata.normalize("NFKC", visible(text))).strip()
        if _SCIENTIFIC(text):
            self.scientific += 1
        elif _ROUNDED(text):
            self.zeros += 1
        else:
            return False
        return True

    @property
    def rounded(self) -> int:
        """How many were rounded: a single one that ends in zeros may be so by chance."""
        return self.scientific + (self.zeros if self.zeros >= _BY_CHANCE or self.scientific else 0)
