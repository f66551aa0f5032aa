"""All full-width signs of a file that cannot be meant as text: beside the plain words of its keys and values.

The parser names the first, and what follows from it; whoever wrote one so wrote more. They are looked for
in a file that has problems, and beside ASCII words only: a text for people may hold every one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from node.core.meant import BLANKS, narrow

_MAX_LINE: Final = 2_000
_MOST: Final = 100
# What people write for people: whatever stands behind these keys is left alone, up to the end of the line.
_FOR_PEOPLE: Final = re.compile(
    r"^[ ]{0,80}(?:-[ ]+)?(?:title|title_en|because|scope|use|reason|legal_basis|verify|where)[ ]{0,20}[:：]"
)
_NOT_PLAIN: Final = re.compile(r"'[^']*'|\"[^\"]*\"|(?:^|(?<=[ ]))#.*")
_BLOCK: Final = re.compile(r"[:：][ ]{0,20}[|>][-+0-9]*[ ]{0,20}$")
# Bounded, so that a long line costs little.
_KEY: Final = r"[a-z][a-z0-9_-]{0,63}"
_WORD: Final = r"[a-z0-9_./-]{1,63}"
_LINE: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"^[ {BLANKS}]{{0,20}}?([{BLANKS}])[ {BLANKS}]{{0,20}}(?:-|{_KEY})",  # before an entry
        rf"^[ ]{{0,80}}([－—–])[ ]{{0,20}}{_KEY}",
        rf"^[ ]{{0,80}}(?:-[ ]+)?{_KEY}[ ]{{0,20}}([：∶﹕])",  # after a key
        rf"^[ ]{{0,80}}(?:-[ ]+)?{_KEY}:[ ]{{0,20}}([{BLANKS}])",
        r"^[ ]{0,80}(＃)",
    )
)
_VALUE: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # a list, where a value begins
        rf"[:：-][ ]{{1,20}}([［【])[ ]{{0,20}}{_WORD}[^［【［\]】］]*[\]】］][ ]{{0,20}}(?:[,，}}｝]|$)",
        rf"[:：-][ ]{{1,20}}(｛)[ ]{{0,20}}{_KEY}[ ]{{0,20}}[:：]",
        rf"{_KEY}[:：][ ]{{0,20}}([０-９]+)[ ]{{0,20}}(?:[,，}}｝]|$)",
        rf"[:：][ ]{{1,20}}([“‘]){_WORD}[”’][ ]{{0,20}}(?:[,，}}\]】｝]|$)",
        rf"[:：][ ]{{1,20}}[“‘]{_WORD}([”’])[ ]{{0,20}}(?:[,，}}\]】｝]|$)",
    )
)
_BETWEEN: Final = re.compile(
    rf"{_WORD}[ ]{{0,20}}([，、；﹐､])[ ]{{0,20}}{_WORD}[ ]{{0,20}}(?=[,，、；\]】］])"
)
_IN_FLOW: Final = (
    _BETWEEN,
    *(
        re.compile(pattern)
        for pattern in (
            rf"[{{｛,，、；][ ]{{0,20}}{_KEY}[ ]{{0,20}}([：∶﹕])",
            rf"([，、；﹐､])[ ]{{0,20}}{_KEY}[ ]{{0,20}}[:：]",
            r"[a-z0-9_}\]｝］】][ ]{0,20}([｝］】])[ ]{0,20}(?:[,，}\]｝］】]|$)",
        )
    ),
)
_OPENS: Final = re.compile(r"[\[{［【｛]")


@dataclass(frozen=True, slots=True)
class WideAt:
    """A sign at fault, at a line and column from 0: the key and arguments of its problem."""

    line: int
    column: int
    key: str
    words: str
    args: tuple[tuple[str, str], ...]


def wide_signs(text: str) -> Iterator[WideAt]:
    """The wide signs of a file of policies, by their places, at most a hundred."""
    left = _MOST
    within = -1
    for number, whole in enumerate(text.split("\n")):
        indent = len(whole) - len(whole.lstrip(" "))
        if within >= 0 and (indent > within or not whole.strip()):
            continue  # a text of several lines
        plain = _NOT_PLAIN.sub(lambda found: "x" * len(found.group()), whole[:_MAX_LINE].rstrip("\r"))
        within = indent if _BLOCK.search(plain) else -1
        for column, found in sorted(_in_line(plain).items()):
            if left == 0:
                return
            left -= 1
            yield _named(number, column, found)


def _in_line(line: str) -> dict[int, re.Match[str]]:
    """What each sign was found by, by its column."""
    if line.isascii():
        return {}
    for_people = _FOR_PEOPLE.match(line) is not None
    patterns = _LINE if for_people else (*_LINE, *_VALUE)
    found = {each.start(1): each for pattern in patterns for each in pattern.finditer(line)}
    opened = None if for_people else _OPENS.search(line)
    if opened is not None:
        for pattern in _IN_FLOW:
            at = opened.start()
            while (each := pattern.search(line, at)) is not None:
                found[each.start(1)] = each
                at = each.start(1) + 1  # what ends a match may begin the next
    return found


def _named(line: int, column: int, found: re.Match[str]) -> WideAt:
    sign = found[1]
    if not sign.strip():
        return WideAt(line, column, "yaml.wide-blank", sign, (("code", f"U+{ord(sign):04X}"),))
    key = "yaml.wide-colon" if sign == "：" else "yaml.full-width"
    if found.re is _BETWEEN:
        key = "yaml.list-comma"
    return WideAt(line, column, key, sign, (("narrow", "".join(map(narrow, sign))),))
