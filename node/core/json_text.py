"""JSON that is signed or kept: the one way to write it, and where one that was read is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.main import IncEx

from node.texts.message import Message, Value

T = TypeVar("T")
_SHAPES: Final[Mapping[str, str]] = {
    "bool_type": "flag",
    "dataclass_type": "object",
    "enum": "choice",
    "extra_forbidden": "unknown",
    "float_parsing": "number",
    "greater_than_equal": "at-least",
    "int_from_float": "whole",
    "int_parsing": "whole",
    "int_type": "whole",
    "json_invalid": "json",
    "less_than": "less",
    "less_than_equal": "at-most",
    "list_type": "list",
    "literal_error": "choice",
    "missing": "missing",
    "string_pattern_mismatch": "pattern",
    "string_too_long": "long",
    "string_too_short": "short",
    "string_type": "text",
    "too_long": "many",
    "too_short": "few",
    "tuple_type": "list",
    "unexpected_keyword_argument": "unknown",
}
"""The texts of pydantic's kinds of errors."""
_BOUNDS: Final[Mapping[str, str]] = {
    "ge": "least",
    "le": "most",
    "lt": "most",
    "max_length": "most",
    "min_length": "least",
    "pattern": "pattern",
}


def canonical_json(adapter: TypeAdapter[T], value: T, exclude: IncEx | None = None) -> bytes:
    """Sorted keys, two spaces, UTF-8, a newline at the end: whoever signs it again signs the same bytes.

    `exclude` names what is left out, as pydantic takes it.
    """
    tree: object = adapter.dump_python(value, mode="json", exclude=exclude)
    return json.dumps(tree, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"


def malformed_at(error: ValidationError) -> Value:
    """Where the first fault is, such as "files.0.name"; none of what stands there is told."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return ".".join(str(step) for step in first["loc"]) or Message("file.shape.beginning")


def first_fault(error: ValidationError) -> tuple[tuple[int | str, ...], Message]:
    """The path to the first fault, and what is wrong there; none of what stands there is told.

    An error of our own has the key of a text for its type, and the text's arguments for its context.
    """
    first = error.errors(include_url=False, include_input=False)[0]
    kind, context = first["type"], first.get("ctx", {})
    if "." in kind:
        return first["loc"], Message(kind, context)
    key = f"file.shape.{_SHAPES.get(kind, 'form')}"
    args: dict[str, Value] = {
        _BOUNDS[name]: _short(value) for name, value in context.items() if name in _BOUNDS
    }
    if "expected" in context:  # as 'one', 'two' or 'three'
        args["words"] = tuple(re.findall("'([^']*)'", context["expected"]))
    return first["loc"], Message(key, args)


def _short(bound: Value) -> Value:
    """A bound as people write it: 600, not 600.0."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound
