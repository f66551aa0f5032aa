"""Reads everything that a running node can read again: directory, certificates, keys, policies, sources."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from node.app.live.imported import imported_files, imported_folder
from node.config.settings import Limits, Settings
from node.config.settings import Source as SourceSettings
from node.core.directory.directory import MAX_BYTES as MAX_DIRECTORY_BYTES
from node.core.directory.directory import Directory, Member, SeenDirectory
from node.core.policy.dataset import Dataset
from node.core.policy.policy import Policies, PolicyFile
from node.core.reading.build import build_policies
from node.core.reading.document import MAX_BYTES as MAX_DOCUMENT_BYTES
from node.core.reading.holidays import read_holidays
from node.core.stop import Stop
from node.core.workdays import NO_HOLIDAYS, Calendar
from node.crypto.certificates import identify
from node.crypto.data_key import DataKeyRing
from node.crypto.sealing import KeyRing
from node.crypto.signing import Signer, Verifier, open_note, sign_note
from node.documents.bundle_folder import ACTIVE
from node.documents.directory_file import open_directory, read_directory
from node.documents.keys import KeyUse, PrivateKey, newest, read_keys
from node.documents.pki import CertificateFiles
from node.documents.policy_folder import policy_files
from node.errors import NodeError, Reason
from node.exchange.group import LogKeys
from node.exchange.opened import log_origin
from node.exchange.ports import Noise, Noisy, Source
from node.files.whole import read_file
from node.rpc.callers import Certificate
from node.rpc.links import Identity
from node.rpc.server import TlsFiles
from node.source.count_query import Counter
from node.source.open import open_database, open_file
from node.source.spec import DatabaseSpec, Exactness, FileSpec, LoadReport, SourceSpec
from node.statistics.pool import Pool
from node.texts.message import Message

log = logging.getLogger(__name__)
MAX_FILE_BYTES = 4 << 20
_TELL_SECONDS = 5.0


PLACED = "policies"
"""The folder below `state` where policy bundles are in place."""


def placed_folder(settings: Settings) -> Path:
    """Where `dxnode policy activate` puts bundles, and the node finds them."""
    return settings.state / PLACED


class OpenSource(Source, Protocol):
    """A source as the composition root holds it."""

    @property
    def mark(self) -> str:
        """Tells this load of the data from any other; not for outside."""

    @property
    def content(self) -> str:
        """What names the content under the node's own key, "" if there is none; not for outside."""

    @property
    def daily(self) -> bool:
        """Whether each day is a load of its own, as of what changes all the time."""

    @property
    def report(self) -> LoadReport | None:
        """What loading found, None if it is not known."""

    @property
    def exactness(self) -> Exactness:
        """How far it is known that the data are in the form of the product."""

    def problems(self) -> Sequence[Message]:
        """What is refused of the data, though the source answers."""

    def tend(self, *, asked: bool = False) -> None:
        """Look at the data again if it is time, or if something was wrong and it is `asked` for."""

    def check(self) -> None:
        """Raises NodeError(SOURCE_UNAVAILABLE)."""

    def close(self) -> None:
        """Let go of files and connections."""


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
                "error.app.no-log-key-node",
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
    if identify(pair.certificate).department != settings.department.code:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.app.names-another-department",
            file=str(settings.exchange.certificate),
        )
    return Identity(pair.certificate, pair.key)


def load_desk_tls(settings: Settings) -> TlsFiles:
    """What the desk port shows and trusts. Raises NodeError(CONFIG_INVALID)."""
    desk = settings.desk
    pair = CertificateFiles(desk.certificate, desk.key).read()
    return TlsFiles(pair.certificate, pair.key, read_file(desk.roots, MAX_FILE_BYTES))


def stamp(config: Path, settings: Settings) -> tuple[tuple[str, int, int, int, int], ...]:
    """Changes whenever one of the files that a reload reads does."""
    watched = [config, settings.directory, settings.exchange.certificate, settings.exchange.key]
    watched += [settings.desk.certificate, settings.desk.key, settings.desk.roots]
    watched += [settings.holidays] if settings.holidays is not None else []
    for folder in (settings.keys, settings.policies.folder):
        watched += sorted(folder.glob("*")) if folder.is_dir() else []
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
    note = read_file(path, MAX_DIRECTORY_BYTES)
    key = Verifier.parse(authority)
    try:
        return open_directory(note, key, seen, now)
    except NodeError as error:
        if error.reason is not Reason.DIRECTORY_EXPIRED:
            raise
        return read_directory(note, key), seen


