"""The scalars of policy files: how the text that was written becomes a name, number or boolean."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from node.core.names import FIELD_NAME, MAX_NAME, MAX_TITLE, NAME, is_name
from node.core.policy.predicate_tokens import KEYWORDS
from node.core.purpose import is_purpose_code
from node.core.reading.document import Plain
from node.core.workdays import parse_hours

CASE_PATTERN = r"[0-9A-Za-z./#@*-]+"
MAX_PREDICATE = 2000
MAX_ITEMS = 1000

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DATE = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,5})(?:\.[0-9]{1,12})?")


def read_text(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError("value.text", "text")
    if len(value) > MAX_PREDICATE:
        raise PydanticCustomError("value.too-long", "long", {"limit": str(MAX_PREDICATE)})
    return str(value)


def read_title(value: object) -> str:
    text = read_text(value)
    if len(text) > MAX_TITLE or "\n" in text.strip() or not text.strip():
        raise PydanticCustomError("value.line", "line", {"limit": str(MAX_TITLE)})
    return text.strip()


def read_integer(value: object) -> int:
    if not isinstance(value, Plain) or not _INTEGER.fullmatch(value):
        raise PydanticCustomError("value.integer", "integer")
    return int(value)


def read_decimal(value: object) -> Decimal:
    if not isinstance(value, Plain) or not _DECIMAL.fullmatch(value):
        raise PydanticCustomError("value.decimal", "decimal")
    return Decimal(value)


def read_boolean(value: object) -> bool:
    if not isinstance(value, Plain) or value not in ("true", "false"):
        raise PydanticCustomError("value.boolean", "boolean")
    return value == "true"


def read_marker(value: object) -> bool:
    if not isinstance(value, Plain) or value != "true":
        raise PydanticCustomError("value.marker", "marker")
    return True


def read_name(value: object) -> str:
    text = read_text(value)
    if not is_name(text):
        raise PydanticCustomError("name.spelling", "name")
    return text


def read_question_path(value: object) -> str:
    text = read_text(value)
    dataset, slash, question = text.partition("/")
    if not slash or not is_name(dataset) or not is_name(question):
        raise PydanticCustomError("name.question-path", "dataset and question")
    return text


def read_field_name(value: object) -> str:
    text = read_text(value)
    if not re.fullmatch(FIELD_NAME, text):
        raise PydanticCustomError("name.field-spelling", "field name")
    if text.upper() in KEYWORDS:
        raise PydanticCustomError("name.reserved", "reserved")
    return text


def read_purpose(value: object) -> str:
    text = read_text(value)
    if not is_purpose_code(text):
        raise PydanticCustomError("purpose.spelling", "purpose")
    return text


def read_case_pattern(value: object) -> str:
    text = read_text(value)
    if len(text) > MAX_NAME or not re.fullmatch(CASE_PATTERN, text) or text.count("*") > 1:
        raise PydanticCustomError("rule.case-number", "case number")
    return text


def read_hours(value: object) -> str:
    text = read_text(value)
    if parse_hours(text) is None:
        raise PydanticCustomError("rule.hours", "hours")
    return text


def read_date(value: object) -> date:
    text = read_text(value)
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise PydanticCustomError("value.date", "date")


# What an editor takes for a number (a code, a choice) is text all the same.
_CODE = WithJsonSchema({"type": ["string", "integer"]})

Text = Annotated[str, BeforeValidator(read_text)]
Title = Annotated[str, Field(max_length=MAX_TITLE), BeforeValidator(read_title)]
Code = Annotated[str, BeforeValidator(read_text), _CODE]
Integer = Annotated[int, BeforeValidator(read_integer)]
Positive = Annotated[int, Field(ge=1, le=1_000_000_000), BeforeValidator(read_integer)]
Epsilon = Annotated[
    Decimal, BeforeValidator(read_decimal), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
]
Boolean = Annotated[bool, BeforeValidator(read_boolean)]
Marker = Annotated[bool, BeforeValidator(read_marker), WithJsonSchema({"const": True})]
Name = Annotated[str, BeforeValidator(read_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME}$"})]
QuestionPath = Annotated[
    str,
    BeforeValidator(read_question_path),
    WithJsonSchema({"type": "string", "pattern": f"^{NAME}/{NAME}$"}),
]
FieldName = Annotated[
    str, BeforeValidator(read_field_name), WithJsonSchema({"type": "string", "pattern": f"^{FIELD_NAME}$"})
]
PurposeCode = Annotated[str, BeforeValidator(read_purpose), WithJsonSchema({"type": "string"})]
CasePattern = Annotated[
    str,
    BeforeValidator(read_case_pattern),
    WithJsonSchema({"type": "string", "pattern": f"^{CASE_PATTERN}$"}),
]
Hours = Annotated[
    str,
    BeforeValidator(read_hours),
    WithJsonSchema({"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$"}),
]
Edges = Annotated[list[Integer], Field(min_length=2, max_length=50)]
Band = Annotated[
    Annotated[Edges, Tag("[edges]")] | Annotated[Name, Tag("[name]")],
    Discriminator(lambda value: "[name]" if isinstance(value, str) else "[edges]"),
]
"""Edges, or the name of a band that is defined; a step of an error's path in brackets says which."""
Date = Annotated[date, BeforeValidator(read_date), WithJsonSchema({"type": "string", "format": "date"})]
Item = TypeVar("Item")
Some = Annotated[list[Item], Field(min_length=1, max_length=MAX_ITEMS)]
