"""Identifiers of people, organisations and regions: read in any usual spelling, brought to one form."""

from __future__ import annotations

import re
import unicodedata
from calendar import isleap
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Literal

from stdnum.cn import uscc

from node.core.normal_form import INVISIBLE, line, visible
from node.errors import NodeError, Reason
from node.texts.message import Message

SubjectType = Literal["resident_id", "credit_code"]

# First two digits of GB/T 2260: the provinces, and 81 to 83 for residents from Hong Kong, Macao and Taiwan.
_BLOCKS = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
_PROVINCES = frozenset(str(province) for first, last in _BLOCKS for province in range(first, last + 1))
# The days of a leap year, as MMDD.
_DAYS_IN_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAYS = frozenset(
    f"{month:02}{day:02}" for month, days in enumerate(_DAYS_IN_MONTH, 1) for day in range(1, days + 1)
)
# GB 11643-1999, 4.1.4: check character for the weighted sum modulo 11.
_CHECK = "10X98765432"

_RESIDENT_ID = re.compile(r"[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9X]").fullmatch
_OLD_RESIDENT_ID = re.compile(r"[1-9][0-9]{14}").fullmatch
_CANDIDATE = re.compile(r"(?=([1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9X]))").finditer
_OLD_CANDIDATE = re.compile(r"(?<![0-9])[1-9][0-9]{14}(?![0-9X])").finditer
_FIFTEEN_DIGITS = re.compile(r"(?:[0-9][^0-9A-Za-z]*){15}").search
_FEW = 5
_NUMERALS = frozenset("0123456789X")
_REGION = re.compile(r"[0-9]{2}(?:[0-9]{2}(?:[0-9]{2}(?:[0-9]{3}(?:[0-9]{3})?)?)?)?").fullmatch

# GB 32100-2015 with its amendment no. 1 of 2016, tables 1 and 2: who registers (1 to 9, A, N and Y), the kind
# of organisation (of which registrars have added some since, such as 54), six digits of GB/T 2260, the nine
# characters of GB 11714, and a check character. I, O, S, V and Z stand nowhere.
CREDIT_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
REGISTRARS = "123456789ANY"
_CREDIT_CODE = re.compile(f"[{REGISTRARS}][{CREDIT_DIGITS}][0-9]{{6}}[{CREDIT_DIGITS}]{{10}}").fullmatch

_PLAIN = re.compile(r"[0-9A-Z]").fullmatch

# Long enough for an identifier typed with a blank after every character.
_LONGEST = 64


def _ascii(text: str) -> str:
    """`text` without blanks and what cannot be seen, full-width characters narrow, letters upper case."""
    return "".join(visible(text).translate(_NARROW).split()).upper()


# What is typed for the X and looks like it: the Roman ten that it stands for, the sign of multiplication, and
# the letters of Greek and Cyrillic, which keyboards of GB 2312 have too.
_LOOKS_LIKE_X = dict.fromkeys(map(ord, "\u2169\u2179\u0425\u0445\u03a7\u03c7\u00d7\u2715"), ord("X"))
# U+FF01 to U+FF5E are the full-width forms of U+0021 to U+007E.
_NARROW: Mapping[int, int] = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | _LOOKS_LIKE_X


def check_character(body: str) -> str:
    """The 18th character for the 17 digits `body` (GB 11643-1999, 4.1.4; ISO 7064 MOD 11-2)."""
    # The weight of position i is 2**(18-i) modulo 11, and 13 is 2 modulo 11: the sum is a reading in base 13.
    return _CHECK[2 * int(body, 13) % 11]


def _is_resident_id(text: str) -> bool:
    return (
        _RESIDENT_ID(text) is not None
        and _CHECK[2 * int(text[:17], 13) % 11] == text[17]
        and _has_birth_date(text)
        and _has_address(text)
    )


def _has_birth_date(number: str) -> bool:
    day = number[10:14]
    return day in _DAYS and (day != "0229" or isleap(int(number[6:10])))


def _has_address(number: str) -> bool:
    # The numbers of foreigners with permanent residence begin with 9, province and country (card of
    # 2023-12-01 of the National Immigration Administration, modelled on GB 11643).
    return number[:2] in _PROVINCES or (number[0] == "9" and number[1:3] in _PROVINCES)


def _widen(text: str) -> str:
    """The 18-digit number for an old one of 15 digits (GB 11643-1989), without checking it."""
    # Sequence numbers 996 to 999 were kept for those a hundred years old: born in the century before.
    century = "18" if text[12:] in ("996", "997", "998", "999") else "19"
    body = f"{text[:6]}{century}{text[6:]}"
    return body + check_character(body)


