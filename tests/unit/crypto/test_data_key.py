"""The data key: what is kept can be read by its owner alone, and subjects become pseudonyms."""

from __future__ import annotations

import os

import pytest

from node.crypto.data_key import DataKey, DataKeyRing
from node.errors import NodeError, Reason

KEY = DataKey(bytes(32), os.urandom)


def test_a_value_is_decrypted_for_what_it_was_encrypted_for() -> None:
    stored = KEY.encrypt(b"value", b"opening 5")
    assert len(stored) == len(b"value") + 48
    assert b"value" not in stored
    assert KEY.decrypt(stored, b"opening 5") == b"value"
    assert KEY.encrypt(b"value", b"opening 5") != stored


def test_a_value_that_was_changed_moved_or_cut_is_refused() -> None:
    stored = KEY.encrypt(b"value", b"opening 5")
    with pytest.raises(NodeError) as caught:
        KEY.decrypt(stored, b"opening 6")
    assert caught.value.reason is Reason.LOG_CORRUPT
    for place in range(len(stored)):
        with pytest.raises(NodeError):
            KEY.decrypt(stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :], b"opening 5")
        with pytest.raises(NodeError):
            KEY.decrypt(stored[:place], b"opening 5")


def test_a_value_under_another_key_names_the_cause() -> None:
    other = DataKey(b"\x01" * 32, os.urandom)
    with pytest.raises(NodeError, match="another data key") as caught:
        other.decrypt(KEY.encrypt(b"value", b""), b"")
    assert caught.value.reason is Reason.CONFIG_INVALID


def test_nonces_come_from_the_given_source() -> None:
    fixed = DataKey(bytes(32), lambda count: b"n" * count)
    assert fixed.encrypt(b"value", b"") == fixed.encrypt(b"value", b"")
    assert KEY.decrypt(fixed.encrypt(b"value", b""), b"") == b"value"


def test_a_pseudonym_depends_on_key_context_and_value() -> None:
    pseudonym = KEY.pseudonym(b"quota", b"11010519491231002X")
    assert len(pseudonym) == 16
    assert pseudonym == DataKey(bytes(32), os.urandom).pseudonym(b"quota", b"11010519491231002X")
    others = {
        KEY.pseudonym(b"tries", b"11010519491231002X"),
        KEY.pseudonym(b"quota", b"440524188001010014"),
        # The same characters, cut elsewhere.
        KEY.pseudonym(b"quota1", b"1010519491231002X"),
        DataKey(b"\x01" * 32, os.urandom).pseudonym(b"quota", b"11010519491231002X"),
    }
    assert len(others | {pseudonym}) == 5


def test_ring_writes_with_the_newest_key_and_reads_with_whichever_wrote() -> None:
    new = DataKey(b"\x01" * 32, os.urandom)
    ring = DataKeyRing(new, [KEY])
    assert ring.decrypt(KEY.encrypt(b"before", b"opening 5"), b"opening 5") == b"before"
    assert new.decrypt(ring.encrypt(b"after", b"opening 6"), b"opening 6") == b"after"
    assert ring.pseudonym(b"quota", b"x") == new.pseudonym(b"quota", b"x")
    assert ring.is_pseudonym(KEY.pseudonym(b"quota", b"x"), b"quota", b"x")
    assert ring.is_pseudonym(new.pseudonym(b"quota", b"x"), b"quota", b"x")
    assert not ring.is_pseudonym(KEY.pseudonym(b"quota", b"y"), b"quota", b"x")
    with pytest.raises(NodeError) as caught:
        ring.decrypt(KEY.encrypt(b"before", b"opening 5"), b"opening 6")
    assert caught.value.reason is Reason.LOG_CORRUPT
    with pytest.raises(NodeError, match="another data key"):
        DataKeyRing(new).decrypt(KEY.encrypt(b"before", b""), b"")
    with pytest.raises(NodeError):
        ring.decrypt(b"", b"")
