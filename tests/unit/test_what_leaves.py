"""The list of what leaves a node is whole: fields of messages, keys of errors, lines of the log."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import node
import node.v1

ROOT = Path(node.__file__).parent
LIST = (ROOT.parent / "docs" / "what-leaves.md").read_text("utf-8")
CODED = re.compile(r"`([^`]+)`")
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})


def section(title: str) -> list[list[str]]:
    """The rows of the tables under a heading, down to the next one of its level."""
    level = title.partition(" ")[0]
    _, _, rest = LIST.partition(f"\n{title}\n")
    text = re.split(rf"\n{level} ", rest)[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows]


def listed() -> Iterator[tuple[str, str, str]]:
    """Message, field, kind."""
    for message, fields, kind, *_ in section("## Messages"):
        for name in CODED.findall(message):
            yield from ((name, field, kind) for field in CODED.findall(fields))


def modules() -> Iterator[ast.Module]:
    for path in ROOT.rglob("*.py"):
        if path.parent.name != "v1":
            yield ast.parse(path.read_text("utf-8"))


def test_every_field_of_every_message_is_in_the_list_once() -> None:
    fields = [
        (message.name, field.name)
        for module in pkgutil.iter_modules(node.v1.__path__)
        if module.name.endswith("_pb2")
        for message in importlib.import_module(
            f"node.v1.{module.name}"
        ).DESCRIPTOR.message_types_by_name.values()
        for field in message.fields
    ]
    found = [(message, field) for message, field, _ in listed()]
    assert [f"{message}.{field}" for message, field in fields if (message, field) not in found] == [], (
        "say in docs/what-leaves.md of what these are a function"
    )
    assert sorted(found) == sorted(fields)


def test_every_kind_is_explained() -> None:
    explained = {kind for row in section("## The kinds") for kind in CODED.findall(row[0])}
    assert {kind for _, _, kind in listed()} == explained


def test_only_answers_depend_on_data_among_what_a_peer_gets() -> None:
    assert {(message, field) for message, field, kind in listed() if kind == "answer"} == {
        ("VerifyAnswers", "results"),
        ("FieldAnswer", "present"),
        ("FieldAnswer", "value"),
        ("StatisticCell", "count"),
    }


def test_every_key_of_an_errors_metadata_is_in_the_list() -> None:
    used = {
        keyword.arg
        for module in modules()
        for call in ast.walk(module)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "NodeError"
        for keyword in call.keywords
        if keyword.arg is not None
    }
    told = {key for row in section("## Errors") for key in CODED.findall(row[0])}
    assert used - told == set()


def test_every_line_of_the_nodes_log_is_in_the_list() -> None:
    written = {
        call.args[0].value
        for module in modules()
        for call in ast.walk(module)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in LEVELS
        and getattr(call.func.value, "id", "") == "log"
        and isinstance(call.args[0], ast.Constant)
    }
    told = {line for row in section("## The node's own log") for line in CODED.findall(row[0])}
    assert written == told


@pytest.mark.parametrize("name", ["snapshot", "revision", "content"])
def test_no_field_is_named_after_a_state_of_the_data(name: str) -> None:
    assert not [(message, field) for message, field, _ in listed() if field == name]
