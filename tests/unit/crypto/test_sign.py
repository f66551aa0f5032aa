"""Signed notes: both suites, what is refused, and what is remembered."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

import pytest

from node.crypto.signing import SignatureSuite, Signer, Verifier, open_note, sign_note
from node.errors import NodeError, Reason

BODY = b"dxnode/11441900000000019Y\n5\nAAAA\n"
ED25519 = Signer("dxnode/a", SignatureSuite.ED25519, bytes(32))
ML_DSA = Signer("dxnode/a", SignatureSuite.ML_DSA_65, bytes(32))
OTHER = Signer("dxnode/b", SignatureSuite.ED25519, b"\x01" * 32)
BOTH = (ED25519.verifier, ML_DSA.verifier)


def refused(note: bytes, *verifiers: Verifier) -> None:
    with pytest.raises(NodeError) as caught:
        open_note(note, verifiers)
    assert caught.value.reason is Reason.PROOF_INVALID


@pytest.mark.parametrize("signer", [ED25519, ML_DSA])
def test_a_note_opens_with_the_key_that_signed_it(signer: Signer) -> None:
    note = open_note(sign_note(BODY, signer), [signer.verifier])
    assert (note.body, note.verified, note.signers) == (BODY, (signer.verifier,), ("dxnode/a",))


@pytest.mark.parametrize("suite", SignatureSuite)
def test_a_verifier_key_is_read_as_it_was_written(suite: SignatureSuite) -> None:
    verifier = Signer("dxnode/a", suite, bytes(32)).verifier
    assert Verifier.parse(verifier.vkey()) == verifier
    assert verifier.vkey().startswith(f"dxnode/a+{verifier.key_id}+")


def test_the_unassigned_suite_has_a_long_type_identifier() -> None:
    # C2SP signed-note assigns no byte to ML-DSA-65: 0xff and a longer identifier.
    encoded = ML_DSA.verifier.vkey().split("+", 2)[2]
    assert encoded.startswith("/2R4bm9kZS9tbC1kc2EtNj")


def test_both_signatures_are_found_and_told_apart() -> None:
    note = sign_note(BODY, ED25519, ML_DSA)
    assert open_note(note, BOTH).verified == BOTH
    assert open_note(note, [ML_DSA.verifier]).verified == (ML_DSA.verifier,)
    assert ED25519.verifier.key_id != ML_DSA.verifier.key_id


@pytest.mark.parametrize("signer", [ED25519, ML_DSA])
def test_a_note_that_was_changed_is_refused(signer: Signer) -> None:
    note = sign_note(BODY, signer)
    for place in range(0, len(note), 7):
        changed = note[:place] + bytes([note[place] ^ 1]) + note[place + 1 :]
        refused(changed, signer.verifier)


@pytest.mark.parametrize("y", [0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18, 1 | 1 << 255, 1 << 255])
def test_a_point_of_small_order_is_no_verifier_key(y: int) -> None:
    # Under the neutral point, that point and a zero are a signature of anything.
    public = y.to_bytes(32, "little")
    typed = b"\x01" + public
    key_id = sha256(b"dxnode/a\n" + typed).hexdigest()[:8]
    with pytest.raises(NodeError, match="small order") as caught:
        Verifier("dxnode/a", SignatureSuite.ED25519, public)
    assert caught.value.reason is Reason.CONFIG_INVALID
    with pytest.raises(NodeError, match="small order"):
        Verifier.parse(f"dxnode/a+{key_id}+{b64encode(typed).decode()}")


def test_a_wrong_signature_of_a_known_key_spoils_the_whole_note() -> None:
    note = sign_note(BODY, ED25519) + sign_note(b"other\n", OTHER).partition(b"\n\n")[2]
    assert open_note(note, [ED25519.verifier]).verified == (ED25519.verifier,)
    refused(note, ED25519.verifier, OTHER.verifier)


def test_a_signature_does_not_pass_for_one_of_another_name() -> None:
    # One private key under two names: the key id tells them apart, and ML-DSA-65 signs the name as well.
    for suite in SignatureSuite:
        mine, theirs = (Signer(name, suite, bytes(32)) for name in ("dxnode/a", "dxnode/c"))
        refused(sign_note(BODY, mine), theirs.verifier)
    signature = ML_DSA.sign(BODY)
    assert ML_DSA.verifier.verifies(signature, BODY)
    assert not Signer("dxnode/c", SignatureSuite.ML_DSA_65, bytes(32)).verifier.verifies(signature, BODY)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\n\n",
        BODY,
        BODY + b"\n",
        BODY + b"\n\n",
        sign_note(BODY, ED25519)[:-1],
        sign_note(BODY, ED25519) + b"\n",
        sign_note(BODY, ED25519).replace("—".encode(), b"-"),
        sign_note(BODY, ED25519).replace(b"dxnode/a ", b"dxnode/a  "),
        sign_note(BODY, ED25519).replace(b"dxnode/a ", b"dxnode\xc2\xa0a "),
        sign_note(BODY, ED25519).replace(b"\n5\n", b"\r\n5\r\n"),
        sign_note(BODY, ED25519).replace(b"\n5\n", b"\n\xff\n"),
        BODY + b"\n" + sign_note(BODY, ED25519).partition(b"\n\n")[2] * 33,
        b"x" * 5_000_000 + sign_note(BODY, ED25519),
    ],
)
def test_a_malformed_note_is_refused(note: bytes) -> None:
    refused(note, ED25519.verifier)


def test_sixteen_signatures_are_accepted() -> None:
    signers = [Signer(f"s{number}", SignatureSuite.ED25519, bytes([number]) * 32) for number in range(16)]
    note = sign_note(BODY, *signers)
    assert len(open_note(note, [signer.verifier for signer in signers]).verified) == 16


def test_the_text_may_have_empty_lines() -> None:
    body = b"first\n\nsecond\n"
    assert open_note(sign_note(body, ED25519), [ED25519.verifier]).body == body


@pytest.mark.parametrize("body", [b"", b"no newline", b"tab\t\n", b"\xff\n"])
def test_only_text_is_signed(body: bytes) -> None:
    with pytest.raises(NodeError):
        sign_note(body, ED25519)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\n", "x" * 129, "a\ud800", " a"])
def test_a_malformed_name_is_refused(name: str) -> None:
    with pytest.raises(NodeError) as caught:
        Signer(name, SignatureSuite.ED25519, bytes(32))
    assert caught.value.reason is Reason.CONFIG_INVALID


@pytest.mark.parametrize("vkey", ["", "+", "++", "a+b+c", "a+00000000+", "a+00000000+AQ==", "a+00000000+é"])
def test_a_malformed_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(NodeError) as caught:
        Verifier.parse(vkey)
    assert caught.value.reason is Reason.CONFIG_INVALID


def test_a_private_key_is_not_shown() -> None:
    assert "seed" not in repr(ED25519)
    assert "public=" not in repr(ED25519.verifier)
