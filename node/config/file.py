"""Reads `node.yaml`: settings, or every problem with its line and column and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import UnionType
from typing import Final, Union, get_args, get_origin
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from node.config.settings import Settings
from node.core.reading.document import MAX_BYTES, Document, read
from node.core.text.problem import Problem
from node.core.words import closest
from node.errors import NodeError, Reason
from node.files.regular_file import read_regular
from node.files.whole import read_file
from node.files.why import why
from node.texts.message import Message, Value
from node.texts.wording import say

_MOST_SHOWN = 5
_MOST_MEANT = 3


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One problem of a settings file; line and column count from 1, `setting` is its dotted path."""

    file: str
    line: int
    column: int
    setting: str
    wording: Message
    warning: bool = False
    """Whether a node runs all the same."""

    @property
    def message(self) -> str:
        """What is wrong, in English."""
        return say(self.wording, "en")

    @property
    def placed(self) -> Message:
        """What is wrong, with its place in front."""
        args: dict[str, Value] = {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "problem": self.wording,
        }
        return Message("setting.warned" if self.warning else "file.placed", args)

    def __str__(self) -> str:
        return say(self.placed, "en")


class SettingPlaces:
    """Where in a settings file each setting stands, or should."""

    def __init__(self, path: Path) -> None:
        """Raises NodeError(CONFIG_INVALID) when the file cannot be read."""
        self._document = read(str(path), read_file(path, MAX_BYTES))

    def problem(self, setting: tuple[str, ...], wording: Message, *, warning: bool = False) -> SettingProblem:
        """A problem with what a setting names, at the setting or what stands around it."""
        place = self._document.problem
        at = place("", setting)
        name = ".".join(setting)
        return SettingProblem(self._document.file, at.line, at.column, name, wording, warning)


def load_settings(path: Path) -> Settings:
    """The settings in a file; relative paths in it count from where it stands.

    Raises NodeError(CONFIG_INVALID) with the place of the first problems, and the setting that the first is
    in, "" for what is wrong with the form of the file.
    """
    settings, problems = read_settings(path)
    if settings is not None:
        return settings
    first, more = problems[0], len(problems) - _MOST_SHOWN
    # A file that is not there has no setting to correct.
    place = {"setting": first.setting} if path.is_file() else {}
    raise NodeError(
        Reason.CONFIG_INVALID,
        "setting.mistakes-more" if more > 0 else "setting.mistakes",
        problems=tuple(problem.placed for problem in problems[:_MOST_SHOWN]),
        file=first.file,
        line=str(first.line),
        column=str(first.column),
        **place,
        **({"count": more} if more > 0 else {}),
    )


def read_settings(path: Path) -> tuple[Settings | None, tuple[SettingProblem, ...]]:
    """The settings in a file and no problem, or None and all problems, in the order of the file."""
    try:
        content = read_regular(path, MAX_BYTES + 1)
    except OSError as error:
        what = _unreadable(path, error)
        return None, (SettingProblem(str(path), 1, 1, "", what),)
    return parse_settings(str(path), content, path.absolute().parent)


def settings_near(path: Path) -> tuple[str, ...]:
    """Files that were probably meant by the path of one that is not there: beside it, or in folders there."""
    try:
        beside = [each.name for each in path.parent.iterdir() if each.suffix in (".yaml", ".yml")]
        if meant := closest(path.name, beside):
            return (str(path.parent / meant),)
        below = sorted(path.parent.glob(f"*/{path.name}"))
    except OSError:
        return ()
    return tuple(map(str, below)) if len(below) <= _MOST_MEANT else ()


def _unreadable(path: Path, error: OSError) -> Message:
    meant = settings_near(path) if isinstance(error, FileNotFoundError) else ()
    if meant:
        return Message("setting.unreadable-meant", {"why": why(error), "meant": meant})
    return Message("setting.unreadable", {"why": why(error)})


def parse_settings(
    name: str, content: bytes, base: Path
) -> tuple[Settings | None, tuple[SettingProblem, ...]]:
    """As `read_settings`, of the `content` of a file called `name` whose paths count from `base`."""
    document = read(name, content)
    if document.problems:
        return None, tuple(
            SettingProblem(name, problem.line, problem.column, "", _of_document(problem))
            for problem in document.told()
        )
    try:
        return Settings.model_validate(document.root, context={"base": base}), ()
    except ValidationError as error:
        found = (
            _problem(document, details)
            for details in error.errors(include_url=False, include_context=True, include_input=False)
        )
        return None, tuple(sorted(found, key=lambda problem: (problem.line, problem.column)))


