"""Replaces the keys of a node and the certificate of its exchange port, without a gap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from node.core.directory.directory import Directory
from node.core.directory.spelling import MAX_KEYS
from node.crypto.certificates import identify
from node.documents.keys import KeyUse, generate, read_keys, write_key
from node.documents.pki import (
    SEALING_KEY_LIFETIME,
    SIGNING_KEY_LIFETIME,
    Authority,
    CertificateFiles,
    Random,
    listed_keys,
    make_node_certificate,
    too_many,
)
from node.errors import NodeError, Reason


def rotate_sealing_key(keys: Path, now: datetime, random: Random) -> str:
    """Add a new sealing key and delete those that have expired; returns the id of the new one.

    The one before stays until it expires, for requests on their way and peers with an older directory:
    export the member again and have the authority publish it. Raises NodeError(CONFIG_INVALID).
    """
    key_id = _rotate_listed_key(KeyUse.SEALING, SEALING_KEY_LIFETIME, keys, now, random)
    # What was sealed to an expired key can never be opened again, whoever has recorded it.
    for old in read_keys(keys):
        if old.use is KeyUse.SEALING and old.expires <= now:
            (keys / f"{old.use}-{old.key_id}.json").unlink(missing_ok=True)
    return key_id


def rotate_data_key(keys: Path, now: datetime, random: Random) -> str:
    """Add a new data key; returns its id. Those before stay: what they encrypted is read with them.

    Raises NodeError(CONFIG_INVALID).
    """
    return _add_key(KeyUse.DATA, SIGNING_KEY_LIFETIME, keys, now, random)


def rotate_log_key(keys: Path, now: datetime, random: Random) -> str:
    """Add a new log key; returns its id. The node signs with it once its directory lists it.

    Those before stay listed, for the checkpoints that they have signed, until their files are taken away:
    export the member again and have the authority publish it. Raises NodeError(CONFIG_INVALID).
    """
    return _rotate_listed_key(KeyUse.LOG, SIGNING_KEY_LIFETIME, keys, now, random)


def rotate_cosign_key(keys: Path, now: datetime, random: Random) -> str:
    """As `rotate_log_key`, of the key for cosignatures."""
    return _rotate_listed_key(KeyUse.COSIGN, SIGNING_KEY_LIFETIME, keys, now, random)


def prepare_node_certificate(
    files: CertificateFiles, authority: Authority, code: str, hosts: Sequence[str], now: datetime
) -> None:
    """Issue the next certificate for the exchange port, to be published before it is used.

    Raises NodeError(CONFIG_INVALID).
    """
    make_node_certificate(files.upcoming, authority, code, hosts, now)


def activate_node_certificate(files: CertificateFiles, directory: Directory) -> None:
    """Put the next certificate in the place of the one in use, once the directory lists it.

    Raises NodeError(CONFIG_INVALID).
    """
    certified = files.upcoming.read()
    identity = identify(certified.certificate)
    member = directory.members.get(identity.department)
    if member is None or identity.fingerprint.hex() not in member.certificates:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.documents.next-certificate-unlisted",
        )
    files.write(certified)
    for path in (files.upcoming.key, files.upcoming.certificate):
        path.unlink()
    if files.upcoming.roots.exists():
        files.upcoming.roots.replace(files.roots)


def _rotate_listed_key(use: KeyUse, lifetime: timedelta, keys: Path, now: datetime, random: Random) -> str:
    if len(listed_keys(read_keys(keys), use, now)) >= MAX_KEYS:
        raise too_many(use)
    return _add_key(use, lifetime, keys, now, random)


def _add_key(use: KeyUse, lifetime: timedelta, keys: Path, now: datetime, random: Random) -> str:
    key = generate(use, now, now + lifetime, random)
    write_key(keys, key)
    return key.key_id
