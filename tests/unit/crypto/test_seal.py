"""Envelopes open for whom, for what and as long as they are meant to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from node.core.messages.envelope import Routing, Sealed
from node.crypto.sealing import (
    KeyRing,
    SealingKey,
    SealingPublicKey,
    choose,
    open_answer,
    pad,
    seal_answer,
    seal_request,
    seal_secret,
    unpad,
)
from node.errors import NodeError, Reason

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = SealingKey(b"\x01" * 32, NOW - DAY, NOW + 30 * DAY)
NEXT = SealingKey(b"\x02" * 32, NOW - DAY / 2, NOW + 60 * DAY)
RING = KeyRing([KEY, NEXT])
ROUTING = Routing("11441900000000019Y", "11441900000000027R", b"e" * 16, KEY.public.key_id)
SECRET, RESPONSE_KEY, NONCE = b"s" * 32, b"k" * 32, b"n" * 12
SEALED_KEY = seal_secret(SECRET, KEY.public, ROUTING)
SEALED = Sealed(SEALED_KEY, seal_request(b"plaintext", SECRET, ROUTING, NONCE))

OTHER_ROUTINGS = [
    replace(ROUTING, version=2),
    replace(ROUTING, requester="11441900000000035L"),
    replace(ROUTING, provider="11441900000000035L"),
    replace(ROUTING, exchange_id=b"f" * 16),
    # The same characters, cut elsewhere.
    replace(ROUTING, requester=ROUTING.requester[:-1], provider=ROUTING.requester[-1] + ROUTING.provider),
]


def refused(reason: Reason, ring: KeyRing, sealed: Sealed, routing: Routing, now: datetime = NOW) -> None:
    with pytest.raises(NodeError) as caught:
        ring.open(sealed, routing, now)
    assert caught.value.reason is reason


def fresh() -> KeyRing:
    """The same keys, nothing remembered."""
    return KeyRing([KEY, NEXT])


def test_an_envelope_opens_for_its_recipient() -> None:
    assert RING.open(SEALED, ROUTING, NOW) == b"plaintext"


def test_every_envelope_opens_by_itself() -> None:
    other = replace(ROUTING, exchange_id=b"g" * 16)
    second = Sealed(SEALED_KEY, seal_request(b"second", SECRET, other, NONCE))
    ring = fresh()
    assert ring.open(second, other, NOW) == b"second"
    assert ring.open(SEALED, ROUTING, NOW) == b"plaintext"
    assert fresh().open(SEALED, ROUTING, NOW) == b"plaintext"


def test_a_secret_is_sealed_differently_each_time() -> None:
    assert seal_secret(SECRET, KEY.public, ROUTING) != SEALED_KEY


def test_each_exchange_has_a_key_of_its_own() -> None:
    other = replace(ROUTING, exchange_id=b"g" * 16)
    texts = [seal_request(b"plaintext", SECRET, routing, NONCE) for routing in (ROUTING, other)]
    assert texts[0][12:-16] != texts[1][12:-16]


@pytest.mark.parametrize("routing", OTHER_ROUTINGS)
def test_an_envelope_is_bound_to_its_routing_data(routing: Routing) -> None:
    refused(Reason.ENVELOPE_INVALID, fresh(), SEALED, routing)


@pytest.mark.parametrize("routing", OTHER_ROUTINGS)
def test_an_envelope_is_bound_to_its_routing_data_when_its_secret_is_known(routing: Routing) -> None:
    ring = fresh()
    ring.open(SEALED, ROUTING, NOW)
    refused(Reason.ENVELOPE_INVALID, ring, SEALED, routing)


def test_a_sealed_key_of_another_requester_is_refused_though_its_secret_is_known() -> None:
    ring = fresh()
    ring.open(SEALED, ROUTING, NOW)
    thief = replace(ROUTING, requester="11441900000000035L")
    # Even with the secret itself, nobody but the requester that sealed it can use the sealed key.
    refused(
        Reason.ENVELOPE_INVALID,
        ring,
        Sealed(SEALED_KEY, seal_request(b"stolen", SECRET, thief, NONCE)),
        thief,
    )


def test_a_sealed_key_that_was_swapped_is_refused() -> None:
    ring = fresh()
    other = seal_secret(b"t" * 32, KEY.public, ROUTING)
    assert ring.open(Sealed(other, seal_request(b"x", b"t" * 32, ROUTING, NONCE)), ROUTING, NOW) == b"x"
    assert ring.open(SEALED, ROUTING, NOW) == b"plaintext"
    refused(Reason.ENVELOPE_INVALID, ring, replace(SEALED, sealed_key=other), ROUTING)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 2048])
def test_a_session_secret_of_another_length_is_refused(length: int) -> None:
    sealed_key = seal_secret(bytes(length), KEY.public, ROUTING)
    refused(Reason.ENVELOPE_INVALID, fresh(), replace(SEALED, sealed_key=sealed_key), ROUTING)


def test_every_part_of_the_routing_data_is_bound() -> None:
    assert len({routing.info() for routing in [ROUTING, *OTHER_ROUTINGS]}) == len(OTHER_ROUTINGS) + 1


@pytest.mark.parametrize("place", [0, 500, 1087, 1088, 1119, 1120, -1])
def test_a_sealed_key_that_was_changed_is_refused(place: int) -> None:
    changed = bytearray(SEALED_KEY)
    changed[place] ^= 1
    ring = fresh()
    ring.open(SEALED, ROUTING, NOW)
    refused(Reason.ENVELOPE_INVALID, ring, replace(SEALED, sealed_key=bytes(changed)), ROUTING)


@pytest.mark.parametrize("place", range(len(SEALED.ciphertext)))
def test_a_request_that_was_changed_is_refused(place: int) -> None:
    changed = bytearray(SEALED.ciphertext)
    changed[place] ^= 1
    refused(Reason.ENVELOPE_INVALID, RING, replace(SEALED, ciphertext=bytes(changed)), ROUTING)


@pytest.mark.parametrize(
    "sealed_key",
    [
        b"",
        SEALED_KEY[:-1],
        SEALED_KEY[:1120],
        SEALED_KEY[:1119],
        bytes(len(SEALED_KEY)),
        b"\xff" * len(SEALED_KEY),
        # An X25519 share of small order.
        SEALED_KEY[:1088] + bytes(32) + SEALED_KEY[1120:],
    ],
)
def test_a_malformed_sealed_key_is_refused(sealed_key: bytes) -> None:
    refused(Reason.ENVELOPE_INVALID, RING, replace(SEALED, sealed_key=sealed_key), ROUTING)


@pytest.mark.parametrize("length", range(len(SEALED.ciphertext)))
def test_a_request_that_was_cut_is_refused(length: int) -> None:
    refused(Reason.ENVELOPE_INVALID, RING, replace(SEALED, ciphertext=SEALED.ciphertext[:length]), ROUTING)


def test_an_unknown_key_id_is_told_apart_from_a_bad_envelope() -> None:
    refused(Reason.KEY_ID_UNKNOWN, RING, SEALED, replace(ROUTING, key_id="0" * 16))
    refused(Reason.KEY_ID_UNKNOWN, KeyRing([]), SEALED, ROUTING)


def test_an_envelope_for_another_key_of_the_node_is_refused() -> None:
    refused(Reason.ENVELOPE_INVALID, RING, SEALED, replace(ROUTING, key_id=NEXT.public.key_id))


def test_an_unknown_suite_is_refused_on_both_sides() -> None:
    other = replace(ROUTING, suite=2)
    refused(Reason.ENVELOPE_INVALID, RING, SEALED, other)
    with pytest.raises(NodeError):
        seal_secret(SECRET, KEY.public, other)


def test_routing_data_that_name_another_key_are_not_sealed_to() -> None:
    with pytest.raises(NodeError) as caught:
        seal_secret(SECRET, NEXT.public, ROUTING)
    assert caught.value.reason is Reason.ENVELOPE_INVALID


def test_keys_overlap_when_one_replaces_another() -> None:
    later = NOW + 10 * DAY
    assert choose([KEY.public, NEXT.public], NOW) == NEXT.public
    assert RING.open(SEALED, ROUTING, later) == b"plaintext"
    to_next = replace(ROUTING, key_id=NEXT.public.key_id)
    new = Sealed(seal_secret(SECRET, NEXT.public, to_next), seal_request(b"new", SECRET, to_next, NONCE))
    assert RING.open(new, to_next, later) == b"new"


def test_of_keys_made_in_the_same_second_that_of_the_higher_id_is_sealed_to() -> None:
    made = [SealingKey(bytes([seed]) * 32, NOW, NOW + DAY) for seed in range(5)]
    public = sorted((key.public for key in made), key=lambda key: key.key_id, reverse=True)
    assert choose([key.public for key in made], NOW) == choose(public, NOW) == public[0]


def test_an_expired_key_opens_nothing_and_its_secrets_are_forgotten() -> None:
    ring = fresh()
    assert ring.open(SEALED, ROUTING, NOW + 30 * DAY - timedelta(seconds=1)) == b"plaintext"
    refused(Reason.KEY_ID_UNKNOWN, ring, SEALED, ROUTING, NOW + 30 * DAY)
    assert len(ring._secrets[KEY.public.key_id]) == 0


def test_a_removed_key_takes_its_secrets_with_it() -> None:
    RING.open(SEALED, ROUTING, NOW)
    refused(Reason.KEY_ID_UNKNOWN, KeyRing([NEXT]), SEALED, ROUTING)


def test_nothing_is_sealed_to_a_key_before_or_after_its_time() -> None:
    assert choose([KEY.public, NEXT.public], NOW - DAY * 0.75) == KEY.public
    for moment in (NOW - 2 * DAY, NOW + 60 * DAY):
        with pytest.raises(NodeError) as caught:
            choose([KEY.public, NEXT.public], moment)
        assert caught.value.reason is Reason.KEY_ID_UNKNOWN


def test_a_public_key_is_read_as_it_was_written() -> None:
    text = KEY.public.encode()
    assert "\n" not in text
    assert SealingPublicKey.decode(text) == KEY.public
    assert text.startswith(
        f"xwing-hkdf-sha256-aes256gcm+{KEY.public.key_id}+2026-11-21T12:00:00Z+2026-12-22T12"
    )


def test_times_are_kept_in_utc_and_whole_seconds() -> None:
    shanghai = timezone(timedelta(hours=8))
    odd = SealingPublicKey(KEY.public.public, NOW.astimezone(shanghai) + timedelta(microseconds=5), NOW + DAY)
    assert odd.created == NOW
    assert SealingPublicKey.decode(odd.encode()) == odd


@pytest.mark.parametrize(
    "text",
    [
        "",
        "++++",
        KEY.public.encode() + "A",
        KEY.public.encode()[:-4],
        KEY.public.encode().replace("xwing", "other"),
        KEY.public.encode().replace(KEY.public.key_id, NEXT.public.key_id),
        KEY.public.encode().replace("2026-11-21T", "2026-11-31T"),
        KEY.public.encode().replace("2026-11-21T", "2027-11-21T"),
        KEY.public.encode().replace("Z+2026-12-22T12", "+2026-12-22T12"),
        KEY.public.encode().replace("+2026-11", "+ 2026-11"),
        # No ML-KEM encapsulation key: its coefficients lie outside the field.
        SealingKey(b"\x01" * 32, NOW, NOW + DAY).public.encode()[:70] + "/" * 1622,
    ],
)
def test_a_malformed_public_key_is_refused(text: str) -> None:
    with pytest.raises(NodeError) as caught:
        SealingPublicKey.decode(text)
    assert caught.value.reason is Reason.CONFIG_INVALID


@pytest.mark.parametrize("u", [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18, 1 << 255])
def test_a_degenerate_public_key_is_no_sealing_key(u: int) -> None:
    with pytest.raises(NodeError, match="small order") as caught:
        SealingPublicKey(KEY.public.public[:1184] + u.to_bytes(32, "little"), NOW, NOW + DAY)
    assert caught.value.reason is Reason.CONFIG_INVALID


def test_an_answer_opens_under_the_key_of_its_request() -> None:
    sealed = seal_answer(b"answer", RESPONSE_KEY, ROUTING, NONCE)
    assert len(sealed) == len(b"answer") + 28
    assert open_answer(sealed, RESPONSE_KEY, ROUTING) == b"answer"


@pytest.mark.parametrize(
    "routing", [*OTHER_ROUTINGS, replace(ROUTING, key_id="0" * 16), replace(ROUTING, suite=2)]
)
def test_an_answer_is_bound_to_its_routing_data(routing: Routing) -> None:
    sealed = seal_answer(b"answer", RESPONSE_KEY, ROUTING, NONCE)
    with pytest.raises(NodeError) as caught:
        open_answer(sealed, RESPONSE_KEY, routing)
    assert caught.value.reason is Reason.ENVELOPE_INVALID


def test_an_answer_that_was_changed_or_cut_is_refused() -> None:
    sealed = seal_answer(b"answer", RESPONSE_KEY, ROUTING, NONCE)
    changed = [
        sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :] for place in range(len(sealed))
    ]
    for wrong in [*changed, *(sealed[:length] for length in range(len(sealed)))]:
        with pytest.raises(NodeError):
            open_answer(wrong, RESPONSE_KEY, ROUTING)
    with pytest.raises(NodeError):
        open_answer(sealed, b"l" * 32, ROUTING)


@pytest.mark.parametrize("key", [b"", b"k" * 16, b"k" * 33])
def test_a_response_key_of_another_length_is_refused(key: bytes) -> None:
    with pytest.raises(NodeError) as caught:
        seal_answer(b"answer", key, ROUTING, NONCE)
    assert caught.value.reason is Reason.ENVELOPE_INVALID


@pytest.mark.parametrize(
    ("length", "padded"),
    [(0, 512), (1, 512), (508, 512), (509, 1024), (1020, 1024), (1021, 2048), (5000, 8192)],
)
def test_padding_fills_to_a_power_of_two_of_buckets(length: int, padded: int) -> None:
    data = bytes([1]) * length
    assert len(pad(data, 512)) == padded
    assert unpad(pad(data, 512)) == data


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        b"\0\0\0",
        b"\0\0\0\1",
        b"\xff\xff\xff\xff" + bytes(508),
        b"\0\0\0\1ab",
        pad(b"x", 64)[:-1] + b"\1",
    ],
)
def test_malformed_padding_is_refused(padded: bytes) -> None:
    with pytest.raises(NodeError) as caught:
        unpad(padded)
    assert caught.value.reason is Reason.ENVELOPE_INVALID
