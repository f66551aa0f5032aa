"""What the catalogue serves: entries with their approvals, and the versions that were served before.

Decree 809, Art. 13, 16 and 17. `Policies.publications` says how each entry stands; a dataset that lacks an
approval is no part of `Policies.datasets` at all, so that what is published is what is enforced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from node.core.catalogue.digest import canonical_entry, changed_parts, entry_digest
from node.core.catalogue.entry import entry_of, summary_of
from node.core.milliseconds import to_ms
from node.core.policy.approval import ApprovalRole, Approved, Publication, Version
from node.core.policy.policy import Policies, Policy
from node.texts.message import Message
from node.v1 import catalogue_pb2 as pb

MAX_HISTORY = 500
"""Versions of one entry that are shown at most, the newest."""


@dataclass(frozen=True, slots=True)
class ServedVersion:
    """One version of an entry in the order in which they were served, `number` from 1.

    `entry` is its canonical form, whose SHA-256 is `digest`; `message` is what a history shows of it.
    """

    dataset: str
    number: int
    digest: bytes
    entry: bytes
    message: pb.DatasetVersion


@dataclass(frozen=True, slots=True)
class Waiting:
    """A dataset whose entry lacks approvals; `problems` say why one that is there counts not."""

    dataset: str
    lacking: tuple[ApprovalRole, ...]
    problems: tuple[Message, ...]


def version_of(policy: Policy) -> Version:
    """The version of an entry that a policy makes."""
    return Version(policy.dataset.name, policy.dataset.provider, entry_digest(entry_of(policy)))


def waiting_for(dataset: str, publication: Publication) -> Waiting:
    """What an entry waits for; of a publication that lacks something."""
    return Waiting(dataset, publication.lacking, tuple(publication.problems.values()))


def published_entry(policies: Policies, policy: Policy) -> pb.Dataset:
    """The entry as it is served: with its approvals, or the mark that it lacks them."""
    entry = entry_of(policy)
    publication = policies.publications.get(policy.dataset.name)
    entry.summary.unapproved = _unapproved(publication)
    if publication is not None:
        entry.publication.entry_digest = publication.digest
        entry.publication.approvals.extend(approval_messages(publication))
    return entry


def published_summary(policies: Policies, policy: Policy) -> pb.DatasetSummary:
    """What a list shows of an entry, with the same mark."""
    summary = summary_of(policy.dataset)
    summary.unapproved = _unapproved(policies.publications.get(policy.dataset.name))
    return summary


def approval_messages(publication: Publication) -> list[pb.Approval]:
    """The approvals that count, the head's first."""
    return [_approval(publication.approvals[role]) for role in ApprovalRole if role in publication.approvals]


Proved = Callable[[Version, Sequence[pb.Approval]], list[pb.Approval]]
"""Those of the approvals told of a version that the own directory and their signed notes prove."""


def keep_proved(entry: pb.Dataset, proved: Proved) -> None:
    """Leave an entry from elsewhere only those approvals that are proved: anybody can write the others."""
    if entry.HasField("publication"):
        version = Version(entry.summary.dataset, entry.summary.provider, entry_digest(entry))
        kept = proved(version, entry.publication.approvals)
        entry.publication.CopyFrom(pb.Publication(entry_digest=version.digest, approvals=kept))


def next_version(
    policy: Policy, publication: Publication, last: ServedVersion | None, now: datetime
) -> ServedVersion:
    """The version that serving the entry adds to its history; `last` is another one."""
    entry = canonical_entry(entry_of(policy))
    number = last.number + 1 if last is not None else 1
    message = pb.DatasetVersion(
        number=number,
        entry_digest=publication.digest,
        title=policy.dataset.title,
        served_since_ms=to_ms(now),
        approvals=approval_messages(publication),
        changed=changed_parts(last.entry, entry) if last is not None else (),
    )
    return ServedVersion(policy.dataset.name, number, publication.digest, entry, message)


def _unapproved(publication: Publication | None) -> bool:
    return publication is None or bool(publication.lacking)


def _approval(approved: Approved) -> pb.Approval:
    approval = approved.approval
    return pb.Approval(
        role=approval.role,
        department=approval.department,
        person=approval.person,
        at_ms=to_ms(approval.at),
        note=approval.note,
        signed=approved.note,
    )
