"""`dxnode pki rotate`: replaces keys and certificates without a gap."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from node.cli.pki.node import AuthorityFolder, hosts_of, node_in, now
from node.cli.terminal.output import Terminal, when
from node.cli.terminal.session import DEFAULT_CONFIG, ConfigFile, with_terminal
from node.errors import NodeError, Reason
from node.texts.wording import t

app = typer.Typer(no_args_is_help=True)
# What follows from a new key that the directory has to list before the node signs with it.
_LISTED_KEYS = ("rotate.publish_then_sign", "rotate.keep_listed")


@app.command("sealing")
@with_terminal
def rotate_sealing(terminal: Terminal, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Add a new sealing key; the one before goes on until it expires."""
    from node.documents.rotation import rotate_sealing_key

    _settings, files, _about = node_in(config)
    key_id = rotate_sealing_key(files.keys, now(), os.urandom)
    _rotated(terminal, "sealing", key_id, "rotate.publish")


@app.command("data")
@with_terminal
def rotate_data(terminal: Terminal, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Add a new data key; what the ones before encrypted is still read with them."""
    from node.documents.rotation import rotate_data_key

    _settings, files, _about = node_in(config)
    key_id = rotate_data_key(files.keys, now(), os.urandom)
    _rotated(terminal, "data", key_id, "rotate.counters")


@app.command("log")
@with_terminal
def rotate_log(terminal: Terminal, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Add a new key for checkpoints; the node signs with it once its directory lists it."""
    from node.documents.rotation import rotate_log_key

    _settings, files, _about = node_in(config)
    key_id = rotate_log_key(files.keys, now(), os.urandom)
    _rotated(terminal, "log", key_id, *_LISTED_KEYS)


@app.command("cosign")
@with_terminal
def rotate_cosign(terminal: Terminal, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Add a new key for cosignatures; the node signs with it once its directory lists it."""
    from node.documents.rotation import rotate_cosign_key

    _settings, files, _about = node_in(config)
    key_id = rotate_cosign_key(files.keys, now(), os.urandom)
    _rotated(terminal, "cosign", key_id, *_LISTED_KEYS)


@app.command("certificate")
@with_terminal
def rotate_certificate(
    terminal: Terminal,
    authority: AuthorityFolder,
    host: Annotated[list[str] | None, typer.Option("--host", show_default=False)] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Issue the next certificate of the exchange port, beside the one in use."""
    from node.documents.pki import open_authority
    from node.documents.rotation import prepare_node_certificate

    _settings, files, about = node_in(config)
    hosts = hosts_of(about.endpoint, *host or ())
    prepare_node_certificate(files.exchange, open_authority(authority), about.code, hosts, now())
    made = files.exchange.upcoming.certificate
    terminal.result({"made": made}, t("label.made", path=made))
    terminal.note(t("pki.rotate.publish_then_activate"))


@app.command("desk")
@with_terminal
def rotate_desk(
    terminal: Terminal,
    host: Annotated[list[str] | None, typer.Option("--host", show_default=False)] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Put a new certificate of the desk port in place, under the department's own authority."""
    from node.documents.desk_authority import rotate_desk_certificate

    settings, files, about = node_in(config)
    hosts = hosts_of(settings.desk.listen, about.endpoint, "localhost:0", *host or ())
    ends = rotate_desk_certificate(files, about.code, hosts, now())
    made = files.desk.certificate
    terminal.result({"made": made, "expires": ends}, t("label.made", path=made))
    terminal.note(t("pki.rotate.desk", until=when(ends)))


@app.command("desk-authority")
@with_terminal
def rotate_authority(
    terminal: Terminal,
    finish: Annotated[bool, typer.Option("--finish")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Put the next authority of desk callers beside the one in use; or end the one before."""
    from node.documents.desk_authority import retire_desk_authority, rotate_desk_authority

    settings, files, about = node_in(config)
    if finish:
        hosts = hosts_of(settings.desk.listen, about.endpoint, "localhost:0")
        ends = retire_desk_authority(files, about.code, hosts, now())
        made = files.desk.certificate
    else:
        ends = rotate_desk_authority(files, about.code, now())
        made = files.desk_authority.certificate
    terminal.result({"made": made, "expires": ends}, t("label.made", path=made))
    terminal.note(t("pki.rotate.desk_authority_finished" if finish else "pki.rotate.desk_authority"))


@app.command("activate")
@with_terminal
def rotate_activate(terminal: Terminal, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Use the next certificate of the exchange port, once the directory lists it."""
    from node.core.directory.directory import MAX_BYTES
    from node.crypto.signing import Verifier
    from node.documents.directory_file import read_directory
    from node.documents.note_file import read_note_file
    from node.documents.rotation import activate_node_certificate

    settings, files, _about = node_in(config)
    upcoming = files.exchange.upcoming.certificate
    if not upcoming.exists():
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.no-next-certificate", path=str(upcoming))
    note = read_note_file(settings.directory, MAX_BYTES)
    activate_node_certificate(files.exchange, read_directory(note, Verifier.parse(settings.authority)))
    terminal.result(
        {"activated": files.exchange.certificate}, t("pki.rotate.activated", path=files.exchange.certificate)
    )


def _rotated(terminal: Terminal, use: str, key_id: str, *notes: str) -> None:
    terminal.result({"key_id": key_id}, t(f"pki.rotate.{use}", key_id=key_id))
    for note in notes:
        terminal.note(t(f"pki.{note}", use=use))
