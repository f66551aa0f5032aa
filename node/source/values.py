"""Reads the text of a data file, a parameter or a claim as a value of a field, in one form for each type.

Text: in the form of `node.core.normal_form`; of an enum, as the policy spells the value of the same form.
Dates: ISO 8601. Identifiers and regions: as `node.core.identity` normalises them. What is stored and what it
is compared with both come through here, so that they can be equal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache

from node.core.bounds import MAX_ANSWER
from node.core.identity import normalise_credit_code, normalise_region, normalise_resident_id
from node.core.normal_form import normal_text, visible
from node.core.policy.dataset import Field, FieldType
from node.errors import NodeError

Value = str | int

LARGEST = 10**18 - 1
"""Of integers, to either side."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
_INTEGER = re.compile(r"([+-]?[0-9]{1,18})(?:\.0+)?").fullmatch
# Year first, with midnight behind it as databases export days; any other time of day would be lost.
_DATE = re.compile(
    r"([0-9]{4})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))"
    r"(?:[ T]00:00(?::00(?:\.0+)?)?)?"
).fullmatch


def read_value(text: str, kind: FieldType) -> Value | None:
    """The value that `text` spells, or None if it spells none."""
    try:
        return _READERS[kind](text)
    except (NodeError, ValueError):
        return None


def read_field(text: str, field: Field) -> Value | None:
    """The same, within the field's range and closed values."""
    value = read_value(text, field.type)
    if field.type is FieldType.ENUM:
        return _closed(field.values).get(value) if isinstance(value, str) else None
    if isinstance(value, int):
        too_small = field.minimum is not None and value < field.minimum
        too_large = field.maximum is not None and value > field.maximum
        return None if too_small or too_large else value
    # The values of a region field are those to count by, not all that there are.
    return value


@lru_cache(maxsize=256)
def _closed(values: tuple[str, ...]) -> Mapping[str, str]:
    """The closed values of an enum by their forms."""
    return {normal_text(value): value for value in values}


def _text(text: str) -> str:
    clean = normal_text(text)
    if not clean or len(clean) > MAX_ANSWER or _CONTROL(clean):
        raise ValueError
    return clean


def _integer(text: str) -> int:
    match = _INTEGER(_narrow(text))
    if match is None:
        raise ValueError
    return int(match[1])


def _date(text: str) -> str:
    match = _DATE(_narrow(text))
    if match is None:
        raise ValueError
    year, month, day, compact_month, compact_day = match.groups()
    return date(int(year), int(month or compact_month), int(day or compact_day)).isoformat()


def _narrow(text: str) -> str:
    """Full-width digits and signs made narrow; a value of these types is short."""
    if len(text) > 64:
        raise ValueError
    return unicodedata.normalize("NFKC", visible(text)).strip()


_READERS: Mapping[FieldType, Callable[[str], Value]] = {
    FieldType.TEXT: _text,
    FieldType.ENUM: _text,
    FieldType.INTEGER: _integer,
    FieldType.DATE: _date,
    FieldType.REGION: normalise_region,
    FieldType.RESIDENT_ID: normalise_resident_id,
    FieldType.CREDIT_CODE: normalise_credit_code,
}
