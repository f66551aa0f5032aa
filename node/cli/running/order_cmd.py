"""`dxnode order`: what takes two people, from the node's text over the officers' signatures to the deed."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from node.cli.pki.officer import open_officer
from node.cli.pki.own_directory import read_own_directory
from node.cli.terminal.output import Terminal, when
from node.cli.terminal.passphrase import PassphraseFile
from node.cli.terminal.session import ConfigIfThere, DeskSession, settings_file, with_desk, with_terminal
from node.errors import NodeError, Reason
from node.texts.wording import find, labelled, language, listing, t

if TYPE_CHECKING:
    from node.core.state.order import Order

app = typer.Typer()

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
File = Annotated[Path, typer.Argument(metavar="FILE", show_default=False)]


@app.command("draft")
@with_desk
def draft(
    session: DeskSession,
    kind: Annotated[str, typer.Argument(metavar="KIND", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", show_default=False)],
    out: Annotated[Path, typer.Option("--out", show_default=False)],
    of: Annotated[str, typer.Option("--of", show_default=False)] = "",
) -> None:
    """Have the node write down what is to be decided."""
    from node.core.state.order import parse_order
    from node.files.whole import PUBLIC, write_file

    if out.exists():
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.output-exists", out=str(out))
    text = session.client.admin.draft_order(kind, of, reason)
    order = parse_order(text)
    write_file(out, text, PUBLIC)
    session.terminal.result(_view(order) | {"file": out}, *_lines(order))
    session.terminal.note(t("order.drafted", path=out))


@app.command("show")
@with_terminal
def show(terminal: Terminal, file: File, config: ConfigIfThere = None) -> None:
    """Say what an order decides, and who has signed it."""
    from node.documents.order_file import read_order, signed_order

    content = _read(file)
    order = read_order(content)
    view, lines = _view(order), _lines(order)
    settings = settings_file(config)
    if settings is not None:
        _, directory = read_own_directory(settings)
        member = directory.members.get(order.department)
        if member is not None:
            approved = signed_order(content, member).approved if _is_signed(content) else ()
            view |= {"approved": approved, "needed": member.approvals}
            officers = listing(approved) or t("error.officers.nobody")
            lines.append(t("order.approved", officers=officers, needed=member.approvals))
    terminal.result(view, *lines)


@app.command("sign")
@with_terminal
def sign(
    terminal: Terminal,
    file: File,
    key: Annotated[Path, typer.Option("--key", show_default=False)],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign an order with an officer's key, in its file."""
    from node.documents.officer_key import read_officer
    from node.documents.order_file import read_order, sign_order
    from node.files.whole import PUBLIC, write_file

    content = _read(file)
    order = read_order(content)
    officer = read_officer(key).name.rpartition("/")[2]
    if not terminal.json:  # before the passphrase: what is signed is seen first
        terminal.result(order, *_lines(order))
    write_file(file, sign_order(content, open_officer(terminal, key, passphrase_file)), PUBLIC)
    terminal.result(_view(order) | {"officer": officer, "file": file}, t("order.signed", officer=officer))
    terminal.note(t("order.next_officer", path=file))


@app.command("apply")
@with_desk
def apply(session: DeskSession, file: File) -> None:
    """Have the node carry out an order that enough officers have signed."""
    from node.documents.order_file import read_order

    content = _read(file)
    order = read_order(content)
    if not _is_signed(content):
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.order-unsigned")
    applied = session.client.admin.apply_order(content)
    session.terminal.result(
        applied,
        t(f"order.applied.{order.kind}"),
        t("order.recorded", index=applied.index, officers=listing(applied.approved)),
    )


def _read(file: Path) -> bytes:
    from node.core.state.order import MAX_BYTES
    from node.files.text import read_text

    return read_text(file, MAX_BYTES)


def _is_signed(content: bytes) -> bool:
    from node.core.state.order import render_order
    from node.documents.order_file import read_order

    return content != render_order(read_order(content))


def _view(order: Order) -> dict[str, object]:
    return {
        "department": order.department,
        "kind": order.kind,
        "id": order.id,
        "issued": order.issued,
        "expires": order.expires,
        "about": order.about,
        "facts": {name: _shown(value) for name, value in order.facts.items()},
        "reason": order.reason,
    }


def _lines(order: Order) -> list[str]:
    """What the order decides, for who signs it."""
    about = f" {order.about}" if order.about else ""
    lines = [t(f"order.kind.{order.kind}") + about]
    lines += [f"  {labelled(_name_of(name), _shown(value))}" for name, value in order.facts.items()]
    lines.append(t("order.reason", reason=order.reason))
    lines.append(t("order.valid", department=order.department, until=when(order.expires)))
    return lines


def _shown(value: str) -> str:
    """What a fact says; a time, which is signed as UTC, as all times are shown."""
    return when(datetime.fromisoformat(value)) if _MOMENT.fullmatch(value) else value


def _name_of(fact: str) -> str:
    """What a fact of an order is called; one of a newer node stays as it is."""
    return find(f"order.fact.{fact}", language()) or fact
