"""Which datasets a node serves: those whose entries are approved as they are enforced (Art. 13, 16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from node.app.live.policy_loading import Loaded
from node.core.catalogue.publication import ServedVersion, Waiting, next_version, version_of, waiting_for
from node.core.directory.directory import Directory
from node.core.policy.approval import ApprovalRole, Publication, Version
from node.core.policy.policy import Policies, Policy
from node.documents.approval_file import FOLDER, Approvers, publication_of


class ServedVersions(Protocol):
    """Where the versions of entries that were served are kept, such as the store."""

    def served_digests(self) -> dict[str, bytes]: ...
    def served_versions(self, dataset: str, limit: int) -> list[ServedVersion]: ...
    def add_served_versions(self, versions: Sequence[ServedVersion]) -> None: ...


@dataclass(frozen=True, slots=True)
class Published:
    """What a node enforces and shows: of the policies that were loaded, those datasets that may be served.

    `waiting` says which entries lack what; unless the policies are unsigned, they are not among `policies`.
    """

    loaded: Loaded
    policies: Policies
    waiting: tuple[Waiting, ...]


def publish(
    loaded: Loaded, folder: Path, directory: Directory, now: datetime, before: Published | None = None
) -> Published:
    """The policies with only those datasets that may be served, by the approvals in `folder`.

    Policies that nobody signed are for development: all are served, with a mark. Of policies that were
    published `before`, the versions are known.
    """
    approvers = Approvers(directory)
    everything = loaded.policies.datasets
    known: Mapping[str, Publication] = {}
    if before is not None and before.loaded.policies is loaded.policies:
        known = before.policies.publications
    unsigned = loaded.manifest is None
    waiting: dict[str, Waiting] = {}
    publications: dict[str, Publication] = {}
    for name, policy in sorted(everything.items()):
        if unsigned and not (folder / FOLDER).is_dir():
            waiting[name] = Waiting(name, tuple(ApprovalRole), ())
            continue
        version = _version(policy, known.get(name))
        publication = publications[name] = publication_of(folder, version, approvers, now)
        if publication.lacking:
            waiting[name] = waiting_for(name, publication)
    withheld = frozenset() if unsigned else frozenset(waiting)
    served = {name: policy for name, policy in everything.items() if name not in withheld}
    policies = replace(
        loaded.policies, datasets=MappingProxyType(served), publications=MappingProxyType(publications)
    )
    return Published(loaded, policies, tuple(waiting.values()))


def _version(policy: Policy, before: Publication | None) -> Version:
    """The version of an entry; the digest of policies that were published `before` is known."""
    if before is None:
        return version_of(policy)
    return Version(policy.dataset.name, policy.dataset.provider, before.digest)


def record(policies: Policies, history: ServedVersions, now: datetime) -> None:
    """Add to the history what is served in a new version; idempotent.

    What the switch for development serves without approvals is no publication.

    Raises NodeError(STORE_UNAVAILABLE).
    """
    last = history.served_digests()
    added: list[ServedVersion] = []
    for name, policy in policies.datasets.items():
        publication = policies.publications.get(name)
        if publication is None or publication.lacking or last.get(name) == publication.digest:
            continue
        before = history.served_versions(name, 1)[0] if name in last else None
        added.append(next_version(policy, publication, before, now))
    if added:
        history.add_served_versions(added)
