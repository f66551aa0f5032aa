"""A development authority and the keys and certificates of a department, as files.

Production has an authority of its own: it issues the certificates, and these functions make the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from node.core.directory.directory import Member
from node.core.directory.spelling import MAX_KEYS, MIN_APPROVALS, Level, SealingKey
from node.core.revision import REVISION
from node.crypto.certificates import (
    Certified,
    fingerprints,
    identify,
    issue_desk,
    issue_desk_user,
    issue_node,
    make_authority,
    pair,
)
from node.crypto.signing import Signer
from node.documents.directory_file import check_member_keys
from node.documents.keys import KeyUse, PrivateKey, generate, newest, read_keys, write_key
from node.documents.verifier_file import read_verifier
from node.errors import NodeError, Reason
from node.files.leftover import is_leftover
from node.files.pem import read_certificates, read_private_key
from node.files.text import read_text
from node.files.whole import PRIVATE, PUBLIC, write_file

AUTHORITY_LIFETIME: Final = timedelta(days=3650)
CERTIFICATE_LIFETIME: Final = timedelta(days=365)
SIGNING_KEY_LIFETIME: Final = timedelta(days=3650)
SEALING_KEY_LIFETIME: Final = timedelta(days=180)
_LONGEST: Final = 64 << 10
_FILE_NAME: Final = re.compile(r"\w[\w-]{0,63}")

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """Where a certificate and its private key are."""

    certificate: Path
    key: Path

    @property
    def upcoming(self) -> CertificateFiles:
        """Where their successors wait until the directory lists them."""
        return CertificateFiles(
            self.certificate.with_name(f"next-{self.certificate.name}"),
            self.key.with_name(f"next-{self.key.name}"),
        )

    @property
    def earlier(self) -> CertificateFiles:
        """Where those before them stay until nobody needs them any more."""
        return CertificateFiles(
            self.certificate.with_name(f"before-{self.certificate.name}"),
            self.key.with_name(f"before-{self.key.name}"),
        )

    @property
    def roots(self) -> Path:
        """Where the certificate that issued it is put."""
        return self.certificate.with_name(f"{self.certificate.stem}-roots.pem")

    def exist(self) -> bool:
        """Whether both are there."""
        return self.certificate.exists() and self.key.exists()

    def write(self, certified: Certified) -> None:
        """Put both in place, the key first: a reload in between finds a pair that does not fit, and waits."""
        write_file(self.key, certified.key, PRIVATE)
        write_file(self.certificate, certified.certificate, PUBLIC)

    def read(self) -> Certified:
        """Raises NodeError(CONFIG_INVALID)."""
        certificates, key = read_certificates(self.certificate), read_private_key(self.key)
        try:
            return pair(certificates, key)
        except NodeError as error:
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.pem.pair",
                problem=error.wording,
                certificate=str(self.certificate),
                key_file=str(self.key),
            ) from None


@dataclass(frozen=True, slots=True)
class Authority:
    """The development authority's folder: its TLS authority, its directory signing key, the directory."""

    folder: Path
    code: str

    @property
    def tls(self) -> CertificateFiles:
        return CertificateFiles(self.folder / "ca.pem", self.folder / "ca.key")

    @property
    def directory(self) -> Path:
        return self.folder / "directory.note"

    def signer(self, now: datetime) -> Signer:
        """Signs directories. Raises NodeError(CONFIG_INVALID) when there is no valid key."""
        keys = read_keys(self.folder / "keys")
        return newest(keys, KeyUse.DIRECTORY, now).signer(f"dxnode/{self.code}/directory")


@dataclass(frozen=True, slots=True)
class NodeFiles:
    """Where a department keeps its private keys and certificates; as `node.config.settings` names them."""

    keys: Path
    exchange: CertificateFiles
    desk: CertificateFiles
    desk_roots: Path
    desk_authority: CertificateFiles

    def have_keys(self) -> bool:
        """Whether there is any private key."""
        return self.keys.exists() and any(self.keys.iterdir())


