"""What one group commit writes: value objects shared by the exchange and the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from node.core.deciding.budget import BudgetRow
from node.core.deciding.gap import Gap
from node.core.deciding.grant import Grant
from node.core.log.peer_log import Contradiction, PeerLog
from node.core.log.tree import Tile


@dataclass(frozen=True, slots=True)
class Head:
    """The newest signed tree head of the own log.

    `note` is the checkpoint; `cosigned` is the newest one that also carries the ML-DSA-65 cosignature
    (`cosigned_size` leaves). `time_ms` is the time of the last record.
    """

    size: int = 0
    time_ms: int = 0
    note: bytes = b""
    cosigned: bytes = b""
    cosigned_size: int = 0
    cosigned_ms: int = 0


DIGEST = 16
"""Bytes of a digest by which a node recognises what it has answered: nobody gains by two that have one."""


@dataclass(frozen=True, slots=True)
class AnsweredExchange:
    """A provider's answered exchange: a retry gets the answer of the verdict at `index` again.

    `digest` is the beginning of the SHA-256 of the envelope (`DIGEST` bytes).
    """

    requester: str
    exchange_id: bytes
    digest: bytes
    index: int


class AskedExchange(NamedTuple):
    """A requester's exchange: what is needed to retry it, and where its outcome stands (-1: none yet).

    `envelope` and `response_key` are empty when it can't be sent again: it was answered, or its day is over.
    """

    exchange_id: bytes
    digest: bytes
    """Keyed digest of caller, query and subjects."""
    intent_index: int
    envelope: bytes
    response_key: bytes
    """Encrypted under the node data key."""
    outcome_index: int = -1


class Settled(NamedTuple):
    """The outcome of the exchange whose intent is at `intent_index`; a `final` one is not asked again."""

    intent_index: int
    final: bool


@dataclass(frozen=True, slots=True)
class Release:
    """A noisy statistic that was released, for every later ask of the same on the same load."""

    key: bytes
    body: bytes


class Append(NamedTuple):
    """One record and everything that becomes durable together with it."""

    leaf: bytes
    opening: bytes = b""
    """Encrypted KeptOpening."""
    evidence: bytes = b""
    """Serialised KeptEvidence of the other side's proof."""
    shared: bytes = b""
    """The hashes that the evidence names, end to end: kept once, however many name them."""
    answered: AnsweredExchange | None = None
    asked: AskedExchange | None = None
    settled: Settled | None = None
    """Whose outcome this record is."""
    release: Release | None = None
    issued: tuple[Grant, ...] = ()
    """Grants of this node, new or changed."""
    facts: tuple[tuple[str, str], ...] = ()
    """Small facts about the node: name and value."""
    peer_log: PeerLog | None = None
    """What is remembered of another node's log from now on, with `contradiction` where it has one."""
    contradiction: Contradiction | None = None
    gap: Gap | None = None
    """A time of which records and counts are lost."""
    lost_until_ms: int = 0
    """What is lost ends here at the latest, 0 for as it was: the clock is set back to this time."""

    @property
    def size(self) -> int:
        """Bytes that another party can make longer or shorter."""
        return len(self.leaf) + len(self.opening) + len(self.evidence) + len(self.shared)


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything that one transaction writes. Leaves take the indices from `first_index` on."""

    first_index: int
    head: Head
    appends: tuple[Append, ...]
    tiles: tuple[Tile, ...]
    balances: Mapping[str, tuple[int, int]]
    """Counter or mark (`node.core.deciding.budget`) to (new amount used or number, until_ms)."""
    spent: Mapping[BudgetRow, int] = field(default_factory=dict)
    """Micro-epsilon to add to rows of the ledger of privacy budgets."""
    peer_logs: tuple[PeerLog, ...] = ()
    """What was seen of other nodes' logs up to this commit."""
