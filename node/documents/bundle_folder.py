"""Policy bundles on the disk: read whole, put in place in one step, never half.

In place are `<version>-<digest>/`, the folders of bundles, which nobody changes any more, and `active`, a
file that names one of them. A bundle is written beside them and renamed; then `active` is replaced.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from node.core.directory.directory import Member
from node.core.policy.bundle import (
    MANIFEST,
    MAX_BYTES,
    BundleRefusedError,
    SeenBundle,
    check_content,
    check_newer,
)
from node.core.policy.policy import PolicyFile
from node.core.reading.document import MAX_BYTES as MAX_FILE_BYTES
from node.documents.bundle_file import SignedManifest, open_manifest
from node.documents.policy_folder import policy_files
from node.errors import NodeError, Reason
from node.files.leftover import is_leftover
from node.files.private_folder import make_private
from node.files.text import read_text
from node.files.whole import PUBLIC, read_file, sync_folder, unwritable, write_file
from node.files.why import why

ACTIVE: Final = "active"
_FOLDER: Final = re.compile(r"[1-9][0-9]{0,15}-[0-9a-f]{32}")
_PART: Final = ".part-"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as read: its signed manifest as it stands there, and the files of that."""

    signed: SignedManifest
    note: bytes
    files: tuple[PolicyFile, ...]

    @property
    def seen(self) -> SeenBundle:
        """What to remember of it."""
        return SeenBundle(self.signed.manifest.version, self.signed.digest)


def read_policies(folder: Path) -> tuple[PolicyFile, ...]:
    """The policy files in a folder that officers edit.

    Raises NodeError(CONFIG_INVALID), also for one that is no plain file, such as a link out of the folder,
    and for a file in the place of the folder.
    """
    if folder.is_file():
        raise NodeError(Reason.CONFIG_INVALID, "error.documents.folder-is-file", folder=str(folder))
    return tuple(_policy_file(path) for path in policy_files(folder))


def read_draft(folder: Path, member: Member) -> Bundle:
    """The bundle in a folder that officers edit, be it valid now or not.

    Raises NodeError: POLICY_NOT_LOADED when too few officers signed it, or when files are changed, missing
    or too many; CONFIG_INVALID.
    """
    return _bundle(read_text(folder / MANIFEST, MAX_BYTES), read_policies(folder), member)


def read_placed(folder: Path, name: str, member: Member) -> Bundle:
    """The bundle of that name among those in place.

    Raises NodeError as `read_draft`, and for any file too many.
    """
    if not _FOLDER.fullmatch(name):
        raise BundleRefusedError("error.bundle.active-file-malformed", active=ACTIVE)
    place = folder / name
    try:
        if not stat.S_ISDIR(place.lstat().st_mode):
            raise BundleRefusedError("error.bundle.no-folder", name=name)
        entries = sorted(entry for entry in os.listdir(place) if not is_leftover(entry))
    except OSError as error:
        raise BundleRefusedError("error.bundle.folder-unreadable", name=name, why=why(error)) from None
    files = tuple(_policy_file(place / entry) for entry in entries if entry != MANIFEST)
    bundle = _bundle(read_file(place / MANIFEST, MAX_BYTES), files, member)
    if bundle.seen.folder != name:
        raise BundleRefusedError("error.bundle.folder-differs", name=name)
    return bundle


def active_name(folder: Path) -> str | None:
    """The name of the bundle to use, None before the first was put in place.

    Raises NodeError(CONFIG_INVALID).
    """
    try:
        return read_file(folder / ACTIVE, 100).decode("ascii", "replace").strip()
    except NodeError:
        if (folder / ACTIVE).exists():
            raise
        return None


def place(folder: Path, bundle: Bundle, member: Member) -> Path:
    """Put a bundle in place for the node to use; returns its folder.

    Whenever this is cut off, what was in use stays whole and in use. Raises NodeError: POLICY_NOT_LOADED when
    a newer bundle, or another of the same version, is in use; CONFIG_INVALID.
    """
    with _alone(folder):
        refuse_older(folder, bundle)
        target = folder / bundle.seen.folder
        if not _is_whole(folder, bundle, member):
            _write(folder, target, bundle)
        write_file(folder / ACTIVE, bundle.seen.folder.encode() + b"\n", PUBLIC)
    return target


def _bundle(note: bytes, files: tuple[PolicyFile, ...], member: Member) -> Bundle:
    signed = open_manifest(note, member)
    check_content(signed.manifest, files)
    return Bundle(signed, note, files)


def _policy_file(path: Path) -> PolicyFile:
    if path.is_symlink():
        raise BundleRefusedError("error.bundle.file-link", name=path.name)
    return PolicyFile(path.name, read_file(path, MAX_FILE_BYTES))


def refuse_older(folder: Path, bundle: Bundle) -> None:
    """Raises NodeError(POLICY_NOT_LOADED) for one that must not follow the bundle in use in that folder."""
    name = active_name(folder)
    if name is None or not _FOLDER.fullmatch(name):
        return
    used = int(name.partition("-")[0])
    check_newer(bundle.seen.version, used, same=bundle.seen.folder == name)


def _is_whole(folder: Path, bundle: Bundle, member: Member) -> bool:
    try:
        read_placed(folder, bundle.seen.folder, member)
    except NodeError:
        return False
    return True


def _write(folder: Path, target: Path, bundle: Bundle) -> None:
    part = folder / f"{_PART}{secrets.token_hex(4)}"
    try:
        part.mkdir(mode=0o755)
        for name, content in ((MANIFEST, bundle.note), *((file.name, file.content) for file in bundle.files)):
            with (part / name).open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        sync_folder(part)
        if target.exists():  # damaged: the node uses it as little as a missing one
            shutil.rmtree(target)
        part.rename(target)
        sync_folder(folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise unwritable(folder, error) from None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one at a time; what others left half-written goes."""
    try:
        # Before the node's first start its state is not there yet, and has to be private too.
        make_private(folder)
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unwritable(folder, error) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in folder.glob(f"{_PART}*"):
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(lock)