def changed_settings(old: Settings, new: Settings) -> tuple[str, ...]:
    """The dotted paths of what differs, in the order of the file."""
    return tuple(_changed("", old, new))


def reference() -> str:
    """A settings file with every setting, its default and what it is for."""
    return files("node.config").joinpath("reference.yaml").read_text("utf-8")


def show_settings(settings: Settings) -> str:
    """The settings in force, defaults included, as YAML. A source's URL is cut to what cannot be secret."""
    tree = settings.model_dump(mode="json", exclude_none=True)
    for name, source in settings.sources.items():
        if source.url is not None:
            parts = urlsplit(source.url)
            tree["sources"][name]["url"] = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)


def _changed(path: str, old: object, new: object) -> Iterator[str]:
    if isinstance(old, BaseModel) and isinstance(new, BaseModel):
        for name in type(old).model_fields:
            yield from _changed(f"{path}.{name}", getattr(old, name), getattr(new, name))
    elif isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from _changed(f"{path}.{name}", old.get(name), new.get(name))
    elif old != new:
        yield path.removeprefix(".")


def _of_document(problem: Problem) -> Message:
    return Message("setting.document", {"problem": problem.wording, "hint": problem.advice})


def _problem(document: Document, details: ErrorDetails) -> SettingProblem:
    path = tuple(step for step in details["loc"] if step != "[key]")
    kind = details["type"]
    with_key = kind in ("extra_forbidden", "missing") or path != details["loc"]
    spelled = "key.unknown" if with_key else "value.choice"
    at = (document.key_problem if with_key else document.problem)(spelled if kind != "missing" else "", path)
    setting = ".".join(str(step) for step in path)
    if kind != "missing" and at.key != spelled:  # a wide sign in it says more than what it is not
        return SettingProblem(document.file, at.line, at.column, setting, _of_document(at))
    return SettingProblem(document.file, at.line, at.column, setting, _wording(kind, path, details))


_NUMBERED: Final[Mapping[str, tuple[str, str, str]]] = {
    "greater_than_equal": ("least", "least", "ge"),
    "less_than_equal": ("most", "most", "le"),
    "too_short": ("few", "least", "min_length"),
    "too_long": ("many", "most", "max_length"),
    "string_too_short": ("short", "least", "min_length"),
    "string_too_long": ("long", "most", "max_length"),
}
"""Of pydantic's kinds of errors with a bound: the key, and what the bound is called here and there."""
_SHAPES: Final[Mapping[str, str]] = {
    "missing": "missing",
    "model_type": "section",
    "dict_type": "section",
    "list_type": "list",
    "string_type": "text",
    "int_type": "integer",
}
"""Of its other kinds, the key here."""


def _wording(kind: str, path: tuple[str | int, ...], details: ErrorDetails) -> Message:
    setting = ".".join(str(step) for step in path)
    context: Mapping[str, Value] = details.get("ctx", {})
    args: dict[str, Value] = {"setting": setting} if setting else {}
    if kind == "string_too_short" and context["min_length"] == 1:
        return Message("setting.problem.empty", args)
    if kind in _NUMBERED:
        key, name, bound = _NUMBERED[kind]
        return Message(f"setting.problem.{key}", {**args, name: context[bound]})
    if kind == "extra_forbidden":
        known = sorted(_known(path[:-1]))
        if meant := closest(str(path[-1]), known):
            return Message("setting.problem.meant", {**args, "meant": meant})
        return Message("setting.problem.unknown", {**args, "known": tuple(known)})
    if kind == "literal_error":
        words = tuple(re.findall("'([^']*)'", str(context["expected"])))
        return Message("setting.problem.choice", {**args, "words": words})
    if kind.startswith("setting."):
        return Message(kind, {**args, **context})
    if "." in kind:  # of what the directory has too (`node.core.directory.spelling`)
        return Message("setting.malformed", {**args, "problem": Message(kind, context)})
    if not setting:
        return Message("setting.problem.whole-file")
    return Message(f"setting.problem.{_SHAPES.get(kind, 'form')}", args)


def _known(path: tuple[str | int, ...]) -> frozenset[str]:
    """The settings that may stand at `path`."""
    kind: object = Settings
    for step in path:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = _plain(kind.model_fields[str(step)].annotation)
        else:
            kind = _plain(get_args(kind)[-1])
    return (
        frozenset(kind.model_fields)
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        else frozenset()
    )


def _plain(annotation: object) -> object:
    """An annotation without `| None`."""
    if get_origin(annotation) in (Union, UnionType):
        return next(choice for choice in get_args(annotation) if choice is not type(None))
    return annotation
