"""What a person probably meant by the signs of a Chinese keyboard, and by numbers as forms show them.

Only to say what to type instead: nothing that is typed otherwise is ever taken for what was meant.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

BLANKS: Final = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""All blanks of Unicode but the ordinary one, for a class of a pattern; lines and paragraphs have others."""

# What full width alone does not explain. The semicolon parts entries of a list; as YAML it is never meant.
_NARROW: Final = {
    **dict.fromkeys("、，､；", ","),
    **dict.fromkeys("。｡", "."),
    **dict.fromkeys("【〔〖", "["),
    **dict.fromkeys("】〕〗", "]"),
    **dict.fromkeys("“”„‟「」『』｢｣〝〞＂", '"'),
    **dict.fromkeys("‘’‚‛′", "'"),
    **dict.fromkeys("《〈", "<"),
    **dict.fromkeys("》〉", ">"),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("∶：", ":"),
    "⁄": "/",
    "〜": "~",
}
_SMALL_OR_FULL: Final = "\ufe50-\ufe52\ufe54-\ufe66\ufe68-\ufe6b\uff01-\uff5e"
_SIGN: Final = re.compile(
    rf"[{BLANKS}]|[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+|[{''.join(_NARROW)}{_SMALL_OR_FULL}]"
)
_UNITS: Final = {"": 1, "十": 10, "百": 100, "千": 1_000, "万": 10_000, "亿": 100_000_000}
_NUMBER: Final = re.compile(
    r"(?P<sign>[+-]?)(?P<digits>[0-9]{1,3}(?:[,'_ ][0-9]{3})+|[0-9]{1,18})(?P<part>\.[0-9]{1,8})?"
    r" ?(?P<unit>[十百千万亿]?)"
)


@dataclass(frozen=True, slots=True)
class WideSign:
    """A sign, or a run of letters and digits, where a plain one is meant; `narrow` is "" for a blank."""

    offset: int
    words: str
    narrow: str


def wide_sign(text: str) -> WideSign | None:
    """The first sign in a text that a plain one is probably meant by."""
    found = _SIGN.search(text)
    return None if found is None else WideSign(found.start(), found[0], _plain(found[0]))


def narrow(sign: str) -> str:
    """The plain sign for a wide one; what has none stays."""
    return _NARROW.get(sign) or _NARROW.get(folded := unicodedata.normalize("NFKC", sign)) or folded


def _plain(words: str) -> str:
    return "".join(narrow(char) for char in words).strip()


def as_plain(text: str) -> str:
    """The text with plain signs and blanks for wide ones, and no blanks around it."""
    return _SIGN.sub(lambda found: _plain(found[0]) or " ", text).strip()


def number_meant(text: str) -> str:
    """The number meant by `50,000`, `1万`, `1.5万`, `+5` or `007`, in digits; "" if that is unclear."""
    found = _NUMBER.fullmatch(as_plain(text))
    if found is None:
        return ""
    digits = re.sub("[,'_ ]", "", found["digits"]) + (found["part"] or "")
    value = Decimal(digits) * _UNITS[found["unit"]]
    return ("-" if found["sign"] == "-" and value else "") + f"{value.normalize():f}"
