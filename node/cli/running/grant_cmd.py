"""`dxnode grant`: approved applications, those issued by this department and those that it was given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.terminal.mistyped import application_named, grant_named
from node.cli.terminal.options import RoleOption, moment_from, read_option
from node.cli.terminal.output import last_day, when
from node.cli.terminal.session import DeskSession, with_desk
from node.texts.wording import labelled, listing, t

if TYPE_CHECKING:
    from node.core.deciding.grant import Grant

app = typer.Typer()

GrantId = Annotated[str, typer.Argument(metavar="GRANT", show_default=False)]
Note = Annotated[str, typer.Option("--note", show_default=False)]


@app.command("issue")
@with_desk
def issue(
    session: DeskSession,
    to: Annotated[str, typer.Option("--to", show_default=False)],
    dataset: Annotated[str, typer.Option("--dataset", show_default=False)],
    question: Annotated[list[str], typer.Option("--question", show_default=False)],
    purpose: Annotated[list[str], typer.Option("--purpose", show_default=False)],
    until: Annotated[str, typer.Option("--until", show_default=False)],
    basis: Annotated[str, typer.Option("--basis", show_default=False)],
    scenario: Annotated[str, typer.Option("--scenario", show_default=False)],
    since: Annotated[str, typer.Option("--from", show_default=False)] = "",
    role: Annotated[
        list[RoleOption] | None, typer.Option("--role", metavar="ROLE", show_default=False)
    ] = None,
    region: Annotated[str, typer.Option("--region", show_default=False)] = "",
    per_day: Annotated[int, typer.Option("--per-day", min=0, show_default=False)] = 0,
) -> None:
    """Approve an application."""
    from node.core.deciding.grant import Grant, GrantState
    from node.core.identity import normalise_credit_code, normalise_region
    from node.core.role import ASKING_ROLES

    with application_named(session.client, to, dataset, question, purpose):
        grant = Grant(
            id="",
            provider="",
            requester=read_option("--to", normalise_credit_code, to),
            dataset=dataset,
            questions=frozenset(question),
            purposes=tuple(purpose),
            region=normalise_region(region) if region else "",
            subjects_per_day=per_day,
            valid_from=moment_from(since) if since else datetime.now(UTC),
            valid_until=moment_from(until, end_of_day=True),
            state=GrantState.ACTIVE,
            basis=basis,
            scenario=scenario,
            note="",
            roles=tuple(each for each in ASKING_ROLES if not role or each in role),
        )
        issued = session.client.admin.issue_grant(grant)
    _done(session, issued, "grant.issued")


@app.command("list")
@with_desk
def list_issued(session: DeskSession) -> None:
    """The grants that this department issued."""
    _table(session, session.client.admin.issued_grants(), "requester")


@app.command("received")
@with_desk
def received(session: DeskSession, refresh: Annotated[bool, typer.Option("--refresh")] = False) -> None:
    """The grants that this department was given."""
    _table(session, session.client.grants(refresh=refresh), "provider")


@app.command("show")
@with_desk
def show(session: DeskSession, grant: GrantId) -> None:
    """One issued grant in full."""
    with grant_named(session.client, grant):
        found = session.client.admin.grant(grant)
    session.terminal.result(found, *_lines(found))


@app.command("suspend")
@with_desk
def suspend(session: DeskSession, grant: GrantId, note: Note) -> None:
    """Suspend a grant at once."""
    with grant_named(session.client, grant):
        changed = session.client.admin.suspend_grant(grant, _why(note))
    _done(session, changed, "grant.is_suspended")


@app.command("resume")
@with_desk
def resume(session: DeskSession, grant: GrantId, note: Note = "") -> None:
    """Lift a suspension."""
    with grant_named(session.client, grant):
        changed = session.client.admin.resume_grant(grant, note)
    _done(session, changed, "grant.is_resumed")


@app.command("revoke")
@with_desk
def revoke(session: DeskSession, grant: GrantId, note: Note) -> None:
    """End a grant for good."""
    with grant_named(session.client, grant):
        changed = session.client.admin.revoke_grant(grant, _why(note))
    _done(session, changed, "grant.is_revoked")


def _why(note: str) -> str:
    if not note.strip():
        raise typer.BadParameter(t("usage.note_empty"))
    return note


def _done(session: DeskSession, grant: Grant, key: str) -> None:
    # The id alone on stdout, for scripts; the sentence is for people.
    session.terminal.result(grant, grant.id)
    session.terminal.note(t(key, id=grant.id))


def _table(session: DeskSession, grants: Sequence[Grant], other: str) -> None:
    if session.terminal.json:
        session.terminal.document(grants)
        return
    columns = ("id", other, "dataset", "questions", "purposes", "roles", "until", "state")
    rows = [
        (
            grant.id,
            grant.requester if other == "requester" else grant.provider,
            grant.dataset,
            listing(sorted(grant.questions)),
            listing(grant.purposes),
            listing(grant.roles),
            last_day(grant.valid_until),
            t(f"grant.{grant.state}"),
        )
        for grant in sorted(grants, key=lambda grant: grant.id)
    ]
    session.terminal.table([t(f"grant.{column}") for column in columns], rows, t("grant.empty"))


def _lines(grant: Grant) -> list[str]:
    parts = {
        "id": grant.id,
        "requester": grant.requester,
        "provider": grant.provider,
        "dataset": grant.dataset,
        "questions": listing(sorted(grant.questions)),
        "purposes": listing(grant.purposes),
        "roles": listing(grant.roles),
        "region": grant.region or t("label.all"),
        "per_day": str(grant.subjects_per_day) if grant.subjects_per_day else t("label.unlimited"),
        "from": when(grant.valid_from),
        "until": last_day(grant.valid_until),
        "state": t(f"grant.{grant.state}"),
        "basis": grant.basis,
        "scenario": grant.scenario,
        "note": grant.note or t("label.none"),
    }
    return [labelled(t(f"grant.{key}"), value) for key, value in parts.items()]
