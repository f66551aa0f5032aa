"""`dxnode catalogue approve` and `verify`: who has approved which version of an entry (Art. 13, 16)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.cli.catalogue.text import show_entry
from node.cli.pki.officer import open_officer
from node.cli.pki.own_directory import read_own_directory
from node.cli.terminal.exits import Exit
from node.cli.terminal.output import Terminal, when
from node.cli.terminal.passphrase import PassphraseFile
from node.cli.terminal.session import DEFAULT_CONFIG, ConfigFile, with_terminal
from node.errors import NodeError, Reason
from node.texts.wording import labelled, say, t

if TYPE_CHECKING:
    from node.core.policy.approval import Approval, ApprovalRole, Publication, Version
    from node.core.policy.policy import Policy

Names = Annotated[list[str] | None, typer.Argument(metavar="DATASET", show_default=False)]
Folder = Annotated[Path, typer.Option("--policies")]
DEFAULT_FOLDER = Path("policies")


def add_to(app: typer.Typer) -> None:
    """Make these commands of the group."""
    for command in (approve, verify):
        app.command(command.__name__)(command)


@with_terminal
def approve(
    terminal: Terminal,
    datasets: Annotated[list[str], typer.Argument(metavar="DATASET", show_default=False)],
    key: Annotated[Path, typer.Option("--key", show_default=False)],
    role: Annotated[str, typer.Option("--as", metavar="head|authority", show_default=False)],
    policies: Folder = DEFAULT_FOLDER,
    note: Annotated[str, typer.Option("--note", show_default=False)] = "",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Approve entries of the catalogue: as the head of their department, or as the authority."""
    from node.client.catalogue import catalogue_entry
    from node.core.catalogue.entry import entry_of
    from node.core.catalogue.publication import version_of
    from node.core.policy.approval import make_approval
    from node.documents.approval_file import sign_approval, write_approval
    from node.documents.officer_key import read_officer

    as_role = _role(role)
    chosen = chosen_policies(policies, datasets)
    by, now = read_officer(key).name, datetime.now(UTC)
    wanted = []
    for policy in chosen:
        version = version_of(policy)
        _refuse_untimely(policies, version, as_role)
        try:
            wanted.append(make_approval(version, as_role, by, now, note))
        except NodeError as error:  # it is the key or note at hand, no policy in use
            raise NodeError.of(Reason.CONFIG_INVALID, error.wording) from None
        if not terminal.json:
            show_entry(terminal, catalogue_entry(entry_of(policy)))
            terminal.result(policy, t("approval.version", digest=version.digest.hex()), "")
    signer = open_officer(terminal, key, passphrase_file)
    paths = [write_approval(policies, each, sign_approval(each, signer)) for each in wanted]
    terminal.result(
        {"approved": [_view(each) | {"path": path} for each, path in zip(wanted, paths, strict=True)]},
        *(
            t("approval.written", dataset=each.dataset, path=path)
            for each, path in zip(wanted, paths, strict=True)
        ),
    )
    terminal.note(t(f"approval.next.{as_role}"))


@with_terminal
def verify(
    terminal: Terminal,
    datasets: Names = None,
    policies: Annotated[Path | None, typer.Option("--policies", show_default=False)] = None,
    config: ConfigFile = DEFAULT_CONFIG,
) -> None:
    """Say which approvals stand for the entries as the policies are now; by default, those of the node."""
    from node.core.catalogue.publication import version_of
    from node.core.policy.approval import ApprovalRole
    from node.documents.approval_file import Approvers, publication_of

    settings, directory = read_own_directory(config)
    folder = policies or settings.policies.folder
    approvers, now = Approvers(directory), datetime.now(UTC)
    found = {
        policy.dataset.name: publication_of(folder, version_of(policy), approvers, now)
        for policy in chosen_policies(folder, datasets or ())
    }
    if terminal.json:
        terminal.document({"entries": [_state(name, each) for name, each in found.items()]})
    else:
        columns = [t(f"approval.column.{name}") for name in ("dataset", "version", "head", "authority")]
        rows = [
            (name, each.digest.hex()[:16], *(_cell(each, role) for role in ApprovalRole))
            for name, each in found.items()
        ]
        terminal.table(columns, rows, t("catalogue.empty"))
        for name, each in found.items():
            for problem in each.problems.values():
                terminal.note(labelled(name, say(problem)))
    lacking = sum(bool(each.lacking) for each in found.values())
    if lacking:
        terminal.note(t("approval.lacking", count=lacking))
        raise typer.Exit(Exit.OUTSTANDING)


def chosen_policies(folder: Path, names: Sequence[str]) -> list[Policy]:
    """The policies in a folder that are named, all without a name; by dataset.

    Raises NodeError: POLICY_NOT_LOADED when a file has a problem, CONFIG_INVALID.
    """
    from node.core.reading.build import build_policies
    from node.documents.bundle_folder import read_policies

    files = read_policies(folder)
    if not files:
        raise NodeError(Reason.CONFIG_INVALID, "error.cli.no-policy-in-folder", folder=str(folder))
    found = build_policies(files).datasets
    unknown = sorted(set(names) - set(found))
    if unknown:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.cli.dataset-unknown",
            folder=str(folder),
            unknown=unknown[0],
        )
    return [found[name] for name in sorted(set(names) or found)]


def _role(text: str) -> ApprovalRole:
    from node.core.policy.approval import ApprovalRole

    if text not in set(ApprovalRole):
        raise typer.BadParameter(t("approval.role", given=text))
    return ApprovalRole(text)


def _refuse_untimely(folder: Path, version: Version, role: ApprovalRole) -> None:
    """Nobody approves a version twice, and the authority reviews what the head has approved."""
    from node.core.policy.approval import ApprovalRole
    from node.documents.approval_file import approval_path

    path = approval_path(folder, version, role)
    if path.exists():
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.cli.version-approved-already",
            path=str(path),
        )
    if role is ApprovalRole.AUTHORITY and not approval_path(folder, version, ApprovalRole.HEAD).exists():
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.cli.head-approval-missing",
            dataset=version.dataset,
        )


def _view(approval: Approval) -> dict[str, object]:
    return {
        "dataset": approval.dataset,
        "provider": approval.provider,
        "entry_digest": approval.entry,
        "role": approval.role,
        "department": approval.department,
        "person": approval.person,
        "at": approval.at,
        "note": approval.note,
    }


def _state(name: str, publication: Publication) -> dict[str, object]:
    return {
        "dataset": name,
        "entry_digest": publication.digest,
        "approvals": [_view(each.approval) for each in publication.approvals.values()],
        "lacking": publication.lacking,
        "problems": {role: say(problem) for role, problem in publication.problems.items()},
        "details": publication.problems,
    }


def _cell(publication: Publication, role: ApprovalRole) -> str:
    approved = publication.approvals.get(role)
    if approved is None:
        return t("approval.refused" if role in publication.problems else "approval.missing")
    return t("approval.given", person=approved.approval.person, at=when(approved.approval.at))
