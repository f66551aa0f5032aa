"""A department that builds its requests by hand, so that a test can bend every part of one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import grpc
from support.running import CASE, DEFERRAL, kind_of, resident
from support.town import HR, Office, Town, keys_of
from support.waiting import PATIENCE

from node.client.call_error import node_error
from node.core import wire
from node.core.log import usage
from node.core.log.checkpoint import Checkpoint
from node.core.log.merkle import leaf_hash
from node.core.log.tree import Tree
from node.core.messages.envelope import REQUEST_BUCKET, Routing
from node.core.policy.question_kind import kind_to_message
from node.crypto.sealing import SealingPublicKey, open_answer, pad, seal_request, seal_secret, unpad
from node.crypto.signing import sign_note
from node.documents.keys import KeyUse
from node.v1 import exchange_pb2 as pb
from node.v1 import exchange_pb2_grpc, grant_pb2_grpc, usage_log_pb2
from node.v1 import record_pb2 as rec

CALLER = bytes(range(32))
"""Fingerprint of whoever asks at the forger's desk."""
Bend = Callable[[rec.UsageRecord], None]
BendRequest = Callable[[pb.SealedRequest], None]
BendEnvelope = Callable[[pb.Envelope], None]


class _NoTiles:
    def tile(self, level: int, index: int) -> bytes:
        raise AssertionError("a forger's log is short")


@dataclass(frozen=True, slots=True)
class Sent:
    """An envelope, and what is needed to open its answer."""

    envelope: pb.Envelope
    routing: Routing
    response_key: bytes
    leaf: bytes

    def open(self, answer: pb.SealedAnswer) -> pb.SealedResponse:
        """What the provider said."""
        plaintext = unpad(open_answer(answer.ciphertext, self.response_key, self.routing))
        return pb.SealedResponse.FromString(plaintext)


