"""`dxnode demo`: plays the demo city, or writes out the examples that come along."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from node.cli.terminal.exits import Exit
from node.cli.terminal.output import Terminal
from node.cli.terminal.session import with_terminal
from node.demo.size import FEWEST, MOST, RESIDENTS
from node.texts.wording import labelled, language, t

app = typer.Typer()

EXAMPLES = Path("dxnode-examples")


@app.command("demo")
@with_terminal
def demo(
    terminal: Terminal,
    residents: Annotated[int, typer.Option("--residents", metavar="N", min=FEWEST, max=MOST)] = RESIDENTS,
    folder: Annotated[Path | None, typer.Option("--folder", metavar="DIR", show_default=False)] = None,
    keep: Annotated[bool, typer.Option("--keep")] = False,
    examples: Annotated[bool, typer.Option("--examples")] = False,
) -> None:
    """Build a city of six nodes on this machine, and play what they can and cannot learn from each other."""
    if examples:
        _examples(terminal, folder or EXAMPLES)
        return
    from node.demo.play import perform
    from node.demo.stage import Stage

    stage = Stage(language(), sys.stdout, as_json=terminal.json)
    try:
        ended_well = perform(stage, folder, residents, keep=keep)
    except RuntimeError as error:  # a node did not start; the text ends with what it printed
        sys.stderr.write(labelled(t("label.error"), error) + "\n")
        ended_well = False
    raise typer.Exit(Exit.OK if ended_well else Exit.FAILED)


def _examples(terminal: Terminal, folder: Path) -> None:
    from node.demo.shipped import unpack

    made = unpack(folder)
    terminal.result({"made": made}, *(t("label.made", path=path) for path in made))