def make_authority_files(folder: Path, code: str, now: datetime, random: Random) -> Authority:
    """A development authority: TLS authority and directory signing key, each new.

    Raises NodeError(CONFIG_INVALID), also when there is one: a second would orphan what the first signed.
    """
    authority = Authority(folder, code)
    public, named = folder / "authority.vkey", folder / "code"
    _refuse_second(authority.tls, folder / "keys", public, named, authority.directory)
    write_key(folder / "keys", generate(KeyUse.DIRECTORY, now, now + SIGNING_KEY_LIFETIME, random))
    authority.tls.write(make_authority(f"dxnode development authority {code}"[:64], now, AUTHORITY_LIFETIME))
    write_file(public, authority.signer(now).verifier.vkey().encode() + b"\n", PUBLIC)
    write_file(named, code.encode() + b"\n", PUBLIC)
    return authority


def open_authority(folder: Path) -> Authority:
    """The authority in a folder. Raises NodeError(CONFIG_INVALID)."""
    if not (folder / "code").exists():
        raise NodeError(Reason.CONFIG_INVALID, "error.documents.no-authority", folder=str(folder))
    return Authority(folder, read_text(folder / "code", _LONGEST).decode("ascii", "replace").strip())


def make_node_keys(keys: Path, now: datetime, random: Random) -> None:
    """The private keys of a node: sealing, log, cosignature and data. Raises NodeError(CONFIG_INVALID)."""
    if keys.exists() and any(keys.iterdir()):
        raise _exists(keys)
    for use in (KeyUse.DATA, KeyUse.LOG, KeyUse.COSIGN):
        write_key(keys, generate(use, now, now + SIGNING_KEY_LIFETIME, random))
    write_key(keys, generate(KeyUse.SEALING, now, now + SEALING_KEY_LIFETIME, random))


def make_node_certificate(
    files: CertificateFiles, authority: Authority, code: str, hosts: Sequence[str], now: datetime
) -> None:
    """A certificate of the development authority for the exchange port. Raises NodeError(CONFIG_INVALID)."""
    _refuse_second(files, files.roots)
    issuer = authority.tls.read()
    files.write(issue_node(issuer, code, hosts, now, CERTIFICATE_LIFETIME))
    write_file(files.roots, issuer.certificate, PUBLIC)


def make_desk(files: NodeFiles, code: str, hosts: Sequence[str], now: datetime) -> None:
    """The department's own authority for desk callers, and the desk's certificate under it.

    Raises NodeError(CONFIG_INVALID).
    """
    _refuse_second(files.desk_authority)
    _refuse_second(files.desk, files.desk_roots)
    authority = make_desk_authority(code, now)
    files.desk_authority.write(authority)
    write_file(files.desk_roots, authority.certificate, PUBLIC)
    files.desk.write(issue_desk(authority, f"desk of {code}", hosts, now, CERTIFICATE_LIFETIME))


def make_desk_authority(code: str, now: datetime) -> Certified:
    """An authority for the callers of a department's desk."""
    return make_authority(f"dxnode desk authority {code}"[:64], now, AUTHORITY_LIFETIME)


@dataclass(frozen=True, slots=True)
class DeskUser:
    """What is handed to a desk caller."""

    certificate: Path
    key: Path
    desk_roots: Path


def make_desk_user(
    files: NodeFiles, folder: Path, code: str, role: str, name: str, now: datetime
) -> DeskUser:
    """A caller's certificate and key, and the roots to know the desk by, in a folder to hand over.

    Raises NodeError(CONFIG_INVALID).
    """
    if not _FILE_NAME.fullmatch(name):
        raise NodeError(Reason.CONFIG_INVALID, "error.documents.file-name-malformed")
    user = CertificateFiles(folder / f"{name}.pem", folder / f"{name}.key")
    _refuse_second(user)
    authority = files.desk_authority.read()
    known, roots = authority.certificate, folder / "desk-roots.pem"
    if files.desk_authority.earlier.exist():  # which the desk's own certificate is still under
        known += files.desk_authority.earlier.read().certificate
    if roots.exists() and not fingerprints(read_certificates(roots)) & fingerprints(known):
        raise _exists(roots)  # of another desk, which whoever has this folder calls
    user.write(issue_desk_user(authority, code, role, name, now, CERTIFICATE_LIFETIME))
    write_file(roots, known, PUBLIC)
    return DeskUser(user.certificate, user.key, roots)


