"""The one form in which text is compared: names above all, as registers, keyboards and web pages write them.

What a person at a window cannot see, or would take for the same, makes no other name of it; whatever else
differs does, case and accents too. docs/data-sources.md has the table that people read, and this file is it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

NORMAL_FORM: Final = 2
"""The number of this form. What changes it or that of identifiers raises it: files are built anew then."""

MIDDLE_DOT: Final = "\u00b7"
"""What stands between the parts of a name (GB/T 15835 and the forms of registers: code A1A4 of GB 18030)."""

INVISIBLE: Final = (
    (0x00AD, 0x00AD),
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xFFFC, 0xFFFC),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)
"""First and last code points of what shows nothing: Default_Ignorable_Code_Point of Unicode, without change
from version 14 to 17 (DerivedCoreProperties.txt). Marks of direction, joiners, variation selectors, tags. And
two that are no blanks for Unicode and show nothing: the empty Braille pattern, and what stands in copied text
for a picture."""

CHINESE: Final = (
    (0x2E80, 0x2FDF),
    (0x3005, 0x3007),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xE000, 0xF8FF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFD),
)
"""First and last code points of Chinese characters, with those that a register keeps in private use."""

# Of the first full-width sign of each of these runs, and of how many: what names are written with.
_WIDE: Final = ((0xFF10, 10), (0xFF21, 26), (0xFF41, 26), (0xFF06, 4), (0xFF0D, 3))
# U+FF06 to U+FF09 are & ' ( ), U+FF0D to U+FF0F are - . /
_DOTS: Final = "\u0387\u02d9\u1427\u16eb\u2022\u2027\u2219\u22c5\u2981\u2e31\u2e33\u30fb\u318d\ua78f\uff65"
_FULL_STOPS: Final = "\u2024\ufe52"

# GB 18030-2022 has a code point for each character of rows FE50 to FEA0, where GBK had U+E815 to U+E864, in
# the order of the rows; so has index-gb18030 of the Encoding Standard (WHATWG), but for the six in plane 2.
_ROW_FE: Final = (
    "\u2e81\U00020087\U00020089\U000200cc\u2e84\u3473\u3447\u2e88\u2e8b\u9fb4\u359e\u361a\u360e\u2e8c\u2e97"
    "\u396e\u3918\u9fb5\u39cf\u39df\u3a73\u39d0\u9fb6\u9fb7\u3b4e\u3c6e\u3ce0\u2ea7\U000215d7\u9fb8\u2eaa"
    "\u4056\u415f\u2eae\u4337\u2eb3\u2eb6\u2eb7\U0002298f\u43b1\u43ac\u2ebb\u43dd\u44d6\u4661\u464c\u9fb9"
    "\u4723\u4729\u477c\u478d\u2eca\u4947\u497a\u497d\u4982\u4983\u4985\u4986\u499f\u499b\u49b7\u49b6\u9fba"
    "\U000241fe\u4ca3\u4c9f\u4ca0\u4ca1\u4c77\u4ca2\u4d13\u4d14\u4d15\u4d16\u4d17\u4d18\u4d19\u4dae\u9fbb"
)
# Of rows A6D9 to A6F3, vertical marks, and of A8BC, which GB 18030-2005 gave its code point.
_ROW_A6: Final = "\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19"

_GIVEN: Final[Mapping[int, int]] = {
    **{0xE78D + place: ord(sign) for place, sign in enumerate(_ROW_A6)},
    0xE7C7: 0x1E3F,
    **{0xE815 + place: ord(sign) for place, sign in enumerate(_ROW_FE)},
}
_WIDTH: Final[Mapping[int, int]] = {
    code: code - 0xFEE0 for first, count in _WIDE for code in range(first, first + count)
} | {ord(stop): ord(".") for stop in _FULL_STOPS}
# The radicals of Kangxi, which PDFs give for characters, and two of the supplement (Unicode: <compat>).
_RADICALS: Final[Mapping[int, int]] = {
    code: ord(unicodedata.normalize("NFKC", chr(code))) for code in (*range(0x2F00, 0x2FD6), 0x2E9F, 0x2EF3)
}

TAKEN_FOR: Final[Mapping[int, int]] = MappingProxyType(
    {**_GIVEN, **_WIDTH, **_RADICALS, **{ord(dot): ord(MIDDLE_DOT) for dot in _DOTS}}
)
"""Code point to the code point that it is compared as, wherever it stands."""


def inside_class(ranges: tuple[tuple[int, int], ...]) -> str:
    """The inside of a class of a regular expression, written in the characters themselves."""
    return "".join(chr(first) + ("" if first == last else f"-{chr(last)}") for first, last in ranges)


_HAN: Final = f"[{inside_class(CHINESE)}]"
POINT: Final = f"(?<={_HAN}) ?[.] ?(?={_HAN})"
"""A full stop between Chinese characters: it is meant for a middle dot."""
GAP: Final = f"(?<={_HAN}) (?={_HAN})"
"""A blank between Chinese characters, once blanks are single."""
DOTTED: Final = f" ?{MIDDLE_DOT} ?"
"""A middle dot with the blanks beside it."""

_invisible = re.compile(f"[{inside_class(INVISIBLE)}]")
_others = "".join(map(chr, TAKEN_FOR))
_suspect = re.compile(rf"[\s.{MIDDLE_DOT}{_others}{inside_class(INVISIBLE)}]")
_control = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_point, _gap, _dotted = map(re.compile, (POINT, GAP, DOTTED))


def visible(text: str) -> str:
    """`text` without what cannot be seen, such as comes along when something is copied from a form."""
    return text if text.isascii() else _invisible.sub("", text)


def unseen_at(text: str) -> int | None:
    """Where in `text` the first character stands that cannot be seen, None without one."""
    found = None if text.isascii() else _invisible.search(text)
    return None if found is None else found.start()


def line(text: str) -> str:
    """The same without blanks at its ends: a code, name or number as it was copied."""
    return visible(text).strip()


def unreadable(text: str) -> dict[str, str | int] | None:
    """The first character that no text may hold, as `character` (U+0007) and `place` (from 1), if any.

    It cannot be seen either, but is left out nowhere: what wrote it is broken.
    """
    found = _control.search(text)
    return None if found is None else {"character": f"U+{ord(found[0]):04X}", "place": found.start() + 1}


def normal_text(text: str) -> str:
    """The form of a text in which it is compared, also of one that is in it already; "" for blanks alone.

    What cannot be seen is left out. Characters of `TAKEN_FOR` are what they are compared as. Unicode NFC, by
    which compatibility ideographs are unified ones. Blanks of all kinds: none at the ends, one at a time
    within, none between Chinese characters or beside a middle dot. A full stop between Chinese characters is
    a middle dot.
    """
    if text.isascii():
        return " ".join(text.split())
    if not _suspect.search(text):  # as most names
        return unicodedata.normalize("NFC", text)
    text = unicodedata.normalize("NFC", _invisible.sub("", text).translate(TAKEN_FOR))
    text = _point.sub(MIDDLE_DOT, " ".join(text.split()))
    return _dotted.sub(MIDDLE_DOT, _gap.sub("", text))
