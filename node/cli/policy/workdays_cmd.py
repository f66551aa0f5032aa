"""`dxnode workdays`: what a date is, when a term ends, and whether that is final."""

from __future__ import annotations

import sys
from datetime import tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from node.cli.policy.files import read_file
from node.cli.terminal.exits import Exit
from node.cli.terminal.options import day_from
from node.cli.terminal.output import Terminal, harmless
from node.cli.terminal.session import ConfigIfThere, settings_file, with_terminal
from node.core.reading.holidays import check_holidays
from node.core.workdays import MAX_WORKDAYS, NO_HOLIDAYS, Calendar, Day, Term
from node.texts.wording import CHINA, language, t

app = typer.Typer()


@app.command("workdays")
@with_terminal
def workdays(
    terminal: Terminal,
    day: Annotated[str, typer.Argument(metavar="DATE")],
    add: Annotated[int | None, typer.Option("--add", min=1, max=MAX_WORKDAYS)] = None,
    until: Annotated[str, typer.Option("--until")] = "",
    holidays: Annotated[Path | None, typer.Option("--holidays", show_default=False)] = None,
    config: ConfigIfThere = None,
) -> None:
    """Say whether a date is a working day, or count the working days of a term."""
    if add is not None and until:
        raise typer.BadParameter(t("workdays.both-given"))
    calendar, start = calendar_of(holidays, settings_file(config)), day_from(day)
    if add is not None:
        term = calendar.add_workdays(start, add)
        _show_term(terminal, term)
    elif until:
        try:
            term = calendar.workdays_between(start, day_from(until))
        except ValueError:
            raise typer.BadParameter(t("workdays.too-far")) from None
        _show_term(terminal, term)
    else:
        _show_day(terminal, calendar.on(start))


def calendar_of(file: Path | None, config: Path | None = None) -> Calendar:
    """China's calendar with a holiday file on top; every problem of the file is told before the command ends.

    Without a file, that of the node with the settings `config`. Raises NodeError(CONFIG_INVALID) for what
    cannot be read, typer.Exit for what is wrong in it.
    """
    zone: tzinfo = CHINA
    if config is not None:
        from node.config.file import load_settings

        settings = load_settings(config)
        zone, file = ZoneInfo(settings.timezone), file or settings.holidays
    if file is None:
        return Calendar(zone, NO_HOLIDAYS)
    checked = check_holidays(str(file), read_file(file).content)
    if checked.holidays is None:
        for problem in checked.problems:
            sys.stderr.write(harmless(problem.render(language())) + "\n")
        raise typer.Exit(Exit.USAGE)
    return Calendar(zone, checked.holidays)


def _show_term(terminal: Terminal, term: Term) -> None:
    text = t("workdays.term", start=term.start, end=term.end, workdays=term.workdays)
    terminal.result(term, text + _mark(term.provisional))
    _note(terminal, term.provisional)


def _show_day(terminal: Terminal, found: Day) -> None:
    kind = t("workdays.worked" if found.workday else "workdays.off")
    terminal.result(found, f"{found.date} {kind}{_title(found)}{_mark(found.provisional)}")
    _note(terminal, found.provisional)


def _title(found: Day) -> str:
    """For which holiday; the words of an operator's file already say what the day is."""
    if not found.title:
        return ""
    title = found.title_en if language() == "en" and found.title_en else found.title
    return t("workdays.in_lieu" if found.title_en and found.workday else "workdays.for_holiday", title=title)


def _mark(provisional: bool) -> str:
    return t("workdays.mark") if provisional else ""


def _note(terminal: Terminal, provisional: bool) -> None:
    if provisional:
        terminal.note(t("workdays.provisional"))
