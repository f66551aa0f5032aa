"""Which column of a table is meant by a name, whatever a spreadsheet, database or editor made of that name.

Exports write `id` as `ID`, put blanks around it or a mark before it that nobody sees. A column of exactly the
name comes first; where there is none, the columns count whose names have the same form.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final

from node.core.normal_form import visible

_LONGEST: Final = 200
_SIGNS: Final = ("\t", ";", "；", "，", "|", "、")


def column_form(name: str) -> str:
    """The name of a column as they are compared: narrow, in small letters, without blanks."""
    return "".join(visible(unicodedata.normalize("NFKC", name[:_LONGEST])).split()).casefold()


def places_of(name: str, names: Sequence[str]) -> list[int]:
    """Where in a table's `names` the columns stand that are called so; one place, if all is well."""
    exact = [place for place, each in enumerate(names) if each == name]
    form = column_form(name)
    return exact or [place for place, each in enumerate(names) if column_form(each) == form]


def parting_sign(names: Sequence[str]) -> str:
    """What parts the columns of a table whose header, read by commas, has one name; "" where nothing does.

    As people are told: a tab is "Tab".
    """
    sign = next((each for each in _SIGNS if len(names) == 1 and each in names[0]), "")
    return "Tab" if sign == "\t" else sign
