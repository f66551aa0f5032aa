"""`dxnode batch`: one question about every row of a CSV file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.ask.ask_cmd import Case, Parameters, Purpose, Question
from node.cli.terminal.options import claim_columns_from, parameters_from, require_new
from node.cli.terminal.session import DeskSession, with_desk
from node.core.policy.question_kind import QuestionKind
from node.errors import NodeError
from node.texts.wording import t

if TYPE_CHECKING:
    import pandas as pd

    from node.cli.ask.batch_file import Progress
    from node.client.frame import Columns

app = typer.Typer()


@app.command("batch")
@with_desk
def batch(
    session: DeskSession,
    question: Question,
    source: Annotated[
        Path, typer.Argument(metavar="IN.csv", exists=True, dir_okay=False, show_default=False)
    ],
    target: Annotated[Path, typer.Argument(metavar="OUT.csv", dir_okay=False, show_default=False)],
    purpose: Purpose,
    case: Case,
    param: Parameters = None,
    subject_column: Annotated[str, typer.Option("--subject-column")] = "id",
    claim: Annotated[list[str] | None, typer.Option("--claim", show_default=False)] = None,
    keep_going: Annotated[bool, typer.Option("--keep-going")] = False,
    restart: Annotated[bool, typer.Option("--restart")] = False,
    force: Annotated[bool, typer.Option("--force")] = False,
) -> None:
    """Ask one question about every row of a CSV file."""
    from node.cli.ask.batch_file import (
        Output,
        asked_digest,
        forget_progress,
        load_progress,
        new_progress,
    )
    from node.cli.ask.batch_input import open_input, read_blocks
    from node.client.frame import Columns, Query, RefusedError, ask_blocks

    if target.exists() and target.samefile(source):
        raise typer.BadParameter(t("batch.same_file"))
    require_new(target, force)
    columns = Columns(subject_column, claim_columns_from(claim))
    parameters = parameters_from(param)
    given = open_input(source)
    asked = asked_digest(
        given,
        {
            "question": question,
            "purpose": purpose,
            "case": case,
            "parameters": dict(parameters),
            "subject": subject_column,
            "claims": dict(columns.claims),
        },
    )
    if restart:
        forget_progress(target)
    progress = load_progress(target, asked)
    if progress is None:
        progress = new_progress(asked, session.client.kind_of(question), os.urandom)
    else:
        session.terminal.note(t("batch.resuming", done=progress.rows, total=given.rows))
    kind = QuestionKind(progress.kind)
    subject_type = session.client.subject_type_of(question)
    query = Query(question, purpose, case, parameters, bytes.fromhex(progress.batch_id), kind, subject_type)
    blocks = (_checked(block, columns) for block in read_blocks(given, progress.rows))
    with (
        Output(target, given.encoding, progress) as output,
        session.terminal.progress(t("batch.working"), given.rows) as ticker,
    ):
        ticker.advance(progress.rows)
        answers = ask_blocks(
            session.client.batch,
            blocks,
            query,
            columns,
            first_chunk=progress.next_chunk,
            keep_going=keep_going,
        )
        overdue = False
        try:
            for block in answers:
                overdue = overdue or block.overdue
                progress = output.append(_worded(block.frame), block.next_chunk)
                ticker.advance(len(block.frame))
        except NodeError as error:
            if isinstance(error, RefusedError):
                output.renew(os.urandom)
            session.terminal.note(t("batch.stopped", done=progress.rows, total=given.rows))
            raise
        output.finish()
    _report(session, target, progress, overdue)


def _checked(block: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    from node.client.frame import RESULT_COLUMNS, check_columns

    check_columns(block.columns, columns)
    for name in RESULT_COLUMNS:
        if name in block.columns:
            raise typer.BadParameter(t("batch.columns", column=name))
    return block


def _worded(block: pd.DataFrame) -> pd.DataFrame:
    """Answers as they stand in the file, in every language: yes, no, or the value; empty without one."""
    if block["answer"].dtype != "boolean":
        return block
    return block.assign(answer=block["answer"].map({True: "yes", False: "no"}).astype("string"))


def _report(session: DeskSession, target: Path, progress: Progress, overdue: bool) -> None:
    result = {
        "file": str(target),
        "rows": progress.rows,
        "answered": progress.answered,
        "yes": progress.yes,
        "batch_id": progress.batch_id,
    }
    refused = progress.rows - progress.answered
    session.terminal.result(
        result, t("batch.done", path=target, rows=progress.rows, answered=progress.answered, refused=refused)
    )
    if overdue:
        session.terminal.note(t("batch.data_overdue"))
    not_verified = progress.answered - progress.yes
    if progress.kind == QuestionKind.VERIFY and not_verified:
        session.terminal.note(t("batch.not_verified", count=not_verified))
