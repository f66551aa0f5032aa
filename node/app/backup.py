"""Backups of a node's state: made while it runs, checked whole, and put back while it does not.

In a backup are the database, the policy bundles in place and the imported catalogues. Private keys are not,
nor is the high-water mark: it tells a node that was put back what it had recorded since.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from node import __version__
from node.app.live.imported import imported_files, imported_folder
from node.app.live.policy_loading import placed_folder
from node.config.settings import Settings
from node.core.log.checkpoint import log_origin
from node.core.state.backup import (
    DATABASE,
    MANIFEST,
    MAX_BYTES,
    Backup,
    BackupFile,
    BackupRefusedError,
    belongs,
    parse_backup,
    render_backup,
)
from node.crypto.signing import open_note
from node.documents.bundle_folder import ACTIVE
from node.documents.keys import KeyUse, read_keys
from node.errors import NodeError, Reason
from node.files.private_folder import make_private
from node.files.regular_file import open_regular
from node.files.whole import PRIVATE, read_file, sync_folder, unreadable, unwritable, write_file
from node.store.copying import check_database, copy_database
from node.store.engine import lock_state
from node.store.mark_file import read_mark

TAR: Final = ".tar"
_BLOCK: Final = 1 << 20
_RESTORING: Final = ".restore-"

Progress = Callable[[str, int, int], None]
"""What is done ("copying", "checking"), how much of it, and of how much."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back: the backup, where the state that was there before is kept, and what the mark says.

    `marked` is how many records the log had at the most, by the mark; 0 without one.
    """

    backup: Backup
    before: Path | None
    marked: int


def make_backup(settings: Settings, target: Path, now: datetime, progress: Progress) -> Backup:
    """Write a backup to a new folder or, where its name ends in .tar, to a new file; whole or not at all.

    The node may run. Raises NodeError(CONFIG_INVALID), (LOG_CORRUPT), (PROOF_INVALID), (STORE_UNAVAILABLE).
    """
    if target.exists():
        raise NodeError(Reason.CONFIG_INVALID, "error.app.target-exists", target=str(target))
    if Path(os.path.realpath(target)).is_relative_to(os.path.realpath(settings.state)):
        raise NodeError(Reason.CONFIG_INVALID, "error.app.backup-in-state", target=str(target))
    if not target.parent.is_dir():
        # Making it would put the backup of a disk that is not mounted, or mistyped, on this one.
        raise NodeError(Reason.CONFIG_INVALID, "error.app.backup-nowhere", folder=str(target.parent))
    part = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        make_private(part)
        backup = _fill(settings, part, now, progress)
        if target.suffix == TAR:
            packed = part.with_name(part.name + TAR)
            try:
                _pack(part, backup, packed)
                packed.replace(target)
            finally:
                packed.unlink(missing_ok=True)
        else:
            part.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise unwritable(target, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return backup


def check_backup(settings: Settings, folder: Path, progress: Progress) -> Backup:
    """The backup in a folder, after all of it was checked: digests, the log against its checkpoint, the keys.

    Raises NodeError(CONFIG_INVALID), (LOG_CORRUPT), (PROOF_INVALID), (STORE_UNAVAILABLE).
    """
    backup = parse_backup(read_file(folder / MANIFEST, MAX_BYTES))
    if backup.department != settings.department.code:
        raise BackupRefusedError("error.backup.foreign")
    lacking = sorted(set(backup.data_keys) - set(_data_keys(settings)))
    if lacking:
        raise BackupRefusedError(
            "error.backup.data-key-missing",
            lacking=lacking[0],
            keys=str(settings.keys),
        )
    for file in backup.files:
        if _digest_of(folder / file.name) != (file.sha256, file.size):
            raise BackupRefusedError("error.backup.file-differs", name=file.name)
    head = check_database(
        folder / DATABASE,
        log_origin(backup.department),
        _verifier(settings),
        lambda done, all_: progress("checking", done, all_),
    )
    if (head.size, head.note.decode()) != (backup.records, backup.checkpoint):
        raise BackupRefusedError("error.backup.log-differs")
    return backup


def restore_backup(settings: Settings, source: Path, now: datetime, progress: Progress) -> Restored:
    """Put a backup in the place of the state, which is kept beside it. The node must not run.

    The mark is not touched: by it, the node finds out at its next start what was recorded since. Raises
    NodeError as `check_backup`; nothing is changed unless the whole backup is good.
    """
    lock = lock_state(settings.state)
    for left in settings.state.glob(f"{_RESTORING}*"):  # of one that was cut off
        shutil.rmtree(left, ignore_errors=True)
    part = settings.state / f"{_RESTORING}{secrets.token_hex(4)}"
    try:
        make_private(part)
        if source.is_dir():
            _copy_in(source, part)
        else:
            _unpack(source, part)
        backup = check_backup(settings, part, progress)
        before = _put_in_place(settings, part, backup, now)
    except OSError as error:
        raise unwritable(settings.state, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(lock)
    mark = read_mark(settings.mark)
    return Restored(backup, before, mark.log.size if mark is not None else 0)


def _fill(settings: Settings, part: Path, now: datetime, progress: Progress) -> Backup:
    copy_database(
        settings.state / DATABASE, part / DATABASE, lambda done, all_: progress("copying", done, all_)
    )
    head = check_database(
        part / DATABASE,
        log_origin(settings.department.code),
        _verifier(settings),
        lambda done, all_: progress("checking", done, all_),
    )
    # After the database: what that says is in use is there by now.
    names = [DATABASE]
    for path in _beside(settings):
        name = str(path.relative_to(settings.state))
        if not belongs(name):  # nothing that the node has put there
            continue
        write_file(part / name, read_file(path, _most_of(path)), PRIVATE)
        names.append(name)
    files = [BackupFile(name, *_digest_of(part / name)) for name in names]
    backup = Backup(
        settings.department.code,
        __version__,
        now,
        head.size,
        head.note.decode(),
        _data_keys(settings),
        tuple(files),
    )
    manifest = render_backup(backup)
    parse_backup(manifest)  # what cannot be put back is none
    write_file(part / MANIFEST, manifest, PRIVATE)
    return backup


def _beside(settings: Settings) -> Iterator[Path]:
    """The files that belong to the state beside the database."""
    placed = placed_folder(settings)
    if (placed / ACTIVE).is_file():
        yield placed / ACTIVE
        for folder in sorted(placed.iterdir()):
            if folder.is_dir() and not folder.name.startswith("."):
                yield from sorted(path for path in folder.iterdir() if path.is_file())
    yield from imported_files(imported_folder(settings))


def _most_of(path: Path) -> int:
    return path.stat().st_size + 1


def _data_keys(settings: Settings) -> tuple[str, ...]:
    return tuple(sorted(key.key_id for key in read_keys(settings.keys) if key.use is KeyUse.DATA))


def _verifier(settings: Settings) -> Callable[[bytes], bytes]:
    origin = log_origin(settings.department.code)
    known = [key.signer(origin).verifier for key in read_keys(settings.keys) if key.use is KeyUse.LOG]
    return lambda note: open_note(note, known).body


def _digest_of(path: Path) -> tuple[str, int]:
    """SHA-256 in hex, and the length."""
    digest, size = sha256(), 0
    try:
        with open_regular(path) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise unreadable(path, error) from None
    return digest.hexdigest(), size


def _pack(part: Path, backup: Backup, packed: Path) -> None:
    with os.fdopen(os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for name in (MANIFEST, *(each.name for each in backup.files)):
                archive.add(part / name, name, recursive=False)
        file.flush()
        os.fsync(file.fileno())


def _unpack(source: Path, part: Path) -> None:
    """The manifest, and then what that names, and nothing else."""
    try:
        with open_regular(source) as file, tarfile.open(fileobj=file, mode="r:") as archive:
            first = archive.next()
            if first is None or first.name != MANIFEST or not first.isfile() or first.size > MAX_BYTES:
                raise BackupRefusedError("error.backup.no-manifest")
            _extract(archive, first, part)
            manifest = parse_backup(read_file(part / MANIFEST, MAX_BYTES))
            sizes = {each.name: each.size for each in manifest.files}
            while (member := archive.next()) is not None:
                if not member.isfile() or sizes.pop(member.name, None) != member.size:
                    raise BackupRefusedError("error.backup.unnamed-file", name=member.name)
                _extract(archive, member, part)
    except (tarfile.TarError, EOFError):
        raise BackupRefusedError("error.backup.no-tar-file") from None


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, part: Path) -> None:
    opened = archive.extractfile(member)
    assert opened is not None
    _write_private(part / member.name, opened)


def _copy_in(source: Path, part: Path) -> None:
    write_file(part / MANIFEST, read_file(source / MANIFEST, MAX_BYTES), PRIVATE)
    for file in parse_backup(read_file(part / MANIFEST, MAX_BYTES)).files:
        if (source / file.name).is_symlink():
            raise BackupRefusedError("error.backup.link", name=file.name)
        try:
            found = open_regular(source / file.name)
        except OSError as error:
            raise unreadable(source / file.name, error) from None
        _write_private(part / file.name, found)


def _write_private(path: Path, source: IO[bytes]) -> None:
    """Copy what is read to a new file that only its owner may read, durably; `source` is closed."""
    make_private(path.parent)
    with source, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as file:
        shutil.copyfileobj(source, file, _BLOCK)
        file.flush()
        os.fsync(file.fileno())


def _put_in_place(settings: Settings, part: Path, backup: Backup, now: datetime) -> Path | None:
    """Move what is there aside, then the backup in; gives where the former is, None if nothing was there.

    Whenever this is cut off, the old database or the new one is there, or none: which the mark tells at the
    start.
    """
    state = settings.state
    placed = ("policies", "catalogues")
    names = [DATABASE, *(f"{DATABASE}{suffix}" for suffix in ("-wal", "-shm", "-journal")), *placed]
    old = [state / name for name in names if (state / name).exists()]
    before = None
    if old:
        before = state / f"before-restore-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        make_private(before)
        # The database last: its write-ahead log must not be found beside another one.
        for path in reversed(old):
            path.rename(before / path.name)
        sync_folder(before)
    for name in (*placed, DATABASE):
        if (part / name).exists():
            (part / name).rename(state / name)
    sync_folder(state)
    return before


def lost_since(restored: Restored) -> int:
    """How many records the mark knows of that are not in the backup."""
    return max(0, restored.marked - restored.backup.records)
