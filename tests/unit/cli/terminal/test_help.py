"""Claims about the help of every command."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.cli_run import dxnode
from typer._click import Command
from typer.core import TyperArgument, TyperGroup, TyperOption

from node.cli.main import MODULES, load_command
from node.texts.wording import LANGUAGES, table

HEAVY = [
    "cryptography",
    "duckdb",
    "grpc",
    "numpy",
    "opendp",
    "pandas",
    "pyarrow",
    "pydantic",
    "sqlalchemy",
    "sqlglot",
]


def below(path: tuple[str, ...], command: Command) -> Iterator[tuple[tuple[str, ...], Command]]:
    yield path, command
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            yield from below((*path, name), child)


def every_command() -> Iterator[tuple[tuple[str, ...], Command]]:
    for name in MODULES:
        command = load_command(name)
        assert command is not None, name
        yield from below((name,), command)


COMMANDS = dict(every_command())
ids = " ".join


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", [(), *COMMANDS], ids=ids)
def test_help_is_printed_in_the_language_asked_for(path: tuple[str, ...], lang: str) -> None:
    ran = dxnode(*path, "--help", "--lang", lang)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(table("help", lang)["label.usage"])


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", COMMANDS, ids=ids)
def test_every_command_and_option_is_described(path: tuple[str, ...], lang: str) -> None:
    texts = table("help", lang)
    key = ".".join(("help", *path))
    assert f"{key}.about" in texts
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, (TyperOption, TyperArgument)):
            assert f"{key}.{parameter.name}" in texts or f"option.{parameter.name}" in texts, parameter.name


@pytest.mark.parametrize("path", [p for p, c in COMMANDS.items() if not isinstance(c, TyperGroup)], ids=ids)
def test_every_command_has_an_example_that_names_it(path: tuple[str, ...]) -> None:
    for lang in LANGUAGES:
        example = table("help", lang).get(".".join(("help", *path, "example")), "")
        assert f"dxnode {' '.join(path)}" in example, lang


@pytest.mark.parametrize("path", COMMANDS, ids=ids)
def test_every_command_that_answers_can_answer_in_json(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    # One runs until it is stopped, the other writes JSON anyway.
    if not isinstance(command, TyperGroup) and path not in {("serve",), ("policy", "schema")}:
        assert any("--json" in parameter.opts for parameter in command.params)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", COMMANDS, ids=ids)
def test_no_name_of_an_option_is_cut(path: tuple[str, ...], lang: str) -> None:
    shown = dxnode(*path, "--help", "--lang", lang, env={"COLUMNS": "80"}).out
    lines = shown.splitlines()
    for parameter in COMMANDS[path].params:
        if isinstance(parameter, TyperOption) and not parameter.is_flag:
            name, kind = max(parameter.opts, key=len), parameter.metavar or ""
            (line,) = [line for line in lines if re.match(rf"  (-\w, )?{name} ", line)]
            assert f"{name} {kind}" in line


def test_no_text_describes_what_is_not_there() -> None:
    described = {key.rsplit(".", 1)[0] for key in table("help", "en") if key.startswith("help.")}
    known = {"help"} | {".".join(("help", *path)) for path in COMMANDS}
    assert described <= known


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from node.cli.main import app\n"
        "try:\n    app(['--help'])\n"
        "except SystemExit:\n    pass\n"
        f"print(sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stderr.strip() == "[]"
