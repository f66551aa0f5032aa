"""Key files: written whole, kept from others, and refused when they are not what they say."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from node.documents.keys import KeyUse, PrivateKey, generate, newest, read_key, read_keys, write_key
from node.errors import NodeError, Reason

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SEED = bytes(range(32))
SEED_TEXT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def key(use: KeyUse, created: datetime = NOW) -> PrivateKey:
    return PrivateKey(use, created, created + 90 * DAY, SEED)


def refused(path: Path) -> str:
    with pytest.raises(NodeError) as caught:
        read_key(path)
    assert caught.value.reason is Reason.CONFIG_INVALID
    assert SEED_TEXT[:12] not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize("use", KeyUse)
def test_a_key_is_read_as_it_was_written(use: KeyUse, tmp_path: Path) -> None:
    path = write_key(tmp_path / "keys", key(use))
    assert path.name == f"{use}-{key(use).key_id}.json"
    assert read_key(path) == key(use)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_generated_keys_differ() -> None:
    keys = {generate(use, NOW, NOW + DAY, os.urandom).key_id for use in KeyUse for _ in range(3)}
    assert len(keys) == 3 * len(KeyUse)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o644, 0o601])
def test_a_key_file_that_others_may_read_or_change_is_refused(mode: int, tmp_path: Path) -> None:
    path = write_key(tmp_path, key(KeyUse.LOG))
    path.chmod(mode)
    assert "600" in refused(path)
    path.chmod(0o400)
    assert read_key(path) == key(KeyUse.LOG)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_key_directory_that_others_may_change_is_refused(mode: int, tmp_path: Path) -> None:
    write_key(tmp_path / "keys", key(KeyUse.LOG))
    (tmp_path / "keys").chmod(mode)
    with pytest.raises(NodeError, match="others may put keys"):
        read_keys(tmp_path / "keys")


def test_the_keys_of_a_directory_come_newest_first(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    for use, created in ((KeyUse.LOG, NOW), (KeyUse.SEALING, NOW + DAY), (KeyUse.DATA, NOW - DAY)):
        write_key(directory, key(use, created))
    (directory / "notes.txt").write_text("not a key")
    assert [found.use for found in read_keys(directory)] == [KeyUse.SEALING, KeyUse.LOG, KeyUse.DATA]


def test_the_newest_key_that_is_valid_now_is_taken() -> None:
    old, new, coming = (
        PrivateKey(KeyUse.LOG, NOW + days * DAY, NOW + (days + 10) * DAY, bytes([seed]) * 32)
        for seed, days in ((1, -5), (2, -1), (3, 1))
    )
    keys = (coming, old, key(KeyUse.COSIGN), new)
    assert newest(keys, KeyUse.LOG, NOW) is new
    assert newest(keys, KeyUse.LOG, NOW - 2 * DAY) is old
    for use, moment in ((KeyUse.LOG, NOW + 30 * DAY), (KeyUse.SEALING, NOW)):
        with pytest.raises(NodeError) as caught:
            newest(keys, use, moment)
        assert caught.value.reason is Reason.CONFIG_INVALID


def test_of_keys_made_within_a_second_the_last_is_the_newest(tmp_path: Path) -> None:
    made = [
        PrivateKey(KeyUse.DATA, NOW + timedelta(microseconds=number), NOW + DAY, bytes([number]) * 32)
        for number in range(9)
    ]
    for each in made:
        assert read_key(write_key(tmp_path, each)) == each
    assert list(read_keys(tmp_path)) == made[::-1]
    for last, _ in enumerate(made):
        assert newest(made, KeyUse.DATA, NOW + timedelta(microseconds=last)) is made[last]


def test_of_keys_made_at_the_same_moment_that_of_the_higher_id_is_the_newest(tmp_path: Path) -> None:
    for use in KeyUse:
        made = [PrivateKey(use, NOW, NOW + DAY, bytes([seed]) * 32) for seed in range(5)]
        older = PrivateKey(use, NOW - DAY, NOW + DAY, b"\xff" * 32)
        for each in (*made, older):
            write_key(tmp_path / use, each)
        expected = [*sorted(made, key=lambda one: one.key_id, reverse=True), older]
        assert list(read_keys(tmp_path / use)) == expected
        for keys in (made, made[::-1], [*made, older], [older, *made]):
            assert newest(keys, use, NOW) == expected[0]


def test_each_use_gives_its_own_kind_of_key() -> None:
    assert key(KeyUse.SEALING).sealing_key().public.key_id == key(KeyUse.SEALING).key_id
    assert key(KeyUse.LOG).signer("dxnode/a").suite == "ed25519"
    assert key(KeyUse.COSIGN).signer("dxnode/a").suite == "ml-dsa-65"
    assert key(KeyUse.DATA).data_key(os.urandom).key_id == key(KeyUse.DATA).key_id
    for use in KeyUse:
        if use is not KeyUse.SEALING:
            with pytest.raises(NodeError):
                key(use).sealing_key()
        if use is not KeyUse.DATA:
            with pytest.raises(NodeError):
                key(use).data_key(os.urandom)
    for use in (KeyUse.SEALING, KeyUse.DATA):
        with pytest.raises(NodeError):
            key(use).signer("dxnode/a")


def test_the_seed_is_not_shown() -> None:
    assert "seed" not in repr(key(KeyUse.DATA))
    assert repr(SEED) not in repr(key(KeyUse.DATA))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": "AAAA"},
        {"seed": SEED_TEXT.replace("AAEC", "AAED")},
        {"seed": SEED_TEXT + "!"},
        {"seed": None},
        {"seed": 5},
        {"id": "0" * 16},
        {"use": "cosign"},
        {"use": "other"},
        {"use": []},
        {"suite": "ml-dsa-65"},
        {"version": 2},
        {"expires": "2026-11-22T12:00:00Z"},
        {"expires": "tomorrow"},
        {"created": 0},
        {"extra": 1},
    ],
)
def test_a_key_file_that_contradicts_itself_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    path = write_key(tmp_path, key(KeyUse.LOG))
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    refused(path)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 5000, b" " * 20_000, SEED_TEXT.encode()]
)
def test_a_file_that_is_no_key_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "log-x.json"
    path.write_bytes(content)
    path.chmod(0o600)
    refused(path)


def test_what_is_not_a_plain_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "missing.json")
    refused(tmp_path)
    # A pipe would block for ever.
    os.mkfifo(tmp_path / "pipe.json", 0o600)
    refused(tmp_path / "pipe.json")


def test_a_directory_that_cannot_be_used_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for directory in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(NodeError) as caught:
            write_key(directory, key(KeyUse.LOG))
        assert caught.value.reason is Reason.CONFIG_INVALID
    with pytest.raises(NodeError):
        read_keys(tmp_path / "missing")


def test_a_broken_write_leaves_the_former_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_key(tmp_path / "keys", key(KeyUse.LOG))
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NodeError, match="no space left"):
        write_key(tmp_path / "keys", key(KeyUse.LOG))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("seed", [b"", b"x" * 31, b"x" * 33])
def test_a_seed_of_another_length_is_refused(seed: bytes) -> None:
    with pytest.raises(NodeError):
        PrivateKey(KeyUse.DATA, NOW, NOW + DAY, seed)
