"""Reads the policies to enforce: the bundle in place that officers approved or, in development, any files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from node.config.settings import Settings
from node.core.directory.directory import Member
from node.core.policy.bundle import Manifest, SeenBundle, accept, require_valid
from node.core.policy.policy import Policies, PolicyFile
from node.core.reading.build import build_policies
from node.documents.bundle_folder import active_name, read_placed
from node.documents.policy_folder import policy_files
from node.errors import NodeError, Reason
from node.files.whole import MAX_FILE_BYTES, read_file

PLACED = "policies"
"""The folder below `state` where policy bundles are in place."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Policies as they were read, and by whose approval; without a manifest they are unsigned.

    The digest of approved policies is that of their bundle. `seen` is what to remember once they are in use.
    What of them is served is a `Published` (`node.app.live.publishing`).
    """

    policies: Policies
    manifest: Manifest | None = None
    approved: tuple[str, ...] = ()
    seen: SeenBundle | None = None

    def require_valid(self, now: datetime) -> None:
        """Raises NodeError(POLICY_NOT_LOADED) unless they may be used now."""
        if self.manifest is not None:
            require_valid(self.manifest, now)


def load_active(
    settings: Settings,
    member: Member | None,
    seen: SeenBundle | None,
    now: datetime,
    old: Loaded | None = None,
) -> Loaded:
    """The policies to use now. `member` is the own entry of the directory, `seen` the newest bundle so far.

    What is in use already, `old`, is read and verified anew, but not built anew.

    Raises NodeError(POLICY_NOT_LOADED), (CONFIG_INVALID).
    """
    name = active_name(placed_folder(settings))
    if name is None:
        raise NodeError(
            Reason.POLICY_NOT_LOADED,
            "error.app.no-policy-bundle",
        )
    return _load(settings, name, member, seen, now, old)


def load_unsigned(settings: Settings) -> Loaded:
    """All files of the folder, whoever wrote them: for development. Raises NodeError(POLICY_NOT_LOADED)."""
    return Loaded(load_policies(settings.policies.folder, settings.department.code))


def load_last(settings: Settings, member: Member | None, seen: SeenBundle, now: datetime) -> Loaded:
    """The bundle that was in use last, for a start with a newer one that is bad. Raises as `load_active`."""
    return _load(settings, seen.folder, member, seen, now, None)


def _load(
    settings: Settings,
    name: str,
    member: Member | None,
    seen: SeenBundle | None,
    now: datetime,
    old: Loaded | None,
) -> Loaded:
    if member is None:
        raise NodeError(
            Reason.POLICY_NOT_LOADED,
            "error.officers.department-unlisted",
        )
    bundle = read_placed(placed_folder(settings), name, member)
    now_seen = accept(bundle.signed.manifest, bundle.signed.digest, seen, now)
    # To build ten thousand rules takes seconds, which exchanges would feel whenever any other file changes.
    if old is not None and old.manifest is not None and old.policies.digest == bundle.signed.digest:
        return replace(old, approved=bundle.signed.approved, seen=now_seen)
    policies = replace(policies_of(bundle.files, settings.department.code), digest=bundle.signed.digest)
    return Loaded(policies, bundle.signed.manifest, bundle.signed.approved, seen=now_seen)


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
        raise NodeError(Reason.POLICY_NOT_LOADED, "error.app.provider-foreign", foreign=foreign[0])
    return policies


def placed_folder(settings: Settings) -> Path:
    """Where `dxnode policy activate` puts bundles, and the node finds them."""
    return settings.state / PLACED