def normalise_resident_id(text: str) -> str:
    """The 18-character form of a resident identity number (GB 11643-1999).

    Takes full-width characters, white space and what cannot be seen anywhere, a lower-case x and what looks
    like an X, old numbers of 15 digits, and the numbers of foreigners with permanent residence. Checks the
    check character, that the birth date exists in the years 1800 to 2099, and that the province exists
    (districts come and go, so they are not checked).

    Raises NodeError(QUERY_INVALID), without the value.
    """
    if _is_resident_id(text):
        return text
    if len(text) > _LONGEST:
        raise _invalid("error.identity.resident-too-long")
    number = _ascii(text)
    if _OLD_RESIDENT_ID(number):
        number = _widen(number)
    if _is_resident_id(number):
        return number
    raise NodeError.of(Reason.QUERY_INVALID, _what_is_wrong(number))


def _what_is_wrong(number: str) -> Message:
    """Why `number`, which is not a resident identity number, is none."""
    if not number:
        return Message("error.identity.resident-empty")
    if not any(map(str.isdigit, number)):
        return Message("error.identity.no-digit")
    if len(number) not in (15, 18):
        return Message("error.identity.resident-length", {"count": len(number)})
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return Message("error.identity.resident-character")
    if not _has_address(number):
        return Message("error.identity.resident-province")
    if not _RESIDENT_ID(number) or not _has_birth_date(number):
        return Message("error.identity.resident-birth")
    return Message("error.identity.resident-check-character")


def normalise_credit_code(text: str) -> str:
    """The 18-character form of a unified social credit code (GB 32100-2015, as amended in 2016).

    Takes full-width and lower-case characters, white space, hyphens and what cannot be seen. Raises
    NodeError(QUERY_INVALID), without the value.
    """
    if len(text) > _LONGEST:
        raise _invalid("error.identity.credit-code-too-long")
    code = uscc.compact(_ascii(text))
    if len(code) != 18:
        raise _invalid("error.identity.credit-code-length")
    if not _CREDIT_CODE(code):
        if code[0] in CREDIT_DIGITS and code[0] not in REGISTRARS:
            raise _invalid("error.identity.credit-code-registrar")
        raise _invalid("error.identity.credit-code-character")
    if uscc.calc_check_digit(code[:17]) != code[17]:
        raise _invalid("error.identity.credit-code-check-character")
    return code


@cache
def spellings(kind: SubjectType) -> Mapping[str, str]:
    """The characters that `normalise_subject` takes for a digit or a capital letter, or passes over ("")."""
    taken_for = {}
    # The whole of the first plane, the digits for mathematics, and what cannot be seen.
    beyond = (code for first, last in INVISIBLE if first > 0xFFFF for code in range(first, last + 1))
    codes = (*range(0xD800), *range(0xE000, 0x10000), *range(0x1D7CE, 0x1D800), *beyond)
    for character in map(chr, codes):
        plain = _ascii(character)
        if kind == "credit_code":
            plain = uscc.compact(plain)
        if plain != character and (not plain or _PLAIN(plain)):
            taken_for[character] = plain
    return MappingProxyType(taken_for)


def is_credit_code(text: str) -> bool:
    """Whether a text is a unified social credit code in the form that `normalise_credit_code` gives."""
    try:
        return normalise_credit_code(text) == text
    except NodeError:
        return False


def normalise_subject(text: str, kind: SubjectType | None) -> str:
    """The one form of a subject identifier of a dataset, of either kind if nobody said which it has (None).

    Raises NodeError(QUERY_INVALID), without the value. An identifier of the other kind is told by its name.
    """
    if kind is None:
        return _of_either_kind(text)
    is_person = kind == "resident_id"
    try:
        return normalise_resident_id(text) if is_person else normalise_credit_code(text)
    except NodeError:
        if is_person and _is_meant_for_credit_code(text):
            raise _invalid("error.identity.credit-code-of-person") from None
        if not is_person and _is_read_by(normalise_resident_id, text):
            raise _invalid("error.identity.resident-of-organisation") from None
        raise


def _is_meant_for_credit_code(text: str) -> bool:
    """Whether it is one, or has its form, with letters that no identity number is mistyped with."""
    code = uscc.compact(_ascii(text[:_LONGEST]))
    has_letters = sum(char.isalpha() and char != "X" for char in code) > 1
    return _is_read_by(normalise_credit_code, text) or (_CREDIT_CODE(code) is not None and has_letters)


def _of_either_kind(text: str) -> str:
    try:
        return normalise_resident_id(text)
    except NodeError as resident:
        try:
            return normalise_credit_code(text)
        except NodeError as credit_code:
            # What it was meant for: an identity number has no letter but for an X at its end.
            has_letters = re.search("[A-WYZ]|X.", _ascii(text[:_LONGEST])) is not None
            raise (credit_code if has_letters else resident) from None


