"""`dxnode config`: checks and shows the settings of a node."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.terminal.exits import Exit
from node.cli.terminal.output import Terminal, harmless
from node.cli.terminal.session import DEFAULT_CONFIG, ConfigFile, with_terminal
from node.texts.wording import say, t

if TYPE_CHECKING:
    from node.config.file import SettingProblem

app = typer.Typer()

File = Annotated[Path | None, typer.Argument(metavar="FILE", show_default=False)]


@app.command("check")
@with_terminal
def check(terminal: Terminal, file: File = None, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Find every mistake in a settings file."""
    from node.config.file import read_settings

    file = file or config
    _settings, problems = read_settings(file)
    if terminal.json:
        terminal.document([_view(problem) for problem in problems])
    for problem in () if terminal.json else problems:
        sys.stdout.write(harmless(say(problem.placed)) + "\n")
    if problems:
        raise typer.Exit(Exit.USAGE)
    terminal.note(t("config.good", path=file))


@app.command("show")
@with_terminal
def show(
    terminal: Terminal,
    file: File = None,
    config: ConfigFile = DEFAULT_CONFIG,
    reference: Annotated[bool, typer.Option("--reference")] = False,
) -> None:
    """Show the settings in force, defaults included."""
    import yaml

    from node.config.file import load_settings, show_settings
    from node.config.file import reference as reference_text

    if reference:
        sys.stdout.write(reference_text())
        return
    settings = load_settings(file or config)
    if terminal.json:
        terminal.document(yaml.safe_load(show_settings(settings)))
        return
    sys.stdout.write(show_settings(settings))


def _view(problem: SettingProblem) -> dict[str, object]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "setting": problem.setting,
        "message": say(problem.wording),
        "key": problem.wording.key,
        "args": problem.wording.args,
    }
