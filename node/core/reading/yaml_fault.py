"""What is probably wrong where the YAML parser gave up, in words that can be said in both languages.

The parser speaks English and of its own inner state. The slips behind that are few: full-width signs of a
Chinese keyboard, a blank that is missing, a line that begins in the wrong column, a bracket left open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from node.core.meant import BLANKS, narrow, number_meant

# A line is looked at so far: a file from outside may be one line of a megabyte.
_MAX_LINE = 2_000
_MOST_BETWEEN = 200
# A sign counts as meant for YAML only where YAML would have one: text may hold all of them.
_WIDE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<sign>[{BLANKS}])",  # blanks that are wider, or that do not break
        r"(?:^[ ]*(?:-[ ]+)?|[{,][ ]*)[\w-]+[ ]*(?P<sign>[：∶﹕])",  # after a key
        r"(?P<sign>[，、；﹐､])[ ]*[\w-]+[ ]*[:：]",  # before the next key
        r"(?:^[ ]*|[:,-][ ]+|[\[{,])(?P<sign>[｛［【“‘”’])",  # where a value begins
        r"(?P<sign>[｝］】])[ ]*(?:[,\]}]|$)",  # where one ends
        r"(?:^|[ ])(?P<sign>＃)",
        r"^[ ]*(?P<sign>[－—–])[ ]*[\w-]+[ ]*[:：]",  # before an entry
    )
)
# Where the quotation mark that begins a value is plain, and the one that ends it is not.
_WIDE_QUOTE = re.compile(r"\"[^\"“”]*(?P<sign>[”“])[ ]*(?:[,}\]]|$)|'[^'‘’]*(?P<single>[’‘])[ ]*(?:[,}\]]|$)")
_MAX_NUMBER = 40
_PARTS = re.compile(r"[0-9]+(?:,[0-9]+)+")
_PARTS_BEFORE = re.compile(r"(?<![0-9,])[0-9]+(?:,[0-9]+)*,\Z")
_NOT_PLAIN = re.compile(r"'[^']*'|\"[^\"]*\"|(?:^|(?<=[ ]))#.*")
_KINDS = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"\btab\b", "yaml.tab"),
        (r"directive|%YAML|%TAG|YAML document|duplicate tag", "yaml.directive"),
        (r"\btag\b|'!'", "yaml.tag"),
        (r"\banchor\b", "yaml.anchor"),
        (r"\balias\b", "yaml.alias"),
        (r"escape|hexdecimal", "yaml.escape"),
        (r"quoted scalar", "yaml.open-quote"),
        (r"cannot start any token", "yaml.first-sign"),
        (r"sequence entries", "yaml.entry-misplaced"),
        (r"mapping keys", "yaml.question-mark"),
        (r"block scalar", "yaml.block-text"),
        (r"unexpected ':'", "yaml.colon-in-text"),
        (r"node content", "yaml.value-missing"),
        (r"invalid indentation", "yaml.indentation"),
        (r"<document start>|expected key|'-' indicator|<block end>", "yaml.text-behind"),
    )
)
"""What is wrong by what the parser says: by words that libyaml and PyYAML's own scanner have in common."""
_COLON_WITHOUT_BLANK = re.compile(r"[ ]*(?:-[ ]+)?[\w-]+(?P<sign>:)[^ ]")


@dataclass(frozen=True, slots=True)
class YamlFault:
    """Line and column from 0, and key, words at fault and arguments of a `Problem`."""

    line: int
    column: int
    key: str
    words: str
    args: Mapping[str, str] = field(default_factory=dict)


def list_comma(text: str) -> str:
    """The full-width sign in an unquoted text of a list that was probably meant to part it, or ""."""
    # Asked of every word in a list: no loop.
    return "，" if "，" in text else "、" if "、" in text else "；" if "；" in text else ""


def wide_quote(line: str) -> int | None:
    """The column of a full-width mark that was probably meant to end a text which a plain one begins."""
    found = _WIDE_QUOTE.search(line[:_MAX_LINE])
    return None if found is None else found.start("sign" if found["sign"] else "single")


