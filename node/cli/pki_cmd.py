"""`dxnode pki`: keys and certificates of a node, a development authority, and the directory that it signs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.output import Terminal, when
from node.cli.session import DEFAULT_CONFIG, with_terminal
from node.cli.text import language, table

if TYPE_CHECKING:
    from node.config import Settings
    from node.core.directory import Directory, Member, OfficerRole
    from node.crypto.pki import About, NodeFiles

app = typer.Typer()
rotate_app = typer.Typer(no_args_is_help=True)
directory_app = typer.Typer(no_args_is_help=True)
app.add_typer(directory_app, name="directory")
app.add_typer(rotate_app, name="rotate")

AuthorityFolder = Annotated[Path, typer.Option("--authority", show_default=False)]
OwnAuthority = Annotated[Path | None, typer.Option("--authority", show_default=False)]
ConfigFile = Annotated[Path, typer.Option("--config", envvar="DXNODE_CONFIG")]
Codes = Annotated[list[str] | None, typer.Option(metavar="CODE", show_default=False)]
_MOST_BYTES = 256 << 10
# What follows from a new key that the directory has to list before the node signs with it.
_LISTED_KEYS = ("rotate.publish_then_sign", "rotate.keep_listed")


def say(key: str, /, **args: object) -> str:
    """A text of this group of commands, in the language spoken."""
    return table("pki", language())[key].format(**args)


@app.command("authority")
@with_terminal
def authority(
    terminal: Terminal,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", show_default=False)],
    code: Annotated[str, typer.Option("--code", show_default=False)],
) -> None:
    """Make a development authority: its TLS authority, and the key that signs the directory."""
    from node.core.identity import normalise_credit_code
    from node.crypto.pki import make_authority_files

    made = make_authority_files(folder, normalise_credit_code(code), _now(), os.urandom)
    vkey = made.signer(_now()).verifier.vkey()
    terminal.result({"folder": str(folder), "code": made.code, "authority": vkey}, vkey)
    terminal.note(say("authority.made", path=folder))


@app.command("node")
@with_terminal
def node(
    terminal: Terminal,
    authority: OwnAuthority = None,
    host: Annotated[list[str] | None, typer.Option("--host", show_default=False)] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Make what a new node needs: private keys, certificates of both ports, an authority for desk callers."""
    from node.crypto.pki import make_desk, make_node_certificate, make_node_keys, open_authority

    settings, files, about = _node(config)
    made = []
    if not files.have_keys():
        make_node_keys(files.keys, _now(), os.urandom)
        made.append(files.keys)
    if authority is not None and not files.exchange.exist():
        hosts = _hosts(about.endpoint, *host or ())
        make_node_certificate(files.exchange, open_authority(authority), about.code, hosts, _now())
        made.append(files.exchange.certificate)
    if not files.desk.exist():
        make_desk(files, about.code, _hosts(settings.desk.listen, about.endpoint, "localhost:0"), _now())
        made += [files.desk.certificate, files.desk_authority.certificate]
    terminal.result({"made": made}, *(say("made", path=path) for path in made))
    if not files.exchange.exist():
        terminal.note(say("node.bring", path=files.exchange.certificate))
    elif not made:
        terminal.note(say("node.complete"))


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
    from node.crypto.pki import make_desk_user

    _settings, files, about = _node(config)
    user = make_desk_user(files, out, about.code, role, name, _now())
    shown = {"certificate": user.certificate, "key": user.key, "roots": user.desk_roots}
    terminal.result(shown, *(say("made", path=path) for path in shown.values()))
    terminal.note(say("user.use", certificate=user.certificate, key=user.key, roots=user.desk_roots))


@app.command("officer")
@with_terminal
def officer(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME", show_default=False)],
    code: Annotated[str, typer.Option("--code", show_default=False)],
    out: Annotated[Path, typer.Option("--out")] = Path(),
    head: Annotated[bool, typer.Option("--head")] = False,
    passphrase_file: Annotated[Path | None, typer.Option("--passphrase-file", show_default=False)] = None,
) -> None:
    """Make an officer's key for approving policies, or a head's for the catalogue, under a passphrase."""
    from node.cli import bundle_text
    from node.cli.passphrase import read_passphrase
    from node.core.directory import OfficerRole, officer_key_name
    from node.core.identity import normalise_credit_code
    from node.crypto.files import PUBLIC, write_file
    from node.crypto.officer_key import make_officer_key

    code = normalise_credit_code(code)
    officer_key_name(code, name)  # before somebody thinks of a passphrase
    role, file = (OfficerRole.HEAD, f"{name}-head") if head else (OfficerRole.OFFICER, name)
    key, public = out / f"{file}.key", out / f"{file}.vkey"
    passphrase = read_passphrase(passphrase_file, new=True)
    vkey = make_officer_key(key, code, name, passphrase, os.urandom, role).verifier.vkey()
    write_file(public, vkey.encode() + b"\n", PUBLIC)
    terminal.result(
        {"key": key, "public": public, "officer": vkey},
        bundle_text.say("officer.made", key=key, public=public),
        vkey,
    )
    terminal.note(bundle_text.say("officer.next", folder="officers"))


