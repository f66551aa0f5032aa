"""Which columns of Arrow have one text for each value, and that text, as a CSV file would hold it."""

from __future__ import annotations

import pyarrow as pa


def value_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values, also where a column holds them once each in a dictionary."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def has_text(kind: pa.DataType) -> bool:
    """Whether each value of that `value_type` has one text; a moment with a time zone has several."""
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_boolean(kind)
        or types.is_date(kind)
        or types.is_timestamp(kind)
        or types.is_null(kind)
    )


def as_values(column: pa.Array) -> pa.Array:
    """The column value by value, without a dictionary."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def text_of(column: pa.Array) -> pa.StringArray:
    """The texts of a column of values. Raises pa.ArrowInvalid for bytes that are called text and are none."""
    if pa.types.is_date64(column.type):
        column = column.cast(pa.date32())
    text = column.cast(pa.string())
    text.validate(full=True)
    return text
