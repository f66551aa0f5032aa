"""Which column of a table is meant by a name, whatever a spreadsheet, database or editor made of that name.

Exports write `id` as `ID`, put blanks around it or a mark before it that nobody sees. A column of exactly the
name comes first; where there is none, the columns count whose names have the same form.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from node.core.normal_form import visible

_LONGEST: Final = 200
_SEPARATORS: Final = {
    ";": "file.csv.parted-by-semicolon",
    "\t": "file.csv.parted-by-tab",
    "|": "file.csv.parted-by-bar",
    "，": "file.csv.parted-by-wide-comma",
    "；": "file.csv.parted-by-wide-semicolon",
}


def column_form(name: str) -> str:
    """The name of a column as they are compared: narrow, in small letters, without blanks."""
    return "".join(visible(unicodedata.normalize("NFKC", name[:_LONGEST])).split()).casefold()


def places_of(name: str, names: Sequence[str]) -> list[int]:
    """Where in a table's `names` the columns stand that are called so; one place, if all is well."""
    exact = [place for place, each in enumerate(names) if each == name]
    form = column_form(name)
    return exact or [place for place, each in enumerate(names) if column_form(each) == form]


def parted_by(name: str, names: Sequence[str]) -> str | None:
    """What parts the cells of a table in which commas were to do so, and the column `name` was not found.

    The key of a text; None where nothing is known to part them.
    """
    for sign, key in _SEPARATORS.items():
        parts = [part.strip("'\"") for each in names for part in re.split(re.escape(sign), each)]
        if len(parts) > len(names) and len(places_of(name, parts)) == 1:
            return key
    return None
