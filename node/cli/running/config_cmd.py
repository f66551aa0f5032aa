"""`dxnode config`: checks and shows the settings of a node."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.terminal.exits import Exit
from node.cli.terminal.output import Terminal, plain
from node.cli.terminal.session import DEFAULT_CONFIG, ConfigFile, settings_in, with_terminal
from node.texts.wording import say, t

if TYPE_CHECKING:
    from node.config.file import SettingProblem
    from node.config.settings import Settings

app = typer.Typer()

File = Annotated[Path | None, typer.Argument(metavar="FILE", callback=settings_in, show_default=False)]


@app.command("check")
@with_terminal
def check(
    terminal: Terminal,
    file: File = None,
    config: ConfigFile = DEFAULT_CONFIG,
    settings_only: Annotated[bool, typer.Option("--settings-only")] = False,
) -> None:
    """Find every mistake in a settings file, and in the files that it names."""
    from node.config.file import read_settings

    file = file or config
    settings, problems = read_settings(file)
    if settings is not None:
        problems = _beyond(settings, file, files=not settings_only)
    if terminal.json:
        terminal.document([_view(problem) for problem in problems])
    else:
        terminal.result(problems, *(say(problem.placed) for problem in problems))
    if not all(problem.warning for problem in problems):
        raise typer.Exit(Exit.USAGE)
    terminal.note(t("config.usable" if problems else "config.good", path=file))


def _beyond(settings: Settings, file: Path, *, files: bool) -> tuple[SettingProblem, ...]:
    """What is wrong with what good settings name: addresses, and with `files` what a node would open."""
    from node.app.data_check import data_problems
    from node.app.live.inspection import inspect
    from node.config.file import SettingPlaces
    from node.core.address import misled

    places = SettingPlaces(file)
    exchange = settings.exchange
    found = [
        places.problem(("exchange", "advertise"), wording, warning=True)
        for wording in misled(exchange.advertise, exchange.listen, _resolve)
    ]
    for each in inspect(settings, datetime.now(UTC), os.urandom) if files else ():
        found.append(places.problem(each.setting, each.wording, warning=each.warning))
    found.sort(key=lambda problem: (problem.line, problem.column))
    if files:
        closed = {problem.setting.removeprefix("sources.") for problem in found}
        found.extend(data_problems(settings, places, closed))
    return tuple(found)


def _resolve(name: str) -> Sequence[str]:
    """The addresses of a host name, as this machine knows it."""
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return ()


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
        "severity": "warning" if problem.warning else "error",
        "message": say(problem.wording),
        "key": problem.wording.key,
        "args": plain(problem.wording.args),
    }