@app.command("member")
@with_terminal
def member(
    terminal: Terminal,
    out: Annotated[Path, typer.Option("--out")] = Path("member.json"),
    roots: Annotated[Path | None, typer.Option("--roots", show_default=False)] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Write the file that tells the authority this node's public keys, certificates and address."""
    from hashlib import sha256

    from node.core.directory import render_member
    from node.crypto.files import PUBLIC, write_file
    from node.crypto.pki import export_member, read_officers

    settings, files, about = _node(config)
    roots = roots or settings.exchange.roots or files.exchange.roots
    officers, approvals = read_officers(settings.policies.officers), settings.policies.approvals
    exported = export_member(about, files.keys, files.exchange, roots, _now(), officers, approvals)
    content = render_member(exported)
    write_file(out, content, PUBLIC)
    digest = sha256(content).hexdigest()
    terminal.result({"path": str(out), "sha256": digest}, say("member.made", path=out, digest=digest))
    terminal.note(say("member.next"))


@directory_app.command("publish")
@with_terminal
def publish_directory(
    terminal: Terminal,
    authority: AuthorityFolder,
    member: Annotated[list[Path] | None, typer.Option("--member", show_default=False)] = None,
    remove: Codes = None,
    suspend: Codes = None,
    resume: Codes = None,
    appoint: Codes = None,
    days: Annotated[int, typer.Option("--days", min=1, max=400)] = 90,
    out: Annotated[Path | None, typer.Option("--out", show_default=False)] = None,
) -> None:
    """Sign the next directory: members join or change, leave, are suspended or taken back."""
    from node.core.directory_text import Role
    from node.crypto.files import PUBLIC, read_file, write_file
    from node.crypto.pki import open_authority
    from node.crypto.publish import Orders, changes, publish

    files = open_authority(authority)
    orders = Orders(
        members=tuple(_member_file(path) for path in member or ()),
        remove=tuple(remove or ()),
        suspended=dict.fromkeys(suspend or (), True) | dict.fromkeys(resume or (), False),
        roles=dict.fromkeys(appoint or (), (Role.AUTHORITY,)),
    )
    before, after = publish(files, orders, _now(), timedelta(days=days))
    if out is not None:
        from node.core.directory import MAX_BYTES

        write_file(out, read_file(files.directory, MAX_BYTES), PUBLIC)
    found = changes(before, after)
    path = out or files.directory
    terminal.result(
        {"path": path, "version": after.version, "expires": after.expires, "changes": found},
        *_told(before, after, found),
    )
    terminal.note(say("directory.made", path=path, version=after.version, until=when(after.expires)))


@directory_app.command("show")
@with_terminal
def show_directory(
    terminal: Terminal,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", show_default=False)] = None,
    key: Annotated[str, typer.Option("--key", show_default=False)] = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Check the signature of a directory and list its members; by default, of the node's own."""
    from node.core.directory import MAX_BYTES
    from node.crypto.directory_file import read_directory
    from node.crypto.files import read_file
    from node.crypto.sign import Verifier

    if file is None or not key:
        settings = _settings(config)
        file, key = file or settings.directory, key or settings.authority
    directory = read_directory(read_file(file, MAX_BYTES), Verifier.parse(key))
    expired = directory.expires <= _now()
    if terminal.json:
        members = [_summary(one) for one in directory.members.values()]
        terminal.document(
            {
                "version": directory.version,
                "expires": directory.expires,
                "expired": expired,
                "members": members,
            }
        )
        return
    columns = [say(f"column.{name}") for name in ("code", "title", "region", "endpoint", "officers", "state")]
    terminal.table(columns, [_row(one) for one in directory.members.values()], say("directory.empty"))
    told = "directory.expired" if expired else "directory.current"
    terminal.note(say(told, version=directory.version, until=when(directory.expires)))


@rotate_app.command("sealing")
@with_terminal
def rotate_sealing(terminal: Terminal, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Add a new sealing key; the one before goes on until it expires."""
    from node.crypto.pki import rotate_sealing_key

    _settings, files, _about = _node(config)
    key_id = rotate_sealing_key(files.keys, _now(), os.urandom)
    _rotated(terminal, "sealing", key_id, "rotate.publish")


@rotate_app.command("data")
@with_terminal
def rotate_data(terminal: Terminal, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Add a new data key; what the ones before encrypted is still read with them."""
    from node.crypto.pki import rotate_data_key

    _settings, files, _about = _node(config)
    key_id = rotate_data_key(files.keys, _now(), os.urandom)
    _rotated(terminal, "data", key_id, "rotate.counters")


@rotate_app.command("log")
@with_terminal
def rotate_log(terminal: Terminal, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Add a new key for checkpoints; the node signs with it once its directory lists it."""
    from node.crypto.pki import rotate_log_key

    _settings, files, _about = _node(config)
    key_id = rotate_log_key(files.keys, _now(), os.urandom)
    _rotated(terminal, "log", key_id, *_LISTED_KEYS)


@rotate_app.command("cosign")
@with_terminal
def rotate_cosign(terminal: Terminal, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Add a new key for cosignatures; the node signs with it once its directory lists it."""
    from node.crypto.pki import rotate_cosign_key

    _settings, files, _about = _node(config)
    key_id = rotate_cosign_key(files.keys, _now(), os.urandom)
    _rotated(terminal, "cosign", key_id, *_LISTED_KEYS)


@rotate_app.command("certificate")
@with_terminal
def rotate_certificate(
    terminal: Terminal,
    authority: AuthorityFolder,
    host: Annotated[list[str] | None, typer.Option("--host", show_default=False)] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Issue the next certificate of the exchange port, beside the one in use."""
    from node.crypto.pki import open_authority, prepare_node_certificate

    _settings, files, about = _node(config)
    hosts = _hosts(about.endpoint, *host or ())
    prepare_node_certificate(files.exchange, open_authority(authority), about.code, hosts, _now())
    made = files.exchange.upcoming.certificate
    terminal.result({"made": made}, say("made", path=made))
    terminal.note(say("rotate.publish_then_activate"))


@rotate_app.command("activate")
@with_terminal
def rotate_activate(terminal: Terminal, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Use the next certificate of the exchange port, once the directory lists it."""
    from node.core.directory import MAX_BYTES
    from node.crypto.directory_file import read_directory
    from node.crypto.files import read_file
    from node.crypto.pki import activate_node_certificate
    from node.crypto.sign import Verifier

    settings, files, _about = _node(config)
    note = read_file(settings.directory, MAX_BYTES)
    activate_node_certificate(files.exchange, read_directory(note, Verifier.parse(settings.authority)))
    terminal.result(
        {"activated": files.exchange.certificate}, say("rotate.activated", path=files.exchange.certificate)
    )


def _rotated(terminal: Terminal, use: str, key_id: str, *notes: str) -> None:
    terminal.result({"key_id": key_id}, say(f"rotate.{use}", key_id=key_id))
    for note in notes:
        terminal.note(say(note, use=use))


def _now() -> datetime:
    return datetime.now(UTC)


def _settings(config: Path) -> Settings:
    from node.config_file import load_settings

    return load_settings(config)


def _node(config: Path) -> tuple[Settings, NodeFiles, About]:
    """The settings, and what they say in the words of `node.crypto.pki`."""
    from node.cli.node_folder import about_node, node_files

    settings = _settings(config)
    return settings, node_files(settings), about_node(settings)


def _hosts(*endpoints: str) -> list[str]:
    """The hosts of endpoints, each once; an address that means all interfaces is none."""
    hosts = (endpoint.rpartition(":")[0] or endpoint for endpoint in endpoints)
    return list(dict.fromkeys(host for host in hosts if host.strip("[]") not in ("0.0.0.0", "::")))  # noqa: S104 - left out


def _member_file(path: Path) -> Member:
    from node.core.directory import parse_member
    from node.crypto.files import read_file

    return parse_member(read_file(path, _MOST_BYTES))


def _summary(member: Member) -> Mapping[str, object]:
    from node.core.directory import OfficerRole

    return {
        "code": member.code,
        "title": member.title,
        "region": member.region,
        "level": member.level,
        "organisation": member.organisation,
        "roles": member.roles,
        "endpoint": member.endpoint,
        "certificates": member.certificates,
        "sealing_keys": {key.key_id: key.expires for key in member.sealing_keys},
        "log_keys": _key_ids(member.log_keys),
        "cosign_keys": _key_ids(member.cosign_keys),
        "officers": _people(member, OfficerRole.OFFICER),
        "heads": _people(member, OfficerRole.HEAD),
        "approvals": member.approvals,
        "suspended": member.suspended,
    }


def _people(member: Member, role: OfficerRole) -> list[str]:
    from node.core.directory import officer_name

    return sorted({officer_name(key, member.code, role) or "" for key in member.keys_for(role)})


def _key_ids(keys: Sequence[str]) -> Sequence[str]:
    from node.crypto.keys import signature_key_id
    from node.crypto.sign import Verifier

    return [signature_key_id(Verifier.parse(key)) for key in keys]


def _row(member: Member) -> Sequence[str]:
    state = say("state.suspended" if member.suspended else "state.active")
    roles = "".join(f", {say(f'role.{role}')}" for role in member.roles)
    return member.code, member.title, member.region, member.endpoint, _approvers(member), state + roles


def _approvers(member: Member) -> str:
    """Who has to approve the policies of a member, and how many of them."""
    from node.core.directory import OfficerRole

    names = _people(member, OfficerRole.OFFICER)
    return say("directory.officers", needed=member.approvals, names=", ".join(names)) if names else "-"


def _told(before: Directory | None, after: Directory, found: Mapping[str, tuple[str, ...]]) -> list[str]:
    """One line for each member that joined, left or changed, for the officer to compare."""
    old = {} if before is None else before.members
    lines = []
    for code, fields in found.items():
        member = after.members.get(code) or old[code]
        what = "joined" if code not in old else "left" if code not in after.members else "changed"
        lines.append(say(f"directory.{what}", code=code, title=member.title, fields=", ".join(fields)))
    return lines
