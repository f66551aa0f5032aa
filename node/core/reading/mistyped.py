"""Words that only look right: which sign of a problem's words was typed otherwise, and what to type for it.

Every problem with a place in a file passes here. "Did you mean 'daily'?" helps nobody who sees 'daily' in the
file: where a wide sign or a blank is all that differs, that is the problem, whatever it was found by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from node.core.meant import WideSign, as_plain, number_meant, wide_sign
from node.core.normal_form import unseen_at, visible

# Problems with how a value or a key is spelled. What is spelled rightly and does not fit is not among them.
_SPELLED: Final = frozenset(
    {
        "band.unknown",
        "combination.question",
        "credit-code.invalid",
        "field.unknown",
        "group.unknown",
        "holidays.date",
        "key.unknown",
        "literal.date",
        "literal.integer",
        "literal.region",
        "literal.unquote",
        "name.field-spelling",
        "name.question-path",
        "name.spelling",
        "predicate.unknown-placeholder",
        "purpose.spelling",
        "purpose.unknown",
        "region.spelling",
        "rule.case-number",
        "rule.hours",
        "rule.unknown-question",
        "subject.region",
        "table.clause",
        "table.department",
        "table.reason",
        "table.region",
        "table.rule",
        "table.time",
        "value.boolean",
        "value.choice",
        "value.date",
        "value.decimal",
        "value.integer",
        "value.list",
        "value.mapping",
        "value.marker",
    }
)
NUMBERS: Final = frozenset({"value.integer", "value.decimal"})
"""Problems with what should be a number."""
_DECIMAL_COMMA: Final = re.compile(r"[0-9]{1,6},[0-9]{1,12}")
_BRACKET: Final = {"value.list": "[", "value.mapping": "{"}
_BRACKETS: Final = "（【［〔｛「『《〈"


@dataclass(frozen=True, slots=True)
class Mistyped:
    """The problem in place of the one that was found: its words begin at `offset` of those."""

    offset: int
    key: str
    words: str
    args: Mapping[str, str]


def mistyped(key: str, words: str, args: Mapping[str, str]) -> Mistyped | None:
    """What is wrong with the signs of the `words` that a problem is about, None if nothing is.

    `words` is as in the file, its quotes and all blanks included, and no longer than the line.
    """
    unseen = unseen_at(words)
    if unseen is not None and (
        (key in _SPELLED and as_plain(visible(words)).isascii())
        or _unquoted(visible(words)) == args.get("closest")
    ):
        code = f"U+{ord(words[unseen]):04X}"
        return Mistyped(unseen, "file.unseen-character", words[unseen], {"code": code})
    sign = wide_sign(words)
    if sign is None:
        return _blank_around(words, args) or _letter_case(words, args)
    bracket = _BRACKET.get(key)
    if bracket is not None and sign.words in _BRACKETS and not words[: sign.offset].strip():
        return Mistyped(sign.offset, "yaml.full-width", sign.words, {"narrow": bracket})
    if bracket is not None and sign.narrow in ("'", '"'):
        return None  # a list within quotation marks of any kind is none
    plain = as_plain(words)
    if key == "literal.text":
        return named(sign) if plain.isascii() or not sign.narrow else None
    if key == "key.unknown" and "：" in words:
        return Mistyped(words.index("："), "yaml.wide-colon", "：", {"narrow": ":"})
    if key == "key.unknown" and words[: sign.offset].isascii():
        return named(sign)  # no key has one, whatever of a text of people became a part of it
    if (key in _SPELLED and plain.isascii()) or _unquoted(plain) == args.get("closest"):
        return named(sign)
    return None


def named(sign: WideSign) -> Mistyped:
    """The problem of a wide sign wherever it stands."""
    if not sign.narrow:
        return Mistyped(sign.offset, "yaml.wide-blank", sign.words, {"code": f"U+{ord(sign.words):04X}"})
    return Mistyped(sign.offset, "yaml.full-width", sign.words, {"narrow": sign.narrow})


def _blank_around(words: str, args: Mapping[str, str]) -> Mistyped | None:
    """An ordinary blank within quotes, beside a word that is right without it."""
    unquoted = _unquoted(words)
    if unquoted != words and unquoted != unquoted.strip() and unquoted.strip() == args.get("closest"):
        return Mistyped(0, "value.blank-around", words, {"narrow": unquoted.strip()})
    return None


def _letter_case(words: str, args: Mapping[str, str]) -> Mistyped | None:
    """A word that is right but for upper and lower case."""
    unquoted, right = _unquoted(words), args.get("closest", "")
    if unquoted != right and unquoted.casefold() == right.casefold() and words:
        return Mistyped(0, "value.letter-case", words, {"narrow": right})
    return None


def _unquoted(words: str) -> str:
    return words[1:-1] if len(words) > 1 and words[0] == words[-1] and words[0] in "'\"" else words


def guess_number(key: str, written: str) -> str:
    """The number that was probably meant where one was written otherwise than in digits; "" if unclear."""
    meant = number_meant(written)
    if not meant and key == "value.decimal" and _DECIMAL_COMMA.fullmatch(written):
        meant = written.replace(",", ".")
    return meant if meant != written else ""
