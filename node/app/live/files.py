"""Files that a reload reads whole: the directory and the calendar; and when one of them changed."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from node.app.live.imported import imported_files, imported_folder
from node.app.live.policy_loading import placed_folder
from node.config.settings import Settings
from node.core.directory.directory import MAX_BYTES as MAX_DIRECTORY_BYTES
from node.core.directory.directory import Directory, SeenDirectory
from node.core.reading.document import MAX_BYTES as MAX_DOCUMENT_BYTES
from node.core.reading.holidays import read_holidays
from node.core.workdays import NO_HOLIDAYS, Calendar
from node.crypto.signing import Verifier
from node.documents.bundle_folder import ACTIVE
from node.documents.directory_file import open_directory, read_directory
from node.documents.note_file import read_note_file
from node.errors import NodeError, Reason
from node.files.leftover import is_leftover
from node.files.whole import read_file


def stamp(config: Path, settings: Settings) -> tuple[tuple[str, int, int, int, int], ...]:
    """Changes whenever one of the files that a reload reads does."""
    watched = [config, settings.directory, settings.exchange.certificate, settings.exchange.key]
    watched += [settings.desk.certificate, settings.desk.key, settings.desk.roots]
    watched += [settings.holidays] if settings.holidays is not None else []
    for folder in (settings.keys, settings.policies.folder):
        inside = sorted(folder.glob("*")) if folder.is_dir() else []
        watched += [path for path in inside if not is_leftover(path.name)]
    watched.append(placed_folder(settings) / ACTIVE)
    watched += imported_files(imported_folder(settings))
    for source in settings.sources.values():
        watched += [path for path in (source.csv, source.parquet) if path is not None]
    marks = []
    for path in watched:
        try:
            status = os.stat(path)
        except OSError:
            continue
        marks.append((str(path), status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino))
    return tuple(marks)


def load_directory(
    path: Path, authority: str, seen: SeenDirectory | None, now: datetime
) -> tuple[Directory, SeenDirectory | None]:
    """The directory in a file, and what to remember of it.

    One that has expired is given too, so that the node can run and say so; nothing is exchanged by it.
    Raises NodeError(DIRECTORY_INVALID), (CLOCK_SKEWED), (CONFIG_INVALID).
    """
    note = read_note_file(path, MAX_DIRECTORY_BYTES)
    key = Verifier.parse(authority)
    try:
        return open_directory(note, key, seen, now)
    except NodeError as error:
        if error.reason is not Reason.DIRECTORY_EXPIRED:
            raise
        return read_directory(note, key), seen


def load_calendar(settings: Settings) -> Calendar:
    """The node's time zone and working days. Raises NodeError(CONFIG_INVALID) for a bad holiday file."""
    path, holidays = settings.holidays, NO_HOLIDAYS
    if path is not None:
        holidays = read_holidays(path.name, read_file(path, MAX_DOCUMENT_BYTES))
    return Calendar(ZoneInfo(settings.timezone), holidays)
