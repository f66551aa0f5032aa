"""What the YAML parser stumbles over is said in words of the node's own, in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
import yaml

from node.core.reading import document
from node.core.reading.document import read
from node.core.reading.yaml_fault import kind_of
from node.core.text.problem import Problem

LOADERS = [yaml.SafeLoader, yaml.CSafeLoader]
FAULTS = [
    ("a: @x\n", "yaml.first-sign"),
    ("a: `x`\n", "yaml.first-sign"),
    ("a: %x\n", "yaml.first-sign"),
    ('a: "C:\\qx"\n', "yaml.escape"),
    ('a: "\\xzz"\n', "yaml.escape"),
    ('a: "b\n', "yaml.open-quote"),
    ("a: 'b", "yaml.open-quote"),
    ('a: "b\n---\nc: 1\n', "yaml.open-quote"),
    ("a: - b\n", "yaml.entry-misplaced"),
    ("a: ? b\n", "yaml.question-mark"),
    ("a: |x\n  b\n", "yaml.block-text"),
    ("a: |0\n  b\n", "yaml.block-text"),
    ("a: > b c\n", "yaml.block-text"),
    ("a: {b: c:d: e}\n", "yaml.open-bracket"),
    ("a: [1,, 2]\n", "yaml.value-missing"),
    ("a: {b: [\n", "yaml.value-missing"),
    ('a: "b" c\n', "yaml.text-behind"),
    ("a: 'it's'\n", "yaml.text-behind"),
    ("[1] b\n", "yaml.text-behind"),
    ("a: 1\n...\nb: 2\n", "yaml.text-behind"),
    ("- a\nb: 1\n", "yaml.indentation"),
    ("a: 1\n- b\n", "yaml.indentation"),
    ('a: "b": c\n', "yaml.colon-in-text"),
    ("a: &\n", "yaml.anchor"),
    ("a: *\n", "yaml.alias"),
    ("a: !<b\n", "yaml.tag"),
    ("a: !b!c d\n", "yaml.tag"),
    ("a: !b%zz c\n", "yaml.tag"),
    ("%YAML\n---\na: 1\n", "yaml.directive"),
    ("%YAML 3.0\n---\na: 1\n", "yaml.directive"),
    ("%YAML 1.1\n%YAML 1.1\n---\na: 1\n", "yaml.directive"),
    ("%TAG\n---\na: 1\n", "yaml.directive"),
    ("a: [b\n\tc]\n", "yaml.tab"),
    ("a: \t- b\n", "yaml.tab"),
]
OURS = re.compile(r"['“]key: value['”]|YAML|[*&!]name|%NAME")


def _first(text: str) -> Problem:
    return read("f.yaml", text.encode()).problems[0]


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(("text", "key"), FAULTS)
def test_what_the_parser_stumbles_over_is_told_by_its_kind(
    text: str, key: str, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "_LOADER", loader)
    assert _first(text).key == key


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("text", [text for text, _ in FAULTS])
def test_no_word_of_the_parser_is_told(text: str, loader: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_LOADER", loader)
    with pytest.raises(yaml.MarkedYAMLError) as refused:
        list(yaml.parse(text, Loader=loader))
    problem = _first(text)
    for said in (problem.message_in("en"), problem.hint_in("en"), *map(str, dict(problem.args).values())):
        assert str(refused.value.problem) not in said
    for said in (problem.message_in("zh"), problem.hint_in("zh")):
        assert not re.search("[A-Za-z]{4}", OURS.sub("", said))


def test_an_open_quote_is_told_where_it_begins() -> None:
    found = _first('a: 1\nb: "c\n---\nd: 1\n')
    assert (found.line, found.column) == (2, 4)


def test_every_message_of_the_library_has_its_kind() -> None:
    """So that a later version of it that says something new is found here."""
    said = list(messages_of_the_library())
    assert len(said) > 40
    known = ("could not find expected ':'", "expected ',' or", "mapping values are not allowed here")
    rest = [each for each in said if kind_of(each) == "yaml.syntax"]
    assert [each for each in rest if not any(words in each for words in known)] == []


def messages_of_the_library() -> Iterator[str]:
    """Context and problem of each error that PyYAML's scanner and parser raise."""
    for module in ("scanner.py", "parser.py"):
        for node in ast.walk(ast.parse(files(yaml).joinpath(module).read_text("utf-8"))):
            named = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if named in ("ScannerError", "ParserError"):
                assert isinstance(node, ast.Call)
                told = [
                    each.value
                    for part in node.args
                    for each in ast.walk(part)
                    if isinstance(each, ast.Constant)
                ]
                words = " ".join(str(each) for each in told if each is not None)
                yield words.replace("an %s", "an anchor").replace("a %s", "a tag")


def test_what_nobody_foresaw_is_told_by_its_place() -> None:
    assert kind_of("while reading tea leaves found nothing") == "yaml.syntax"
