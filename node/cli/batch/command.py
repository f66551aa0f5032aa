"""`dxnode batch`: one question about every row of a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from node.cli.ask.ask_cmd import Case, Parameters, Purpose, Question
from node.cli.batch.stopping import ToldToStopError, command_to_go_on, saying_how_far, told_to_stop
from node.cli.terminal.exits import Exit, is_denial
from node.cli.terminal.mistyped import question_named
from node.cli.terminal.options import claim_columns_from, parameters_from, require_new
from node.cli.terminal.session import DeskSession, with_desk
from node.core.policy.question_kind import QuestionKind
from node.errors import NodeError, Reason
from node.texts.message import Message
from node.texts.wording import t

if TYPE_CHECKING:
    import pandas as pd

    from node.cli.batch.input_file import Input
    from node.cli.batch.output_file import Output
    from node.cli.batch.plan import Plan
    from node.cli.batch.progress import Progress
    from node.cli.batch.rows import Rows
    from node.cli.terminal.output import Ticker
    from node.client.frame import Columns, Query

app = typer.Typer()

_OF_TABLES: Final = frozenset({".xlsx", ".xls", ".et", ".ods", ".parquet"})
"""What files end in that programs take for something else than CSV, and then call damaged."""


@app.command("batch")
@with_desk
def batch(
    session: DeskSession,
    context: typer.Context,
    question: Question,
    source: Annotated[Path, typer.Argument(metavar="IN", exists=True, dir_okay=False, show_default=False)],
    target: Annotated[Path, typer.Argument(metavar="OUT.csv", dir_okay=False, show_default=False)],
    purpose: Purpose,
    case: Case,
    param: Parameters = None,
    subject_column: Annotated[str, typer.Option("--subject-column")] = "id",
    claim: Annotated[list[str] | None, typer.Option("--claim", show_default=False)] = None,
    sheet: Annotated[str, typer.Option("--sheet", show_default=False)] = "",
    accept_invalid: Annotated[bool, typer.Option("--accept-invalid")] = False,
    keep_going: Annotated[bool, typer.Option("--keep-going")] = False,
    yes: Annotated[bool, typer.Option("--yes")] = False,
    restart: Annotated[bool, typer.Option("--restart")] = False,
    force: Annotated[bool, typer.Option("--force")] = False,
) -> None:
    """Ask one question about every row of a file."""
    from node.cli.batch.input_file import open_input
    from node.cli.batch.output_file import Output
    from node.client.frame import Columns, Query

    if target.exists() and target.samefile(source):
        raise typer.BadParameter(t("batch.same_file"))
    if target.suffix.lower() in _OF_TABLES:
        raise typer.BadParameter(t("batch.csv_output", name=target.with_suffix(".csv").name))
    columns = Columns(subject_column, claim_columns_from(claim))
    query = Query(question, purpose, case, parameters_from(param), b"", None)
    command = command_to_go_on(context.find_root().obj or sys.argv[1:])
    try:
        with question_named(session.client, question, purpose), told_to_stop(), Output(target) as output:
            require_new(target, force)
            if restart:
                output.forget()
            with open_input(source, sheet) as given:
                run = _Run(session, output, given, query, columns)
                run.prepare(sheet, accept_invalid=accept_invalid, confirmed=yes)
                with saying_how_far(session.terminal, output, given.rows.count, command):
                    run.ask(keep_going=keep_going)
                    output.finish()
                code = run.sum_up(target)
    except ToldToStopError:
        raise NodeError(Reason.DRAINING, "batch.terminated") from None
    if code:
        raise typer.Exit(code)


class _Run:
    """One run of the command: what it has found out, for what comes next."""

    def __init__(
        self, session: DeskSession, output: Output, given: Input, query: Query, columns: Columns
    ) -> None:
        self._session = session
        self._output = output
        self._given = given
        self._query = query
        self._columns = columns
        self._plan: Plan | None = None

    def prepare(self, sheet: str, *, accept_invalid: bool, confirmed: bool) -> None:
        """Look through the input and at the limits, go on from an earlier run; nobody is asked about yet.

        Raises NodeError QUERY_INVALID for an input that cannot be asked about, typer.Abort when the person
        does not want to begin what takes days.
        """
        from node.cli.batch import plan, report
        from node.cli.batch.progress import asked_digest, new_progress
        from node.cli.batch.unchanged import unreadable
        from node.client.columns import SAMPLE, identifiers_in
        from node.client.frame import bad_column

        client, terminal, rows = self._session.client, self._session.terminal, self._given.rows
        subject_type = client.subject_type_of(self._query.question)
        self._columns = _found(rows, replace(self._columns, subject_type=subject_type))
        if self._columns.claims and rows.form.is_unclear:
            raise unreadable(self._given.file.path, Message("error.input.encoding-unclear"))
        asked = asked_digest(self._query, self._columns, sheet)
        earlier = self._output.earlier(asked, self._given.file.digest)
        subjects = plan.look_through(rows.column(self._columns.subject), self._columns.subject, subject_type)
        if subjects.fault is not None and not accept_invalid:
            other = identifiers_in(rows.names, rows.first(SAMPLE), subject_type)
            raise bad_column(subjects.fault, self._columns.subject, other)
        self._columns = replace(self._columns, rounded=subjects.rounded)
        limits = client.limits(self._query.question, self._query.purpose)
        limits.check_given(self._query.parameters, tuple(self._columns.claims))
        if earlier is None:
            self._plan = plan.plan(subjects.valid, limits)
            kind = client.kind_of(self._query.question)
            progress = new_progress(asked, self._given.file.digest, kind, self._plan.chunk_rows, os.urandom)
        else:
            progress = earlier
            self._plan = plan.plan_rest(progress.chunk_rows, subjects.valid - progress.asked_about, limits)
            terminal.note(t("batch.resuming", done=progress.rows, total=rows.count))
        report.tell_plan(terminal, self._plan, subjects, limits, progress)
        if earlier is None and self._plan.days > 1 and not confirmed:
            report.confirm(terminal)
        self._output.start(progress, rows.form)

    def ask(self, *, keep_going: bool) -> None:
        """Ask about the rows that are left. Raises NodeError.

        A node that takes less at once than it said, because its settings or policies have changed, is asked
        again in smaller chunks.
        """
        output, again = self._output, True
        with self._session.terminal.progress(t("batch.working"), self._given.rows.count) as ticker:
            ticker.advance(output.progress.rows)
            while again:
                again = self._ask(ticker, keep_going=keep_going)

    def _ask(self, ticker: Ticker, *, keep_going: bool) -> bool:
        """Ask to the end; tells whether to ask again, in smaller chunks."""
        from node.client.frame import RefusedError, is_too_many

        output = self._output
        try:
            for rows in self._answered(keep_going=keep_going):
                ticker.advance(rows)
        except NodeError as error:
            before = output.progress.chunk_rows
            # A refusal is on record under the id; where the desk refuses who asks, nothing is.
            if isinstance(error, RefusedError) or (not output.progress.rows and is_denial(error)):
                output.renew(os.urandom, self._rows_of_a_chunk(before))
            if not is_too_many(error) or output.progress.chunk_rows >= before:
                raise
            return True
        return False

    def _answered(self, *, keep_going: bool) -> Iterator[int]:
        """Ask, and write the answers; gives how many rows there are, block by block."""
        from node.client.frame import ask_blocks

        progress = self._output.progress
        batch_id, kind = bytes.fromhex(progress.batch_id), QuestionKind(progress.kind)
        answers = ask_blocks(
            self._session.client.batch,
            self._blocks(progress),
            replace(self._query, batch_id=batch_id, kind=kind),
            self._columns,
            first_chunk=progress.next_chunk,
            keep_going=keep_going,
        )
        with closing(answers):
            for block in answers:
                self._output.append(block)
                yield len(block.frame)

    def _rows_of_a_chunk(self, before: int) -> int:
        """By the limits as they are now; as before where they cannot be had."""
        from node.cli.batch import plan

        try:
            limits = self._session.client.limits(self._query.question, self._query.purpose, refresh=True)
        except NodeError:
            return before
        return plan.plan(0, limits).chunk_rows

    def _blocks(self, progress: Progress) -> Iterator[pd.DataFrame]:
        for block in self._given.rows.blocks(progress.rows, progress.chunk_rows):
            self._output.begin()
            yield block

    def sum_up(self, target: Path) -> Exit:
        """Say what came out; gives the exit code."""
        from node.cli.batch import report

        assert self._plan is not None
        changed = self._given.file.has_changed()
        report.sum_up(self._session.terminal, target, self._output.progress, self._plan, changed=changed)
        return report.exit_code(self._output.progress)


def _found(rows: Rows, columns: Columns) -> Columns:
    from node.client.answered import RESULT_COLUMNS
    from node.client.columns import SAMPLE
    from node.client.frame import found_columns

    for name in RESULT_COLUMNS:
        if name in rows.names:
            raise typer.BadParameter(t("batch.columns", column=name))
    return found_columns(rows.names, columns, lambda: rows.first(SAMPLE))
