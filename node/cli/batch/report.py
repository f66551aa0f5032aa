"""What a batch says before it begins, of how long it takes, and at the end, of what came out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from node.cli.batch.progress import NO, Progress
from node.cli.terminal.exits import EXIT_OF_REASON, Exit
from node.cli.terminal.output import Terminal
from node.errors import Reason
from node.texts.wording import t

if TYPE_CHECKING:
    from node.cli.batch.plan import Plan, Subjects
    from node.client.limits import AskLimits


_YES: Final = frozenset({"", "y", "yes", "是", "好"})


def tell_plan(
    terminal: Terminal, plan: Plan, subjects: Subjects, limits: AskLimits, progress: Progress
) -> None:
    """How many are asked about, how many can be answered today, and how many days it takes."""
    rest = max(0, subjects.valid - progress.asked_about)
    if subjects.rows > subjects.valid:
        terminal.note(t("batch.plan.invalid", count=subjects.rows - subjects.valid, rows=subjects.rows))
    if plan.days > 1:
        terminal.note(
            t(
                "batch.plan.days",
                subjects=rest,
                limit=limits.per_day,
                used=limits.used_today,
                days=plan.days,
                today=plan.today,
            )
        )
        if limits.workdays:
            terminal.note(t("batch.plan.workdays"))
    elif limits.per_day:
        terminal.note(t("batch.plan.day", subjects=rest, limit=limits.per_day, used=limits.used_today))
    if not limits.known:
        terminal.note(t("batch.plan.unknown"))
    if beyond := subjects.beyond(limits.per_subject):
        terminal.note(t("batch.plan.subject", count=beyond, limit=limits.per_subject))
    if beyond := subjects.beyond(limits.wrong_tries):
        terminal.note(t("batch.plan.tries", count=beyond, limit=limits.wrong_tries))


def confirm(terminal: Terminal) -> None:
    """Ask whether to begin, if somebody is there to answer. Raises typer.Abort if not."""
    if terminal.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    # Not by Typer, which writes a part of the question to stdout, among the results.
    sys.stderr.write(t("batch.plan.begin") + " ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer or answer.strip().lower() not in _YES:
        raise typer.Abort


def sum_up(terminal: Terminal, target: Path, progress: Progress, plan: Plan, *, changed: bool) -> None:
    """Counts by answer and reason; whether the input has `changed` meanwhile."""
    refused = progress.rows - progress.answered
    result = {
        "file": str(target),
        "rows": progress.rows,
        "answered": progress.answered,
        "yes": progress.answers.get("yes", 0),
        "answers": progress.answers,
        "reasons": progress.reasons,
        "not_asked": progress.not_asked,
        "batch_id": progress.batch_id,
        "input_sha256": progress.input,
        "input_changed": changed,
        "per_day": plan.per_day,
        "chunk_rows": plan.chunk_rows,
        "data_overdue": progress.overdue,
    }
    done = t("batch.done", path=target, rows=progress.rows, answered=progress.answered, refused=refused)
    terminal.result(result, done, *_counts(progress))
    if progress.overdue:
        terminal.note(t("batch.data_overdue"))
    if not_verified := progress.answers.get(NO, 0):
        terminal.note(t("batch.not_verified", count=not_verified))
    if changed:
        terminal.note(t("batch.input_changed", count=progress.rows))


def exit_code(progress: Progress) -> Exit:
    """What a finished batch came to, for scripts: answers to all rows, to some, or why to none."""
    if progress.answered == progress.rows:
        return Exit.OK
    if progress.answered:
        return Exit.PARTIAL
    most = max(sorted(progress.reasons), key=lambda reason: progress.reasons[reason])
    return EXIT_OF_REASON[Reason[most]]


def _counts(progress: Progress) -> Iterator[str]:
    for answer, count in sorted(progress.answers.items(), reverse=True):
        yield f"  {count}  {t(f'batch.sum.{answer}')}"
    invalid = Reason.QUERY_INVALID.name
    if progress.not_asked:
        what = t("batch.sum.invalid")
        yield "  " + t("batch.sum.reason", count=progress.not_asked, reason=invalid, what=what)
    for reason, count in sorted(progress.reasons.items()):
        if count := count - progress.not_asked * (reason == invalid):
            what = t(f"reason.{reason}.what")
            yield "  " + t("batch.sum.reason", count=count, reason=reason, what=what)