@dataclass(frozen=True, slots=True)
class PartedNumber:
    """A number that commas part in flow style, where they part entries; `meant` is "" if that is unclear."""

    start: int
    words: str
    meant: str


def parted_number(text: str, start: int, end: int, *, in_list: bool) -> PartedNumber | None:
    """The number that the word text[start:end], read as an entry of its own, is only the end of; or None."""
    word = text[start:end]
    if text[start - 1 : start] != "," or not (word.isascii() and word.isdecimal()):
        return None
    # In a list, 60,120 are two numbers, but nobody writes a number as 000.
    if in_list and not (len(word) == 3 and word.startswith("0")):
        return None
    if not in_list and text[end : end + _MAX_NUMBER].lstrip(" ")[:1] not in (",", "}"):
        return None
    before = _PARTS_BEFORE.search(text, max(0, start - _MAX_NUMBER), start)
    found = None if before is None else _PARTS.match(text, before.start())
    if found is None:
        return None
    whole, _, part = found[0].rpartition(",")
    meant = number_meant(found[0]) or (f"{whole}.{part}" if "," not in whole else "")
    return PartedNumber(found.start(), found[0], meant)


def fault_at(lines: Sequence[str], line: int, column: int, detail: str, others: Sequence[int]) -> YamlFault:
    """What is wrong at `lines[line][column]`, where the parser says `detail` and names `others` too.

    `detail` is told to nobody: it is English, and of the parser's inner state.
    """
    for number in _near(lines, (line, *others)):
        if (wide := _wide(lines[number])) is not None:
            sign = lines[number][wide]
            if not sign.strip():
                return YamlFault(number, wide, "yaml.wide-blank", sign, {"code": f"U+{ord(sign):04X}"})
            key = "yaml.wide-colon" if sign == "：" else "yaml.full-width"
            return YamlFault(number, wide, key, sign, {"narrow": narrow(sign)})
    at_fault = lines[line]
    begins = column == len(at_fault) - len(at_fault.lstrip(" "))
    words = at_fault[column:]
    if "expected ':'" in detail:
        if missing := _COLON_WITHOUT_BLANK.match(at_fault[:_MAX_LINE]):
            return YamlFault(line, missing.start("sign"), "yaml.colon-blank", ":")
        return YamlFault(line, column, "yaml.no-colon", words)
    if begins and words.startswith(":"):
        return YamlFault(line, column, "yaml.key-empty", ":")
    if begins and any(words in detail for words in ("expected key", "expected '-'", "<block end>")):
        return YamlFault(line, column, "yaml.indentation", words)
    if "mapping values" in detail:
        key = "yaml.colon-in-text" if ": " in at_fault[:column] else "yaml.indentation"
        return YamlFault(line, column, key, words)
    if bracket := next((each for each in "]}" if f"'{each}'" in detail), ""):
        return YamlFault(line, column, "yaml.open-bracket", words, {"bracket": bracket})
    return YamlFault(line, column, kind_of(detail), words)


def kind_of(detail: str) -> str:
    """The key of what is wrong, by the parser's words alone."""
    return next((key for pattern, key in _KINDS if pattern.search(detail)), "yaml.syntax")


def _near(lines: Sequence[str], named: Sequence[int]) -> Iterator[int]:
    """The lines that the parser names, those between, and the one before: a slip often shows later."""
    before = next((number for number in range(named[0] - 1, -1, -1) if lines[number].strip()), -1)
    between = range(min(named) + 1, max(named))
    for number in (*named, before, *between[-_MOST_BETWEEN:]):
        if 0 <= number < len(lines):
            yield number


def _wide(line: str) -> int | None:
    """The column of the first full-width sign that stands where YAML needs a plain one."""
    plain = _NOT_PLAIN.sub(lambda found: "x" * len(found.group()), line[:_MAX_LINE])
    columns = [found.start("sign") for pattern in _WIDE if (found := pattern.search(plain))]
    if (mark := wide_quote(line)) is not None:
        columns.append(mark)
    return min(columns, default=None)