class Forger:
    """Has a real department's keys, and a usage log in memory. Speaks real mutual TLS.

    A department whose node runs has a log already: one made by hand beside it contradicts that.
    """

    def __init__(self, town: Town, office: Office, endpoint: str = "", provider: str = HR) -> None:
        self.code, self.provider = office.code, provider
        self.signer = next(k for k in keys_of(office) if k.use is KeyUse.LOG).signer(f"dxnode/{office.code}")
        self.recipient = SealingPublicKey.decode(town.member(provider).sealing_keys[0].encoded)
        self._hashes = office.forged_log
        self._tree = Tree(_NoTiles())
        self._tree.extend(self._hashes)
        self._tree.confirm()
        self._grant_id = "g-0000000000000000"
        self.channel = grpc.secure_channel(
            endpoint or town.member(provider).endpoint,
            grpc.ssl_channel_credentials(
                town.tls_authority.certificate,
                (office.folder / "tls" / "exchange.key").read_bytes(),
                (office.folder / "tls" / "exchange.pem").read_bytes(),
            ),
        )
        self.stub = exchange_pb2_grpc.ExchangeServiceStub(self.channel)
        self.grants = grant_pb2_grpc.GrantServiceStub(self.channel)

    def close(self) -> None:
        """Hang up."""
        self.channel.close()

    def use(self, grant_id: str) -> None:
        """Rely on this grant from now on."""
        self._grant_id = grant_id

    def make(
        self,
        subjects: Iterable[rec.Subject] | None = None,
        *,
        exchange_id: bytes = b"",
        bend: Bend = lambda _: None,
        bend_opening: Callable[[rec.Opening], None] = lambda _: None,
        bend_request: BendRequest = lambda _: None,
        bend_envelope: BendEnvelope = lambda _: None,
        at: datetime | None = None,
        **intent: object,
    ) -> Sent:
        """A request that is sound but for what is bent; `intent` overrides fields of the intent."""
        asked = [rec.Subject(id=resident(2))] if subjects is None else list(subjects)
        exchange_id = exchange_id or os.urandom(16)
        response_key = os.urandom(32)
        opening = rec.Opening(salt=os.urandom(32), subjects=asked)
        bend_opening(opening)
        kept = wire.write(opening)
        values: dict[str, object] = {
            "dataset": "pension-insurance",
            "question": "is-enrolled",
            "purpose": DEFERRAL,
            "case_number": CASE,
            "grant_id": self._grant_id,
            "subjects": len(asked),
            "commitment": usage.opening_commitment(kept),
            "role": "clerk",
            "caller": CALLER,
            "response_key_hash": usage.response_key_hash(response_key),
        }
        values |= intent
        values.setdefault("kind", kind_to_message(kind_of(str(values["question"]))))
        record = rec.UsageRecord(
            version=1,
            time_ms=int((at or datetime.now(UTC)).timestamp() * 1000),
            exchange_id=exchange_id,
            requester=self.code,
            provider=self.provider,
            intent=rec.Intent(**values),  # type: ignore[arg-type]
        )
        bend(record)
        leaf = wire.write(record)
        request = pb.SealedRequest(
            intent=leaf, receipt=self._log(leaf), opening=kept, response_key=response_key
        )
        bend_request(request)
        routing = Routing(self.code, self.provider, exchange_id, self.recipient.key_id)
        secret = os.urandom(32)
        envelope = pb.Envelope(
            version=1,
            suite=pb.SUITE_XWING_HKDF_SHA256_AES256GCM,
            requester=self.code,
            provider=self.provider,
            exchange_id=exchange_id,
            key_id=self.recipient.key_id,
            sealed_key=seal_secret(secret, self.recipient, routing),
            ciphertext=seal_request(
                pad(wire.write(request), REQUEST_BUCKET), secret, routing, os.urandom(12)
            ),
        )
        bend_envelope(envelope)
        return Sent(envelope, routing, request.response_key, leaf)

    def send(self, sent: Sent) -> pb.SealedResponse:
        """Ask, and open the answer. Raises the NodeError of a status."""
        return sent.open(self.answer(sent.envelope))

    def answer(self, envelope: pb.Envelope) -> pb.SealedAnswer:
        """The sealed answer as it came. Raises the NodeError of a status."""
        try:
            answer: pb.SealedAnswer = self.stub.Ask(pb.AskRequest(envelope=envelope), timeout=PATIENCE).answer
        except grpc.RpcError as error:
            raise node_error(error) from None
        return answer

    def stream(self, sent: Sequence[Sent]) -> Iterator[pb.SealedResponse]:
        """Ask a batch; answers are matched with what was sent by their place."""
        call = self.stub.AskBatch(
            iter([pb.AskBatchRequest(envelope=each.envelope) for each in sent]), timeout=PATIENCE
        )
        try:
            for each, response in zip(sent, call, strict=False):
                yield each.open(response.answer)
            for _ in call:  # the status of the end
                raise AssertionError("more answers than questions")
        except grpc.RpcError as error:
            raise node_error(error) from None

    def _log(self, leaf: bytes) -> usage_log_pb2.Receipt:
        self._hashes.append(leaf_hash(leaf))
        self._tree.extend(self._hashes[-1:])
        self._tree.confirm()
        index, size = self._tree.size - 1, self._tree.size
        body = Checkpoint(f"dxnode/{self.code}", size, self._tree.root()).body()
        proof = usage_log_pb2.InclusionProof(index=index, hashes=self._tree.inclusion_proof(index, size))
        return usage_log_pb2.Receipt(proof=proof, checkpoint=sign_note(body, self.signer))


@contextmanager
def forging(town: Town, code: str, **options: str) -> Iterator[Forger]:
    """A forger that hangs up at the end."""
    forger = Forger(town, town.offices[code], **options)
    try:
        yield forger
    finally:
        forger.close()


def verdict(response: pb.SealedResponse) -> rec.Verdict:
    """The verdict in a response."""
    return usage.parse_record(response.verdict).verdict
