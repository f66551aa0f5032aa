"""`dxnode policy sign`, `verify` and `activate`: four eyes on what a node enforces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.pki.officer import open_officer
from node.cli.pki.own_directory import read_own_directory
from node.cli.policy.files import note_unread
from node.cli.terminal.options import moment_from
from node.cli.terminal.output import Terminal, when
from node.cli.terminal.passphrase import PassphraseFile
from node.cli.terminal.session import DEFAULT_CONFIG, ConfigFile, have_read, with_terminal
from node.core.state.part import PartKind
from node.errors import NodeError, Reason
from node.texts.wording import listing, t

if TYPE_CHECKING:
    from node.config.settings import Settings
    from node.core.directory.directory import Directory, Member
    from node.core.policy.approval import Version
    from node.core.policy.bundle import Manifest
    from node.core.policy.policy import PolicyFile
    from node.documents.bundle_folder import Bundle

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Make these commands of the group."""
    for command in (sign, verify, activate):
        app.command(command.__name__)(command)


@with_terminal
def sign(
    terminal: Terminal,
    folder: Folder,
    key: Annotated[Path, typer.Option("--key", show_default=False)],
    new: Annotated[bool, typer.Option("--new")] = False,
    version: Annotated[int | None, typer.Option("--version", min=1, show_default=False)] = None,
    start: Annotated[str, typer.Option("--from", show_default=False)] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=400)] = 365,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign the policies of a folder: the first officer makes the manifest, the others add to it."""
    from node.core.policy.bundle import MANIFEST, MAX_BYTES, check_content, make_manifest
    from node.core.reading.build import build_policies
    from node.documents.bundle_file import read_manifest, sign_manifest
    from node.documents.bundle_folder import read_policies
    from node.documents.officer_key import read_officer
    from node.files.text import read_text
    from node.files.whole import PUBLIC, write_file

    files = read_policies(folder)
    _require_some(folder, files)
    build_policies(files)
    note_unread(terminal, folder)
    path = folder / MANIFEST
    note = read_text(path, MAX_BYTES) if path.exists() else None
    last = read_manifest(note) if note is not None else None
    officer = read_officer(key).name.rpartition("/")[2]
    if last is None or new:
        begin = moment_from(start) if start else datetime.now(UTC)
        number = version or (last.version + 1 if last is not None else 1)
        code = read_officer(key).name.split("/")[1]
        manifest, note = make_manifest(code, number, begin, begin + timedelta(days=days), files), None
    else:
        if version is not None or start:
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.cli.manifest-made-already",
            )
        manifest = last
        check_content(manifest, files)
    if not terminal.json:  # before the passphrase: another officer chose version and time
        terminal.result(manifest, _line(manifest))
    if new and last is not None and last.files == manifest.files:
        terminal.note(t("bundle.same_files", version=last.version))
    signed = sign_manifest(manifest, note, open_officer(terminal, key, passphrase_file))
    write_file(path, signed, PUBLIC)
    terminal.result(
        _view(manifest) | {"officer": officer, "manifest": path},
        t("bundle.signed", officer=officer, version=manifest.version),
    )
    terminal.note(t("bundle.next_officer"))


@with_terminal
def verify(terminal: Terminal, folder: Folder, config: ConfigFile = DEFAULT_CONFIG) -> None:
    """Say whether a bundle could be activated now: signatures, files, time, content and version."""
    from node.app.live.policy_loading import placed_folder
    from node.documents.bundle_folder import refuse_older

    settings, directory, member = _node(config)
    bundle = _checked(folder, member, settings)
    note_unread(terminal, folder)
    refuse_older(placed_folder(settings), bundle)
    own = settings.policies.folder
    waiting = _waiting(bundle, own, directory, brought=folder)
    lost = _lost(placed_folder(settings), own, directory, member, waiting)
    _show(terminal, bundle, member, waiting=waiting, withheld=lost)
    if settings.policies.unsigned:
        terminal.note(t("bundle.draft_unsigned"))
    else:
        terminal.note(
            t("bundle.draft_withholds", datasets=listing(lost)) if lost else t("bundle.draft_valid")
        )
    if waiting:
        terminal.note(t("bundle.waiting", datasets=listing(waiting)))


@with_terminal
def activate(
    terminal: Terminal,
    folder: Folder,
    withhold: Annotated[bool, typer.Option("--withhold")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Put a bundle in place for the node, and have the node take it up."""
    from node.app.live.policy_loading import placed_folder
    from node.documents.approval_file import take_along
    from node.documents.bundle_folder import place

    settings, directory, member = _node(config)
    if settings.policies.unsigned:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.cli.unsigned-policies-set",
        )
    bundle = _checked(folder, member, settings)
    note_unread(terminal, folder)
    own, placed = settings.policies.folder, placed_folder(settings)
    for version in _versions(bundle):
        take_along(folder, own, version)
    waiting = _waiting(bundle, own, directory)
    lost = _lost(placed, own, directory, member, waiting)
    if lost and not withhold:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.cli.datasets-lost",
            lost=listing(lost),
        )
    place(placed, bundle, member)
    _show(terminal, bundle, member, waiting=waiting)
    terminal.note(t("bundle.active", version=bundle.seen.version))
    if waiting:
        terminal.note(t("bundle.waiting", datasets=listing(waiting)))
    read = have_read(terminal, config, PartKind.POLICIES)
    terminal.note(t("bundle.reloaded") if read else t("bundle.not_running"))


