"""`dxnode policy new`: a first policy to edit, in a folder that may be empty."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from node.cli.terminal.options import read_option
from node.cli.terminal.output import Terminal
from node.cli.terminal.session import with_terminal
from node.texts.wording import t


@with_terminal
def new(
    terminal: Terminal,
    dataset: Annotated[str, typer.Argument(metavar="DATASET")],
    provider: Annotated[str, typer.Option("--provider", metavar="CODE", show_default=False)],
    folder: Annotated[Path, typer.Option("--folder")] = Path("policies"),
) -> None:
    """Write a policy to start from, with its table of tests and what an editor needs."""
    from node.cli.policy.example import write_example
    from node.core.identity import normalise_credit_code
    from node.core.names import is_name

    if not is_name(dataset):
        raise typer.BadParameter(t("policy_new.name"))
    made = write_example(folder, dataset, read_option("--provider", normalise_credit_code, provider))
    terminal.result({"made": made}, *(t("label.made", path=path) for path in made))
    steps = t("policy_new.steps", file=made[0], folder=folder, dataset=dataset)
    terminal.note("\n" + t("init.next") + "\n" + steps.rstrip())
