"""`dxnode catalogue due` and `cause`: the clocks of Art. 17."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.catalogue.approval_cmd import DEFAULT_FOLDER, Folder, chosen_policies
from node.cli.pki.own_directory import read_own_directory
from node.cli.terminal.exits import Exit
from node.cli.terminal.options import day_from
from node.cli.terminal.output import Terminal, plain
from node.cli.terminal.session import DEFAULT_CONFIG, ConfigFile, with_terminal
from node.texts.wording import CHINA, t

if TYPE_CHECKING:
    from node.core.catalogue.deadlines import Deadline


def add_to(app: typer.Typer) -> None:
    """Make these commands of the group."""
    for command in (cause, due):
        app.command(command.__name__)(command)


@with_terminal
def cause(
    terminal: Terminal,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", show_default=False)],
    on: Annotated[str, typer.Option("--on", metavar="DATE", show_default=False)],
    basis: Annotated[str, typer.Option("--basis", metavar="TEXT", show_default=False)] = "",
    extended: Annotated[bool, typer.Option("--extended")] = False,
    consent: Annotated[str, typer.Option("--consent", metavar="TEXT", show_default=False)] = "",
    policies: Folder = DEFAULT_FOLDER,
) -> None:
    """Note why an entry has to be updated, or that the authority consented to a longer term."""
    from node.core.catalogue.deadlines import Cause, with_cause, with_extension
    from node.documents.causes_file import read_causes, write_causes

    if extended != bool(consent) or extended == bool(basis):
        raise typer.BadParameter(t("approval.cause.either"))
    chosen_policies(policies, (dataset,))
    day, now, known = day_from(on), datetime.now(UTC).replace(microsecond=0), read_causes(policies)
    if extended:
        causes = with_extension(known, dataset, day, consent, now)
    else:
        causes = with_cause(known, Cause(dataset, day, basis, now))
    path = write_causes(policies, causes)
    noted = next(each for each in causes if (each.dataset, each.on) == (dataset, day))
    terminal.result(
        {"cause": {**_fields(noted), "on": str(day)}, "path": path},
        t("approval.cause.extended" if extended else "approval.cause.noted", dataset=dataset, on=day),
    )
    terminal.note(t("approval.cause.next"))


@with_terminal
def due(
    terminal: Terminal,
    policies: Folder = DEFAULT_FOLDER,
    today: Annotated[str, typer.Option("--on", metavar="DATE", show_default=False)] = "",
    everything: Annotated[bool, typer.Option("--all")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Show what has to be updated or reviewed until when, the most urgent first."""
    from node.app.live.files import load_calendar
    from node.core.catalogue.deadlines import clocks
    from node.documents.approval_file import Approvers, all_approvals
    from node.documents.causes_file import read_causes

    settings, directory = read_own_directory(config)
    now = datetime.now(UTC)
    day = day_from(today) if today else now.astimezone(CHINA).date()
    approvals = all_approvals(policies, Approvers(directory), now)
    found = [
        clock
        for clock in clocks(read_causes(policies), approvals, load_calendar(settings), day)
        if everything or clock.done is None
    ]
    if terminal.json:
        terminal.document({"on": str(day), "clocks": [_clock_view(clock) for clock in found]})
    else:
        columns = [
            t(f"approval.column.{name}") for name in ("dataset", "kind", "since", "due", "left", "basis")
        ]
        rows = [
            (
                clock.dataset,
                t(f"approval.kind.{clock.kind}") + (t("approval.extended") if clock.extended else ""),
                str(clock.since),
                str(clock.due) + (t("workdays.mark") if clock.provisional else ""),
                _left(clock),
                clock.basis or "-",
            )
            for clock in found
        ]
        terminal.table(columns, rows, t("approval.nothing_due"))
    if any(clock.provisional for clock in found):
        terminal.note(t("workdays.provisional"))
    overdue = sum(clock.overdue for clock in found)
    if overdue:
        terminal.note(t("approval.overdue_count", count=overdue))
        raise typer.Exit(Exit.OUTSTANDING)


def _left(clock: Deadline) -> str:
    if clock.done is not None:
        return t("approval.done_late" if clock.late else "approval.done", on=clock.done)
    return t("approval.overdue", days=-clock.left) if clock.overdue else t("approval.left", days=clock.left)


def _clock_view(clock: Deadline) -> dict[str, object]:
    return {**_fields(clock), "overdue": clock.overdue, "late": clock.late}


def _fields(value: object) -> dict[str, object]:
    """A value object as JSON; dates as 2026-01-31."""
    fields = plain(value)
    assert isinstance(fields, dict)
    return dict(fields)
