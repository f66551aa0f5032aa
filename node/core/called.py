"""Finds what a person probably meant by a name that there is not: by how it is spelled, or by its title.

Only to say what to type instead. What was typed is never part of that: it may be anything, an identifier too.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from node.core.meant import as_plain
from node.core.normal_form import visible
from node.core.words import MAX_WORDS

_MOST: Final = 3
ALIKE: Final = 0.6
"""How alike words are at least, for one to be taken for the other."""
ALMOST_THE_SAME: Final = 0.9
"""The same for names that are drawn by lot, and of which any two look alike."""


@dataclass(frozen=True, slots=True)
class Called:
    """Something that has a name, and titles that people call it by."""

    name: str
    titles: tuple[str, ...] = ()


def meant_names(typed: str, known: Sequence[Called], alike: float = ALIKE) -> tuple[str, ...]:
    """The names that were probably meant, none when `typed` is one or nothing is close.

    Case, width, blanks, hyphens and marks make no difference: a name, its last part, or a title that is the
    same but for them was meant, each that is so, if they are few. Next come those of the same letters in
    another order, and else the closest.
    """
    if len(typed) > MAX_WORDS or any(each.name == typed for each in known):
        return ()
    wanted = _letters(typed)
    if not wanted:
        return ()
    spellings = {each.name: _spellings(each) for each in known}
    same = tuple(name for name, written in spellings.items() if wanted in written)
    if same:
        return same if len(same) <= _MOST else ()
    mixed = tuple(name for name, written in spellings.items() if sorted(wanted) in map(sorted, written))
    if mixed:
        return mixed if len(mixed) <= _MOST else ()
    by_spelling = {written: name for name, every in spellings.items() for written in every}
    close = get_close_matches(wanted, by_spelling, n=1, cutoff=alike)
    return tuple(by_spelling[each] for each in close)


def _spellings(called: Called) -> tuple[str, ...]:
    texts = (called.name, called.name.rpartition("/")[2], *called.titles)
    return tuple(filter(None, map(_letters, texts)))


def _letters(text: str) -> str:
    folded = unicodedata.normalize("NFKC", as_plain(visible(text))).casefold()
    return "".join(char for char in folded if char.isalnum() or char == "/")
