"""Fuzz targets for what the other side of an exchange sends, on the way that a node reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from google.protobuf.message import DecodeError

from node.core import usage
from node.core.checkpoint import Checkpoint
from node.core.directory import Member
from node.core.envelope import Routing, Sealed
from node.core.grant_message import grant_from_message
from node.core.logcheck import check_segment, split_leaves, split_segments
from node.core.merkle import leaf_hash
from node.exchange.asking import Asked
from node.exchange.opened import check_receipt, open_request, routing_of
from node.exchange.response import open_response
from node.v1 import exchange_pb2 as pb
from node.v1 import grant_pb2
from node.v1 import record_pb2 as rec
from node.v1.usage_log_pb2 import InclusionProof, Receipt

REQUESTER, PROVIDER = "11441900000000035L", "11441900000000019Y"
NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
ID, RESPONSE_KEY = bytes(16), bytes(32)
ROUTING = Routing(REQUESTER, PROVIDER, ID, "0123456789abcdef")
_SKEW_MS = 300_000


class _Keys:
    """A vault whose keys are the fuzzer's: what is sealed is what was given, and every checkpoint is signed."""

    def __init__(self, plaintext: bytes, leaf: bytes = b"") -> None:
        self._plaintext = plaintext
        self._leaf = leaf

    def open(self, sealed: Sealed, routing: Routing, now: datetime) -> bytes:
        return self._plaintext

    def open_answer(self, ciphertext: bytes, response_key: bytes, routing: Routing) -> bytes:
        return self._plaintext

    def open_checkpoint(self, note: bytes, log_keys: tuple[str, ...]) -> Checkpoint:
        owner = PROVIDER if note == b"provider" else REQUESTER
        return Checkpoint(f"dxnode/{owner}", 1, leaf_hash(self._leaf))


def envelope(data: bytes) -> object:
    """The outer message of the exchange port."""
    try:
        read = pb.AskRequest.FromString(data)
    except DecodeError:
        return None
    return routing_of(read.envelope, REQUESTER, PROVIDER)


def sealed_request(data: bytes) -> object:
    """The inside of an envelope."""
    return _opened(data, b"")


def intent(data: bytes) -> object:
    """The intent in a request: everything else in it fits."""
    return _opened(_request(data, _opening()), data)


def opening(data: bytes) -> object:
    """The opening in a request whose intent commits to it."""
    leaf = _intent(data)
    return _opened(_request(leaf, data), leaf)


def receipt(data: bytes) -> object:
    """A receipt."""
    try:
        read = Receipt.FromString(data)
    except DecodeError:
        return None
    leaf = _intent(_opening())
    return check_receipt(leaf, read, member(REQUESTER), _Keys(b"", leaf))  # type: ignore[arg-type]


def sealed_response(data: bytes) -> object:
    """The inside of an answer."""
    return _answered(data, b"")


def verdict(data: bytes) -> object:
    """The verdict in an answer: everything else in it fits."""
    return _answered(_response(data, b""), data)


def answers(data: bytes) -> object:
    """The answers under a verdict that commits to them."""
    leaf = _verdict(data)
    return _answered(_response(leaf, data), leaf)


def grants(data: bytes) -> object:
    """The grants that a provider lists."""
    try:
        read = grant_pb2.ListGrantsResponse.FromString(data)
    except DecodeError:
        return None
    return [grant_from_message(grant) for grant in read.grants]


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


def _opened(plaintext: bytes, leaf: bytes) -> object:
    sealed = pb.Envelope(version=1, suite=pb.SUITE_XWING_HKDF_SHA256_AES256GCM)
    keys = _Keys(plaintext, leaf)
    opened = open_request(sealed, ROUTING, member(REQUESTER), keys, NOW, _SKEW_MS)  # type: ignore[arg-type]
    if opened.problem is not None:
        raise opened.problem
    return opened


def _answered(plaintext: bytes, leaf: bytes) -> object:
    parties = usage.Parties(REQUESTER, PROVIDER, ID)
    asked = Asked(parties, _intent(_opening()), ROUTING, pb.Envelope(), RESPONSE_KEY)
    keys = _Keys(plaintext, leaf)
    return open_response(asked, pb.SealedAnswer(exchange_id=ID), member(PROVIDER), keys)  # type: ignore[arg-type]


def _request(leaf: bytes, given: bytes) -> bytes:
    return pb.SealedRequest(
        intent=leaf, receipt=_receipt(b"requester"), opening=given, response_key=RESPONSE_KEY
    ).SerializeToString(deterministic=True)


def _response(leaf: bytes, given: bytes) -> bytes:
    return pb.SealedResponse(verdict=leaf, receipt=_receipt(b"provider"), answers=given).SerializeToString(
        deterministic=True
    )


def _receipt(note: bytes) -> Receipt:
    return Receipt(proof=InclusionProof(index=0), checkpoint=note)


def _opening() -> bytes:
    subject = rec.Subject(id="44190019800101002X", claims={"name": "a", "birth": "b"})
    return rec.Opening(salt=bytes(32), subjects=[subject]).SerializeToString(deterministic=True)


def _subjects(given: bytes) -> int:
    try:
        return len(rec.Opening.FromString(given).subjects)
    except DecodeError:
        return 1


def _intent(given: bytes) -> bytes:
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
        caller=bytes(32),
        response_key_hash=usage.response_key_hash(RESPONSE_KEY),
    )
    return usage.intent_record(int(NOW.timestamp() * 1000), parties, body)


def _verdict(given: bytes) -> bytes:
    parties = usage.Parties(REQUESTER, PROVIDER, ID)
    body = rec.Verdict(
        intent=_intent(_opening()),
        decision=rec.DECISION_PERMIT,
        rule="rule",
        policy_digest=bytes(32),
        answer_commitment=usage.answer_commitment(given),
    )
    return usage.verdict_record(int(NOW.timestamp() * 1000), parties, body)
