"""The node's own keys and certificates, read from their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from node.config.settings import Settings
from node.core.directory.directory import Member
from node.core.log.checkpoint import log_origin
from node.crypto.certificates import identify
from node.crypto.data_key import DataKeyRing
from node.crypto.sealing import KeyRing
from node.crypto.signing import Signer, open_note, sign_note
from node.documents.keys import KeyUse, PrivateKey, newest, read_keys
from node.documents.pki import CertificateFiles
from node.errors import NodeError, Reason
from node.exchange.group import LogKeys
from node.files.pem import read_certificates
from node.rpc.callers import Certificate
from node.rpc.links import Identity
from node.rpc.server import TlsFiles


@dataclass(frozen=True, slots=True)
class Keys:
    """The node's private keys, ready to use; `log` and `cosign` are those valid now, the newest first."""

    ring: KeyRing
    data: DataKeyRing
    log: tuple[Signer, ...]
    cosign: tuple[Signer, ...]
    files: tuple[PrivateKey, ...]


def load_keys(settings: Settings, now: datetime, random: Callable[[int], bytes]) -> Keys:
    """All key files. Raises NodeError(CONFIG_INVALID)."""
    files = read_keys(settings.keys)
    origin = log_origin(settings.department.code)
    sealing = [key.sealing_key() for key in files if key.use is KeyUse.SEALING]
    return Keys(
        ring=KeyRing(sealing),
        data=DataKeyRing(
            newest(files, KeyUse.DATA, now).data_key(random),
            [key.data_key(random) for key in files if key.use is KeyUse.DATA],
        ),
        log=_signers(files, KeyUse.LOG, origin, now),
        cosign=_signers(files, KeyUse.COSIGN, origin, now),
        files=files,
    )


def _signers(files: Sequence[PrivateKey], use: KeyUse, origin: str, now: datetime) -> tuple[Signer, ...]:
    newest(files, use, now)  # there has to be one
    return tuple(key.signer(origin) for key in files if key.use is use and key.usable(now))


def log_keys(keys: Keys, settings: Settings, member: Member | None = None) -> LogKeys:
    """How checkpoints of the own log are signed and checked; `member` is the own entry in the directory."""
    log, cosign = signing_keys(keys, member)
    # Checkpoints signed before a rotation stay good: all log keys that are still kept may have signed.
    origin = log_origin(settings.department.code)
    verifiers = tuple(key.signer(origin).verifier for key in keys.files if key.use is KeyUse.LOG)

    def verify(note: bytes) -> bytes:
        try:
            return open_note(note, verifiers).body
        except NodeError as error:
            raise NodeError(
                Reason.PROOF_INVALID,
                "error.app.no-own-log-key",
                problem=error.wording,
            ) from None

    return LogKeys(
        origin=origin,
        sign=lambda body: sign_note(body, log),
        cosign=lambda body: sign_note(body, log, cosign),
        verify=verify,
        every_records=settings.log.cosign_every_records,
        every_ms=settings.log.cosign_every_seconds * 1000,
    )


def signing_keys(keys: Keys, member: Member | None) -> tuple[Signer, Signer]:
    """The log key and the cosignature key to sign with: the newest that the directory lists for the node.

    What a key signs before the directory lists it, others have to refuse. Where the directory lists none, the
    newest signs, so that the node can keep its log.
    """
    listed = (member.log_keys, member.cosign_keys) if member is not None else ((), ())
    log, cosign = (
        next((signer for signer in signers if signer.verifier.vkey() in known), signers[0])
        for signers, known in zip((keys.log, keys.cosign), listed, strict=True)
    )
    return log, cosign


def load_identity(settings: Settings) -> Identity:
    """Certificate and key for the exchange port. Raises NodeError(CONFIG_INVALID)."""
    pair = CertificateFiles(settings.exchange.certificate, settings.exchange.key).read()
    try:
        named = identify(pair.certificate).department
    except NodeError as error:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.files.file-problem",
            problem=error.wording,
            file=str(settings.exchange.certificate),
        ) from None
    if named != settings.department.code:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.app.certificate-foreign",
            file=str(settings.exchange.certificate),
        )
    return Identity(pair.certificate, pair.key)


def load_desk_tls(settings: Settings) -> TlsFiles:
    """What the desk port shows and trusts. Raises NodeError(CONFIG_INVALID)."""
    desk = settings.desk
    pair = CertificateFiles(desk.certificate, desk.key).read()
    return TlsFiles(pair.certificate, pair.key, read_certificates(desk.roots))


def read_certificate(pem: bytes) -> Certificate:
    """Who a certificate names. Raises NodeError(CALLER_UNIDENTIFIED)."""
    identity = identify(pem)
    return Certificate(
        identity.fingerprint, identity.department, identity.role, identity.begins, identity.ends
    )
