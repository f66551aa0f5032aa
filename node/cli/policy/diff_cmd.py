"""`dxnode policy diff`: what an edit of policies changes, for whom, and whether somebody may learn more."""

from __future__ import annotations

import gc
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from node.analysis.diff.diff import difference
from node.cli.policy import diff_report as policy_diff_report
from node.cli.policy.diff_phrases import Titles
from node.cli.policy.files import note_unread, read_files
from node.cli.policy.workdays_cmd import calendar_of
from node.cli.terminal.exits import Exit
from node.cli.terminal.output import Terminal, Ticker, harmless
from node.cli.terminal.session import ConfigIfThere, settings_file, with_terminal
from node.core.policy.policy import Policies
from node.core.reading.build import build_policies
from node.texts.wording import CHINA, t


@with_terminal
def diff(
    terminal: Terminal,
    before: Annotated[Path, typer.Argument(metavar="A")],
    after: Annotated[Path, typer.Argument(metavar="B")],
    holidays: Annotated[Path | None, typer.Option("--holidays", show_default=False)] = None,
    holidays_before: Annotated[Path | None, typer.Option("--holidays-before", show_default=False)] = None,
    config: ConfigIfThere = None,
) -> None:
    """Say what changes in meaning from A to B. The exit code says whether somebody may learn more."""
    # Millions of small tuples live to the end of this command, and none in a cycle: looking for cycles among
    # them again and again is half of the time.
    gc.disable()
    settings = settings_file(config)
    calendar = calendar_of(holidays, settings)
    calendar_before = calendar_of(holidays_before, settings) if holidays_before is not None else None
    with terminal.progress(t("diff.busy.reading"), 2) as ticker:
        old, new = (_read(path, ticker) for path in (before, after))
    note_unread(terminal, before, after)
    datasets = old.datasets.keys() | new.datasets.keys()
    with terminal.progress(t("diff.busy.comparing"), len(datasets)) as ticker:
        today = datetime.now(CHINA).date()
        found = difference(old, new, calendar, today, calendar_before, partial(ticker.advance, 1))
    if terminal.json:
        terminal.document(policy_diff_report.difference_view(found))
    else:
        for line in policy_diff_report.difference_lines(found, Titles((new, old))):
            sys.stdout.write(harmless(line) + "\n")
    if not found.equal:
        raise typer.Exit(Exit.WIDER if found.widens else Exit.NARROWER)


def _read(path: Path, ticker: Ticker) -> Policies:
    policies = build_policies(read_files([path]))
    ticker.advance(1)
    return policies
