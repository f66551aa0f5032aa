"""Keeps other departments' published catalogues in the node's state folder, one file for each publisher."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from google.protobuf.message import DecodeError

from node.config.settings import Settings
from node.errors import NodeError, Reason
from node.files.leftover import is_leftover
from node.files.whole import PRIVATE, read_file, write_file
from node.v1 import catalogue_pb2 as pb

MAX_BYTES = 256 * 1024 * 1024
_ENDING = ".catalogue"


def imported_folder(settings: Settings) -> Path:
    """Where imported catalogues are."""
    return settings.state / "catalogues"


def imported_files(folder: Path) -> list[Path]:
    """The files of a folder that hold a catalogue, by publisher."""
    return sorted(path for path in folder.glob(f"*{_ENDING}") if not is_leftover(path.name))


def place_import(folder: Path, catalogue: pb.ImportedCatalogue) -> None:
    """Put a catalogue in place of the publisher's earlier one, in one step.

    Raises NodeError(CONFIG_INVALID).
    """
    # Of a message put together of two, the later parts are added.
    content = (
        catalogue.SerializeToString() + pb.ImportedCatalogue(digest=_digest(catalogue)).SerializeToString()
    )
    if len(content) > MAX_BYTES:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.app.catalogue-too-large",
            max_bytes=MAX_BYTES // 2**20,
        )
    write_file(folder / f"{catalogue.publisher}{_ENDING}", content, PRIVATE)


def kept_import(folder: Path, publisher: str) -> pb.ImportedCatalogue:
    """The catalogue of a publisher that is kept now, an empty one if there is none or it is damaged."""
    try:
        return read_import(folder / f"{publisher}{_ENDING}")
    except NodeError:
        return pb.ImportedCatalogue(publisher=publisher)


def read_import(path: Path) -> pb.ImportedCatalogue:
    """The catalogue in a file. Raises NodeError(CONFIG_INVALID)."""
    try:
        catalogue = pb.ImportedCatalogue.FromString(read_file(path, MAX_BYTES))
    except DecodeError:
        catalogue = pb.ImportedCatalogue()
    if f"{catalogue.publisher}{_ENDING}" != path.name or catalogue.digest != _digest(catalogue):
        raise NodeError(Reason.CONFIG_INVALID, "error.app.import-damaged", name=path.name)
    return catalogue


def _digest(catalogue: pb.ImportedCatalogue) -> bytes:
    hashed = sha256()
    for content in catalogue.entries:
        hashed.update(len(content).to_bytes(4, "big"))
        hashed.update(content)
    return hashed.digest()
