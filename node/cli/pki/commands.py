"""`dxnode pki`: keys and certificates of a node and its people, and a development authority."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from node.cli.pki import directory_cmd, rotate_cmd
from node.cli.pki.node import hosts_of, node_in, now, tell_open_folder
from node.cli.terminal.options import read_option
from node.cli.terminal.output import Terminal
from node.cli.terminal.passphrase import PassphraseFile, read_passphrase
from node.cli.terminal.session import DEFAULT_CONFIG, ConfigFile, with_terminal
from node.core.address import reached_at
from node.core.role import ASKING_ROLES
from node.errors import NodeError, Reason
from node.texts.wording import listing, t

app = typer.Typer()
app.add_typer(directory_cmd.app, name="directory")
app.add_typer(rotate_cmd.app, name="rotate")

_MOST_BYTES = 256 << 10
OwnAuthority = Annotated[Path | None, typer.Option("--authority", show_default=False)]


@app.command("authority")
@with_terminal
def authority(
    terminal: Terminal,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", show_default=False)],
    code: Annotated[str, typer.Option("--code", show_default=False)],
) -> None:
    """Make a development authority: its TLS authority, and the key that signs the directory."""
    from node.core.identity import normalise_credit_code
    from node.documents.pki import make_authority_files

    made = make_authority_files(folder, read_option("--code", normalise_credit_code, code), now(), os.urandom)
    vkey = made.signer(now()).verifier.vkey()
    terminal.result({"folder": str(folder), "code": made.code, "authority": vkey}, vkey)
    terminal.note(t("pki.authority.made", path=folder))
    tell_open_folder(terminal, made.tls.key)


@app.command("node")
@with_terminal
def node(
    terminal: Terminal,
    authority: OwnAuthority = None,
    host: Annotated[list[str] | None, typer.Option("--host", show_default=False)] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Make what a new node needs: private keys, certificates of both ports, an authority for desk callers."""
    from node.documents.pki import make_desk, make_node_certificate, make_node_keys, open_authority

    settings, files, about = node_in(config)
    made = []
    if not files.have_keys():
        make_node_keys(files.keys, now(), os.urandom)
        made.append(files.keys)
    if authority is not None and not files.exchange.exist():
        hosts = hosts_of(about.endpoint, *host or ())
        make_node_certificate(files.exchange, open_authority(authority), about.code, hosts, now())
        made.append(files.exchange.certificate)
    if not files.desk.exist():
        make_desk(files, about.code, hosts_of(settings.desk.listen, about.endpoint, "localhost:0"), now())
        made += [files.desk.certificate, files.desk_authority.certificate]
    terminal.result({"made": made}, *(t("label.made", path=path) for path in made))
    for folder in dict.fromkeys((files.keys, files.exchange.key.parent, files.desk.key.parent)):
        tell_open_folder(terminal, folder / "any")
    if not files.exchange.exist():
        terminal.note(t("pki.node.bring", path=files.exchange.certificate))
    elif not made:
        terminal.note(t("pki.node.complete"))


@app.command("desk-user")
@with_terminal
def desk_user(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    role: Annotated[str, typer.Option("--role", metavar="ROLE", show_default=False)],
    out: Annotated[Path, typer.Option("--out", show_default=False)],
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Issue a certificate with a role to a person or system at the desk."""
    from node.documents.pki import make_desk_user

    settings, files, about = node_in(config)
    user = make_desk_user(files, out, about.code, role, name, now())
    shown = {"certificate": user.certificate, "key": user.key, "roots": user.desk_roots}
    terminal.result(shown, *(t("label.made", path=path) for path in shown.values()))
    tell_open_folder(terminal, user.key)
    desk = reached_at(settings.desk.listen, settings.exchange.advertise)
    where = {"desk": desk, "certificate": user.certificate, "key": user.key, "roots": user.desk_roots}
    terminal.note(t("pki.user.use", **where))
    if role in ASKING_ROLES and role not in settings.roles.rules():
        terminal.note(t("pki.user.role_without_rights", role=role, config=config))


@app.command("officer")
@with_terminal
def officer(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    code: Annotated[str, typer.Option("--code", show_default=False)],
    out: Annotated[Path, typer.Option("--out")] = Path(),
    head: Annotated[bool, typer.Option("--head")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make an officer's key for approving policies, or a head's for the catalogue, under a passphrase."""
    from node.core.directory.directory import OfficerRole, officer_key_name
    from node.core.identity import normalise_credit_code
    from node.documents.officer_key import make_officer_key
    from node.files.whole import PUBLIC, write_file

    code = read_option("--code", normalise_credit_code, code)
    officer_key_name(code, name)  # before somebody thinks of a passphrase
    role, file = (OfficerRole.HEAD, f"{name}-head") if head else (OfficerRole.OFFICER, name)
    key, public = out / f"{file}.key", out / f"{file}.vkey"
    if public.exists():  # which may be another officer's, sent here
        raise NodeError(Reason.CONFIG_INVALID, "error.documents.file-exists", path=str(public))
    passphrase = read_passphrase(passphrase_file, new=True)
    vkey = make_officer_key(key, code, name, passphrase, os.urandom, role).verifier.vkey()
    write_file(public, vkey.encode() + b"\n", PUBLIC)
    terminal.result(
        {"key": key, "public": public, "officer": vkey},
        t("bundle.officer.made", key=key, public=public),
        vkey,
    )
    tell_open_folder(terminal, key)
    terminal.note(t("bundle.officer.next", folder="officers"))


@app.command("member")
@with_terminal
def member(
    terminal: Terminal,
    out: Annotated[Path, typer.Option("--out")] = Path("member.json"),
    roots: Annotated[Path | None, typer.Option("--roots", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Write the file that tells the authority this node's public keys, certificates and address."""
    from hashlib import sha256

    from node.core.directory.directory import OfficerRole, render_member
    from node.documents.pki import export_member, read_officers
    from node.files.whole import PUBLIC, write_file

    settings, files, about = node_in(config)
    if not force:
        _require_own_member(out, about.code)
    roots = roots or settings.exchange.roots or files.exchange.roots
    officers, approvals = read_officers(settings.policies.officers), settings.policies.approvals
    named = [key.partition("+")[0] for key in officers]
    signers = {name for name in named if name.startswith(f"dxnode/{about.code}/{OfficerRole.OFFICER}/")}
    if signers and len(signers) < approvals:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.cli.too-few-officers",
            count=len(signers),
            approvals=approvals,
            officers=str(settings.policies.officers),
        )
    exported = export_member(about, files.keys, files.exchange, roots, now(), officers, approvals)
    content = render_member(exported)
    write_file(out, content, PUBLIC)
    digest = sha256(content).hexdigest()
    names = [name.split("/", 2)[-1] for name in named]
    terminal.result(
        {"path": str(out), "sha256": digest, "officers": names},
        t("pki.member.made", path=out, digest=digest),
        t("pki.member.officers", names=listing(names)) if names else t("pki.member.no_officers"),
    )
    terminal.note(t("pki.member.next"))


def _require_own_member(out: Path, code: str) -> None:
    """Raises NodeError(CONFIG_INVALID) when what would be written over is no member file of it."""
    from node.core.directory.directory import parse_member
    from node.files.text import read_text

    if not out.exists():
        return
    try:
        known = parse_member(read_text(out, _MOST_BYTES)).code
    except NodeError:
        known = ""
    if known != code:
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.output-exists", out=str(out))
