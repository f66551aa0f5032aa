"""Predicates: the conditions of questions, read into SQL expressions that can hold nothing else.

    condition  := term (AND term)* | term (OR term)*         no mixing without brackets
    term       := NOT term | ( condition ) | comparison
    comparison := field (= | <> | < | <= | > | >=) value
                | field [NOT] IN (literal, ...)
                | field [NOT] BETWEEN value AND value
                | field IS [NOT] NULL
    value      := integer | 'text' | 'date' | :parameter | :claim | field

A subset of SQL with SQL's meaning. The reader builds the expression itself, node by node, so that
what is not in this grammar (a function, a subquery, LIKE, a comment, a second statement) has no way
into a data source; and every fault has its place in the text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlglot import exp

from node.core.identity import normalise_region
from node.core.normal_form import normal_text
from node.core.policy.dataset import Field, FieldType, Sensitivity
from node.core.policy.predicate_tokens import Fault, GrammarError, Token, foreign, tokens_of
from node.core.words import closest, listed
from node.errors import NodeError

MAX_DEPTH = 12
MAX_LITERAL = 200
MAX_FAULTS = 20
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_COMPARISONS: Mapping[str, type[exp.Expression]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_ORDERED = frozenset({FieldType.INTEGER, FieldType.DATE})
CLAIMABLE = frozenset({FieldType.TEXT, FieldType.DATE, FieldType.RESIDENT_ID, FieldType.CREDIT_CODE})


@dataclass(frozen=True, slots=True)
class Scope:
    """What a predicate may name."""

    fields: Mapping[str, Field]
    parameters: Collection[str]
    claims: Collection[str]


@dataclass(frozen=True, slots=True)
class Part:
    """A condition within a predicate, and where it stands: text[start:end]."""

    expression: exp.Expression
    start: int
    end: int


@dataclass(slots=True)
class Predicate:
    """A predicate as read; `expression` is None if and only if there are faults.

    `placeholders` says which fields each parameter and claim is compared with. `parts` are its conditions,
    those within others first, the whole last.
    """

    expression: exp.Expression | None = None
    fields: set[str] = field(default_factory=set)
    placeholders: dict[str, list[Field]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)


def read_predicate(text: str, scope: Scope) -> Predicate:
    """Read one predicate; never raises. All faults of meaning are found, but one of grammar ends it."""
    reader = _Reader(text, scope)
    try:
        expression = reader.whole()
    except GrammarError as error:
        reader.result.faults.append(error.fault)
        return reader.result
    except _TooManyError:
        return reader.result
    if not reader.result.faults:
        reader.result.expression = expression
    return reader.result


def literal_fault(text: str, of: Field) -> tuple[str, dict[str, str]] | None:
    """Why `text` cannot be a value of a field (message key, arguments), or None if it can."""
    if of.type is FieldType.INTEGER:
        return None if _INTEGER.fullmatch(text) else ("literal.integer", {"field": of.name})
    if of.type is FieldType.ENUM:
        if text in of.values:
            return None
        return "literal.enum", {
            "field": of.name,
            "values": listed(of.values),
            "closest": closest(text, of.values),
        }
    if of.type is FieldType.DATE:
        return None if _is_date(text) else ("literal.date", {"field": of.name})
    if of.type is FieldType.REGION:
        return None if _is_region(text) else ("literal.region", {"field": of.name})
    if len(text) > MAX_LITERAL or "\\" in text or not text.isprintable():
        return "literal.text", {"limit": str(MAX_LITERAL)}
    return None


def column(name: str) -> exp.Expression:
    """A field as SQL, quoted, so that no name can be taken for a keyword."""
    return exp.Column(this=exp.Identifier(this=name, quoted=True))


def text_literal(text: str) -> exp.Expression:
    """Text as SQL; the renderer of each dialect doubles its quotes."""
    return exp.Literal(this=text, is_string=True)


def integer_literal(number: int) -> exp.Expression:
    """An integer as SQL."""
    literal = exp.Literal(this=str(abs(number)), is_string=False)
    return exp.Neg(this=literal) if number < 0 else literal


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_region(text: str) -> bool:
    try:
        return normalise_region(text) == text
    except NodeError:
        return False


class _TooManyError(Exception):
    """There are so many faults that looking for more helps nobody."""


class _Reader:
    """Recursive descent over at most MAX_TOKENS tokens and MAX_DEPTH levels."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.result = Predicate()
        self._scope = scope
        self._text = text
        self._tokens: list[Token] = []
        self._next = 0
        self._negated = False

    def whole(self) -> exp.Expression:
        fields = self._scope.fields.values()
        named = ((title, field.name) for field in fields for title in (field.title, field.title_en))
        # A title of letters alone is read as a name, and found as one that no field has.
        titles = {title: name for title, name in named if not title.isascii()}
        self._tokens = tokens_of(self._text, titles)
        expression = self._condition(0)
        if self._peek().kind != "end":
            raise self._unexpected(self._peek(), "predicate.expected-connector")
        return expression

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        if token.kind != "end":
            self._next += 1
        return token

    def _accept(self, word: str) -> bool:
        token = self._peek()
        found = (token.keyword or token.text) == word and token.kind in ("word", "sign")
        self._next += found
        return found

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise GrammarError(self._peek(), "predicate.expected", wanted=word)

    def _unexpected(self, token: Token, otherwise: str) -> GrammarError:
        if token.kind == "end":
            return GrammarError(token, "predicate.ended")
        follower = self._tokens[min(self._tokens.index(token) + 1, len(self._tokens) - 1)]
        if token.kind == "word" and not token.keyword and follower.text == "(":
            return GrammarError(token, "predicate.function")
        if (other := foreign(token)) is not None:
            return other
        return GrammarError(token, otherwise)

    def _condition(self, depth: int) -> exp.Expression:
        if depth > MAX_DEPTH:
            raise GrammarError(self._peek(), "predicate.too-deep", limit=str(MAX_DEPTH))
        start = self._peek().offset
        expression = self._term(depth)
        joined = ""
        while self._peek().keyword in ("AND", "OR"):
            connector = self._take()
            if joined and connector.keyword != joined:
                raise GrammarError(connector, "predicate.mixed")
            joined = connector.keyword
            build = exp.And if joined == "AND" else exp.Or
            expression = build(this=expression, expression=self._term(depth))
        return self._part(start, expression) if joined else expression

    def _part(self, start: int, expression: exp.Expression) -> exp.Expression:
        last = self._tokens[self._next - 1]
        self.result.parts.append(Part(expression, start, last.offset + len(last.text)))
        return expression

    def _term(self, depth: int) -> exp.Expression:
        start = self._peek().offset
        if self._accept("NOT"):
            before, self._negated = self._negated, True
            inner = self._nested(depth + 1)
            self._negated = before
            return self._part(start, exp.Not(this=inner))
        return self._nested(depth)

    def _nested(self, depth: int) -> exp.Expression:
        if self._accept("("):
            inner = self._condition(depth + 1)
            self._expect(")")
            return exp.Paren(this=inner)
        if self._peek().keyword == "NOT":
            raise GrammarError(self._peek(), "predicate.double-negation")
        return self._part(self._peek().offset, self._comparison())

    def _comparison(self) -> exp.Expression:
        token = self._take()
        if token.kind != "word" or token.keyword:
            raise self._unexpected(token, "predicate.expected-field")
        if self._peek().text == "(":
            raise self._unexpected(token, "predicate.function")
        known = self._field(token)
        if self._accept("IS"):
            negated = self._accept("NOT")
            self._expect("NULL")
            test: exp.Expression = exp.Is(this=column(token.text), expression=exp.Null())
            return exp.Not(this=test) if negated else test
        negated = self._accept("NOT")
        if self._accept("IN"):
            test = self._in(token, known)
        elif self._accept("BETWEEN"):
            self._check_ordered(token, known, "BETWEEN")
            low = self._value(known, "BETWEEN")
            self._expect("AND")
            test = exp.Between(this=column(token.text), low=low, high=self._value(known, "BETWEEN"))
        else:
            if negated:
                raise GrammarError(self._peek(), "predicate.expected", wanted="IN / BETWEEN")
            return self._compare(token, known)
        return exp.Not(this=test) if negated else test

    def _compare(self, token: Token, known: Field | None) -> exp.Expression:
        sign = self._take()
        build = _COMPARISONS.get(sign.text) if sign.kind == "sign" else None
        if build is None:
            raise self._unexpected(sign, "predicate.expected-comparison")
        if sign.text not in ("=", "<>"):
            self._check_ordered(token, known, sign.text)
        return build(this=column(token.text), expression=self._value(known, sign.text))

    def _in(self, token: Token, known: Field | None) -> exp.Expression:
        self._expect("(")
        values = [self._value(known, "IN")]
        while self._accept(","):
            values.append(self._value(known, "IN"))
        self._expect(")")
        return exp.In(this=column(token.text), expressions=values)

    def _value(self, known: Field | None, sign: str) -> exp.Expression:
        token = self._take()
        if token.text == "-":
            number = self._take()
            if number.kind != "integer":
                raise self._unexpected(number, "predicate.expected-value")
            return self._literal(Token("integer", f"-{number.text}", token.offset), known)
        if token.kind in ("integer", "text"):
            return self._literal(token, known)
        if token.kind == "placeholder":
            return self._placeholder(token, known, sign)
        if token.keyword == "NULL":
            raise GrammarError(token, "predicate.null")
        if token.kind == "word" and not token.keyword and self._peek().text != "(" and sign != "IN":
            return self._other_field(token, known)
        raise self._unexpected(token, "predicate.expected-value")

    def _field(self, token: Token) -> Field | None:
        known = self._scope.fields.get(token.text)
        if known is None:
            guess = closest(token.text, self._scope.fields)
            self._fault(token, "predicate.unknown-field", closest=guess, fields=listed(self._scope.fields))
        else:
            self.result.fields.add(known.name)
        return known

    def _other_field(self, token: Token, known: Field | None) -> exp.Expression:
        other = self._field(token)
        if known is not None and other is not None:
            if Sensitivity.IDENTIFIER in (known.sensitivity, other.sensitivity):
                self._fault(token, "predicate.identifier", field=known.name)
            elif known.type is not other.type:
                self._fault(token, "predicate.types", field=known.name, type=known.type, other=other.type)
        return column(token.text)

    def _literal(self, token: Token, known: Field | None) -> exp.Expression:
        quoted = token.kind == "text"
        text = token.text[1:-1].replace("''", "'") if quoted else token.text
        if known is not None:
            if known.sensitivity is Sensitivity.IDENTIFIER:
                self._fault(token, "predicate.identifier", field=known.name)
            elif quoted is (known.type is FieldType.INTEGER):
                key = "literal.unquote" if quoted else "literal.quote"
                self._fault(token, key, field=known.name, type=known.type)
            elif fault := literal_fault(text, known):
                key, args = fault
                self._fault(token, key, **args)
        if quoted:
            # As the field's values are kept; those of an enum as the policy spells them.
            is_free = known is not None and known.type is FieldType.TEXT
            return text_literal(normal_text(text) if is_free else text)
        return integer_literal(int(text)) if _INTEGER.fullmatch(text) else exp.Null()

    def _placeholder(self, token: Token, known: Field | None, sign: str) -> exp.Expression:
        name = token.text[1:]
        if name in self._scope.claims:
            if sign != "=" or self._negated:
                self._fault(token, "predicate.claim-equality", claim=name)
            elif known is not None and known.type not in CLAIMABLE:
                self._fault(token, "predicate.claim-type", claim=name, field=known.name, type=known.type)
        elif name not in self._scope.parameters:
            declared = [*self._scope.parameters, *self._scope.claims]
            guess = closest(name, declared)
            self._fault(token, "predicate.unknown-placeholder", name=name, closest=guess)
        elif sign == "IN":
            self._fault(token, "predicate.in-placeholder")
        elif known is not None and known.sensitivity is Sensitivity.IDENTIFIER:
            self._fault(token, "predicate.identifier", field=known.name)
        if known is not None:
            self.result.placeholders.setdefault(name, []).append(known)
        return exp.Placeholder(this=name)

    def _check_ordered(self, token: Token, known: Field | None, sign: str) -> None:
        if known is not None and known.type not in _ORDERED:
            self._fault(token, "predicate.order", field=known.name, type=known.type, sign=sign)

    def _fault(self, token: Token, key: str, **args: str) -> None:
        self.result.faults.append(Fault(token.offset, token.text, key, args))
        if len(self.result.faults) >= MAX_FAULTS:
            raise _TooManyError
