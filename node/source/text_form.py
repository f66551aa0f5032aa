"""SQL that brings a column of text to the form in which text is compared (`node.core.normal_form`).

SQLite is taught the function itself; PostgreSQL and MySQL have it as SQL. A file's texts are brought to the
form when they are loaded, so that a live database answers as a file with the same rows does.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

from sqlglot import exp

from node.core.normal_form import (
    DOTTED,
    GAP,
    INVISIBLE,
    MIDDLE_DOT,
    POINT,
    TAKEN_FOR,
    normal_text,
)
from node.source.dialect import POSTGRES, SQLITE, Dialect

FUNCTION = "dxnode_text"
"""What SQLite calls `form_of_text`."""

_COLLATIONS = {"postgres": '"C"', "mysql": "utf8mb4_bin", "sqlite": "BINARY"}
_BLANKS = frozenset(each for each in map(chr, range(1, 0x3001)) if each.isspace())
CONTROLS = frozenset(map(chr, (*range(1, 0x20), *range(0x7F, 0xA0)))) - _BLANKS
"""What no text may hold."""
_INVISIBLE = frozenset(chr(code) for first, last in INVISIBLE for code in range(first, last + 1))


def form_of_text(value: object) -> str | None:
    """The form of a value of SQLite; None where nothing is left of it, which a load takes for empty."""
    return None if value is None else normal_text(str(value)) or None


@cache
def unsettled() -> frozenset[str]:
    """Characters whose form only Unicode's tables tell, of which MySQL has none.

    Such as are not in NFC, or may be composed with the one before (UAX #15); blanks are not among them.
    """
    found = set()
    for character in map(chr, (*range(0x80, 0xD800), *range(0xE000, 0x110000))):
        if unicodedata.normalize("NFC", character) != character:
            found.add(character)
        else:
            # What has a part for itself is composed of that and the character before.
            found.update(unicodedata.normalize("NFD", character)[1:])
    return frozenset(each for each in found if ord(each) not in TAKEN_FOR and not each.isspace())


def text_of(column: str, dialect: Dialect) -> str:
    """The SQL for a column as text in whose comparisons no two characters are alike."""
    text = dialect.text(exp.Var(this=column)).sql(dialect=dialect.name)
    return f"({text} COLLATE {_COLLATIONS[dialect.name]})"


def normal(column: str, dialect: Dialect) -> str:
    """The SQL for the form of the text in a column; NULL for what is blank."""
    text = text_of(column, dialect)
    if dialect is SQLITE:
        return f"{FUNCTION}({text})"
    writer = _Writer(dialect)
    # Most texts are in the form as they are, which costs least to find out.
    suspect = writer.holds(
        text, writer.any_of({*map(chr, TAKEN_FOR), *_INVISIBLE, *_BLANKS, ".", MIDDLE_DOT})
    )
    if dialect is POSTGRES:
        suspect += f" OR {text} IS NOT NFC NORMALIZED"
    return f"NULLIF(CASE WHEN {suspect} THEN {_brought(text, writer)} ELSE {text} END, '')"


def _brought(text: str, writer: _Writer) -> str:
    text = writer.replaced(text, writer.any_of(_INVISIBLE), "")
    text = writer.translated(text, {chr(code): chr(other) for code, other in TAKEN_FOR.items()})
    if writer.is_postgres:
        text = f"NORMALIZE({text}, NFC)"
    text = f"TRIM({writer.replaced(text, f'{writer.any_of(_BLANKS)}+', ' ')})"
    text = writer.replaced(text, POINT, MIDDLE_DOT)
    text = writer.replaced(text, GAP, "")
    return writer.replaced(text, DOTTED, MIDDLE_DOT)


class _Writer:
    """Writes what PostgreSQL and MySQL spell in different ways."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.is_postgres = dialect is POSTGRES

    def literal(self, text: str) -> str:
        return exp.Literal.string(text).sql(dialect=self._dialect.name)

    def holds(self, text: str, pattern: str) -> str:
        return f"{text} {'~' if self.is_postgres else 'REGEXP'} {self.literal(pattern)}"

    def replaced(self, text: str, pattern: str, by: str) -> str:
        everywhere = ", 'g'" if self.is_postgres else ""
        return f"REGEXP_REPLACE({text}, {self.literal(pattern)}, {self.literal(by)}{everywhere})"

    def translated(self, text: str, taken_for: Mapping[str, str]) -> str:
        if self.is_postgres:
            plain = "".join(taken_for.values())
            return f"TRANSLATE({text}, {self.literal(''.join(taken_for))}, {self.literal(plain)})"
        for instead in dict.fromkeys(taken_for.values()):
            given = [character for character in taken_for if taken_for[character] == instead]
            if len(given) == 1:
                text = f"REPLACE({text}, {self.literal(given[0])}, {self.literal(instead)})"
            else:
                text = self.replaced(text, self.any_of(given), instead)
        return text

    def any_of(self, characters: Iterable[str]) -> str:
        return f"[{runs_of(characters, self._dialect)}]"


def runs_of(characters: Iterable[str], dialect: Dialect) -> str:
    """The inside of a class of characters in a regular expression of PostgreSQL, or of MySQL and MariaDB."""
    codes = set(map(ord, characters))
    firsts = sorted(code for code in codes if code - 1 not in codes)
    lasts = sorted(code for code in codes if code + 1 not in codes)
    written = r"\U{:08x}-\U{:08x}" if dialect is POSTGRES else r"\x{{{:x}}}-\x{{{:x}}}"
    return "".join(map(written.format, firsts, lasts))
