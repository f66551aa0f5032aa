"""Claims that hold the documents to the code: what they name is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from support.places import ROOT
from typer._click import Command
from typer.core import TyperGroup, TyperOption

from node.cli.main import MODULES, load_command
from node.core.identity import holds_identifier
from node.core.text.tables import LANGUAGES, table

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
names = "{0.name}".format


def shell_lines(text: str) -> Iterator[str]:
    """Commands of shell blocks, one a line, and those quoted within sentences."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`\n]+)`", prose)


def dxnode_calls(text: str) -> list[list[str]]:
    """The words after `dxnode` in every command."""
    found = []
    for line in shell_lines(text):
        for call in re.findall(r"(?:^|[\s($|&])dxnode ([^|)#;&>]*)", line):
            words = re.findall(r"'[^']*'|\"[^\"]*\"|\S+", call)
            if words and words[0] not in ("…", "...", "node"):
                found.append(words)
    return found


def problem_with(words: list[str]) -> str:
    """What a command line names that does not exist, "" for nothing."""
    command: Command | None = load_command(words[0]) if words[0] in MODULES else None
    if command is None:
        return f"there is no command {words[0]}"
    rest = words[1:]
    while isinstance(command, TyperGroup) and rest:
        if (found := command.commands.get(rest[0])) is None:
            return f"there is no command {' '.join(words)}"
        command, rest = found, rest[1:]
    known = {"--help", "--lang"}
    for parameter in command.params:
        if isinstance(parameter, TyperOption):
            known.update(parameter.opts)
    unknown = [word for word in rest if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in known]
    return f"{' '.join(words)} has no option {unknown[0]}" if unknown else ""


@cache
def defined_in(path: Path) -> frozenset[str]:
    """Top-level names of a module, and Class.method."""
    found = set()
    for part in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(part.name)
        if isinstance(part, ast.ClassDef):
            members = (each for each in part.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
            found.update(f"{part.name}.{each.name}" for each in members)
        if isinstance(part, ast.Assign):
            found.update(target.id for target in part.targets if isinstance(target, ast.Name))
    return frozenset(found)


@cache
def all_tests() -> frozenset[str]:
    return frozenset(
        name
        for path in ROOT.glob("tests/**/test_*.py")
        for name in re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8"))
    )


def headings(text: str) -> set[str]:
    """Anchors as the usual renderers make them."""
    lines = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_commands_in_a_document_exist_with_their_options(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert [problem for words in dxnode_calls(text) if (problem := problem_with(words))] == []


def test_both_readmes_try_the_same_commands() -> None:
    english, chinese = (
        dxnode_calls((ROOT / name).read_text("utf-8")) for name in ("README.md", "README.zh-CN.md")
    )
    assert len(english) > 20
    assert sorted(english) == sorted(chinese)


def test_what_is_no_command_would_be_found() -> None:
    calls = dxnode_calls(
        "`dxnode frobnicate`\n\n```sh\nx=$(dxnode log verify a --key k)\ndxnode pki fly\n```\n"
    )
    assert [bool(problem_with(words)) for words in calls] == [True, True, True]


def test_functions_named_in_the_architecture_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    named = re.findall(r"`(node/[\w/]+\.py):([\w.]+)`", text)
    assert len(named) > 30
    assert [f"{path}:{name}" for path, name in named if name not in defined_in(ROOT / path)] == []


def test_the_fifteen_steps_are_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| (\d+) \|", text, re.MULTILINE) == [str(step) for step in range(1, 16)]


def test_tests_named_in_the_threat_model_exist() -> None:
    text = (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", text))
    assert len(named) > 30
    assert sorted(named - all_tests()) == []


def test_every_threat_names_a_test() -> None:
    text = (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")
    table = text.partition("| threat | control |")[2].partition("\n\n")[0]
    rows = table.splitlines()[2:]
    assert rows
    assert [row for row in rows if "`test_" not in row.rpartition("|")[0].rpartition("|")[2]] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = document.parent / path if path else document
        if not file.exists() or (anchor and anchor not in headings(file.read_text(encoding="utf-8"))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_documents_name_no_path_of_a_machine(document: Path) -> None:
    assert not re.search(r"(?<![\w.])/(work|tmp|home|root|Users)/", document.read_text(encoding="utf-8"))


def test_exit_codes_in_the_readmes_are_those_of_the_command_line() -> None:
    from node.cli.terminal.exits import Exit

    for name in ("README.md", "README.zh-CN.md"):
        codes = re.findall(r"^\| (\d+) \|", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert [int(code) for code in codes] == sorted(Exit)


def blocks(text: str) -> Iterator[str]:
    """What is typed: blocks of shell and of programs."""
    yield from re.findall(r"^```(?:sh|bash|python)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", DOCUMENTS, ids=names)
def test_no_example_has_a_subject_typed_where_it_is_kept_in_a_history(path: Path) -> None:
    # A here-document is part of the command line that a shell keeps.
    found = [block for block in blocks(path.read_text("utf-8")) if holds_identifier(block)]
    assert found == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_help_has_a_subject_in_it(lang: str) -> None:
    assert [key for key, text in table("help", lang).items() if holds_identifier(text)] == []


def test_no_case_number_of_an_example_is_taken_for_an_identity_number() -> None:
    texts = [path.read_text("utf-8") for path in (*DOCUMENTS, *ROOT.glob("policies/*.yaml"))]
    cases = {case for text in texts for case in re.findall(r"(?:--case[ =]|case: )([\w〔〕*-]+)", text)}
    assert len(cases) >= 10
    assert [case for case in cases if holds_identifier(case)] == []
