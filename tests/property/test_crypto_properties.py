"""Arbitrary bytes from outside are refused with a typed error, never a crash."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples import examples

from node.core.identity import (
    holds_identifier,
    normalise_credit_code,
    normalise_region,
    normalise_resident_id,
)
from node.core.log.checkpoint import Checkpoint
from node.core.messages.envelope import Routing, Sealed
from node.crypto.sealing import KeyRing, SealingKey, SealingPublicKey, open_answer, pad, unpad
from node.crypto.signing import SignatureSuite, Signer, Verifier, open_note, sign_note
from node.errors import NodeError

NOW = datetime(2026, 11, 22, tzinfo=UTC)
KEY = SealingKey(bytes(32), NOW - timedelta(1), NOW + timedelta(1))
RING = KeyRing([KEY])
SIGNER = Signer("dxnode/a", SignatureSuite.ED25519, bytes(32))

printable = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=60)
lines = st.lists(printable, min_size=1, max_size=5).map(lambda parts: "".join(f"{part}\n" for part in parts))
routings = st.builds(
    Routing,
    st.text(max_size=40),
    st.text(max_size=40),
    st.binary(max_size=40),
    st.sampled_from([KEY.public.key_id, "", "0" * 16]),
    st.integers(0, 255),
    st.integers(0, 3),
)


@given(lines)
def test_every_text_is_signed_and_opened_unchanged(text: str) -> None:
    note = sign_note(text.encode(), SIGNER)
    assert open_note(note, [SIGNER.verifier]).body == text.encode()


@given(st.binary(max_size=200) | lines.map(str.encode))
def test_arbitrary_notes_are_refused(note: bytes) -> None:
    for body in (note, note + b"\n\xe2\x80\x94 dxnode/a AAAA\n"):
        with pytest.raises(NodeError):
            open_note(body, [SIGNER.verifier])


@given(st.text(max_size=100))
def test_arbitrary_texts_are_no_keys(text: str) -> None:
    for parse in (Verifier.parse, SealingPublicKey.decode):
        with pytest.raises(NodeError):
            parse(text)


@given(st.binary(max_size=1500), st.binary(max_size=100), routings)
@examples(50)
def test_arbitrary_envelopes_and_answers_are_refused(
    sealed_key: bytes, ciphertext: bytes, routing: Routing
) -> None:
    with pytest.raises(NodeError):
        RING.open(Sealed(sealed_key, ciphertext), routing, NOW)
    with pytest.raises(NodeError):
        open_answer(ciphertext, bytes(32), routing)


@given(routings, routings)
def test_different_routing_data_have_different_info(first: Routing, second: Routing) -> None:
    assert (first == second) == (first.info() == second.info())


@given(st.binary(max_size=5000), st.integers(8, 2048))
def test_padding_is_taken_off_again(data: bytes, bucket: int) -> None:
    padded = pad(data, bucket)
    assert unpad(padded) == data
    assert len(padded) % bucket == 0
    assert (len(padded) // bucket).bit_count() == 1


@given(st.binary(max_size=100))
def test_arbitrary_padding_is_refused_or_canonical(padded: bytes) -> None:
    try:
        data = unpad(padded)
    except NodeError:
        return
    assert padded == len(data).to_bytes(4) + data + bytes(len(padded) - 4 - len(data))


@given(st.binary(max_size=200) | lines.map(str.encode))
def test_arbitrary_checkpoints_are_refused_or_read_as_they_are(body: bytes) -> None:
    try:
        checkpoint = Checkpoint.parse(body)
    except NodeError:
        return
    assert body.startswith(checkpoint.body())


@given(st.text(max_size=80) | st.text("0123456789０９xX Ｘ-", max_size=40))
def test_arbitrary_identifiers_are_refused_or_stable(text: str) -> None:
    for normalise in (normalise_resident_id, normalise_credit_code, normalise_region):
        try:
            normal = normalise(text)
        except NodeError:
            continue
        assert normalise(normal) == normal
        if normalise is normalise_resident_id:
            assert holds_identifier(text)
    holds_identifier(text)
