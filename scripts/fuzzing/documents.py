"""Fuzz targets for signed documents: notes, and the texts under them."""

from __future__ import annotations

from contextlib import suppress

from node.core.catalogue.deadlines import parse_causes
from node.core.directory.directory import parse_directory, parse_member
from node.core.log.checkpoint import Checkpoint
from node.core.log.seen_file import parse_seen
from node.core.policy.approval import parse_approval
from node.core.policy.bundle import parse_manifest
from node.core.state.backup import parse_backup
from node.core.state.order import parse_order
from node.crypto.certificates import check_certificates, identify
from node.crypto.signing import Verifier, read_note
from node.documents.order_file import read_order
from node.errors import NodeError


def note(data: bytes) -> object:
    """A signed note, whoever signed it."""
    return read_note(data)


def verifier_key(data: bytes) -> object:
    """A verifier key as text: one that is read is written as it was."""
    text = data.decode("utf-8", "replace")
    read = Verifier.parse(text)
    assert read.vkey() == text
    return read


def checkpoint(data: bytes) -> object:
    """The text of a checkpoint."""
    return Checkpoint.parse(data)


def directory(data: bytes) -> object:
    """The text of a directory."""
    return parse_directory(data)


def member(data: bytes) -> object:
    """A member file."""
    return parse_member(data)


def bundle(data: bytes) -> object:
    """The manifest of a policy bundle."""
    return parse_manifest(data)


def order(data: bytes) -> object:
    """An order, signed or not."""
    with suppress(NodeError):
        read_order(data)
    return parse_order(data)


def approval(data: bytes) -> object:
    """An approval of a catalogue entry."""
    return parse_approval(data)


def causes(data: bytes) -> object:
    """The file of causes for updates."""
    return parse_causes(data)


def seen_checkpoints(data: bytes) -> object:
    """The checkpoints that another department says it has seen."""
    return parse_seen(data)


def backup(data: bytes) -> object:
    """The manifest of a backup: no file of it lies outside of its folder."""
    read = parse_backup(data)
    assert not any(".." in file.name.split("/") or file.name.startswith("/") for file in read.files)
    return read


def certificate(data: bytes) -> object:
    """Certificates in PEM form."""
    with suppress(NodeError):
        check_certificates(data.decode("utf-8", "replace"))
    return identify(data)