def _versions(bundle: Bundle) -> list[Version]:
    """The versions of the catalogue entries that a bundle makes."""
    from node.core.catalogue.publication import version_of
    from node.core.reading.build import build_policies

    return list(map(version_of, build_policies(bundle.files).datasets.values()))


def _waiting(bundle: Bundle, own: Path, directory: Directory, brought: Path | None = None) -> list[str]:
    """The datasets of a bundle whose entries lack an approval beside the node's own policies.

    Those that lie in `brought` count too: activating the bundle takes them along.
    """
    from node.documents.approval_file import Approvers, publication_of

    approvers, now = Approvers(directory), datetime.now(UTC)
    return [
        each.dataset
        for each in _versions(bundle)
        if publication_of(own, each, approvers, now, brought).lacking
    ]


def _lost(placed: Path, own: Path, directory: Directory, member: Member, waiting: Sequence[str]) -> list[str]:
    """Those of the waiting datasets that are served now, and so would be withheld."""
    return sorted(_served(placed, own, directory, member).intersection(waiting))


def _served(placed: Path, own: Path, directory: Directory, member: Member) -> set[str]:
    """The datasets of the bundle in place that are served; none where that bundle counts no more."""
    from node.documents.bundle_folder import active_name, read_placed

    try:
        name = active_name(placed)
        bundle = read_placed(placed, name, member) if name is not None else None
    except NodeError:
        return set()
    if bundle is None:
        return set()
    return {each.dataset for each in _versions(bundle)}.difference(_waiting(bundle, own, directory))


def _node(config: Path) -> tuple[Settings, Directory, Member]:
    """The settings, the current directory, and the department's entry in it."""
    from node.core.directory.directory import require_current

    settings, directory = read_own_directory(config)
    require_current(directory, datetime.now(UTC))
    member = directory.members.get(settings.department.code)
    if member is None:
        raise NodeError(
            Reason.POLICY_NOT_LOADED,
            "error.officers.department-unlisted",
        )
    return settings, directory, member


def _require_some(folder: Path, files: Sequence[PolicyFile]) -> None:
    if not files:
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.no-policy-in-folder", folder=str(folder))


def _checked(folder: Path, member: Member, settings: Settings) -> Bundle:
    """The bundle in a folder, good in every way that can be seen from here."""
    from node.app.live.budget_accounts import check_accounts
    from node.app.live.policy_loading import policies_of
    from node.core.policy.bundle import MANIFEST, require_valid
    from node.documents.bundle_folder import read_draft, read_policies

    if not (folder / MANIFEST).exists():
        _require_some(folder, read_policies(folder))
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.policies-unsigned", folder=str(folder))
    bundle = read_draft(folder, member)
    require_valid(bundle.signed.manifest, datetime.now(UTC))
    check_accounts(policies_of(bundle.files, member.code), settings)
    return bundle


def _show(terminal: Terminal, bundle: Bundle, member: Member, **more: object) -> None:
    signed = bundle.signed
    terminal.result(
        _view(signed.manifest)
        | {"digest": signed.digest, "approved": signed.approved, "needed": member.approvals, **more},
        _line(signed.manifest),
        t("bundle.approved", officers=listing(signed.approved), needed=member.approvals),
        t("bundle.digest", digest=signed.digest.hex()),
    )


def _view(manifest: Manifest) -> dict[str, object]:
    return {
        "department": manifest.department,
        "version": manifest.version,
        "valid_from": manifest.valid_from,
        "valid_until": manifest.valid_until,
        "files": dict(manifest.files),
    }


def _line(manifest: Manifest) -> str:
    return t(
        "bundle.files",
        count=len(manifest.files),
        version=manifest.version,
        start=when(manifest.valid_from),
        end=when(manifest.valid_until),
    )
