"""Reads `node.yaml`: settings, or every problem with its line and column and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import UnionType
from typing import Union, get_args, get_origin
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from node.config.settings import Settings
from node.core.reading.document import MAX_BYTES, Document, read
from node.core.words import closest, listed
from node.errors import NodeError, Reason
from node.files.regular_file import read_regular

_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One problem of a settings file; line and column count from 1, `setting` is its dotted path."""

    file: str
    line: int
    column: int
    setting: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


def load_settings(path: Path) -> Settings:
    """The settings in a file; relative paths in it count from where it stands.

    Raises NodeError(CONFIG_INVALID) with the place of the first problems, and the setting that the first is
    in, "" for what is wrong with the form of the file.
    """
    settings, problems = read_settings(path)
    if settings is not None:
        return settings
    shown = "\n".join(str(problem) for problem in problems[:_MOST_SHOWN])
    more = len(problems) - _MOST_SHOWN
    first = problems[0]
    # A file that is not there has no setting to correct.
    place = {"setting": first.setting} if path.is_file() else {}
    raise NodeError(
        Reason.CONFIG_INVALID,
        "error.raw",
        text=f"{shown}\nand {more} more" if more > 0 else shown,
        file=first.file,
        line=str(first.line),
        column=str(first.column),
        **place,
    )


def read_settings(path: Path) -> tuple[Settings | None, tuple[SettingProblem, ...]]:
    """The settings in a file and no problem, or None and all problems, in the order of the file."""
    try:
        content = read_regular(path, MAX_BYTES + 1)
    except OSError as error:
        what = (
            f"cannot be read ({error.strerror}): name the settings with --config, or write them with "
            "`dxnode init`"
        )
        return None, (SettingProblem(str(path), 1, 1, "", what),)
    return parse_settings(str(path), content, path.absolute().parent)


def parse_settings(
    name: str, content: bytes, base: Path
) -> tuple[Settings | None, tuple[SettingProblem, ...]]:
    """As `read_settings`, of the `content` of a file called `name` whose paths count from `base`."""
    document = read(name, content)
    if document.problems:
        return None, tuple(
            SettingProblem(name, problem.line, problem.column, "", f"{problem.message}: {problem.hint}")
            for problem in document.problems
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


def _problem(document: Document, details: ErrorDetails) -> SettingProblem:
    path = tuple(step for step in details["loc"] if step != "[key]")
    kind = details["type"]
    with_key = kind in ("extra_forbidden", "missing") or path != details["loc"]
    at = (document.key_problem if with_key else document.problem)("", path)
    setting = ".".join(str(step) for step in path)
    return SettingProblem(document.file, at.line, at.column, setting, _message(kind, path, details))


def _message(kind: str, path: tuple[str | int, ...], details: ErrorDetails) -> str:
    setting = ".".join(str(step) for step in path)
    limits: Mapping[str, object] = details.get("ctx", {})
    match kind:
        case "extra_forbidden":
            known = sorted(_known(path[:-1]))
            meant = closest(str(path[-1]), known)
            hint = f"did you mean {meant}?" if meant else f"known here: {listed(known, 40)}"
            return f"unknown setting {setting}: {hint}"
        case "missing":
            return f"{setting} is missing: add it, as `dxnode config show --reference` tells"
        case "greater_than_equal":
            return f"{setting} must be at least {limits['ge']}"
        case "less_than_equal":
            return f"{setting} must be at most {limits['le']}"
        case "model_type" | "dict_type":
            return f"{setting or 'the file'} must hold settings, as `dxnode config show --reference` tells"
        case "list_type":
            return f"{setting} must be a list"
        case "literal_error":
            return f"{setting} must be {limits['expected']}".replace("'", "")
        case "setting":
            return f"{setting} {details['msg']}".strip()
        case _:
            return f"{setting}: {details['msg'][:1].lower()}{details['msg'][1:]}"


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
