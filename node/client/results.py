"""What the client hands out: frozen values in place of wire messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from node.errors import NodeError, Reason


@dataclass(frozen=True, slots=True)
class QuestionName:
    """A question in full: the provider's credit code, the dataset and the question."""

    provider: str
    dataset: str
    question: str

    @classmethod
    def parse(cls, text: str) -> QuestionName:
        """From "provider/dataset/question", or "dataset/question" with the provider left empty.

        Raises NodeError QUERY_INVALID for anything else.
        """
        parts = text.split("/")
        if not 2 <= len(parts) <= 3 or not all(parts):
            raise NodeError(
                Reason.QUERY_INVALID, "give the question as provider/dataset/question or dataset/question"
            )
        provider, dataset, question = parts if len(parts) == 3 else ["", *parts]
        return cls(provider, dataset, question)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asked about, and what is claimed about them; kept out of every representation."""

    id: str = field(repr=False)
    claims: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an exchange stands in the usage logs of both sides, and the provider's rule that allowed it."""

    exchange_id: bytes
    own_index: int
    provider_index: int
    provider_size: int
    rule: str


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer to a verification; an unknown subject is `False`."""

    answer: bool
    proof: Proof


@dataclass(frozen=True, slots=True)
class FieldAnswer:
    """One derived value; `None` for an unknown subject or an empty field."""

    value: str | None
    proof: Proof


@dataclass(frozen=True, slots=True)
class Cell:
    """One noisy count; `key` has the values of the group_by fields in their order."""

    key: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Statistic:
    """A release of noisy counts.

    `epsilon_micros` is what it cost, in millionths of epsilon; a cell is within `accuracy_95` of the exact
    count with probability 0.95; `reused` means that it was released before and cost nothing now.
    """

    cells: tuple[Cell, ...]
    epsilon_micros: int
    accuracy_95: int
    snapshot: str
    reused: bool
    proof: Proof


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a chunk of a batch has no answers."""

    reason: Reason
    rule: str
    clause: str
    message: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a batch: its position from 0, and at most 1000 subjects."""

    number: int
    subjects: tuple[Subject, ...]


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """The answers of one chunk in the order of its subjects, or its refusal.

    `answers` are all `bool`, or all `str | None`. The positions in `over_limit` got none, because that
    subject's own limit is used up.
    """

    chunk: int
    answers: tuple[bool, ...] | tuple[str | None, ...]
    over_limit: frozenset[int]
    refusal: Refusal | None
    proof: Proof


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """What the node loaded of one dataset; `problem` is empty when its source answers."""

    dataset: str
    snapshot: str
    rows: int
    invalid_subjects: int
    duplicates: int
    problem: str


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key of the node and when it expires (`None`: never)."""

    use: str
    key_id: str
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingDataset:
    """A dataset whose catalogue entry lacks approvals, of "head" and "authority"."""

    dataset: str
    lacking: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClockStatus:
    """What a node goes by.

    `standing` is "agreed" (the system's clock), "held" (its own time, because the system's clock jumped) or
    "waiting" (nothing is asked or answered before the time is known). `told` is what other departments say:
    "nothing", "system", "own" or "other".
    """

    standing: str
    node: datetime | None
    system: datetime | None
    told: str


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """How a node is; `state` is "SERVING", "DEGRADED" or "DRAINING".

    Working days after `workdays_known_until` (YYYY-MM-DD) are provisional.
    """

    department: str
    title: str
    version: str
    state: str
    problems: tuple[str, ...]
    log_size: int
    checkpoint: bytes
    directory_version: int
    directory_expires: datetime | None
    policy_digest: bytes
    datasets: tuple[DatasetStatus, ...]
    active_grants: int
    keys: tuple[KeyStatus, ...]
    workdays_known_until: str
    holidays_digest: bytes
    policies_unsigned: bool
    policy_version: int
    policy_valid_until: datetime | None
    policy_approved: tuple[str, ...]
    waiting: tuple[WaitingDataset, ...]
    waiting_total: int
    clock: ClockStatus
    sqlite: str


@dataclass(frozen=True, slots=True)
class OrderApplied:
    """An order that the node carried out: what kind, its SHA-256, who signed, and the index of the record."""

    kind: str
    digest: bytes
    approved: tuple[str, ...]
    index: int


@dataclass(frozen=True, slots=True)
class RevokedCertificate:
    """A desk certificate that counts no more: the SHA-256 of its DER form in hex, since when, and why."""

    fingerprint: str
    since: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload read, and what it refused and left as it was."""

    done: tuple[str, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The newest checkpoint, and the newest with an ML-DSA-65 cosignature, as signed notes."""

    newest: bytes
    cosigned: bytes


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Proof that leaf `index` is in the tree of `size` leaves (RFC 6962, 2.1.1)."""

    index: int
    size: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """Proof that the tree of `first` leaves is a prefix of that of `second` (RFC 6962, 2.1.2)."""

    first: int
    second: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A leaf of the usage log: a serialised `node.v1.UsageRecord`."""

    index: int
    leaf: bytes
