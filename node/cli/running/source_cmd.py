"""`dxnode source`: what staff decide about the data that a node answers from."""

from __future__ import annotations

from typing import Annotated

import typer

from node.cli.terminal.mistyped import dataset_named
from node.cli.terminal.session import DeskSession, with_desk
from node.texts.wording import t

app = typer.Typer()


@app.callback()
def source() -> None:
    """The data that this node answers from."""


@app.command("accept")
@with_desk
def accept(
    session: DeskSession,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", show_default=False)],
    load: Annotated[str, typer.Option("--load", metavar="LOAD", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", show_default=False)],
) -> None:
    """Answer from a load of a dataset that was put aside."""
    with dataset_named(session.client, dataset, ""):
        taken = session.client.admin.accept_source(dataset, load, reason)
    said = t(
        "source.accepted",
        dataset=taken.dataset,
        rows=taken.rows,
        before=taken.rows_before,
        invalid=taken.invalid_subjects,
    )
    session.terminal.result(taken, said)
