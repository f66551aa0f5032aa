"""What the client hands out: frozen values in place of wire messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from node.client.arguments import require
from node.core.identity import common_code
from node.core.normal_form import line
from node.core.state.part import PartProblem
from node.errors import NodeError, Reason
from node.texts.message import Message
from node.texts.wording import say


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
        parts = line(text).split("/")
        if not 2 <= len(parts) <= 3 or not all(parts):
            raise NodeError(Reason.QUERY_INVALID, "error.client.question-malformed")
        provider, dataset, question = parts if len(parts) == 3 else ["", *parts]
        return cls(common_code(provider), dataset, question)


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is asked about, and what is claimed about them; kept out of every representation.

    Raises TypeError for an identifier or a claim that is no text: a number may have lost digits on its way.
    """

    id: str = field(repr=False)
    claims: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.id, str):
            raise _no_text("error.client.subject-no-text", type(self.id).__name__)
        if not self.claims:
            return
        require("claims", self.claims, Mapping, "dict[str, str]")
        for name in self.claims:
            require("a name in claims", name, str)
        for value in self.claims.values():
            if not isinstance(value, str):
                raise _no_text("error.client.claim-no-text", type(value).__name__)


def _no_text(key: str, kind: str) -> TypeError:
    return TypeError(say(Message(key, {"type": kind}), "en"))


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an exchange stands in the usage logs of both sides, and the provider's rule that allowed it.

    `data_as_of` is how things stood in the data that were read, None where the provider's node does not say;
    `data_overdue` tells that this is longer ago than the catalogue entry says.
    """

    exchange_id: bytes
    own_index: int
    provider_index: int
    provider_size: int
    rule: str
    data_as_of: datetime | None = None
    data_overdue: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer to a verification; an unknown subject is `False`. It is true exactly if its `answer` is."""

    answer: bool
    proof: Proof

    def __bool__(self) -> bool:
        return self.answer


@dataclass(frozen=True, slots=True)
class FieldAnswer:
    """One derived value; `None`, and false, for an unknown subject or an empty field."""

    value: str | None
    proof: Proof

    def __bool__(self) -> bool:
        return self.value is not None


@dataclass(frozen=True, slots=True)
class Cell:
    """One noisy count; `key` has the values of the group_by fields in their order."""

    key: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Load:
    """A load of a dataset's data: its number, from 1, and since when it is (`None` when nobody said).

    `as_of` is how things stood in the data. Two loads may hold the same data.
    """

    number: int
    since: datetime | None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Statistic:
    """A release of noisy counts of one load of the data.

    `epsilon_micros` is what it cost, in millionths of epsilon; a cell is within `accuracy_95` of the exact
    count with probability 0.95; `reused` means that it was released before and cost nothing now.
    """

    cells: tuple[Cell, ...]
    epsilon_micros: int
    accuracy_95: int
    load: Load
    reused: bool
    proof: Proof


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a chunk of a batch has no answers."""

    reason: Reason
    rule: str
    clause: str
    wording: Message

    @property
    def message(self) -> str:
        """What is wrong and what to do next, in English."""
        return say(self.wording, "en")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a batch: its position from 0, and at most 1000 subjects."""

    number: int
    subjects: tuple[Subject, ...]

    def __post_init__(self) -> None:
        for each in self.subjects:
            require("each of Chunk.subjects", each, Subject)


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """The answers of one chunk in the order of its subjects, or its refusal.

    `answers` are all `bool`, or all `str | None`. The positions in `over_limit` got none, because that
    subject's own limit is used up, or the provider's live database has several rows about it.
    """

    chunk: int
    answers: tuple[bool, ...] | tuple[str | None, ...]
    over_limit: frozenset[int]
    refusal: Refusal | None
    proof: Proof


@dataclass(frozen=True, slots=True)
class AcceptedSource:
    """A load that was put aside and is answered from now: its rows, those without a valid identifier.

    `rows_before` are those of the last good load, 0 if there was none.
    """

    dataset: str
    rows: int
    invalid_subjects: int
    rows_before: int


@dataclass(frozen=True, slots=True)
class DatasetStatus:
    """What the node loaded of one dataset.

    `lines` are those of the header, of rows (taken, about invalid subjects, duplicates), blank ones, and
    those that begin within a value. `refused_values` do not fit their field. `exactness` is "read" of a file,
    "checked" of a live database that was looked through, "checking" or "unchecked" of others, whose numbers
    are all 0. `problem` is None when the source answers, and nothing of it is refused.
    """

    dataset: str
    load: Load
    rows: int
    invalid_subjects: int
    duplicates: int
    problem: PartProblem | None
    lines: int
    header_lines: int
    blank_lines: int
    continued_lines: int
    refused_values: int
    exactness: str


@dataclass(frozen=True, slots=True)
class AccountStatus:
    """What was spent of a budget account by all requesters together, in the period that goes on.

    In micro-epsilon; `limit_micros` is the least that the policies of its `datasets` allow. What was spent of
    the accounts that it is `counted_with` is in it, since their data were the same once.
    """

    account: str
    datasets: tuple[str, ...]
    counted_with: tuple[str, ...]
    period: str
    begins: datetime | None
    ends: datetime | None
    spent_micros: int
    limit_micros: int


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key of the node and when it expires (`None`: never)."""

    use: str
    key_id: str
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class WaitingDataset:
    """A dataset whose catalogue entry lacks approvals, of "head" and "authority".

    `problems` say why approvals that are there don't count.
    """

    dataset: str
    lacking: tuple[str, ...]
    problems: tuple[Message, ...]


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

    It is degraded while there are `problems`, and from 30 days before a key or certificate ends.
    `problems` have their English in `message`; `notices` are worded with `node.texts.wording.say`.
    Working days after `workdays_known_until` (YYYY-MM-DD) are provisional.
    """

    department: str
    title: str
    version: str
    state: str
    problems: tuple[PartProblem, ...]
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
    notices: tuple[Message, ...]
    lost: LostState | None
    stopped_peers: tuple[str, ...]
    clock: ClockStatus
    sqlite: str
    accounts: tuple[AccountStatus, ...]


@dataclass(frozen=True, slots=True)
class LostState:
    """What a node has, and what was seen of it elsewhere: by "mark", or by a department."""

    own_size: int
    own_root: bytes
    seen_size: int
    seen_root: bytes
    seen_by: str
    found: datetime | None
    last_record: datetime | None


@dataclass(frozen=True, slots=True)
class PeerContradiction:
    """Two signed notes of one log that cannot both be true; `kind` is "shrank" or "differs"."""

    found: datetime | None
    kind: str
    remembered: bytes
    other: bytes
    accepted: datetime | None


@dataclass(frozen=True, slots=True)
class PeerLog:
    """What the own node remembers of another one's usage log, as signed notes.

    `proved` is the newest up to which the log was proved to have only grown; while it is `stopped`, nothing
    is exchanged with its department.
    """

    department: str
    newest: bytes
    newest_seen: datetime | None
    proved: bytes
    proved_seen: datetime | None
    stopped: bool
    contradictions: tuple[PeerContradiction, ...]


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

    done: tuple[Message, ...]
    refused: tuple[PartProblem, ...]


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
