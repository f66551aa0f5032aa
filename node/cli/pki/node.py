"""What the commands of `dxnode pki` have in common: their options, the node they are about."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.files.private_folder import open_to_others
from node.texts.wording import say

if TYPE_CHECKING:
    from node.cli.terminal.output import Terminal
    from node.config.settings import Settings
    from node.documents.pki import About, NodeFiles

AuthorityFolder = Annotated[Path, typer.Option("--authority", show_default=False)]


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def settings_in(config: Path) -> Settings:
    """The settings of a node. Raises NodeError(CONFIG_INVALID)."""
    from node.config.file import load_settings

    return load_settings(config)


def node_in(config: Path) -> tuple[Settings, NodeFiles, About]:
    """The settings, and what they say in the words of `node.documents.pki`.

    Raises NodeError(CONFIG_INVALID).
    """
    settings = settings_in(config)
    return settings, node_files(settings), about_node(settings)


def node_files(settings: Settings) -> NodeFiles:
    """Where a node's keys and certificates are, as its settings say."""
    from node.documents.pki import CertificateFiles, NodeFiles

    desk_authority = settings.desk.roots.parent / "desk-authority"
    return NodeFiles(
        keys=settings.keys,
        exchange=CertificateFiles(settings.exchange.certificate, settings.exchange.key),
        desk=CertificateFiles(settings.desk.certificate, settings.desk.key),
        desk_roots=settings.desk.roots,
        desk_authority=CertificateFiles(desk_authority / "ca.pem", desk_authority / "ca.key"),
    )


def about_node(settings: Settings) -> About:
    """What a department says of itself to the authority, as its settings say."""
    from node.documents.pki import About

    department = settings.department
    return About(
        code=department.code,
        title=department.title,
        region=department.region,
        level=department.level,
        organisation=department.organisation,
        endpoint=settings.exchange.advertise,
    )


def tell_open_folder(terminal: Terminal, key: Path) -> None:
    """Say when others can enter the folder of a private key."""
    warning = open_to_others(key.absolute().parent)
    if warning is not None:
        terminal.note(say(warning))


def hosts_of(*endpoints: str) -> list[str]:
    """The hosts of endpoints, or hosts alone, each once; an address that means all interfaces is none."""
    hosts = map(_host_of, endpoints)
    return list(dict.fromkeys(host for host in hosts if host not in ("0.0.0.0", "::")))  # noqa: S104 - left out


def _host_of(endpoint: str) -> str:
    host, _, port = endpoint.rpartition(":")
    is_alone = not host or endpoint.endswith("]") or (":" in host and not host.startswith("["))
    return (endpoint if is_alone or not port.isdecimal() else host).strip("[]")
