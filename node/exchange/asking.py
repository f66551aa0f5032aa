"""What a requester asks, and the jobs that record its intent and its outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from google.protobuf.message import Message as ProtoMessage

from node.core import wire
from node.core.deciding.budget import Debit
from node.core.identity import holds_identifier
from node.core.log import usage
from node.core.log.commit import AnsweredExchange, Append, AskedExchange, Settled
from node.core.messages.envelope import REQUEST_BUCKET, SUITE, VERSION, Routing
from node.core.messages.intent import check_bound
from node.core.policy.question_kind import QuestionKind, kind_to_message
from node.core.revision import trim
from node.core.role import Caller
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.evidence import Evidence
from node.exchange.job import Recorded
from node.exchange.ledger import Ledger
from node.exchange.ports import Vault
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

FINAL = frozenset({rec.OUTCOME_KIND_ANSWERED, rec.OUTCOME_KIND_DENIED})
"""Outcomes after which a request is not sent again: the provider has said its word."""
MAX_TEXT = 200


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of whom and what for, without the subjects."""

    provider: str
    dataset: str
    question: str
    parameters: Mapping[str, str]
    purpose: str
    case_number: str
    kind: QuestionKind


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """A chunk's place in its batch (16-byte id, position from 0)."""

    batch_id: bytes
    chunk: int

    def exchange_id(self) -> bytes:
        """The chunk's exchange id: the same whenever the chunk is asked again."""
        material = b"dxnode/v1/chunk\x00" + self.batch_id + self.chunk.to_bytes(4, "big")
        return hashlib.sha256(material).digest()[: usage.EXCHANGE_ID_BYTES]


