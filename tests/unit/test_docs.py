"""Claims that hold the documents to the code: what they name is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from support.places import ROOT
from typer._click import Command
from typer.core import TyperGroup, TyperOption

from node.cli.main import MODULES, load_command
from node.core.identity import holds_identifier
from node.texts.wording import LANGUAGES, table

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DESIGN = [
    ROOT / "ARCHITECTURE.md",
    *sorted(ROOT.glob("docs/design/*.md")),
    *sorted(ROOT.glob("docs/adr/*.md")),
]


def names(path: Path) -> str:
    """A document as test reports call it."""
    return str(path.relative_to(ROOT))


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
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            found.add(part.target.id)
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


def functions_named(document: Path) -> list[tuple[str, str]]:
    """What a document names as `path:function`."""
    return re.findall(r"`(node/[\w/]+\.py):([\w.]+)`", document.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_functions_named_in_a_document_exist(document: Path) -> None:
    named = functions_named(document)
    assert [f"{path}:{name}" for path, name in named if name not in defined_in(ROOT / path)] == []


def test_the_architecture_and_its_pages_name_functions() -> None:
    assert len(functions_named(ROOT / "ARCHITECTURE.md")) > 20
    assert len({named for document in DESIGN for named in functions_named(document)}) > 100


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_files_and_folders_named_in_a_document_are_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:node|tests|scripts|protos|docs|policies)/[\w./-]*)[`:]", text))
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_the_architecture_is_short_enough_to_be_read() -> None:
    lines = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 120


def modules_imported(path: Path) -> Iterator[str]:
    """Every dotted name that a module imports, also where it is used for types alone."""
    for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(part, ast.Import):
            yield from (each.name for each in part.names)
        if isinstance(part, ast.ImportFrom):
            assert part.level == 0
            yield str(part.module)
            yield from (f"{part.module}.{each.name}" for each in part.names)


def reached_from(start: Iterable[Path]) -> set[Path]:
    """Modules of the node that these need, themselves among them, without generated ones."""
    reached: set[Path] = set()
    ahead = list(start)
    while ahead:
        if (path := ahead.pop()) in reached or "v1" in path.parts:
            continue
        reached.add(path)
        for name in modules_imported(path):
            file = ROOT / Path(*name.split(".")).with_suffix(".py")
            ahead.extend([file] if name.startswith("node.") and file.exists() else [])
    return reached


def test_the_part_that_decides_is_as_small_as_the_architecture_says() -> None:
    lengths = [
        len(path.read_text("utf-8").splitlines())
        for path in reached_from(ROOT.glob("node/core/deciding/*.py"))
    ]
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    stated = re.search(r"^(\d+) files and ([\d,]+) lines, the empty", text, re.MULTILINE)
    assert stated is not None
    assert int(stated[1]) == len([length for length in lengths if length])
    # To the hundred: rounded either way, so that an edit at the border needs none here.
    lines = int(stated[2].replace(",", ""))
    assert lines % 100 == 0
    assert abs(lines - sum(lengths)) < 100


def test_every_decision_is_in_the_index_and_has_its_parts() -> None:
    index = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")
    files = sorted(ROOT.glob("docs/adr/0*.md"))
    assert [path.name for path in files] == re.findall(r"^\| \[\d+\]\(([\w-]+\.md)\)", index, re.MULTILINE)
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for path in files:
        parts = re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert parts == ["Context", "Options", "Decision", "What it costs"], path.name


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


def test_every_row_of_the_regulation_names_a_command_or_a_test_that_exists() -> None:
    text = (ROOT / "docs/regulation.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in re.findall(r"^\| (\d.*) \|$", text, re.MULTILINE)]
    assert len(rows) > 20
    for article, _, _, shown, *_ in rows:
        tests, commands = set(re.findall(r"`(test_\w+)`", shown)), dxnode_calls(shown)
        assert tests or commands, article
        assert sorted(tests - all_tests()) == [], article
        assert [problem for words in commands if (problem := problem_with(words))] == [], article


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
