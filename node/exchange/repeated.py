"""An exchange id that was asked before: its outcome if there is one, else the very same envelope again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from node.core.log import usage
from node.core.log.commit import AskedExchange
from node.core.messages.envelope import Routing
from node.core.role import Caller
from node.core.subject import SubjectKey
from node.errors import NodeError, Reason
from node.exchange.asking import FINAL, Answered, Asked, Query
from node.exchange.evidence import verdict_of
from node.exchange.ports import Vault
from node.exchange.response import denial
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec


class AskedStore(Protocol):
    """What the requester reads of the store."""

    def asked(self, exchange_id: bytes) -> AskedExchange | None: ...
    def leaves(self, start: int, limit: int) -> list[tuple[int, bytes]]: ...
    def opening(self, index: int) -> bytes | None: ...
    def evidence(self, index: int) -> bytes | None: ...
    def unfinished(self) -> list[tuple[bytes, int]]: ...


class Repeated:
    """Finds what an earlier exchange came to."""

    def __init__(self, store: AskedStore, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    def again(self, earlier: AskedExchange) -> Asked | Answered:
        """What is on record of it or, where no answer is, the very same envelope to send.

        Raises NodeError: the denial, (NOT_FOUND) for an answer or a request that is no longer kept.
        """
        leaf = self._store.leaves(earlier.intent_index, 1)[0][1]
        if earlier.outcome_index >= 0 and (known := self._known(earlier, leaf)) is not None:
            return known
        if not earlier.envelope:
            raise NodeError(Reason.NOT_FOUND, "error.exchange.request-too-old")
        envelope = pb.Envelope.FromString(earlier.envelope)
        routing = Routing(envelope.requester, envelope.provider, envelope.exchange_id, envelope.key_id)
        response_key = self._vault.decrypt(earlier.response_key, b"response-key/" + earlier.exchange_id)
        parties = usage.Parties(routing.requester, routing.provider, routing.exchange_id)
        return Asked(parties, earlier.intent_index, leaf, routing, envelope, response_key)

    def _known(self, earlier: AskedExchange, intent: bytes) -> Answered | None:
        index = earlier.outcome_index
        outcome = usage.parse_record(self._store.leaves(index, 1)[0][1]).outcome
        evidence = self._store.evidence(index)
        if outcome.kind not in FINAL or evidence is None:
            return None
        verdict = usage.parse_record(verdict_of(evidence, intent)).verdict
        if outcome.kind == rec.OUTCOME_KIND_DENIED:
            asked = usage.parse_record(intent)
            parties = usage.Parties(asked.requester, asked.provider, earlier.exchange_id)
            raise denial(verdict, parties)
        kept = self._store.opening(index)
        if kept is None:
            raise NodeError(Reason.NOT_FOUND, "error.exchange.answer-not-kept")
        opening = rec.KeptOpening.FromString(self._vault.decrypt(kept, b"opening/%d" % index))
        position = outcome.provider_log
        answers = rec.Answers.FromString(opening.answers)
        return Answered(
            answers,
            earlier.exchange_id,
            index,
            position.index,
            position.size,
            verdict.rule,
            verdict.load,
        )


def asked_content(caller: Caller, query: Query, subjects: Sequence[SubjectKey]) -> bytes:
    """Everything that a retry under the same exchange id has to repeat."""
    parts = [
        caller.role,
        caller.fingerprint.hex(),
        query.provider,
        query.dataset,
        query.question,
        repr(sorted(query.parameters.items())),
        query.purpose,
        query.case_number,
        query.kind,
        *(f"{subject.id}{sorted(subject.claims.items())!r}" for subject in subjects),
    ]
    return "\x00".join(parts).encode()
