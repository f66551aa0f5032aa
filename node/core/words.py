"""Words of files and requests made fit for a message: bounded, printable."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

MAX_WORDS = 60


def shorten(text: str) -> str:
    """Text of a file made fit for a message: bounded, control characters escaped."""
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[: MAX_WORDS + 1])
    return shown if len(shown) <= MAX_WORDS else shown[: MAX_WORDS - 1] + "…"


def closest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` was probably meant to be, or ""."""
    if len(word) > MAX_WORDS:
        return ""
    every = list(known)
    if word not in every and (same := [each for each in every if each.casefold() == word.casefold()]):
        return same[0]
    return next(iter(get_close_matches(word, every, n=1, cutoff=0.6)), "")


def listed(words: Iterable[str], most: int = 12) -> str:
    """A bounded list for a message."""
    every = list(words)
    shown = ", ".join(shorten(word) for word in every[:most])
    return f"{shown}, …" if len(every) > most else shown or "-"
