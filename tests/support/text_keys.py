"""Where the code says something by a key of the tables, and with which arguments: read from its syntax."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NODE = ROOT / "node"


@dataclass(frozen=True)
class Speaker:
    """Something that takes a key: the place of that among its arguments, and arguments it adds itself.

    `takes` is "keywords", or "mapping" for one that takes the arguments as a mapping after the key.
    """

    place: int
    takes: str = "keywords"
    adds: frozenset[str] = frozenset()
    keeps: frozenset[str] = frozenset()
    """Keywords of its own, which fill no text."""


@dataclass(frozen=True)
class Use:
    """One place where a text is named; `given` is None where the arguments are not all written there."""

    where: str
    key: str
    given: frozenset[str] | None
    values: tuple[ast.expr, ...] = field(repr=False)


KNOWN: Mapping[str, Speaker] = {
    "NodeError": Speaker(1),
    "Message": Speaker(0, "mapping"),
    "Said": Speaker(0, "mapping"),
    "t": Speaker(0),
}
"""Those that all modules share; others are found by a parameter named `key` that has no keyword."""


def modules() -> Iterator[Path]:
    """The modules of the node that are not made by a program."""
    yield from (path for path in sorted(NODE.rglob("*.py")) if "v1" not in path.parts)


@cache
def parsed(path: Path) -> ast.Module:
    """A module."""
    return ast.parse(path.read_text("utf-8"))


def uses() -> Iterator[Use]:
    """Every place where a key is written out."""
    for path in modules():
        tree = parsed(path)
        speakers = {**KNOWN, **_imported(tree), **_own(tree)}
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call):
                continue
            name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
            speaker = speakers.get(name)
            if speaker is not None and len(call.args) > speaker.place:
                given, values = _given(call, speaker)
                for key in _literals(call.args[speaker.place]):
                    place = f"{path.relative_to(ROOT)}:{call.lineno}"
                    yield Use(place, key, None if given is None else given | speaker.adds, values)


def _literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def _given(call: ast.Call, speaker: Speaker) -> tuple[frozenset[str] | None, tuple[ast.expr, ...]]:
    values = tuple(each.value for each in call.keywords)
    if speaker.takes == "keywords":
        names = [each.arg for each in call.keywords]
        given = frozenset(name for name in names if name) - speaker.keeps
        return (None if None in names else given), values
    behind = call.args[speaker.place + 1 :]
    if not behind:
        return frozenset(), ()
    if isinstance(behind[0], ast.Dict) and all(isinstance(each, ast.Constant) for each in behind[0].keys):
        named = frozenset(str(each.value) for each in behind[0].keys if isinstance(each, ast.Constant))
        return named, tuple(behind[0].values)
    return None, ()


def _own(tree: ast.Module) -> dict[str, Speaker]:
    """Functions and errors of a module that take a key and the text's arguments."""
    found: dict[str, Speaker] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and each.name == "__init__":
                    made = _speaker(each)
                    found |= {node.name: replace(made, place=made.place - 1)} if made is not None else {}
        elif isinstance(node, ast.FunctionDef) and node.name != "__init__":
            called = _speaker(node)
            found |= {node.name: called} if called is not None else {}
    return found


def _speaker(function: ast.FunctionDef) -> Speaker | None:
    names = [each.arg for each in function.args.posonlyargs]
    if "key" not in names or function.args.kwarg is None:
        return None
    # What it hands on under the same key beside what it was given.
    adds: set[str] = set()
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and any(isinstance(a, ast.Name) and a.id == "key" for a in call.args):
            adds |= {each.arg for each in call.keywords if each.arg}
    own = 1 if names[0] in ("self", "cls") and function.name != "__init__" else 0
    keeps = frozenset(each.arg for each in function.args.kwonlyargs)
    return Speaker(names.index("key") - own, adds=frozenset(adds), keeps=keeps)


def _imported(tree: ast.Module) -> dict[str, Speaker]:
    found: dict[str, Speaker] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("node."):
            path = ROOT.joinpath(*node.module.split(".")).with_suffix(".py")
            if path.exists():
                there = _own(parsed(path))
                found.update({a.asname or a.name: there[a.name] for a in node.names if a.name in there})
                found.update(_methods(parsed(path), {a.name for a in node.names}))
    return found


def _methods(tree: ast.Module, classes: set[str]) -> dict[str, Speaker]:
    """The methods of these classes that take a key."""
    found: dict[str, Speaker] = {}
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in classes:
            for each in node.body:
                called = _speaker(each) if isinstance(each, ast.FunctionDef) else None
                found |= {each.name: called} if isinstance(each, ast.FunctionDef) and called else {}
    return found
