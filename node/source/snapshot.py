"""The folder of one state of a dataset's data file: built once, named by its content, put in place at once.

    <data folder>/<dataset>/<snapshot>/lookup.sqlite    keyed reads: one row for each subject
                                       groups.parquet   counts: the same rows without the subject
                                       manifest.json    what they were built from, and the load report

These files hold what the data file holds. They are the provider's own data files: kept in a folder of
their own, readable by the node's user alone, and to be protected like the original. The name serves to not
build the same twice. It never leaves the node, and is a function of the node's own key too: without one,
whoever saw it could try out what the data are.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from node.errors import NodeError, Reason
from node.files.regular_file import open_regular
from node.source.spec import LoadReport
from node.texts.message import Value

LOOKUP = "lookup.sqlite"
GROUPS = "groups.parquet"
_MANIFEST = "manifest.json"
_BUILDING = ".building-"
# Changes whenever the built files do, so that older ones are built anew.
_FORMAT = 3
_HASH_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What the file system says about a file; as long as it is the same, so is the content."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, path: Path) -> FileIdentity:
        """Raises NodeError(SOURCE_UNAVAILABLE)."""
        try:
            status = path.stat()
        except FileNotFoundError:
            raise _refused("error.source.data-file-missing", path=str(path)) from None
        except OSError:
            raise _refused("error.source.data-file-unreachable", path=str(path)) from None
        if not stat.S_ISREG(status.st_mode):
            raise _refused("error.source.data-file-irregular", path=str(path))
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def mark(self) -> str:
        """Tells a file that was touched from before; not the device, whose number a restart may change."""
        return f"{self.inode} {self.size} {self.modified_ns} {self.changed_ns}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot was built from (digests in hex), and what it should be.

    `content` names the content of the data file, however it was read.
    """

    format: int
    snapshot: str
    content: str
    layout: str
    encoding: str
    original: FileIdentity
    lookup_bytes: int
    groups_bytes: int
    report: LoadReport

    def mark(self) -> str:
        """Tells this load from one of a file that was touched, or is read in another way."""
        return f"{self.original.mark()} {self.layout} {self.encoding}"


_AS_JSON = TypeAdapter(Manifest)


def content_name(key: bytes, digest: bytes) -> str:
    """The name of a content with this SHA-256 digest, under the node's own key (HMAC-SHA256, cut)."""
    return hmac.digest(key, b"content" + digest, "sha256").hex()[:32]


def name_of(content: str, layout: str, encoding: str) -> str:
    """The name of the snapshot of a data file whose content has this name."""
    return hashlib.sha256(f"{_FORMAT}\n{content}\n{layout}\n{encoding}".encode()).hexdigest()[:32]


def content_of(path: Path, shown: Callable[[bytes], None]) -> bytes:
    """SHA-256 digest of a file, whose bytes are `shown` in parts. Raises NodeError(SOURCE_UNAVAILABLE)."""
    digest = hashlib.sha256()
    try:
        with open_regular(path) as file:
            while block := file.read(_HASH_BYTES):
                digest.update(block)
                shown(block)
    except OSError:
        raise _refused("error.source.data-file-unreadable", path=str(path)) from None
    return digest.digest()


def manifests(folder: Path) -> Iterator[Manifest]:
    """The whole snapshots of a dataset."""
    for path in sorted(folder.glob(f"[!.]*/{_MANIFEST}")):
        try:
            manifest = _AS_JSON.validate_json(path.read_bytes())
            lookup, groups = ((path.parent / name).stat().st_size for name in (LOOKUP, GROUPS))
        except (OSError, ValidationError):
            continue
        sound = (lookup, groups) == (manifest.lookup_bytes, manifest.groups_bytes)
        if sound and manifest.format == _FORMAT and manifest.snapshot == path.parent.name:
            yield manifest


def building_folder(folder: Path) -> Path:
    """An empty folder to build in; what an interrupted build left behind is removed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(f"{_BUILDING}*"):
        shutil.rmtree(left, ignore_errors=True)
    building = folder / f"{_BUILDING}{os.getpid()}"
    building.mkdir(mode=0o700)
    return building


def put_in_place(
    building: Path, content: str, layout: str, encoding: str, original: FileIdentity, report: LoadReport
) -> Manifest:
    """Make what was built the snapshot: durable first, then visible. Raises OSError."""
    snapshot = name_of(content, layout, encoding)
    manifest = Manifest(
        _FORMAT,
        snapshot,
        content,
        layout,
        encoding,
        original,
        lookup_bytes=(building / LOOKUP).stat().st_size,
        groups_bytes=(building / GROUPS).stat().st_size,
        report=report,
    )
    (building / _MANIFEST).write_bytes(_AS_JSON.dump_json(manifest, indent=2))
    for name in (LOOKUP, GROUPS, _MANIFEST):
        (building / name).chmod(0o600)
        _sync(building / name)
    _sync(building)
    place = building.parent / snapshot
    shutil.rmtree(place, ignore_errors=True)
    building.rename(place)
    _sync(place.parent)
    return manifest


def touch(folder: Path, manifest: Manifest, original: FileIdentity) -> Manifest:
    """Remember that the content is still the same under another identity. Raises OSError."""
    path = folder / manifest.snapshot / _MANIFEST
    renewed = replace(manifest, original=original)
    beside = path.with_suffix(".new")
    beside.write_bytes(_AS_JSON.dump_json(renewed, indent=2))
    beside.chmod(0o600)
    _sync(beside)
    beside.replace(path)
    return renewed


def is_whole(folder: Path, manifest: Manifest) -> bool:
    """Whether all files of a snapshot are still in its folder, as long as they were made."""
    try:
        lookup, groups, _ = (os.stat(folder / name) for name in (LOOKUP, GROUPS, _MANIFEST))
    except OSError:
        return False
    return (lookup.st_size, groups.st_size) == (manifest.lookup_bytes, manifest.groups_bytes)


def distrust(folder: Path) -> None:
    """Mark a damaged snapshot, so that the next opening builds it anew."""
    (folder / _MANIFEST).unlink(missing_ok=True)


def prune(folder: Path, keep: Collection[str]) -> None:
    """Remove all snapshots of a dataset but these; who has them open can read on."""
    for path in folder.iterdir():
        if path.is_dir() and path.name not in keep and not path.name.startswith(_BUILDING):
            shutil.rmtree(path, ignore_errors=True)


def _refused(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.SOURCE_UNAVAILABLE, key, **args)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
