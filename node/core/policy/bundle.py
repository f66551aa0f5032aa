"""Policy bundles: a manifest fixes which policy files officers approve, for how long, as which version.

The manifest stands beside the files as a C2SP signed note; its text is the JSON that `render_manifest`
gives, byte for byte. `node.documents.bundle_file` checks the officers' signatures; the rules of time, version
and content are here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from node.core.directory.spelling import Code, Moment
from node.core.json_text import canonical_json, malformed_at
from node.core.policy.policy import PolicyFile
from node.errors import NodeError, Reason
from node.texts.message import Value

MANIFEST: Final = "bundle.note"
FORMAT: Final = "dxnode/policy-bundle/1"
MAX_BYTES: Final = 16 << 20
MAX_FILES: Final = 50_000
MAX_LIFETIME: Final = timedelta(days=400)
_SHAPE = ConfigDict(extra="forbid", strict=True)
# No folder, no hidden file, nothing that another system would spell in two ways.
_NAME = r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,119}\.yaml\z"


class BundleRefusedError(NodeError):
    """Why a bundle is not used, and what to do: POLICY_NOT_LOADED."""

    def __init__(self, key: str, /, **args: Value) -> None:
        super().__init__(Reason.POLICY_NOT_LOADED, key, **args)


@dataclass(frozen=True, slots=True)
class _Entry:
    __pydantic_config__ = _SHAPE

    name: Annotated[str, StringConstraints(pattern=_NAME)]
    sha256: Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{64}\z")]


@dataclass(frozen=True, slots=True)
class _Body:
    __pydantic_config__ = _SHAPE

    format: str
    department: Code
    version: Annotated[int, Field(ge=1, lt=2**53)]
    valid_from: Moment
    valid_until: Moment
    files: Annotated[tuple[_Entry, ...], Field(min_length=1, max_length=MAX_FILES)]


_BODY = TypeAdapter(_Body)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What officers sign: `files` gives the SHA-256 (hex) of each policy file of `department` by its name."""

    department: str
    version: int
    valid_from: datetime
    valid_until: datetime
    files: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SeenBundle:
    """The newest bundle in use so far, which no later one may contradict; the store keeps it."""

    version: int
    digest: bytes

    @property
    def folder(self) -> str:
        """What its folder is called once it is in place."""
        return f"{self.version}-{self.digest.hex()[:32]}"


def make_manifest(
    department: str,
    version: int,
    valid_from: datetime,
    valid_until: datetime,
    files: Iterable[PolicyFile],
) -> Manifest:
    """The manifest of these files. Raises NodeError(POLICY_NOT_LOADED) when no node would accept it."""
    digests = {file.name: file.digest.hex() for file in files}
    return parse_manifest(
        render_manifest(
            Manifest(
                department,
                version,
                valid_from.replace(microsecond=0),
                valid_until.replace(microsecond=0),
                digests,
            )
        )
    )


def parse_manifest(body: bytes) -> Manifest:
    """The manifest whose canonical JSON is `body`. Raises NodeError(POLICY_NOT_LOADED), saying where."""
    if len(body) > MAX_BYTES:
        raise BundleRefusedError("error.bundle.manifest-too-large", max_bytes=MAX_BYTES)
    try:
        parsed = _BODY.validate_json(body)
    except ValidationError as error:
        raise BundleRefusedError(
            "error.bundle.manifest-malformed", malformed_at=malformed_at(error)
        ) from None
    if parsed.format != FORMAT:
        raise BundleRefusedError("error.bundle.format-unknown", format=FORMAT)
    if not parsed.valid_from < parsed.valid_until <= parsed.valid_from + MAX_LIFETIME:
        raise BundleRefusedError("error.bundle.validity-length", days=MAX_LIFETIME.days)
    manifest = Manifest(
        parsed.department,
        parsed.version,
        parsed.valid_from,
        parsed.valid_until,
        MappingProxyType({entry.name: entry.sha256 for entry in parsed.files}),
    )
    # Whatever could be written in two ways, as a name listed twice, differs from the one way.
    if render_manifest(manifest) != body:
        raise BundleRefusedError("error.bundle.manifest-not-canonical")
    return manifest


def render_manifest(manifest: Manifest) -> bytes:
    """The canonical JSON, files by name."""
    body = _Body(
        FORMAT,
        manifest.department,
        manifest.version,
        manifest.valid_from,
        manifest.valid_until,
        tuple(_Entry(name, manifest.files[name]) for name in sorted(manifest.files)),
    )
    return canonical_json(_BODY, body)


def bundle_digest(body: bytes) -> bytes:
    """The digest (32 bytes) that decisions and records name a bundle by: SHA-256 of the manifest as signed.

    It fixes files, version and validity, and stays the same whoever signs.
    """
    return sha256(body).digest()


def check_content(manifest: Manifest, files: Iterable[PolicyFile]) -> None:
    """Raises NodeError(POLICY_NOT_LOADED) unless `files` are those of the manifest, no more and no less."""
    found = {file.name: file for file in files}
    for name in sorted(manifest.files.keys() - found.keys()):
        raise BundleRefusedError("error.bundle.file-missing", name=name)
    for name in sorted(found.keys() - manifest.files.keys()):
        raise BundleRefusedError("error.bundle.file-unnamed", name=name)
    for name in sorted(found):
        if found[name].digest.hex() != manifest.files[name]:
            raise BundleRefusedError("error.bundle.file-changed", name=name)


def accept(manifest: Manifest, digest: bytes, seen: SeenBundle | None, now: datetime) -> SeenBundle:
    """Decide whether a bundle whose signatures are verified may be used now; what to remember if so.

    Raises NodeError(POLICY_NOT_LOADED): it is older than one in use before, differs from it under the same
    version, is not valid yet or no more.
    """
    if seen is not None:
        check_newer(manifest.version, seen.version, same=digest == seen.digest)
    require_valid(manifest, now)
    return SeenBundle(manifest.version, digest)


def check_newer(version: int, used: int, *, same: bool) -> None:
    """Raises NodeError(POLICY_NOT_LOADED) for a version before the one `used`, or another of its number.

    `same` says whether both are one bundle.
    """
    if version < used:
        raise BundleRefusedError("error.bundle.version-old", version=version, used=used)
    if version == used and not same:
        raise BundleRefusedError("error.bundle.version-reused", version=version)


def require_valid(manifest: Manifest, now: datetime) -> None:
    """Raises NodeError(POLICY_NOT_LOADED) unless the bundle is valid now."""
    if now < manifest.valid_from:
        raise BundleRefusedError(
            "error.bundle.not-valid-yet",
            at=manifest.valid_from,
        )
    if now >= manifest.valid_until:
        raise BundleRefusedError("error.bundle.expired", at=manifest.valid_until)
