"""Envelopes that do not open are refused with a status and recorded, and the log stays whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.forged_world import World, check_log, forged_world
from support.forger import Forger
from support.town import HR, MEDICAL, TAX

from node.core.log import usage
from node.errors import NodeError, Reason
from node.v1 import exchange_pb2 as pb


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with forged_world(tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture(autouse=True)
def log_is_whole(world: World) -> Iterator[None]:
    """After each of these tests the provider's log verifies offline."""
    yield
    check_log(world)


def _refused(world: World, envelope: pb.Envelope, forger: Forger | None = None) -> Reason:
    """The reason of a status; what has no open envelope gets no sealed answer."""
    with pytest.raises(NodeError) as refused:
        (forger or world.tax).answer(envelope)
    return refused.value.reason


def test_envelope_that_was_changed_on_the_way_is_refused(world: World) -> None:
    def flip(envelope: pb.Envelope) -> None:
        body = bytearray(envelope.ciphertext)
        body[len(body) // 2] ^= 1
        envelope.ciphertext = bytes(body)

    assert _refused(world, world.tax.make(bend_envelope=flip).envelope) is Reason.ENVELOPE_INVALID
    assert world.last().refusals.reason == Reason.ENVELOPE_INVALID.wire
    assert world.last().requester == TAX


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("provider", MEDICAL, Reason.ENVELOPE_INVALID),
        ("requester", MEDICAL, Reason.ENVELOPE_INVALID),
        ("requester", "", Reason.ENVELOPE_INVALID),
        ("exchange_id", bytes(16), Reason.ENVELOPE_INVALID),
        ("exchange_id", b"short", Reason.ENVELOPE_INVALID),
        ("exchange_id", b"", Reason.ENVELOPE_INVALID),
        ("version", 2, Reason.ENVELOPE_INVALID),
        ("suite", 0, Reason.ENVELOPE_INVALID),
        ("suite", 99, Reason.ENVELOPE_INVALID),
        ("key_id", "0123456789abcdef", Reason.KEY_ID_UNKNOWN),
        ("key_id", "", Reason.KEY_ID_UNKNOWN),
        ("ciphertext", b"", Reason.ENVELOPE_INVALID),
        ("ciphertext", bytes(5000), Reason.ENVELOPE_INVALID),
    ],
)
def test_routing_data_cannot_be_changed(world: World, field: str, value: object, reason: Reason) -> None:
    sent = world.tax.make(bend_envelope=lambda envelope: setattr(envelope, field, value))
    before = len(world.nodes.records(HR))
    assert _refused(world, sent.envelope) is reason
    refusals = [r.refusals for r in world.nodes.records(HR)[before:]]
    # The first few of a kind have a record each, the rest of the interval one together.
    assert all(each.reason == reason.wire for each in refusals)
    assert world.nodes.records(HR)[before:] == [] or refusals


def test_another_department_cannot_send_what_it_picked_up(world: World) -> None:
    sent = world.tax.make()
    assert _refused(world, sent.envelope, world.medical) is Reason.ENVELOPE_INVALID


def test_another_department_cannot_pass_a_request_off_as_its_own(world: World) -> None:
    def rename(envelope: pb.Envelope) -> None:
        envelope.requester = MEDICAL

    sent = world.tax.make(bend_envelope=rename)
    assert _refused(world, sent.envelope, world.medical) is Reason.ENVELOPE_INVALID


@pytest.mark.parametrize("plaintext", [b"", b"\xff" * 40, b"\x0a\x03abc"])
def test_inside_that_is_no_request_is_refused(world: World, plaintext: bytes) -> None:
    def garble(request: pb.SealedRequest) -> None:
        request.Clear()
        if plaintext.startswith(b"\x0a"):
            request.MergeFromString(plaintext)

    assert _refused(world, world.tax.make(bend_request=garble).envelope) is Reason.ENVELOPE_INVALID


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_response_key_of_another_length_is_refused(world: World, length: int) -> None:
    sent = world.tax.make(bend_request=lambda request: setattr(request, "response_key", bytes(length)))
    assert _refused(world, sent.envelope) is Reason.ENVELOPE_INVALID


def test_intent_too_long_for_a_record_is_refused(world: World) -> None:
    sent = world.tax.make(case_number="7" * usage.MAX_INTENT_BYTES)
    assert _refused(world, sent.envelope) is Reason.ENVELOPE_INVALID