def load_policies(folder: Path, department: str) -> Policies:
    """All policy files in a folder. Raises NodeError(POLICY_NOT_LOADED)."""
    return policies_of(
        [PolicyFile(path.name, read_file(path, MAX_FILE_BYTES)) for path in policy_files(folder)], department
    )


def policies_of(files: Iterable[PolicyFile], department: str) -> Policies:
    """The policies of a department. Raises NodeError(POLICY_NOT_LOADED) with the first problems."""
    policies = build_policies(files)
    foreign = sorted(
        name for name, policy in policies.datasets.items() if policy.dataset.provider != department
    )
    if foreign:
        raise NodeError(Reason.POLICY_NOT_LOADED, "error.app.another-department-provider", foreign=foreign[0])
    return policies


def load_calendar(settings: Settings) -> Calendar:
    """The node's time zone and working days. Raises NodeError(CONFIG_INVALID) for a bad holiday file."""
    path, holidays = settings.holidays, NO_HOLIDAYS
    if path is not None:
        holidays = read_holidays(path.name, read_file(path, MAX_DOCUMENT_BYTES))
    return Calendar(ZoneInfo(settings.timezone), holidays)


def source_mark(settings: SourceSettings, dataset: Dataset) -> tuple[object, ...]:
    """Changes whenever a source has to be opened anew."""
    path = settings.csv or settings.parquet
    status = path.stat() if path is not None and path.exists() else None
    file = (
        (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino) if status is not None else ()
    )
    return settings, dataset, file


def load_source(
    settings: SourceSettings,
    dataset: Dataset,
    data_folder: Path,
    key: bytes,
    counter: Counter,
    today: Callable[[], date],
    limits: Limits,
) -> OpenSource:
    """Open the data source of a dataset, building its files when they changed.

    `key` is the node's own, for names of contents; `counter` counts over built files; `today` is the date
    where the department is; `limits` bound what a live database is asked.

    Raises NodeError(SOURCE_UNAVAILABLE), (CONFIG_INVALID).
    """
    spec = source_spec(settings)
    if isinstance(spec, FileSpec):
        return open_file(spec, dataset, data_folder, key, _progress(dataset.name), counter)
    return open_database(
        spec,
        dataset,
        today,
        float(limits.source_seconds),
        float(limits.source_check_seconds),
        limits.counts,
    )


def source_spec(settings: SourceSettings) -> SourceSpec:
    """Where a source is. Raises NodeError(CONFIG_INVALID) for a URL that cannot be read."""
    path = settings.csv or settings.parquet
    if path is not None:
        return FileSpec(path, "csv" if settings.csv is not None else "parquet", settings.encoding)
    return DatabaseSpec(settings.database_url(os.environ), settings.table or "")


def _progress(dataset: str) -> Callable[[int, int | None], None]:
    last = 0.0

    def tell(done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last >= _TELL_SECONDS:
            last = time.monotonic()
            log.info("building %s: %d rows%s", dataset, done, f" of {total}" if total else "")

    last = time.monotonic()
    return tell


def read_certificate(pem: bytes) -> Certificate:
    """Who a certificate names. Raises NodeError(CALLER_UNIDENTIFIED)."""
    identity = identify(pem)
    return Certificate(
        identity.fingerprint, identity.department, identity.role, identity.begins, identity.ends
    )


def noise(pool: Pool) -> Noise:
    """What adds noise to counts and prices it, in the processes of `pool`."""

    def noisy(counts: Sequence[int], unit_contributes: int, epsilon_micros: int, stop: Stop) -> Noisy:
        released = pool.noise(counts, unit_contributes, epsilon_micros, stop)
        return Noisy(released.values, released.epsilon_micros, released.accuracy_95)

    return noisy


class RandomPool:
    """Random bytes from the system, fetched in blocks: a system call for every nonce costs too much."""

    _BLOCK = 8192

    def __init__(self, source: Callable[[int], bytes] = os.urandom) -> None:
        self._source = source
        self._lock = threading.Lock()
        self._block = memoryview(b"")

    def __call__(self, count: int) -> bytes:
        """`count` bytes, never given twice."""
        if count > self._BLOCK:
            return self._source(count)
        with self._lock:
            if len(self._block) < count:
                self._block = memoryview(self._source(self._BLOCK))
            taken, self._block = self._block[:count], self._block[count:]
        return bytes(taken)
