"""The key for names of contents: the node's own, and the same whatever becomes of the data key."""

from __future__ import annotations

import os
from base64 import b64decode

import pytest
from support.remembered import Remembered

from node.app.content_key import content_key
from node.crypto.data_key import DataKey, DataKeyRing
from node.errors import NodeError

OLD, NEW = (DataKey(bytes([number]) * 32, os.urandom) for number in (1, 2))


def test_key_is_random_and_the_same_from_then_on() -> None:
    memory = Remembered()
    first = content_key(memory, DataKeyRing(OLD), os.urandom)
    assert len(first) == 32
    assert content_key(memory, DataKeyRing(OLD), os.urandom) == first
    assert content_key(Remembered(), DataKeyRing(OLD), os.urandom) != first


def test_key_is_kept_encrypted() -> None:
    memory = Remembered()
    key = content_key(memory, DataKeyRing(OLD), os.urandom)
    kept = memory.fact("content.key")
    assert kept is not None
    assert key not in b64decode(kept)


def test_key_survives_the_rotation_of_the_data_key_also_when_the_old_one_is_gone_for_good() -> None:
    memory = Remembered()
    first = content_key(memory, DataKeyRing(OLD), os.urandom)
    assert content_key(memory, DataKeyRing(NEW, [OLD]), os.urandom) == first
    assert content_key(memory, DataKeyRing(NEW), os.urandom) == first


def test_key_that_cannot_be_read_is_made_anew() -> None:
    memory = Remembered()
    first = content_key(memory, DataKeyRing(OLD), os.urandom)
    second = content_key(memory, DataKeyRing(NEW), os.urandom)
    assert second != first
    assert content_key(memory, DataKeyRing(NEW), os.urandom) == second


def test_key_that_cannot_be_kept_is_not_used() -> None:
    memory = Remembered()
    memory.full = True
    with pytest.raises(NodeError):
        content_key(memory, DataKeyRing(OLD), os.urandom)
