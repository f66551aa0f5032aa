"""JSON that is signed or kept: the one way to write it, and where one that was read is malformed."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.main import IncEx

T = TypeVar("T")


def canonical_json(adapter: TypeAdapter[T], value: T, exclude: IncEx | None = None) -> bytes:
    """Sorted keys, two spaces, UTF-8, a newline at the end: whoever signs it again signs the same bytes.

    `exclude` names what is left out, as pydantic takes it.
    """
    tree: object = adapter.dump_python(value, mode="json", exclude=exclude)
    return json.dumps(tree, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"


def malformed_at(error: ValidationError) -> str:
    """Where the first fault is, such as "files.0.name"; none of what stands there is told."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return ".".join(str(step) for step in first["loc"]) or "the beginning"
