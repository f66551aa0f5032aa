"""`dxnode pki directory`: the directory that the authority signs, and who stands in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.pki.node import AuthorityFolder, now, settings_in
from node.cli.terminal.output import Terminal, when
from node.cli.terminal.session import DEFAULT_CONFIG, ConfigFile, with_terminal
from node.errors import NodeError, Reason
from node.texts.wording import listing, t

if TYPE_CHECKING:
    from node.core.directory.directory import Directory, Member, OfficerRole
    from node.crypto.signing import Verifier

app = typer.Typer(no_args_is_help=True)
Codes = Annotated[list[str] | None, typer.Option(metavar="CODE", show_default=False)]
_MOST_BYTES = 256 << 10


@app.command("publish")
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
    replace: Annotated[bool, typer.Option("--replace")] = False,
) -> None:
    """Sign the next directory: members join or change, leave, are suspended or taken back."""
    from node.core.directory.directory import keys_held_back
    from node.core.directory.spelling import Role
    from node.documents.pki import open_authority
    from node.documents.publish import Orders, changes, publish
    from node.files.whole import PUBLIC, read_file, write_file

    files = open_authority(authority)
    orders = Orders(
        members=tuple(_member_file(path) for path in member or ()),
        remove=tuple(remove or ()),
        suspended=dict.fromkeys(suspend or (), True) | dict.fromkeys(resume or (), False),
        roles=dict.fromkeys(appoint or (), (Role.AUTHORITY,)),
        replace=replace,
    )
    if out is not None and out.exists():
        _require_directory(out, files.signer(now()).verifier)
    before, after = publish(files, orders, now(), timedelta(days=days))
    if out is not None:
        from node.core.directory.directory import MAX_BYTES

        write_file(out, read_file(files.directory, MAX_BYTES), PUBLIC)
    found = changes(before, after)
    path = out or files.directory
    terminal.result(
        {"path": path, "version": after.version, "expires": after.expires, "changes": found},
        *_changes(before, after, found),
    )
    terminal.note(t("pki.directory.made", path=path, version=after.version, until=when(after.expires)))
    for key, codes in keys_held_back(after).items():
        terminal.note(t("pki.directory.held_back", key=key, codes=listing(codes)))


@app.command("show")
@with_terminal
def show_directory(
    terminal: Terminal,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", show_default=False)] = None,
    key: Annotated[str, typer.Option("--key", show_default=False)] = "",
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Check the signature of a directory and list its members; by default, of the node's own."""
    from node.core.directory.directory import MAX_BYTES
    from node.documents.directory_file import read_directory
    from node.documents.note_file import read_note_file
    from node.documents.verifier_file import verifier_from

    if file is None or not key:
        settings = settings_in(config)
        file, key = file or settings.directory, key or settings.authority
    directory = read_directory(read_note_file(file, MAX_BYTES), verifier_from(key))
    expired = directory.expires <= now()
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
    columns = [
        t(f"pki.column.{name}") for name in ("code", "title", "region", "endpoint", "officers", "state")
    ]
    terminal.table(columns, [_row(one) for one in directory.members.values()], t("pki.directory.empty"))
    state = "pki.directory.expired" if expired else "pki.directory.current"
    terminal.note(t(state, version=directory.version, until=when(directory.expires)))


def _require_directory(out: Path, authority: Verifier) -> None:
    """Raises NodeError(CONFIG_INVALID) when what would be written over is none of this authority's."""
    from node.core.directory.directory import MAX_BYTES
    from node.documents.directory_file import read_directory
    from node.documents.note_file import read_note_file

    try:
        read_directory(read_note_file(out, MAX_BYTES), authority)
    except NodeError:
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.output-exists", out=str(out)) from None


def _member_file(path: Path) -> Member:
    from node.core.directory.directory import parse_member
    from node.files.text import read_text

    content = read_text(path, _MOST_BYTES)
    try:
        return parse_member(content)
    except NodeError as error:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.cli.member-file-invalid",
            problem=error.wording,
            file=str(path),
        ) from None


def _summary(member: Member) -> Mapping[str, object]:
    from node.core.directory.directory import OfficerRole

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
        "schema": member.schema,
    }


def _people(member: Member, role: OfficerRole) -> list[str]:
    from node.core.directory.directory import officer_name

    return sorted({officer_name(key, member.code, role) or "" for key in member.keys_for(role)})


def _key_ids(keys: Sequence[str]) -> Sequence[str]:
    from node.crypto.signing import Verifier
    from node.documents.keys import signature_key_id

    return [signature_key_id(Verifier.parse(key)) for key in keys]


def _row(member: Member) -> Sequence[str]:
    state = t("pki.state.suspended" if member.suspended else "pki.state.active")
    roles = "".join(f", {t(f'pki.role.{role}')}" for role in member.roles)
    return member.code, member.title, member.region, member.endpoint, _approvers(member), state + roles


def _approvers(member: Member) -> str:
    """Who has to approve the policies of a member, and how many of them."""
    from node.core.directory.directory import OfficerRole

    names = _people(member, OfficerRole.OFFICER)
    return t("pki.directory.officers", needed=member.approvals, names=listing(names)) if names else "-"


def _changes(before: Directory | None, after: Directory, found: Mapping[str, tuple[str, ...]]) -> list[str]:
    """One line for each member that joined, left or changed, for the officer to compare."""
    old = {} if before is None else before.members
    lines = []
    for code, fields in found.items():
        member = after.members.get(code) or old[code]
        what = "joined" if code not in old else "left" if code not in after.members else "changed"
        lines.append(t(f"pki.directory.{what}", code=code, title=member.title, fields=listing(fields)))
    return lines
