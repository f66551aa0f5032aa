"""The catalogue of a running node, made anew of the parts that have changed when files are read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from node.app.live.imported import imported_files, imported_folder, read_import
from node.config.settings import Settings
from node.core.catalogue.registry import EMPTY, Catalogue, Registry, imported_shelf, own_shelf
from node.core.policy.approval import Publication
from node.core.policy.policy import Policies
from node.files.whole import unreadable


class LiveCatalogue:
    """Remembers what the catalogue was made from: to make one of a province takes seconds."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._own: tuple[bytes, Mapping[str, Publication]] = (b"", {})
        self._files: tuple[tuple[str, int, int, int], ...] = ()
        self._imported: Registry = EMPTY

    def with_own(self, catalogue: Catalogue, policies: Policies) -> Catalogue:
        """The catalogue with the entries of these policies."""
        made_of = (policies.digest, policies.publications)
        if made_of != self._own:
            catalogue = replace(catalogue, own=own_shelf(policies))
            self._own = made_of
        return catalogue

    def read_imported(self) -> Registry:
        """The imported entries as they are on the disk now. Raises NodeError(CONFIG_INVALID)."""
        paths = imported_files(imported_folder(self._settings))
        files = tuple(map(_mark, paths))
        if files != self._files:
            self._imported = imported_shelf(self._settings.department.code, map(read_import, paths))
            self._files = files
        return self._imported


def _mark(path: Path) -> tuple[str, int, int, int]:
    """Changes with the file. Raises NodeError(CONFIG_INVALID) for one that is gone, or leads nowhere."""
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(path, error) from None
    return path.name, status.st_mtime_ns, status.st_size, status.st_ino
