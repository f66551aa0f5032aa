"""`dxnode peer`: what the own node remembers of the others' usage logs, and what staff decide about them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.terminal.options import require_new
from node.cli.terminal.output import when
from node.cli.terminal.session import DeskSession, with_desk
from node.errors import NodeError, Reason
from node.texts.wording import sentences, t

if TYPE_CHECKING:
    from node.client.results import PeerContradiction, PeerLog

app = typer.Typer()

Code = Annotated[str, typer.Argument(metavar="CODE", show_default=False)]


@app.command("list")
@with_desk
def list_peers(session: DeskSession) -> None:
    """The departments whose logs this node remembers."""
    found = session.client.admin.peers()
    if session.terminal.json:
        session.terminal.document([_view(each) for each in found])
        return
    columns = ("department", "records", "seen", "proved", "state")
    rows = [
        (
            each.department,
            str(_size(each.newest)),
            when(each.newest_seen),
            str(_size(each.proved)),
            t("peer.state.stopped" if each.stopped else "peer.state.exchanging"),
        )
        for each in found
    ]
    session.terminal.table([t(f"peer.column.{column}") for column in columns], rows, t("peer.nothing"))


@app.command("show")
@with_desk
def show(session: DeskSession, code: Code) -> None:
    """What this node remembers of one log, with what contradicts itself in it."""
    found = next((each for each in session.client.admin.peers() if each.department == code), None)
    if found is None:
        raise NodeError(Reason.NOT_FOUND, "error.cli.peer-unseen")
    session.terminal.result(_view(found), *_lines(found))
    if found.stopped:
        session.terminal.note(t("peer.decide", code=code))


@app.command("accept")
@with_desk
def accept(
    session: DeskSession, code: Code, reason: Annotated[str, typer.Option("--reason", show_default=False)]
) -> None:
    """Go on with a department whose log shrank or contradicts what was seen of it."""
    accepted = session.client.admin.accept_peer(code, reason)
    said = t("peer.accepted", code=code, size=_size(accepted.newest))
    session.terminal.result(_view(accepted), *(_lines(accepted) if accepted.stopped else (said,)))
    if accepted.stopped:  # it was asked at once, and contradicts what was accepted
        session.terminal.note(t("peer.decide", code=code))


@app.command("export")
@with_desk
def export(
    session: DeskSession,
    file: Annotated[Path, typer.Argument(metavar="FILE", show_default=False)],
    force: Annotated[bool, typer.Option("--force")] = False,
) -> None:
    """Write what this node remembers to a file, for others to compare with the logs."""
    from datetime import UTC, datetime

    from node.core.log.seen_file import render_seen
    from node.files.whole import PUBLIC, write_file

    require_new(file, force)
    own = session.client.admin.status().department
    notes = dict.fromkeys(note for each in session.client.admin.peers() for note in _notes(each))
    write_file(file, render_seen(own, datetime.now(UTC), list(notes)), PUBLIC)
    session.terminal.result(
        {"file": file, "notes": len(notes)}, t("peer.exported", count=len(notes), path=file)
    )
    session.terminal.note(t("peer.compare", path=file))


def _notes(log: PeerLog) -> list[bytes]:
    """All signed notes that are remembered of a log."""
    return [
        log.newest,
        log.proved,
        *(note for each in log.contradictions for note in (each.remembered, each.other)),
    ]


def _size(note: bytes) -> int:
    from node.core.log.checkpoint import checkpoint_in

    return checkpoint_in(note).size


def _view(log: PeerLog) -> dict[str, object]:
    return {
        "department": log.department,
        "records": _size(log.newest),
        "seen": log.newest_seen,
        "newest": log.newest.decode(),
        "proved_records": _size(log.proved),
        "proved": log.proved.decode(),
        "stopped": log.stopped,
        "contradictions": [
            {
                "found": each.found,
                "kind": each.kind,
                "remembered": each.remembered.decode(),
                "other": each.other.decode(),
                "accepted": each.accepted,
            }
            for each in log.contradictions
        ],
    }


def _lines(log: PeerLog) -> list[str]:
    lines = [
        t("peer.newest", department=log.department, size=_size(log.newest), when=when(log.newest_seen)),
        t("peer.proved", size=_size(log.proved)),
        t("peer.state.stopped" if log.stopped else "peer.state.exchanging"),
    ]
    for each in log.contradictions:
        lines += _contradiction_lines(each)
    return lines


def _contradiction_lines(found: PeerContradiction) -> list[str]:
    text = t(
        f"peer.found.{found.kind}",
        remembered=_size(found.remembered),
        other=_size(found.other),
        when=when(found.found),
    )
    decided = (
        t("peer.decided", when=when(found.accepted)) if found.accepted is not None else t("peer.undecided")
    )
    shown = [line for note in (found.remembered, found.other) for line in ("", *note.decode().splitlines())]
    return ["", sentences((text, decided)), *shown]
