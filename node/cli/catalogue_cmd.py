"""`dxnode catalogue`: what a department shares, and on which conditions."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli import approval_cmd, catalogue_file_cmd, clock_cmd
from node.cli.approval_text import say
from node.cli.output import when
from node.cli.policy_names import UnknownName
from node.cli.session import Session, with_desk
from node.cli.text import language, t
from node.errors import NodeError, Reason

if TYPE_CHECKING:
    from node.client import CatalogueEntry
    from node.client.results import CatalogueApproval, CatalogueQuestion

app = typer.Typer()
approval_cmd.add_to(app)
clock_cmd.add_to(app)
catalogue_file_cmd.add_to(app)

Provider = Annotated[str, typer.Option("--provider", show_default=False)]


@app.command("list")
@with_desk
def list_datasets(session: Session, provider: Provider = "") -> None:
    """The datasets of a department."""
    entries = session.client.catalogue(provider)
    if session.terminal.json:
        session.terminal.document(entries)
        return
    columns = ("dataset", "title", "provider", "sharing", "update")
    rows = [
        (
            entry.dataset,
            entry.title,
            entry.provider,
            t(f"catalogue.{entry.sharing}") + (say("mark") if entry.unapproved else ""),
            entry.update,
        )
        for entry in entries
    ]
    session.terminal.table([t(f"catalogue.{column}") for column in columns], rows, t("catalogue.empty"))


@app.command("show")
@with_desk
def show(
    session: Session,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", show_default=False)],
    provider: Provider = "",
) -> None:
    """One dataset with its fields, questions and conditions."""
    *before, name = dataset.split("/")
    department = provider or "/".join(before)
    try:
        entry = session.client.dataset(name, department)
    except NodeError as error:
        if error.reason is Reason.NOT_SHARED:
            _suggest(session, name, department)
        raise
    if session.terminal.json:
        session.terminal.document(entry)
        return
    _show(session, entry)


def _suggest(session: Session, name: str, provider: str) -> None:
    """Say which of the department's datasets was probably meant, if one is close."""
    with suppress(NodeError):  # the first error is the one to tell
        names = tuple(entry.dataset for entry in session.client.catalogue(provider))
        unknown = UnknownName("dataset", name, names)
        if unknown.closest:
            session.terminal.note(unknown.said("zh" if language() == "zh" else "en"))


@app.command("search")
@with_desk
def search(
    session: Session,
    text: Annotated[list[str] | None, typer.Argument(metavar="TEXT", show_default=False)] = None,
    provider: Provider = "",
    field: Annotated[str, typer.Option("--field", show_default=False)] = "",
    purpose: Annotated[str, typer.Option("--purpose", show_default=False)] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=50)] = 10,
) -> None:
    """What is there already, and how to get it."""
    found = session.client.search_catalogue(
        " ".join(text or ()), provider, field=field, purpose=purpose, limit=limit
    )
    terminal = session.terminal
    if terminal.json:
        terminal.document(found)
        return
    for entry in found.entries:
        terminal.result(entry, *_how_to_get(entry), "")
    if not found.total:
        terminal.note(t("catalogue.nothing_found"))
    elif found.total > len(found.entries):
        terminal.note(t("catalogue.more", shown=len(found.entries), total=found.total))


@app.command("history")
@with_desk
def history(
    session: Session,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", show_default=False)],
    provider: Provider = "",
) -> None:
    """The versions of a dataset's entry that were served."""
    *before, name = dataset.split("/")
    versions = session.client.dataset_history(name, provider or "/".join(before))
    if session.terminal.json:
        session.terminal.document(versions)
        return
    columns = [
        say(f"column.{name}") for name in ("number", "since", "title", "approved", "changed", "version")
    ]
    rows = [
        (
            str(version.number),
            when(version.served_since),
            version.title,
            "; ".join(_approved_by(each) for each in version.approvals),
            ", ".join(version.changed) or "-",
            version.entry_digest.hex()[:16],
        )
        for version in versions
    ]
    session.terminal.table(columns, rows, say("no_history"))


def _approved_by(approval: CatalogueApproval) -> str:
    return say(
        "approved", role=say(f"role_name.{approval.role}"), person=approval.person, at=when(approval.at)
    )


def _how_to_get(entry: CatalogueEntry) -> list[str]:
    """What a dataset answers, to whom, for what, and what to apply for (Art. 19)."""
    lines = [
        f"{entry.provider}/{entry.dataset}  {entry.title}" + (say("mark") if entry.unapproved else ""),
        f"  {t('catalogue.sharing')}: {t(f'catalogue.{entry.sharing}')}",
    ]
    if entry.sharing == "not_shared":
        return [*lines, "  " + t("catalogue.reason", reason=entry.reason, basis=entry.legal_basis)]
    for question in entry.questions:
        lines.append(f"  {question.name}  {question.title}  ({t(f'catalogue.{question.kind}')})")
        for condition in question.conditions:
            purposes = ", ".join(condition.purposes)
            lines.append(f"    {t('catalogue.to')}: {condition.to}; {t('catalogue.purposes')}: {purposes}")
    lines.append("  " + t("catalogue.apply", provider=entry.provider, dataset=entry.dataset))
    return lines


def _show(session: Session, entry: CatalogueEntry) -> None:
    terminal = session.terminal
    personal = t("label.yes") if entry.personal else t("label.no")
    terminal.result(
        entry,
        f"{entry.dataset}  {entry.title}" + (say("mark") if entry.unapproved else ""),
        f"{t('catalogue.provider')}: {entry.provider}",
        f"{t('catalogue.sharing')}: {t(f'catalogue.{entry.sharing}')}",
        f"{t('catalogue.update')}: {entry.update}",
        t("catalogue.level", level=entry.level, personal=personal),
        *(_approved_by(each) for each in entry.approvals),
    )
    if entry.sharing == "not_shared":
        terminal.result(entry, t("catalogue.reason", reason=entry.reason, basis=entry.legal_basis))
    terminal.result(entry, "")
    fields = [(field.name, field.title, field.type, field.sensitivity) for field in entry.fields]
    columns = ("field_name", "title", "type", "sensitivity")
    terminal.table([t(f"catalogue.{column}") for column in columns], fields, t("label.none"))
    for question in entry.questions:
        terminal.result(entry, "", *_question_lines(question))


def _question_lines(question: CatalogueQuestion) -> list[str]:
    lines = [
        f"{question.name}  {question.title}",
        f"  {t('catalogue.kind')}: {t(f'catalogue.{question.kind}')}",
        f"  {t('catalogue.asks')}: {question.expression}",
    ]
    for name, choices in question.parameters.items():
        lines.append(f"  {t('catalogue.parameters')}: {name} = {' | '.join(choices)}")
    if question.claims:
        lines.append(f"  {t('catalogue.claims')}: {', '.join(question.claims)}")
    for condition in question.conditions:
        said = (
            ("to", condition.to),
            ("purposes", ", ".join(condition.purposes)),
            ("when", condition.when),
            ("limits", condition.limits),
        )
        parts = "; ".join(f"{t(f'catalogue.{key}')}: {value}" for key, value in said if value)
        lines.append(f"  {t('catalogue.rule')} {condition.rule}: {parts}")
    return lines
