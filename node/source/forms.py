"""SQL that tells inside a live database whether values are in the form that the product keeps.

A data file's values are brought to one form when it is loaded. A live database's stay as they are, so what a
load would have changed or left out has to be found, and only numbers of it leave the database. Texts are
brought to their form in each comparison (`text_form`), so that of them only what a load leaves out has to be
found. SQLite is taught the product's own readers; PostgreSQL and MySQL have them as SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp

from node.core.bounds import MAX_ANSWER
from node.core.identity import CREDIT_DIGITS, SubjectType, normalise_subject, spellings
from node.core.normal_form import line
from node.core.policy.dataset import Field, FieldType
from node.errors import NodeError
from node.source import patterns
from node.source.dialect import POSTGRES, SQLITE, Dialect
from node.source.sessions import Function
from node.source.spec import Layout
from node.source.sql import ROW
from node.source.text_form import CONTROLS, FUNCTION, form_of_text, normal, runs_of, text_of, unsettled
from node.source.values import LARGEST, read_field

_SUBJECT, _FIELD = "dxnode_subject", "dxnode_field"
_ITS_FORM, _ANOTHER, _NONE = 2, 1, 0
# GB 11643-1999, 4.1.4; GB 32100-2015, annex A: weights of the characters before the check character.
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


@dataclass(frozen=True, slots=True)
class Forms:
    """Conditions in SQL over the columns of `ROW`, none of which is NULL.

    `own`: the subject is an identifier in its form. `other`: it is one in another spelling. `irregular`, by
    field: there is a value, and a load would have changed it or left it out.
    """

    own: str
    other: str
    irregular: Mapping[str, str]


def functions(layout: Layout) -> Mapping[str, Function]:
    """What SQLite is taught for `forms_of`."""

    def subject(value: object) -> int:
        return _form_of(value, layout.subject_type)

    def field(number: int, value: object) -> int:
        return not _is_regular(value, layout.fields[number])

    return {_SUBJECT: subject, _FIELD: field, FUNCTION: form_of_text}


def _form_of(value: object, kind: SubjectType) -> int:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    try:
        number = normalise_subject(text, kind)
    except NodeError:
        return _NONE
    return _ITS_FORM if number == value else _ANOTHER


def _is_regular(value: object, field: Field) -> bool:
    if field.type is FieldType.INTEGER:
        return isinstance(value, int) and read_field(str(value), field) == value
    if not isinstance(value, int | str | None):
        return False
    text = "" if value is None else str(value)
    if field.type is FieldType.TEXT:
        return not line(text) or read_field(text, field) is not None
    return value is None or read_field(text, field) == text


def forms_of(layout: Layout, dialect: Dialect) -> Forms:
    """The conditions for a table with this layout."""
    names = [layout.subject, *(field.name for field in layout.fields)]
    subject, *columns = (exp.column(name, table=ROW, quoted=True).sql(dialect=dialect.name) for name in names)
    if dialect is SQLITE:
        return Forms(
            f"{_SUBJECT}({subject}) = {_ITS_FORM}",
            f"{_SUBJECT}({subject}) = {_ANOTHER}",
            {
                field.name: f"{column} IS NOT NULL AND {_FIELD}({number}, {column})"
                for number, (field, column) in enumerate(zip(layout.fields, columns, strict=True))
            },
        )
    writer = _Writer(dialect)
    return Forms(
        writer.is_identifier(text_of(subject, dialect), layout.subject_type),
        writer.is_spelled_otherwise(text_of(subject, dialect), layout.subject_type),
        {
            field.name: writer.is_irregular(column, field)
            for field, column in zip(layout.fields, columns, strict=True)
        },
    )


class _Writer:
    """Writes the readers as SQL of PostgreSQL, or of MySQL and MariaDB.

    A column is given as SQL; text with its characters one by one is compared under no collation of its own.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._is_postgres = dialect is POSTGRES

    def is_identifier(self, text: str, kind: SubjectType) -> str:
        """In its one form, check character included."""
        if kind == "resident_id":
            pattern, checks = patterns.RESIDENT_ID, _RESIDENT_CHECKS
            terms = [f"ASCII({_at(text, n)}) * {weight}" for n, weight in enumerate(_RESIDENT_WEIGHTS, 1)]
            # A digit counts 48 less than its code.
            place = f"MOD({' + '.join(terms)} - {48 * sum(_RESIDENT_WEIGHTS)}, 11)"
        else:
            pattern, checks = patterns.CREDIT_CODE, CREDIT_DIGITS
            find = "STRPOS" if self._is_postgres else "INSTR"
            terms = [
                f"({find}('{CREDIT_DIGITS}', {_at(text, n)}) - 1) * {weight}"
                for n, weight in enumerate(_CREDIT_WEIGHTS, 1)
            ]
            place = f"MOD(31 - MOD({' + '.join(terms)}, 31), 31)"
        check = f"SUBSTRING('{checks}', 1 + {place}, 1) = {_at(text, 18)}"
        return f"CASE WHEN {self._is(text, pattern)} THEN {check} ELSE FALSE END"

    def is_spelled_otherwise(self, text: str, kind: SubjectType) -> str:
        """An identifier, once what the reader takes for something else is that, and the rest is taken out."""
        plain = self._in_plain_characters(text, spellings(kind))
        found = self.is_identifier(plain, kind)
        if kind == "resident_id":
            found = f"({found}) OR {self._is(plain, patterns.OLD_RESIDENT_ID)}"
        return f"{text} IS NOT NULL AND ({found})"

    def is_irregular(self, column: str, field: Field) -> str:
        """Not as a load would keep it."""
        text = text_of(column, self._dialect)
        match field.type:
            case FieldType.INTEGER:
                least = -LARGEST if field.minimum is None else field.minimum
                most = LARGEST if field.maximum is None else field.maximum
                regular = f"{column} BETWEEN {least} AND {most}"
            case FieldType.ENUM:
                values = [self._dialect.exactly(exp.Literal.string(value)) for value in field.values]
                among = ", ".join(value.sql(dialect=self._dialect.name) for value in values)
                exact = self._dialect.exactly(exp.Var(this=column)).sql(dialect=self._dialect.name)
                regular = f"{exact} IN ({among})"
            case FieldType.DATE:
                regular = self._is(text, patterns.DATE)
            case FieldType.REGION:
                regular = self._is(text, patterns.REGION)
            case FieldType.RESIDENT_ID | FieldType.CREDIT_CODE:
                kind: SubjectType = "credit_code" if field.type is FieldType.CREDIT_CODE else "resident_id"
                regular = self.is_identifier(text, kind)
            case FieldType.TEXT:
                return f"{column} IS NOT NULL AND ({self._is_untidy(column, text)})"
        return f"{column} IS NOT NULL AND NOT ({regular})"

    def _is_untidy(self, column: str, text: str) -> str:
        """What a load would not keep in any form: too long a text, or one with control characters."""
        # MySQL and MariaDB cannot tell NFC: any character counts that may be composed with what is before it.
        found = self._holds(text, self._class(CONTROLS if self._is_postgres else CONTROLS | unsettled()))
        return f"{found} OR COALESCE(CHAR_LENGTH({normal(column, self._dialect)}), 0) > {MAX_ANSWER}"

    def _is(self, text: str, pattern: str) -> str:
        return self._holds(text, f"^{pattern}$" if self._is_postgres else rf"^{pattern}\z")

    def _holds(self, text: str, pattern: str) -> str:
        return f"{text} {'~' if self._is_postgres else 'REGEXP'} {self._literal(pattern)}"

    def _in_plain_characters(self, text: str, taken_for: Mapping[str, str]) -> str:
        if self._is_postgres:
            nothing = self._class(character for character in taken_for if not taken_for[character])
            given = [character for character in taken_for if taken_for[character]]
            plain = "".join(taken_for[character] for character in given)
            shown = f"REGEXP_REPLACE({text}, {self._literal(nothing)}, '', 'g')"
            return f"TRANSLATE({shown}, {self._literal(''.join(given))}, {self._literal(plain)})"
        for plain in sorted(set(taken_for.values())):
            given = [character for character in taken_for if taken_for[character] == plain]
            text = f"REGEXP_REPLACE({text}, {self._literal(self._class(given))}, '{plain}')"
        return text

    def _class(self, characters: Iterable[str]) -> str:
        return f"[{runs_of(characters, self._dialect)}]"

    def _literal(self, text: str) -> str:
        return exp.Literal.string(text).sql(dialect=self._dialect.name)


def _at(text: str, place: int) -> str:
    return f"SUBSTRING({text}, {place}, 1)"
