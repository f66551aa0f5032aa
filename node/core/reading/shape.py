"""Holds a document against a model, and says every difference in words a person can act on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from node.core.reading.document import MAX_PROBLEMS, Document, Node, within
from node.core.reading.mistyped import NUMBERS, guess_number
from node.core.reading.place import Path
from node.core.text.problem import Problem
from node.core.text.problem_kinds import problem_texts
from node.core.words import closest, listed, shorten

Part = TypeVar("Part", bound=BaseModel)

_PLAIN_KEYS = {
    "model_type": "value.mapping",
    "model_attributes_type": "value.mapping",
    "dict_type": "value.mapping",
    "list_type": "value.list",
    "too_short": "value.too-few",
    "too_long": "value.too-many",
    "greater_than_equal": "value.too-small",
    "less_than_equal": "value.too-great",
}

# What says that a title is missing, by its key.
TITLES = {"title": "key.title", "title_en": "key.title-en"}

# What pydantic puts into a path that is no step in the file.
_NO_STEPS = frozenset({"[key]", "[edges]", "[name]"})


def parse(document: Document, model: type[Part], stand_ins: Mapping[str, Node]) -> Part | None:
    """The document as a model; adds what does not fit to the document's problems.

    So that the other problems are found too, what does not fit is then left out, or replaced by the
    stand-in for its first key. None if neither helps. A document with problems is never put to use.
    """
    try:
        return model.model_validate(document.root)
    except ValidationError as error:
        every = error.errors(include_url=False, include_input=False)
    # Missing titles come in crowds: they are the last to be told, so that they push out no other problem.
    details = sorted(every, key=_lacks_title)[:MAX_PROBLEMS]
    document.problems.extend(_problem(document, model, each) for each in details)
    rest = deepcopy(document.root)
    for each in details:
        _mend(rest, each, stand_ins)
    try:
        return model.model_validate(rest)
    except ValidationError:
        return None


def _mend(rest: Node | None, error: ErrorDetails, stand_ins: Mapping[str, Node]) -> None:
    """Take out an unknown key, a question, or all rules; replace what has a stand-in, and missing titles."""
    path: Path = error["loc"]
    if _lacks_title(error):
        node = within(rest, path[:-1])
        if isinstance(node, dict):
            node[str(path[-1])] = "x"
        return
    if error["type"] == "extra_forbidden":
        node = within(rest, path[:-1])
    elif path[:1] == ("questions",):
        node, path = within(rest, path[:1]), path[:2]
    else:
        node, path = rest, path[:1]
        if isinstance(node, dict) and path and path[0] in stand_ins:
            node[str(path[0])] = deepcopy(stand_ins[str(path[0])])  # which other faults may change
            return
        if path != ("rules",):
            return
    if isinstance(node, dict):
        node.pop(str(path[-1]), None)


def _lacks_title(error: ErrorDetails) -> bool:
    return error["type"] == "missing" and error["loc"][-1] in TITLES


def _problem(document: Document, model: type[BaseModel], error: ErrorDetails) -> Problem:
    kind, context = error["type"], error.get("ctx", {})
    path: Path = tuple(step for step in error["loc"] if str(step) not in _NO_STEPS)
    if kind == "extra_forbidden":
        part = _part_at(model, path[:-1])
        known = _keys(part) if part is not None else []
        word = str(path[-1])
        return document.key_problem(
            "key.unknown", path, key=shorten(word), closest=closest(word, known), known=listed(known, 20)
        )
    if kind == "missing":
        missing = str(path[-1])
        return document.key_problem(TITLES.get(missing, "key.missing"), path[:-1], key=missing)
    if kind in ("literal_error", "enum"):
        choices = list(_choices(str(context.get("expected", ""))))
        guess = closest(str(document.at(path)), choices)
        return document.problem("value.choice", path, closest=guess, choices=listed(choices))
    args = {name: str(value) for name, value in context.items() if name != "error"}
    if kind in NUMBERS and isinstance(value := document.at(path), str):
        args["closest"] = guess_number(kind, value)
    key = kind if kind in problem_texts("en") else _PLAIN_KEYS.get(kind, "value.other")
    if "[key]" in error["loc"] or kind in ("too_short", "too_long"):
        return document.key_problem(key, path, **args)
    return document.problem(key, path, **args)


def _choices(expected: str) -> Iterator[str]:
    """pydantic lists choices as "'a', 'b' or 'c'"."""
    return (word for word in expected.replace(" or ", ", ").replace("'", "").split(", ") if word)


def _keys(part: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in part.model_fields.items()]


def _part_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model that describes the mapping at a path."""
    part: type[BaseModel] | None = model
    steps = iter(path)
    for step in steps:
        if part is None:
            return None
        found = {field.alias or name: field for name, field in part.model_fields.items()}.get(str(step))
        if found is None:
            return None
        part = _part_in(found.annotation)
        if _holds_many(found.annotation):
            next(steps, None)  # the index in a list, or the name in a mapping
    return part


def _part_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((part for each in get_args(annotation) if (part := _part_in(each)) is not None), None)


def _holds_many(annotation: object) -> bool:
    return get_origin(annotation) in (list, dict) or any(_holds_many(each) for each in get_args(annotation))
