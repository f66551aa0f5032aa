"""What the vault remembers of checkpoints, and what it does not."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest

from node.core.log.checkpoint import Checkpoint
from node.crypto.data_key import DataKey, DataKeyRing
from node.crypto.sealing import KeyRing, SealingKey
from node.crypto.signing import SignatureSuite, Signer, Verifier, sign_note
from node.crypto.vault import CHECKPOINTS_KEPT, NodeVault
from node.errors import NodeError, Reason

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OWN = Signer("dxnode/log/a", SignatureSuite.ED25519, b"\1" * 32)
OTHER = Signer("dxnode/log/a", SignatureSuite.ED25519, b"\2" * 32)
OWN_KEYS = (OWN.verifier.vkey(),)
CHECKPOINT = Checkpoint("dxnode/a", 5, b"\7" * 32)


def _vault() -> NodeVault:
    ring = KeyRing([SealingKey(b"\3" * 32, NOW, NOW + timedelta(days=1))])
    return NodeVault(ring, DataKeyRing(DataKey(b"\4" * 32, os.urandom)), os.urandom)


def test_checkpoint_that_verified_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = 0
    verifies = Verifier.verifies

    def counted(self: Verifier, signature: bytes, body: bytes) -> bool:
        nonlocal checks
        checks += 1
        return verifies(self, signature, body)

    monkeypatch.setattr(Verifier, "verifies", counted)
    vault, note = _vault(), sign_note(CHECKPOINT.body(), OWN)
    for _ in range(3):
        assert vault.open_checkpoint(bytes(bytearray(note)), OWN_KEYS) == CHECKPOINT
    assert checks == 1


def test_what_is_remembered_holds_for_its_key_and_bytes_alone() -> None:
    vault, note = _vault(), sign_note(CHECKPOINT.body(), OWN)
    vault.open_checkpoint(note, OWN_KEYS)
    for other, key in ((note, OTHER), (note.replace(b"\n5\n", b"\n6\n"), OWN)):
        for _ in range(2):
            with pytest.raises(NodeError) as caught:
                vault.open_checkpoint(other, (key.verifier.vkey(),))
            assert caught.value.reason is Reason.PROOF_INVALID


def test_memory_of_checkpoints_is_bounded() -> None:
    vault = _vault()
    for size in range(CHECKPOINTS_KEPT + 10):
        vault.open_checkpoint(sign_note(Checkpoint("dxnode/a", size, b"\7" * 32).body(), OWN), OWN_KEYS)
    strangers = [Signer(f"s{number}", SignatureSuite.ML_DSA_65, bytes([number]) * 32) for number in range(6)]
    long = sign_note(CHECKPOINT.body(), OWN, *strangers)
    assert len(long) > 16_384
    with pytest.raises(NodeError, match="PROOF_INVALID"):
        vault.open_checkpoint(long, OWN_KEYS)
    assert vault._checkpoints.cache_info().currsize == CHECKPOINTS_KEPT


def test_checkpoint_of_any_of_several_keys_opens_and_is_remembered_for_those_alone() -> None:
    vault = _vault()
    both = (OTHER.verifier.vkey(), *OWN_KEYS)
    for signer in (OWN, OTHER):
        assert vault.open_checkpoint(sign_note(CHECKPOINT.body(), signer), both) == CHECKPOINT
    # A key that is struck off opens nothing any more, also what is still remembered.
    with pytest.raises(NodeError) as caught:
        vault.open_checkpoint(sign_note(CHECKPOINT.body(), OTHER), OWN_KEYS)
    assert caught.value.reason is Reason.PROOF_INVALID


def test_key_that_is_not_listed_is_told_with_what_to_do() -> None:
    with pytest.raises(NodeError, match=r"PROOF_INVALID.*directory lists.*fetch the newest directory"):
        _vault().open_checkpoint(sign_note(CHECKPOINT.body(), OTHER), OWN_KEYS)


def test_wrong_signature_under_the_name_of_one_key_is_not_made_good_by_another() -> None:
    note = sign_note(CHECKPOINT.body(), OWN, OTHER)
    body, _, lines = note.partition(b"\n\n")
    good, other = lines.splitlines(keepends=True)
    forged = body + b"\n\n" + good + other[:-8] + b"AAAAA==\n"
    with pytest.raises(NodeError, match="PROOF_INVALID"):
        _vault().open_checkpoint(forged, (*OWN_KEYS, OTHER.verifier.vkey()))


COSIGNER = Signer("dxnode/log/a", SignatureSuite.ML_DSA_65, b"\5" * 32)
COSIGN_KEYS = (COSIGNER.verifier.vkey(),)
_OWN_LINE = sign_note(CHECKPOINT.body(), OWN).rpartition(b"\n\n")[2]


def test_cosigned_checkpoint_opens_when_its_cosign_key_is_listed() -> None:
    note = sign_note(CHECKPOINT.body(), OWN, COSIGNER)
    assert _vault().open_checkpoint(note, OWN_KEYS, COSIGN_KEYS) == CHECKPOINT


@pytest.mark.parametrize(
    "note",
    [
        sign_note(CHECKPOINT.body() + b"a person\n", OWN),
        sign_note(CHECKPOINT.body(), OWN, OTHER),
        sign_note(CHECKPOINT.body(), OWN, Signer("a-person", SignatureSuite.ED25519, b"\6" * 32)),
        sign_note(CHECKPOINT.body(), OWN) + _OWN_LINE,
        sign_note(CHECKPOINT.body(), OWN, Signer("dxnode/log/a", SignatureSuite.ML_DSA_65, b"\6" * 32)),
        sign_note(CHECKPOINT.body(), COSIGNER),
    ],
    ids=["line of text", "other key", "other name", "line twice", "other cosign key", "cosigned alone"],
)
def test_checkpoint_that_holds_anything_else_is_refused(note: bytes) -> None:
    with pytest.raises(NodeError) as caught:
        _vault().open_checkpoint(note, OWN_KEYS, COSIGN_KEYS)
    assert caught.value.reason is Reason.PROOF_INVALID


def test_cosignature_that_is_none_is_refused() -> None:
    note = sign_note(CHECKPOINT.body(), OWN, COSIGNER)
    with pytest.raises(NodeError) as caught:
        _vault().open_checkpoint(note[:-8] + b"AAAAAA=\n", OWN_KEYS, COSIGN_KEYS)
    assert caught.value.reason is Reason.PROOF_INVALID
