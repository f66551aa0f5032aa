"""The words of predicates, and what is wrong with characters that begin none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from node.core.meant import WideSign, wide_sign
from node.core.policy.predicate_signs import SIGNS, foreign_sign, in_list, number_at, title_at, word_at
from node.core.words import closest, listed

MAX_TOKENS = 300
MAX_RUN = 40
KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL"})
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<integer>[0-9]+)|(?P<text>'(?:[^']|'')*')"
    r"|(?P<placeholder>:[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><>|<=|>=|!=|===?|=>|=<|><|[=<>(),-])"
)
# What a wide sign can be meant for in a condition.
_PLAIN = re.compile(r"[A-Za-z0-9_=<>(),:'!-]+")
_BEFORE_VALUE = frozenset({"=", "<>", "<", "<=", ">", ">=", "!=", "==", "(", ","})
_ENDS = frozenset({"word", "integer", "text", "placeholder"})
_CLOSING = re.compile("[’‘′＇]")


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


def tokens_of(text: str, titles: Mapping[str, str]) -> list[Token]:
    """The words of a predicate, and one more of kind "end" for its end. Raises GrammarError.

    `titles` are of the fields that it may name, with their names: to say which one was meant.
    """
    tokens: list[Token] = []
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise _bad_character(text, offset, tokens, titles)
        if match.lastgroup == "integer":
            number, meant = number_at(text, offset, [token.text for token in tokens[-MAX_TOKENS:]])
            if number:
                raise GrammarError(Token("number", number, offset), "predicate.number", number=meant)
        if match.lastgroup and match.lastgroup != "space":
            tokens.append(Token(match.lastgroup, match.group(), offset))
        offset = match.end()
        if len(tokens) > MAX_TOKENS:
            raise GrammarError(tokens[-1], "predicate.too-long", limit=str(MAX_TOKENS))
    tokens.append(Token("end", "", len(text)))
    return tokens


def foreign(token: Token) -> GrammarError | None:
    """What is wrong with a sign or word that conditions elsewhere have, None if it is no such."""
    here = {"!=": "<>", "==": "="}.get(token.text) or SIGNS.get(token.text)
    return None if here is None else GrammarError(token, "predicate.foreign-sign", sign=here)


def _bad_character(text: str, offset: int, before: list[Token], titles: Mapping[str, str]) -> GrammarError:
    char = text[offset]
    token = Token("char", char, offset)
    # With one mark too few, texts and words have changed places from there on.
    if text.count("'") % 2 and (closing := _CLOSING.search(text)) is not None:
        return _wide(WideSign(closing.start(), closing[0], "'"))
    if char == "'":
        return GrammarError(token, "predicate.open-text")
    if title := title_at(text, offset, titles):
        return GrammarError(
            Token("char", title, offset), "predicate.unknown-field", closest=titles[title], fields=""
        )
    begun = bool(before) and (before[-1].kind in _ENDS or before[-1].text == ")")
    if char == "；" and in_list([each.text for each in before]):
        return _wide(WideSign(offset, char, ","))
    if sign := foreign_sign(text, offset, begun=begun):
        return GrammarError(Token("char", sign, offset), "predicate.foreign-sign", sign=SIGNS[sign])
    if char in "“”„「」『』":  # around a text, or around the whole condition
        return _wide(WideSign(offset, char, "'" if offset else '"'))
    wide = wide_sign(text[offset : offset + MAX_RUN])
    if wide is not None and wide.offset == 0 and _PLAIN.fullmatch(wide.narrow):
        return _wide(WideSign(offset, wide.words, wide.narrow))
    if char == '"':
        return GrammarError(token, "predicate.double-quote")
    if word := word_at(text, offset):
        return _chinese(Token("char", word, offset), before, titles)
    return GrammarError(token, "predicate.character")


def _wide(sign: WideSign) -> GrammarError:
    return GrammarError(Token("char", sign.words, sign.offset), "predicate.full-width", narrow=sign.narrow)


def _chinese(token: Token, before: list[Token], titles: Mapping[str, str]) -> GrammarError:
    """A Chinese word: behind a comparison it is a text without quotes, elsewhere the title of no field."""
    last = before[-1] if before else None
    if last is not None and (last.text in _BEFORE_VALUE or last.keyword == "BETWEEN"):
        return GrammarError(token, "predicate.unquoted")
    guess = closest(token.text, titles)
    return GrammarError(
        token, "predicate.unknown-field", closest=titles.get(guess, ""), fields=listed(titles.values())
    )
