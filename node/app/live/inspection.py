"""Opens what the settings of a node name as the node itself does, before it is started."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from node.app.lifetimes import DESK, DESK_ROOTS, DIRECTORY, EXCHANGE, Shown, endings, lifetimes
from node.app.live.catalogue import LiveCatalogue
from node.app.live.files import load_calendar, load_directory
from node.app.live.opening import source_spec
from node.app.live.own_keys import load_desk_tls, load_identity, load_keys
from node.config.settings import Settings, Source
from node.documents.pki import read_officers
from node.errors import NodeError
from node.files.regular_file import open_regular
from node.files.whole import unreadable, unwritable
from node.source.place import place_of
from node.source.spec import FileSpec
from node.texts.message import Message

T = TypeVar("T")
_SETTINGS: Final = {
    EXCHANGE: ("exchange", "certificate"),
    DESK: ("desk", "certificate"),
    DESK_ROOTS: ("desk", "roots"),
    DIRECTORY: ("directory",),
}
"""Which setting names what; all else is in `keys`, but for what others chain to, which the directory has."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong with what a setting, by its path in the file, names; with a warning a node runs."""

    setting: tuple[str, ...]
    wording: Message
    warning: bool = False


def inspect(settings: Settings, now: datetime, random: Callable[[int], bytes]) -> list[FileProblem]:
    """Everything that cannot be opened or has ended; what data files hold is not looked at."""
    found: list[FileProblem] = []

    def opened(setting: tuple[str, ...], load: Callable[[], T]) -> T | None:
        try:
            return load()
        except NodeError as error:
            found.append(FileProblem(setting, error.wording))
            return None

    keys = opened(("keys",), lambda: load_keys(settings, now, random))
    identity = opened(("exchange", "certificate"), lambda: load_identity(settings))
    desk = opened(("desk", "certificate"), lambda: load_desk_tls(settings))
    read = opened(
        ("directory",), lambda: load_directory(settings.directory, settings.authority, None, now)[0]
    )
    opened(("holidays",), lambda: load_calendar(settings))
    opened(("policies", "officers"), lambda: read_officers(settings.policies.officers))
    opened(("state",), LiveCatalogue(settings).read_imported)
    opened(("state",), lambda: _writable(settings.state))
    opened(("mark",), lambda: _writable(settings.mark))
    for name, source in settings.sources.items():
        opened(("sources", name), lambda source=source: _open_source(source))  # type: ignore[misc]
    if keys is None or identity is None or desk is None or read is None:
        return found
    member = read.members.get(settings.department.code)
    roots = member.tls_roots.encode() if member is not None else b""
    shown = Shown(identity.certificate, roots, desk.certificate, desk.roots)
    for each in endings(lifetimes(keys.files, shown, read), now):
        found.append(FileProblem(_SETTINGS.get(each.use, ("keys",)), each.said, warning=not each.over))
    return found


def _writable(folder: Path) -> None:
    """Raises NodeError(CONFIG_INVALID) for a folder that is not there and cannot be made, or written to."""
    there = folder
    try:
        while not there.exists():
            there = there.parent
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "")
        if not os.access(there, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "")
    except OSError as error:
        raise unwritable(folder, error) from None


def _open_source(source: Source) -> None:
    """Raises NodeError(CONFIG_INVALID) for a file that cannot be opened, or a database without a URL."""
    spec = source_spec(source)
    place_of(spec)
    if isinstance(spec, FileSpec):
        try:
            open_regular(spec.path).close()
        except OSError as error:
            raise unreadable(spec.path, error) from None
