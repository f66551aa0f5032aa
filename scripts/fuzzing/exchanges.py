"""Fuzz targets for what the other side of an exchange sends, on the way that a node reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from google.protobuf.message import DecodeError
from google.protobuf.message import Message as ProtoMessage

from node.core import wire
from node.core.catalogue.digest import entry_digest
from node.core.catalogue.search import searched
from node.core.catalogue.taken import check_own
from node.core.directory.directory import Member
from node.core.log import usage
from node.core.log.checkpoint import Checkpoint
from node.core.log.framing import split_leaves, split_segments
from node.core.log.kept_receipt import SIGNATURE
from node.core.log.merkle import leaf_hash
from node.core.log.note import note_of
from node.core.log.segment import check_segment
from node.core.messages.envelope import Routing, Sealed
from node.core.messages.grant_message import grant_from_message
from node.exchange.asking import Asked
from node.exchange.opened import open_envelope, routing_of
from node.exchange.receipt import check_receipt
from node.exchange.response import open_response
from node.v1 import catalogue_pb2, grant_pb2
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec
from node.v1.catalogue_pb2 import (
    QUESTION_KIND_FIELD,
    QUESTION_KIND_STATISTIC,
    QUESTION_KIND_VERIFY,
    QuestionKind,
)
from node.v1.usage_log_pb2 import InclusionProof, Receipt

REQUESTER, PROVIDER = "11441900000000035L", "11441900000000019Y"
NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
ID, RESPONSE_KEY = bytes(16), bytes(32)
ROUTING = Routing(REQUESTER, PROVIDER, ID, "0123456789abcdef")
_MS, _SKEW_MS = int(NOW.timestamp() * 1000), 300_000
_LOAD = rec.DataLoad(number=1, time_ms=_MS)
_KINDS = {
    None: QUESTION_KIND_VERIFY,
    "verify": QUESTION_KIND_VERIFY,
    "field": QUESTION_KIND_FIELD,
    "statistic": QUESTION_KIND_STATISTIC,
}


class _Keys:
    """A vault with the fuzzer's keys: what is sealed is what was given, and every checkpoint is signed."""

    def __init__(self, plaintext: bytes, leaf: bytes) -> None:
        """`leaf` is what every receipt is of."""
        self._plaintext = plaintext
        self._leaf = leaf

    def open(self, sealed: Sealed, routing: Routing, now: datetime) -> bytes:
        return self._plaintext

    def open_answer(self, ciphertext: bytes, response_key: bytes, routing: Routing) -> bytes:
        return self._plaintext

    def open_checkpoint(
        self, note: bytes, log_keys: tuple[str, ...], cosign_keys: tuple[str, ...] = ()
    ) -> Checkpoint:
        return _checkpoint(PROVIDER if PROVIDER.encode() in note else REQUESTER, self._leaf)


def envelope(data: bytes) -> object:
    """The outer message of the exchange port."""
    read = wire.read(pb.AskRequest, data, "the request")
    return routing_of(read.envelope, REQUESTER, PROVIDER)


def sealed_request(data: bytes) -> object:
    """The inside of an envelope."""
    return _opened(data)


def intent(data: bytes) -> object:
    """The intent in a request: everything else in it fits."""
    return _opened(_request(data, _opening()))


def opening(data: bytes) -> object:
    """The opening in a request whose intent commits to it."""
    return _opened(_request(_intent(data), data))


def receipt(data: bytes) -> object:
    """A receipt."""
    read = wire.read(Receipt, data, "the receipt")
    leaf = _intent(_opening())
    return check_receipt(leaf, read, member(REQUESTER), _Keys(b"", leaf))  # type: ignore[arg-type]


def sealed_response(data: bytes) -> object:
    """The inside of an answer."""
    return _answered(data)


def verdict(data: bytes) -> object:
    """The verdict in an answer: everything else in it fits."""
    return _answered(_response(data, _answers()))


def answers(data: bytes) -> object:
    """The answers under a verdict that commits to them."""
    return _answered(_response(_verdict(data), data))


def grants(data: bytes) -> object:
    """The grants that a provider lists."""
    read = wire.read(grant_pb2.ListGrantsResponse, data, "the grants")
    return [grant_from_message(grant) for grant in read.grants]


def catalogue_entry(data: bytes) -> object:
    """An entry of a provider's catalogue."""
    response = wire.read(catalogue_pb2.GetDatasetResponse, data, "the entry")
    check_own(response.dataset, PROVIDER)
    return searched(response.dataset), entry_digest(response.dataset)


def leaves(data: bytes) -> object:
    """The leaves of an exported log."""
    list(split_segments(data, 0))
    return check_segment(split_leaves(data, 0), 0, PROVIDER)