def _is_read_by(normalise: Callable[[str], str], text: str) -> bool:
    try:
        normalise(text)
    except NodeError:
        return False
    return True


def common_form(text: str) -> str:
    """The one form of an identifier of either kind, and any other text as it is."""
    try:
        return _of_either_kind(text)
    except NodeError:
        return text


def common_code(text: str) -> str:
    """The one form of a credit code, and any other text as it was copied."""
    try:
        return normalise_credit_code(text)
    except NodeError:
        return line(text)


def holds_identifier(text: str) -> bool:
    """Whether a valid resident identity number stands in `text`, alone or within a longer run of digits.

    Digits of any width or script are digits, and blanks between them do not hide a number. Nor does anything
    else that is no letter, such as `-`, `.`, `_`, `/` or several of them, if the number begins and ends where
    digits do: else a case number of region, date and sequence would often look like one. An old number of 15
    digits, which has no check character, counts only as a run of its own, of digits and blanks.

    Free text that is stored in the clear, such as a case number, is refused when this holds; a case number
    that only looks like an identifier can be written with a letter in it. Credit codes are no secret: they
    name organisations, and stand in public registers.
    """
    if text.isascii():
        if not _FIFTEEN_DIGITS(text):
            return False
    elif sum(map(str.isnumeric, text)) < _FEW:  # one character may stand for up to three digits
        return False
    plain = _plain(text)
    compact = "".join(plain.split())
    if any(_is_resident_id(match[1]) for match in _CANDIDATE(compact)):
        return True
    if any(_is_resident_id(_widen(match[0])) for match in _OLD_CANDIDATE(compact)):
        return True
    kept = [place for place, character in enumerate(plain) if character.isalnum()]
    letters = "".join(plain[place] for place in kept)

    def together(left: int) -> bool:
        """Whether the characters kept at `left` and after it are digits of one run."""
        if not 0 <= left < len(kept) - 1:
            return False
        pair = letters[left : left + 2]
        return kept[left] + 1 == kept[left + 1] and all(each in _NUMERALS for each in pair)

    return any(
        _is_resident_id(match[1]) and not together(match.start() - 1) and not together(match.start() + 17)
        for match in _CANDIDATE(letters)
    )


def _plain(text: str) -> str:
    """`text` with every digit as an ASCII one, letters upper case, and nothing that cannot be seen."""
    return "".join(
        str(digit) if (digit := unicodedata.decimal(each, -1)) >= 0 else each.upper()
        for each in unicodedata.normalize("NFKC", visible(text)).translate(_LOOKS_LIKE_X)
        if unicodedata.category(each) not in ("Cf", "Mn")
    )


LEVEL_DIGITS: Mapping[str, int] = MappingProxyType(
    {"national": 0, "province": 2, "city": 4, "county": 6, "town": 9}
)
"""How many digits of a region code an ordinary department of each administrative level has of its own."""


@lru_cache(maxsize=4096)
def normalise_region(text: str) -> str:
    """The shortest full form of a region code: 6 digits (GB/T 2260), or 9 or 12 for towns and villages.

    Takes 2, 4, 6, 9 or 12 digits, full-width too. "44" and "440000000000" are both "440000"; "000000" is the
    whole country. Raises NodeError(QUERY_INVALID).
    """
    code = _ascii(text) if len(text) <= _LONGEST else ""
    if not _REGION(code):
        raise _invalid("error.identity.region-malformed")
    if code[:2] not in _PROVINCES and code.strip("0"):
        raise _invalid("error.identity.region-province")
    if len(code) < 6:
        return code.ljust(6, "0")
    while len(code) > 6 and code.endswith("000"):
        code = code[:-3]
    return code


def region_covers(outer: str, inner: str) -> bool:
    """Whether the region `outer` is `inner` or contains it; both as `normalise_region` gives them."""
    return inner.startswith(region_digits(outer))


def common_region(one: str, other: str) -> str | None:
    """What two regions have in common: the narrower of the two, or None; "" stands for anywhere.

    Both as `normalise_region` gives them.
    """
    if not one or (other and region_covers(one, other)):
        return other
    return one if not other or region_covers(other, one) else None


@lru_cache(maxsize=4096)
def region_digits(region: str) -> str:
    """The digits that every region within `region` begins with, which is as `normalise_region` gives it."""
    if len(region) > 6:
        return region
    while region.endswith("00"):
        region = region[:-2]
    return region


def _invalid(key: str) -> NodeError:
    return NodeError(Reason.QUERY_INVALID, key)
