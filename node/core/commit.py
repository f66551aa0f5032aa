"""What one group commit writes: value objects shared by the exchange and the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from node.core.grant import Grant
from node.core.tree import Tile


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


@dataclass(frozen=True, slots=True)
class AnsweredExchange:
    """A provider's answered exchange: a retry gets the answer of the verdict at `index` again.

    `digest` is the SHA-256 of the envelope.
    """

    requester: str
    exchange_id: bytes
    digest: bytes
    index: int


@dataclass(frozen=True, slots=True)
class AskedExchange:
    """A requester's exchange: what is needed to retry it, and where its outcome stands (-1: none yet)."""

    exchange_id: bytes
    digest: bytes
    """Keyed digest of caller, query and subjects."""
    intent_index: int
    envelope: bytes
    response_key: bytes
    """Encrypted under the node data key."""
    outcome_index: int = -1


@dataclass(frozen=True, slots=True)
class Release:
    """A noisy statistic that was released, for every later ask of the same on the same snapshot."""

    key: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Append:
    """One record and everything that becomes durable together with it."""

    leaf: bytes
    opening: bytes = b""
    """Encrypted Opening or Answers."""
    evidence: bytes = b""
    """The other side's record and receipt."""
    answered: AnsweredExchange | None = None
    asked: AskedExchange | None = None
    settled: bytes = b""
    """Exchange id whose outcome this record is."""
    release: Release | None = None
    issued: Grant | None = None
    """A grant of this node, new or changed."""
    facts: tuple[tuple[str, str], ...] = ()
    """Small facts about the node: name and value."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything that one transaction writes. Leaves take the indices from `first_index` on."""

    first_index: int
    head: Head
    appends: tuple[Append, ...]
    tiles: tuple[Tile, ...]
    balances: Mapping[str, tuple[int, int]]
    """Counter key to (new amount used, until_ms)."""