@dataclass(frozen=True, slots=True)
class Asked:
    """A recorded intent and its sealed request, ready to be sent, once or again."""

    parties: usage.Parties
    intent_index: int
    intent_leaf: bytes
    routing: Routing
    envelope: pb.Envelope
    response_key: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer whose receipt was verified, where it stands in both logs, and the load that was read."""

    answers: rec.Answers
    exchange_id: bytes
    own_index: int
    provider_index: int
    provider_size: int
    rule: str
    load: rec.DataLoad


@dataclass(slots=True)
class IntentJob:
    """Steps 3 and 4: record the intent, then seal the request with its proof."""

    parties: usage.Parties
    query: Query
    caller: Caller
    grant_id: str
    subjects: Sequence[SubjectKey]
    place: BatchPlace | None
    digest: bytes
    salt: bytes
    response_key: bytes
    recipient: str
    routing: Routing
    revision: int
    vault: Vault
    opening: bytes = b""
    time_ms: int = 0

    counters: Sequence[str] = ()
    exchange: tuple[str, bytes] | None = None

    def repeat(self, earlier: AnsweredExchange, recorded: Recorded, opening: bytes) -> Asked | None:
        """Never: the requester looks for an earlier intent before."""
        return None

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        """3: the intent record."""
        self.time_ms = time_ms
        subjects = [rec.Subject(id=subject.id, claims=subject.claims) for subject in self.subjects]
        self.opening = self._known(rec.Opening(salt=self.salt, subjects=subjects))
        intent = asked_intent(self.caller, self.query, len(self.subjects), self.place)
        intent.grant_id = self.grant_id
        intent.commitment = usage.opening_commitment(self.opening)
        intent.response_key_hash = usage.response_key_hash(self.response_key)
        check_bound(intent)
        leaf = usage.intent_record(time_ms, self.parties, intent, self.revision)
        if len(leaf) > usage.MAX_INTENT_BYTES or len(self.opening) > usage.MAX_OPENING_BYTES:
            raise NodeError(Reason.QUERY_INVALID, "error.exchange.request-too-long")
        kept = wire.write(rec.KeptOpening(opening=self.opening))
        return Append(
            leaf=leaf,
            opening=self.vault.encrypt(kept, b"opening/%d" % index),
        )

    def finish(self, append: Append, recorded: Recorded) -> tuple[Append, Asked]:
        """4: the sealed request, kept so that a retry is the same to the letter."""
        inside = pb.SealedRequest(
            intent=append.leaf, receipt=recorded.receipt, opening=self.opening, response_key=self.response_key
        )
        routing = self.routing
        sealed = self.vault.seal(self._known(inside), self.recipient, routing, REQUEST_BUCKET, self.time_ms)
        envelope = pb.Envelope(
            version=VERSION,
            suite=pb.SUITE_XWING_HKDF_SHA256_AES256GCM if routing.suite == SUITE else pb.SUITE_UNSPECIFIED,
            requester=routing.requester,
            provider=routing.provider,
            exchange_id=routing.exchange_id,
            key_id=routing.key_id,
            ciphertext=sealed.ciphertext,
            sealed_key=sealed.sealed_key,
        )
        trim(envelope, self.revision)
        row = AskedExchange(
            exchange_id=routing.exchange_id,
            digest=self.digest,
            intent_index=recorded.index,
            envelope=wire.write(envelope),
            response_key=self.vault.encrypt(self.response_key, b"response-key/" + routing.exchange_id),
        )
        asked = Asked(self.parties, recorded.index, append.leaf, routing, envelope, self.response_key)
        return replace(append, asked=row), asked

    def _known(self, message: ProtoMessage) -> bytes:
        """The bytes of what the provider knows of a message."""
        return wire.write(trim(message, self.revision))


@dataclass(slots=True)
class OutcomeJob:
    """Step 14: record how the exchange ended; the result is the record's index."""

    parties: usage.Parties
    intent_index: int
    outcome: rec.Outcome
    evidence: Evidence
    answers: bytes
    revision: int
    vault: Vault
    used: Sequence[Debit] = ()
    """What the provider charged of limits of a day."""

    exchange: tuple[str, bytes] | None = None

    @property
    def counters(self) -> Sequence[str]:
        """Where that is counted."""
        return [debit.key for debit in self.used]

    def repeat(self, earlier: AnsweredExchange, recorded: Recorded, opening: bytes) -> int | None:
        """Never."""
        return None

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        """The outcome record, with what the provider gave as evidence."""
        ledger.pay(self.used)
        kept = wire.write(rec.KeptOpening(answers=self.answers)) if self.answers else b""
        return Append(
            leaf=usage.outcome_record(time_ms, self.parties, self.outcome, self.revision),
            opening=self.vault.encrypt(kept, b"opening/%d" % index) if kept else b"",
            evidence=self.evidence.body,
            shared=self.evidence.shared,
            settled=Settled(self.intent_index, final=self.outcome.kind in FINAL),
        )

    def finish(self, append: Append, recorded: Recorded) -> tuple[Append, int]:
        """Where the outcome stands."""
        return append, recorded.index


def failed_outcome(intent_hash: bytes, reason: Reason) -> rec.Outcome:
    """The outcome of an exchange without a valid response."""
    return rec.Outcome(intent_hash=intent_hash, kind=rec.OUTCOME_KIND_FAILED, reason=reason.wire)


def asked_intent(caller: Caller, query: Query, subjects: int, place: BatchPlace | None = None) -> rec.Intent:
    """What an intent says of what is asked at the desk, by whom and about how many subjects."""
    return rec.Intent(
        dataset=query.dataset,
        question=query.question,
        parameters=[rec.Parameter(name=n, value=v) for n, v in sorted(query.parameters.items())],
        purpose=query.purpose,
        case_number=query.case_number,
        subjects=subjects,
        role=caller.role,
        caller=caller.fingerprint,
        batch=None if place is None else rec.BatchPosition(batch_id=place.batch_id, chunk=place.chunk),
        kind=kind_to_message(query.kind),
    )


def attempt(caller: Caller, query: Query) -> rec.Intent:
    """What was asked at the desk and refused, for the record: no subjects, nothing unchecked."""
    return rec.Intent(
        dataset=clean(query.dataset),
        question=clean(query.question),
        purpose=clean(query.purpose),
        case_number=clean(query.case_number),
        role=caller.role,
        caller=caller.fingerprint,
        kind=kind_to_message(query.kind),
    )


def clean(text: str) -> str:
    """Nothing in place of a text that is overlong or holds an identifier: it was never checked."""
    return "" if len(text) > MAX_TEXT or holds_identifier(text) else text
