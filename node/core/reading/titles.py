"""Finds what is called by its title, or by the word of a form, where a policy takes its name or code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from node.core import official_words as words

Tree: TypeAlias = object
Titles: TypeAlias = Mapping[str, Mapping[str, str]]
"""For each section of a file, the names in it by their titles."""

_SECTIONS: Final = ("questions", "fields", "purposes", "departments", "bands")
# Which section the values under a key name something of.
_NAMED_UNDER: Final = {
    "allow": "questions",
    "questions": "questions",
    "for": "purposes",
    "groups": "departments",
    "band": "bands",
    "group_by": "fields",
    "field": "fields",
    "region": "fields",
    "ask": "questions",
    "used": "questions",
}
_CHOSEN_UNDER: Final[Mapping[str, tuple[words.Words, ...]]] = {
    "attribute": (words.SHARING,),
    "modes": (words.MODES,),
    "update": (words.UPDATES,),
    "format": (words.FORMATS,),
    "type": (words.TYPES, words.SUBJECTS),
    "sensitivity": (words.SENSITIVITIES,),
    "level": (words.LEVELS,),
    "levels": (words.LEVELS,),
    "period": (words.PERIODS,),
    "personal": (words.FLAGS,),
    "secret": (words.FLAGS,),
    "any": (words.FLAGS,),
    "workdays": (words.FLAGS,),
    "plain": (words.FLAGS,),
    "exists": (words.FLAGS,),
    "year_of": (words.FLAGS,),
}


def titles_of(root: Tree) -> Titles:
    """The names in a file by their titles, in Chinese and English; where two have one title, the first."""
    found: dict[str, dict[str, str]] = {}
    for section in _SECTIONS:
        parts = root.get(section) if isinstance(root, dict) else None
        if not isinstance(parts, dict):
            continue
        names = found.setdefault(section, {})
        for name, part in parts.items():
            for key in ("title", "title_en"):
                title = part.get(key) if isinstance(part, dict) else None
                if isinstance(title, str) and title.strip():
                    names.setdefault(title.strip(), str(name))
    return found


def name_meant(key: str, value: str, *every: Titles) -> str:
    """The name or code that a value under a key was meant for, as titles and words of forms tell; or ""."""
    text = value.strip()
    section = _NAMED_UNDER.get(key, "")
    for titles in every:
        if name := titles.get(section, {}).get(text, ""):
            return name
    return next(
        (code for choices in _CHOSEN_UNDER.get(key, ()) for code, word in choices.items() if word == text), ""
    )
