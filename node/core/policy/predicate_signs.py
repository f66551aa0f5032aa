"""What conditions elsewhere are written with, and how they are written here: signs, Chinese words, titles.

Only to say what to write instead; nothing of it is ever read as a condition.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from node.core.meant import number_meant

_WRITTEN: Final = {
    "AND": "； 且 并且 而且 並且 并 和 与 及 以及 同时 ∧ && & ＆＆ ＆ &amp;&amp; &amp;",
    "OR": "或 或者 或是 ∨ || | ｜｜ ｜",
    "NOT": "非 不 并非 没有 ¬ !",
    "=": "等于 等於 是 为 即 === ≡",
    "<>": "不等于 不等於 不是 不为 异于 ≠ ≢ >< &lt;&gt;",
    "<": "小于 小於 少于 低于 早于 未满 不足 &lt;",
    "<=": "≤ ≦ ⩽ ≯ =< &lt;= 小于等于 小於等於 小于或等于 "
    "小于或者等于 少于等于 少于或等于 不大于 不多于 不超过 不高于 不晚于 至多 最多",
    ">": "大于 大於 多于 高于 超过 晚于 &gt;",
    ">=": "≥ ≧ ⩾ ≮ => &gt;= 大于等于 大於等於 大于或等于 "
    "大于或者等于 多于等于 多于或等于 不小于 不少于 不低于 不早于 至少 最少 满",
    "IN": "属于 包含于 在 ∈",
    "NOT IN": "不属于 不在 ∉",
    "BETWEEN": "介于",
    "IS NULL": "为空 是空 空 ∅",
    "IS NOT NULL": "不为空 不是空 非空",
}
SIGNS: Final[Mapping[str, str]] = MappingProxyType(
    {sign: here for here, signs in _WRITTEN.items() for sign in signs.split()}
)
"""How each foreign sign or word is written here."""
_LONGEST_FIRST: Final = sorted(SIGNS, key=len, reverse=True)
_WORD: Final = re.compile(r"[^\W\d_a-zA-Z]+")
_NUMBER: Final = re.compile(r"[0-9][0-9,.]{0,30}[十百千万亿]|[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])")


def foreign_sign(text: str, offset: int, *, begun: bool) -> str:
    """The longest foreign sign or word that begins there, "" if none does.

    A single character of Chinese begins many words: within one it counts only where a condition has `begun`.
    """
    sign = next((sign for sign in _LONGEST_FIRST if text.startswith(sign, offset)), "")
    return sign if begun or len(word_at(text, offset)) <= 1 or len(sign) > 1 else ""


def title_at(text: str, offset: int, titles: Mapping[str, str]) -> str:
    """The longest of these titles that begins there, "" if none does."""
    return max((title for title in titles if title and text.startswith(title, offset)), key=len, default="")


def word_at(text: str, offset: int) -> str:
    """The Chinese word that begins there, as far as letters go, "" if there is none."""
    found = _WORD.match(text, offset)
    return found[0] if found is not None else ""


def number_at(text: str, offset: int, before: Sequence[str]) -> tuple[str, str]:
    """A number that is written with commas or a Chinese unit, and what to write for it; "" if there is none.

    `before` are the words of the condition before it: in a list after IN, commas part numbers.
    """
    found = _NUMBER.match(text, offset)
    if found is None or ("," in found[0] and in_list(before)):
        return "", ""
    meant = number_meant(found[0])
    return (found[0], meant) if meant else ("", "")


def in_list(before: Sequence[str]) -> bool:
    """Whether these words of a condition have begun a list after IN, and not ended it."""
    depth = 0
    for index in range(len(before) - 1, -1, -1):
        depth += (before[index] == "(") - (before[index] == ")")
        if depth > 0:
            return index > 0 and before[index - 1].upper() == "IN"
    return False
