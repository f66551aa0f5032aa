"""`dxnode catalogue`: what a department shares, and on which conditions."""

from __future__ import annotations

from typing import Annotated

import typer

from node.cli.catalogue import approval_cmd
from node.cli.catalogue import deadlines_cmd as clock_cmd
from node.cli.catalogue import file_cmd as catalogue_file_cmd
from node.cli.catalogue.text import (
    approved_by,
    show_entry,
    show_hit,
    title_of,
    word,
)
from node.cli.terminal.mistyped import dataset_named, meant_purpose
from node.cli.terminal.output import when
from node.cli.terminal.session import DeskSession, with_desk
from node.texts.wording import listing, sentences, t

app = typer.Typer()
approval_cmd.add_to(app)
clock_cmd.add_to(app)
catalogue_file_cmd.add_to(app)

Provider = Annotated[str, typer.Option("--provider", show_default=False)]


@app.command("list")
@with_desk
def list_datasets(session: DeskSession, provider: Provider = "") -> None:
    """The datasets of a department."""
    with dataset_named(session.client, "", provider):
        entries = session.client.catalogue(provider)
    if session.terminal.json:
        session.terminal.document(entries)
        return
    columns = ("dataset", "title", "provider", "sharing", "update")
    rows = [
        (
            entry.dataset,
            title_of(entry),
            entry.provider,
            word("sharing", entry.sharing) + (t("approval.mark") if entry.unapproved else ""),
            word("update", entry.update),
        )
        for entry in entries
    ]
    session.terminal.table(
        [t(f"catalogue.column.{column}") for column in columns], rows, t("catalogue.empty")
    )


@app.command("show")
@with_desk
def show(
    session: DeskSession,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", show_default=False)],
    provider: Provider = "",
) -> None:
    """One dataset with its fields, questions and conditions."""
    name, department = _named(dataset, provider)
    with dataset_named(session.client, name, department):
        entry = session.client.dataset(name, department)
    if session.terminal.json:
        session.terminal.document(entry)
        return
    show_entry(session.terminal, entry)


def _named(dataset: str, provider: str) -> tuple[str, str]:
    """The dataset, and the department in front of it or of the option."""
    *before, name = dataset.split("/")
    return name, provider or "/".join(before)


@app.command("search")
@with_desk
def search(
    session: DeskSession,
    text: Annotated[list[str] | None, typer.Argument(metavar="TEXT", show_default=False)] = None,
    provider: Provider = "",
    field: Annotated[str, typer.Option("--field", show_default=False)] = "",
    purpose: Annotated[str, typer.Option("--purpose", show_default=False)] = "",
    department: Annotated[str, typer.Option("--department", show_default=False)] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=50)] = 10,
) -> None:
    """What is there already, and how to get it."""
    found = session.client.search_catalogue(
        " ".join(text or ()), provider, field=field, purpose=purpose, department=department, limit=limit
    )
    terminal = session.terminal
    if terminal.json:
        terminal.document(found)
        return
    for entry in found.entries:
        show_hit(terminal, entry)
    if not found.total:
        terminal.note(t("catalogue.nothing_found"))
        if purpose and (meant := meant_purpose(session.client, purpose)):
            terminal.note(t("meant.purpose", names=listing(meant)))
    elif found.total > len(found.entries):
        terminal.note(t("catalogue.more", shown=len(found.entries), total=found.total))


@app.command("history")
@with_desk
def history(
    session: DeskSession,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", show_default=False)],
    provider: Provider = "",
) -> None:
    """The versions of a dataset's entry that were served."""
    name, department = _named(dataset, provider)
    with dataset_named(session.client, name, department):
        versions = session.client.dataset_history(name, department)
    if session.terminal.json:
        session.terminal.document(versions)
        return
    columns = [
        t(f"approval.column.{column}")
        for column in ("number", "served", "title", "approved", "changed", "version")
    ]
    rows = [
        (
            str(version.number),
            when(version.served_since),
            version.title,
            sentences(approved_by(each) for each in version.approvals),
            listing(version.changed) or "-",
            version.entry_digest.hex()[:16],
        )
        for version in versions
    ]
    session.terminal.table(columns, rows, t("approval.no_history"))