@cache
def member(code: str) -> Member:
    """A department as the directory has it."""
    return Member(
        code=code,
        title="department",
        region="441900",
        level="city",
        organisation="city",
        roles=(),
        endpoint="127.0.0.1:1",
        certificates=(),
        tls_roots="",
        sealing_keys=(),
        log_keys=(),
        cosign_keys=(),
        suspended=False,
    )


def _opened(plaintext: bytes) -> object:
    sealed = pb.Envelope(version=1, suite=pb.SUITE_XWING_HKDF_SHA256_AES256GCM)
    keys = _Keys(plaintext, _part(pb.SealedRequest, plaintext, "intent"))
    opened = open_envelope(sealed, ROUTING, member(REQUESTER), keys, NOW, _SKEW_MS)  # type: ignore[arg-type]
    if opened.problem is not None:
        raise opened.problem
    return opened


def _answered(plaintext: bytes) -> object:
    parties = usage.Parties(REQUESTER, PROVIDER, ID)
    given = _part(pb.SealedResponse, plaintext, "answers")
    intent = _intent(_opening(), _kind(given))
    asked = Asked(parties, 0, intent, ROUTING, pb.Envelope(), RESPONSE_KEY)
    keys = _Keys(plaintext, _part(pb.SealedResponse, plaintext, "verdict"))
    sealed = pb.SealedAnswer(exchange_id=ID)
    return open_response(asked, sealed, member(PROVIDER), keys, _MS, _SKEW_MS)  # type: ignore[arg-type]


def _part(kind: type[ProtoMessage], plaintext: bytes, field: str) -> bytes:
    """What is in a field of a message, b"" if it is none."""
    try:
        return bytes(getattr(kind.FromString(plaintext), field))
    except DecodeError:
        return b""


def _request(leaf: bytes, given: bytes) -> bytes:
    return pb.SealedRequest(
        intent=leaf, receipt=_receipt(REQUESTER, leaf), opening=given, response_key=RESPONSE_KEY
    ).SerializeToString(deterministic=True)


def _response(leaf: bytes, given: bytes) -> bytes:
    return pb.SealedResponse(verdict=leaf, receipt=_receipt(PROVIDER, leaf), answers=given).SerializeToString(
        deterministic=True
    )


def _receipt(owner: str, leaf: bytes) -> Receipt:
    checkpoint = _checkpoint(owner, leaf)
    signed = note_of(checkpoint.body(), (checkpoint.origin, bytes(SIGNATURE)))
    return Receipt(proof=InclusionProof(index=0), checkpoint=signed)


def _checkpoint(owner: str, leaf: bytes) -> Checkpoint:
    return Checkpoint(f"dxnode/{owner}", 1, leaf_hash(leaf))


def _opening() -> bytes:
    subject = rec.Subject(id="44190019800101002X", claims={"name": "a", "birth": "b"})
    return rec.Opening(salt=bytes(32), subjects=[subject]).SerializeToString(deterministic=True)


def _answers() -> bytes:
    return wire.write(rec.Answers(salt=bytes(32), verify=rec.VerifyAnswers(results=[True])))


def _subjects(given: bytes) -> int:
    try:
        return len(rec.Opening.FromString(given).subjects)
    except DecodeError:
        return 1


def _kind(given: bytes) -> QuestionKind:
    """What was asked, for answers to be of its kind."""
    try:
        return _KINDS[rec.Answers.FromString(given).WhichOneof("kind")]
    except DecodeError:
        return QUESTION_KIND_VERIFY


def _intent(given: bytes, kind: QuestionKind = QUESTION_KIND_VERIFY) -> bytes:
    parties = usage.Parties(REQUESTER, PROVIDER, ID)
    body = rec.Intent(
        dataset="pension-insurance",
        question="is-enrolled",
        purpose="social-insurance/pension",
        case_number="DG-1",
        grant_id="g-0123456789abcdef",
        subjects=_subjects(given),
        commitment=usage.opening_commitment(given),
        role="clerk",
        caller=bytes(range(32)),
        response_key_hash=usage.response_key_hash(RESPONSE_KEY),
        kind=kind,
    )
    return usage.intent_record(_MS, parties, body)


def _verdict(given: bytes) -> bytes:
    parties = usage.Parties(REQUESTER, PROVIDER, ID)
    body = rec.Verdict(
        intent=_intent(_opening(), _kind(given)),
        decision=rec.DECISION_PERMIT,
        rule="rule",
        policy_digest=bytes(32),
        answer_commitment=usage.answer_commitment(given),
        load=_LOAD,
    )
    return usage.verdict_record(_MS, parties, body)