@dataclass(frozen=True, slots=True)
class About:
    """What a department says of itself to the authority."""

    code: str
    title: str
    region: str
    level: Level
    organisation: str
    endpoint: str


def export_member(
    about: About,
    keys: Path,
    exchange: CertificateFiles,
    roots: Path,
    now: datetime,
    officers: tuple[str, ...] = (),
    approvals: int = MIN_APPROVALS,
) -> Member:
    """What the authority needs of a department for the directory: public keys, certificates, endpoint.

    `officers` are the verifier keys of those who approve its policies, `approvals` of them each time.

    `roots` (PEM) are what its certificates chain to. Raises NodeError(CONFIG_INVALID), also when a
    certificate is not this department's, NodeError(CALLER_UNIDENTIFIED) when it is nobody's.
    """
    private = read_keys(keys)
    name = f"dxnode/{about.code}"
    shown = []
    for files in (exchange, exchange.upcoming):
        if files is exchange or files.certificate.exists():
            identity = identify(files.read().certificate)
            if identity.department != about.code:
                raise NodeError(
                    Reason.CONFIG_INVALID,
                    "error.documents.certificate-foreign",
                    certificate=str(files.certificate),
                )
            shown.append(identity.fingerprint.hex())
    member = Member(
        code=about.code,
        title=about.title,
        region=about.region,
        level=about.level,
        organisation=about.organisation,
        roles=(),
        endpoint=about.endpoint,
        certificates=tuple(shown),
        tls_roots=read_certificates(roots).decode(),
        sealing_keys=tuple(
            SealingKey.parse(key.sealing_key().public.encode())
            for key in listed_keys(private, KeyUse.SEALING, now)
        ),
        log_keys=_verifier_keys(private, KeyUse.LOG, name, now),
        cosign_keys=_verifier_keys(private, KeyUse.COSIGN, name, now),
        suspended=False,
        officers=officers,
        approvals=approvals,
        schema=REVISION,
    )
    check_member_keys(member)
    return member


def read_officers(folder: Path) -> tuple[str, ...]:
    """The verifier keys in the `*.vkey` files of a folder, none without the folder.

    Raises NodeError(CONFIG_INVALID), also for a private key there: its owner alone may have it.
    """
    for path in sorted(path for path in folder.glob("*.key") if not is_leftover(path.name)):
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.documents.private-key-misplaced",
            path=str(path),
        )
    paths = sorted(path for path in folder.glob("*.vkey") if not is_leftover(path.name))
    return tuple(read_verifier(path).vkey() for path in paths)


def _verifier_keys(files: Sequence[PrivateKey], use: KeyUse, name: str, now: datetime) -> tuple[str, ...]:
    """What the directory lists: all that have not expired, the newest first."""
    newest(files, use, now)  # with none to sign with, there is nothing to publish
    return tuple(key.signer(name).verifier.vkey() for key in listed_keys(files, use, now))


def listed_keys(files: Sequence[PrivateKey], use: KeyUse, now: datetime) -> list[PrivateKey]:
    """The keys of a use that the directory has to list. Raises NodeError(CONFIG_INVALID) for too many."""
    listed = [key for key in files if key.use is use and key.expires > now]
    if len(listed) > MAX_KEYS:
        raise too_many(use)
    return listed


def too_many(use: KeyUse) -> NodeError:
    sealing = use is KeyUse.SEALING
    key = "error.documents.too-many-sealing-keys" if sealing else "error.documents.too-many-signing-keys"
    return NodeError(Reason.CONFIG_INVALID, key, most=MAX_KEYS, use=use)


def _refuse_second(files: CertificateFiles, *others: Path) -> None:
    for path in (files.certificate, files.key, *others):
        if path.exists():
            raise _exists(path)


def _exists(path: Path) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, "error.documents.file-exists", path=str(path))
