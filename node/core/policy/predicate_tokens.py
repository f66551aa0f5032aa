"""The words of predicates, and what is wrong with characters that begin none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

MAX_TOKENS = 300
KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL"})
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<integer>[0-9]+)|(?P<text>'(?:[^']|'')*')"
    r"|(?P<placeholder>:[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><>|<=|>=|!=|==|[=<>(),-])"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at which character of the predicate; `key` and `args` as of a `Problem`."""

    offset: int
    words: str
    key: str
    args: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a predicate, and where it begins."""

    kind: str
    text: str
    offset: int

    @property
    def keyword(self) -> str:
        """In capital letters, "" if it is none."""
        upper = self.text.upper()
        return upper if self.kind == "word" and upper in KEYWORDS else ""


class GrammarError(Exception):
    """The text cannot be read any further: the fault is the last one."""

    def __init__(self, token: Token, key: str, **args: str) -> None:
        super().__init__(key)
        self.fault = Fault(token.offset, token.text, key, args)


def tokens_of(text: str) -> list[Token]:
    """The words of a predicate, and one more of kind "end" for its end. Raises GrammarError."""
    tokens: list[Token] = []
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise _bad_character(text, offset)
        if match.lastgroup and match.lastgroup != "space":
            tokens.append(Token(match.lastgroup, match.group(), offset))
        offset = match.end()
        if len(tokens) > MAX_TOKENS:
            raise GrammarError(tokens[-1], "predicate.too-long", limit=str(MAX_TOKENS))
    tokens.append(Token("end", "", len(text)))
    return tokens


def _bad_character(text: str, offset: int) -> GrammarError:
    char = text[offset]
    token = Token("char", char, offset)
    if char == "'":
        return GrammarError(token, "predicate.open-text")
    narrow = {"‘": "'", "’": "'", "“": "'", "”": "'"}.get(char, unicodedata.normalize("NFKC", char))
    if narrow != char and narrow.isascii():
        return GrammarError(token, "predicate.full-width", narrow=narrow)
    if char == '"':
        return GrammarError(token, "predicate.double-quote")
    return GrammarError(token, "predicate.character")
