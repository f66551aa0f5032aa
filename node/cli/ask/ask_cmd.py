"""`dxnode verify`, `ask` and `stats`: one question about one subject, or one statistic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.ask.subject_input import read_subject
from node.cli.ask.under_way import command_of, under_way
from node.cli.terminal.exits import Exit
from node.cli.terminal.mistyped import question_named
from node.cli.terminal.options import exchange_id_from, parameters_from
from node.cli.terminal.output import when
from node.cli.terminal.session import DeskSession, with_desk
from node.core.identity import SubjectType
from node.texts.wording import t

if TYPE_CHECKING:
    from node.client import Statistic
    from node.client.results import Proof

app = typer.Typer()

Question = Annotated[str, typer.Argument(metavar="QUESTION", show_default=False)]
Purpose = Annotated[str, typer.Option("--purpose", show_default=False)]
Case = Annotated[str, typer.Option("--case", show_default=False)]
Parameters = Annotated[list[str] | None, typer.Option("-p", "--param", show_default=False)]
SubjectFrom = Annotated[Path | None, typer.Option("--subject-from", show_default=False)]
Claims = Annotated[list[str] | None, typer.Option("--claim", show_default=False)]
ExchangeId = Annotated[str, typer.Option("--exchange-id", show_default=False)]


@app.command("verify")
@with_desk
def verify(
    session: DeskSession,
    question: Question,
    purpose: Purpose,
    case: Case,
    param: Parameters = None,
    subject_from: SubjectFrom = None,
    claim: Claims = None,
    exchange_id: ExchangeId = "",
    exit_code: Annotated[bool, typer.Option("--exit-code")] = False,
) -> None:
    """Ask a yes-or-no question about one subject."""
    chosen, parameters = exchange_id_from(exchange_id), parameters_from(param)
    command = command_of("verify", question, purpose, case, param or (), claim or (), subject_from)
    command += ["--exit-code"] if exit_code else []
    subject = read_subject(
        subject_from,
        claim or (),
        _kind_of(session, question, purpose, chosen if exchange_id else b"", command),
    )
    with (
        question_named(session.client, question, purpose, parameters, subject.claims),
        under_way(session, chosen, command, is_new=not exchange_id),
    ):
        answer = session.client.verify(
            question,
            subject.id,
            purpose=purpose,
            case=case,
            parameters=parameters,
            claims=subject.claims,
            exchange_id=chosen,
        )
    session.terminal.result(answer, t("ask.verified") if answer.answer else t("ask.not_verified"))
    if not answer.answer:
        session.terminal.note(t("ask.not_verified_next"))
    _note_proof(session, answer.proof)
    if exit_code and not answer.answer:
        raise typer.Exit(Exit.NO)


@app.command("ask")
@with_desk
def ask(
    session: DeskSession,
    question: Question,
    purpose: Purpose,
    case: Case,
    param: Parameters = None,
    subject_from: SubjectFrom = None,
    claim: Claims = None,
    exchange_id: ExchangeId = "",
) -> None:
    """Ask for one derived field of one subject."""
    chosen, parameters = exchange_id_from(exchange_id), parameters_from(param)
    command = command_of("ask", question, purpose, case, param or (), claim or (), subject_from)
    subject = read_subject(
        subject_from,
        claim or (),
        _kind_of(session, question, purpose, chosen if exchange_id else b"", command),
    )
    with (
        question_named(session.client, question, purpose, parameters, subject.claims),
        under_way(session, chosen, command, is_new=not exchange_id),
    ):
        answer = session.client.field(
            question,
            subject.id,
            purpose=purpose,
            case=case,
            parameters=parameters,
            claims=subject.claims,
            exchange_id=chosen,
        )
    session.terminal.result(answer, t("label.absent") if answer.value is None else answer.value)
    _note_proof(session, answer.proof)


@app.command("stats")
@with_desk
def stats(
    session: DeskSession,
    question: Question,
    purpose: Purpose,
    case: Case,
    param: Parameters = None,
    exchange_id: ExchangeId = "",
) -> None:
    """Ask for noisy counts."""
    chosen, parameters = exchange_id_from(exchange_id), parameters_from(param)
    command = command_of("stats", question, purpose, case, param or ())
    with (
        question_named(session.client, question, purpose, parameters),
        under_way(session, chosen, command, is_new=not exchange_id),
    ):
        release = session.client.statistic(
            question, purpose=purpose, case=case, parameters=parameters, exchange_id=chosen
        )
    if session.terminal.json:
        session.terminal.document(release)
        return
    _show_cells(session, release)
    session.terminal.note(t("ask.statistic_label"))
    session.terminal.note(
        t(
            "ask.statistic_accuracy",
            accuracy=release.accuracy_95,
            epsilon=f"{release.epsilon_micros / 1_000_000:g}",
        )
    )
    if release.reused:
        session.terminal.note(t("ask.statistic_reused"))
    _note_proof(session, release.proof)


def _show_cells(session: DeskSession, release: Statistic) -> None:
    if len(release.cells) == 1 and not release.cells[0].key:
        session.terminal.result(release, str(release.cells[0].count))
        return
    rows = [(" / ".join(cell.key), str(cell.count)) for cell in release.cells]
    session.terminal.table((t("ask.group"), t("ask.count")), rows, t("label.none"))


def _kind_of(
    session: DeskSession, question: str, purpose: str, exchange_id: bytes, command: Sequence[str]
) -> Callable[[], SubjectType | None]:
    """Asks the desk whom a question is about; before an exchange of a new id there is no answer to fetch."""

    def asked() -> SubjectType | None:
        with ExitStack() as within:
            within.enter_context(question_named(session.client, question, purpose))
            if exchange_id:
                within.enter_context(under_way(session, exchange_id, command, is_new=False))
            return session.client.subject_type_of(question)

    return asked


def _note_proof(session: DeskSession, proof: Proof) -> None:
    """How old the data are, with a word of caution where they should be newer, and where it is on record."""
    if proof.data_as_of is not None:
        key = "ask.data_overdue" if proof.data_overdue else "ask.data_as_of"
        session.terminal.note(t(key, as_of=when(proof.data_as_of)))
    session.terminal.note(
        t(
            "ask.proof",
            own=proof.own_index,
            provider=proof.provider_index,
            size=proof.provider_size,
            exchange=proof.exchange_id.hex(),
        )
    )
