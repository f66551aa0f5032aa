"""What the exchange needs of the outside: crypto, sources, noise, peers, each as a small Protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from node.core.deciding.budget import Pot, Spent
from node.core.log.checkpoint import Checkpoint
from node.core.messages.envelope import Routing, Sealed
from node.core.policy.question import Question
from node.core.stop import Stop
from node.core.subject import SubjectKey, Unclear
from node.v1 import exchange_pb2 as pb


class Vault(Protocol):
    """The node's keys, without giving them away."""

    def open(self, sealed: Sealed, routing: Routing, now: datetime) -> bytes:
        """Open a request, without its padding. Raises NodeError(KEY_ID_UNKNOWN) or (ENVELOPE_INVALID)."""

    def seal(self, plaintext: bytes, recipient: str, routing: Routing, bucket: int, time_ms: int) -> Sealed:
        """Pad to `bucket` bytes or a power-of-two multiple, and seal to an encoded public sealing key."""

    def seal_answer(self, plaintext: bytes, response_key: bytes, routing: Routing, bucket: int) -> bytes:
        """Pad and seal an answer under the response key."""

    def open_answer(self, ciphertext: bytes, response_key: bytes, routing: Routing) -> bytes:
        """Open an answer, without its padding. Raises NodeError(ENVELOPE_INVALID)."""

    def open_checkpoint(
        self, note: bytes, log_keys: tuple[str, ...], cosign_keys: tuple[str, ...] = ()
    ) -> Checkpoint:
        """The checkpoint of a note that one of the encoded log keys has signed, and perhaps cosign keys.

        Nothing else may stand in the note: it is kept as it came. Raises NodeError(PROOF_INVALID).
        """

    def encrypt(self, plaintext: bytes, context: bytes) -> bytes:
        """Encrypt for keeping, bound to `context`."""

    def decrypt(self, ciphertext: bytes, context: bytes) -> bytes:
        """The inverse of encrypt. Raises NodeError(LOG_CORRUPT)."""

    def pseudonym(self, context: bytes, value: bytes) -> bytes:
        """A keyed 16-byte name for a personal value."""

    def older_pseudonyms(self, context: bytes, value: bytes) -> tuple[bytes, ...]:
        """What the value was called before keys were replaced."""

    def is_pseudonym(self, name: bytes, context: bytes, value: bytes) -> bool:
        """Whether it is one for that value, also from before a key was replaced."""


class Source(Protocol):
    """A dataset that can be asked; see `node.source`. Raises NodeError(SOURCE_UNAVAILABLE)."""

    @property
    def quick(self) -> bool:
        """Whether one keyed read takes microseconds, so that it needs no worker thread."""

    def verify(
        self, question: Question, parameters: Mapping[str, str], region: str, subjects: Sequence[SubjectKey]
    ) -> Sequence[bool | Unclear]: ...

    def field(
        self, question: Question, parameters: Mapping[str, str], region: str, subjects: Sequence[SubjectKey]
    ) -> Sequence[str | Unclear | None]: ...

    def count(
        self, question: Question, parameters: Mapping[str, str], region: str, stop: Stop
    ) -> list[tuple[tuple[str, ...], int]]: ...


@dataclass(frozen=True, slots=True)
class Noisy:
    """Noisy counts, what they cost (micro-epsilon, rounded up) and their 95 % bound."""

    counts: tuple[int, ...]
    epsilon_micros: int
    accuracy_95: int


class Noise(Protocol):
    """Adds noise and prices it; see `node.privacy`."""

    def __call__(
        self, counts: Sequence[int], unit_contributes: int, epsilon_micros: int, stop: Stop
    ) -> Noisy: ...


class Books(Protocol):
    """The ledger as it stands, outside of any transaction; may be read from any thread."""

    def balances(self, keys: Sequence[str]) -> dict[str, int]:
        """Amounts used, and numbers of marks; what never was charged or marked is left out."""

    def spent(self, pot: Pot) -> Spent:
        """What was spent of a privacy budget, and the accounts that count together in it."""

    def release(self, key: bytes) -> bytes | None:
        """A statistic that was released before."""

    def is_answered(self, requester: str, exchange_id: bytes) -> bool:
        """Whether an exchange was answered before, and is remembered."""


class Peers(Protocol):
    """The other departments' nodes."""

    async def ask(self, provider: str, envelope: pb.Envelope) -> pb.SealedAnswer:
        """One exchange, retried with the same envelope while the peer is away.

        Raises NodeError: the peer's reason, or (PEER_UNAVAILABLE), (TIMEOUT).
        """
