"""Reads the policies to enforce: the bundle in place that officers approved or, in development, any files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from node.config import Settings
from node.core.bundle import Manifest, SeenBundle, accept, require_valid
from node.core.directory import Member
from node.core.policy import Policies, Policy
from node.core.publication import Waiting
from node.crypto.bundle_folder import active_name, read_placed
from node.errors import NodeError, Reason
from node.loading import load_policies, placed_folder, policies_of


@dataclass(frozen=True, slots=True)
class LoadedPolicies:
    """What is enforced, and by whose approval; without a manifest it is unsigned.

    The digest of approved policies is that of their bundle. `withheld` are the datasets that are not served
    before their catalogue entries are approved, `waiting` says what entries lack (`node.publishing`).
    """

    policies: Policies
    manifest: Manifest | None = None
    approved: tuple[str, ...] = ()
    withheld: Mapping[str, Policy] = field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()

    def require_valid(self, now: datetime) -> None:
        """Raises NodeError(POLICY_NOT_LOADED) unless they may be used now."""
        if self.manifest is not None:
            require_valid(self.manifest, now)

    def seen(self) -> SeenBundle | None:
        """What to remember once they are in use."""
        if self.manifest is None:
            return None
        return SeenBundle(self.manifest.version, self.policies.digest)


def load_active(
    settings: Settings, member: Member | None, seen: SeenBundle | None, now: datetime
) -> LoadedPolicies:
    """The policies to use now. `member` is the own entry of the directory, `seen` the newest bundle so far.

    Raises NodeError(POLICY_NOT_LOADED), (CONFIG_INVALID).
    """
    name = active_name(placed_folder(settings))
    if name is None:
        raise NodeError(
            Reason.POLICY_NOT_LOADED,
            "no policy bundle is in place: have two officers sign one, then run `dxnode policy activate`",
        )
    return _load(settings, name, member, seen, now)


def load_unsigned(settings: Settings) -> LoadedPolicies:
    """All files of the folder, whoever wrote them: for development. Raises NodeError(POLICY_NOT_LOADED)."""
    return LoadedPolicies(load_policies(settings.policies.folder, settings.department.code))


def load_last(settings: Settings, member: Member | None, seen: SeenBundle, now: datetime) -> LoadedPolicies:
    """The bundle that was in use last, for a start with a newer one that is bad. Raises as `load_active`."""
    return _load(settings, seen.folder, member, seen, now)


def _load(
    settings: Settings, name: str, member: Member | None, seen: SeenBundle | None, now: datetime
) -> LoadedPolicies:
    if member is None:
        raise NodeError(
            Reason.POLICY_NOT_LOADED,
            "the directory does not list this department, and so no officers of it: have it published",
        )
    bundle = read_placed(placed_folder(settings), name, member)
    accept(bundle.signed.manifest, bundle.signed.digest, seen, now)
    policies = replace(policies_of(bundle.files, settings.department.code), digest=bundle.signed.digest)
    return LoadedPolicies(policies, bundle.signed.manifest, bundle.signed.approved)
