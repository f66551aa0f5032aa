"""Claims about which of a node's keys sign its log."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.town import TAX, Town

from node.app.live.own_keys import Keys, load_keys, log_keys, signing_keys
from node.config.file import load_settings
from node.config.settings import Settings
from node.core.directory.directory import Member
from node.core.log.checkpoint import Checkpoint
from node.crypto.signing import Signer, open_note, sign_note
from node.documents.keys import KeyUse, PrivateKey, generate, write_key
from node.errors import NodeError, Reason

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
NAME = f"dxnode/{TAX}"
BODY = Checkpoint(NAME, 5, b"\7" * 32).body()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A node's, without log and cosignature keys yet."""
    office = Town(tmp_path).add(TAX)
    for use in (KeyUse.LOG, KeyUse.COSIGN, KeyUse.DATA):
        for path in (office.folder / "keys").glob(f"{use}-*.json"):
            path.unlink()
    write_key(office.folder / "keys", generate(KeyUse.DATA, NOW - DAY, NOW + DAY, os.urandom))
    return load_settings(office.config)


@pytest.fixture
def listed(tmp_path: Path) -> Member:
    """What a directory lists of the node; its log keys are to be set."""
    town = Town(tmp_path / "other")
    town.add(TAX)
    return town.member(TAX)


def add(settings: Settings, use: KeyUse, from_day: int, until_day: int = 300) -> Signer:
    key = generate(use, NOW + from_day * DAY, NOW + until_day * DAY, os.urandom)
    write_key(settings.keys, key)
    return key.signer(NAME)


def loaded(settings: Settings) -> Keys:
    return load_keys(settings, NOW, os.urandom)


def vkeys(*signers: Signer) -> tuple[str, ...]:
    return tuple(signer.verifier.vkey() for signer in signers)


def test_newest_key_that_the_directory_lists_signs(settings: Settings, listed: Member) -> None:
    cosigners = [add(settings, KeyUse.COSIGN, day) for day in (-3, -2, -1)]
    loggers = [add(settings, KeyUse.LOG, day) for day in (-3, -2, -1)]
    for published in (1, 2, 3):
        member = replace(
            listed, log_keys=vkeys(*loggers[:published]), cosign_keys=vkeys(*cosigners[:published])
        )
        log, cosign = signing_keys(loaded(settings), member)
        assert vkeys(log, cosign) == vkeys(loggers[published - 1], cosigners[published - 1])


def test_log_and_cosignature_keys_are_taken_up_each_by_itself(settings: Settings, listed: Member) -> None:
    old_cosigner, new_cosigner = (add(settings, KeyUse.COSIGN, day) for day in (-2, -1))
    old_logger, new_logger = (add(settings, KeyUse.LOG, day) for day in (-2, -1))
    member = replace(listed, log_keys=vkeys(new_logger, old_logger), cosign_keys=vkeys(old_cosigner))
    assert vkeys(*signing_keys(loaded(settings), member)) == vkeys(new_logger, old_cosigner)
    assert new_cosigner.verifier != old_cosigner.verifier


def test_key_whose_time_has_not_come_or_is_over_does_not_sign_although_listed(
    settings: Settings, listed: Member
) -> None:
    add(settings, KeyUse.COSIGN, -1)
    over, now, coming = (add(settings, KeyUse.LOG, *days) for days in ((-9, -1), (-5, 300), (1, 300)))
    member = replace(listed, log_keys=vkeys(coming, now, over))
    assert vkeys(signing_keys(loaded(settings), member)[0]) == vkeys(now)


def test_newest_key_signs_where_the_directory_lists_none_of_them(settings: Settings, listed: Member) -> None:
    cosigner = add(settings, KeyUse.COSIGN, -1)
    _, newest = add(settings, KeyUse.LOG, -2), add(settings, KeyUse.LOG, -1)
    for member in (None, listed):
        assert vkeys(*signing_keys(loaded(settings), member)) == vkeys(newest, cosigner)


def test_checkpoint_of_any_key_of_the_node_is_good_at_its_start(settings: Settings) -> None:
    cosigner = add(settings, KeyUse.COSIGN, -1)
    signers = [add(settings, KeyUse.LOG, *days) for days in ((-9, -1), (-5, 300), (-1, 300))]
    keys = log_keys(loaded(settings), settings)
    for signer in signers:
        assert keys.verify(sign_note(BODY, signer)) == BODY
    both = open_note(keys.cosign(BODY), [signers[-1].verifier, cosigner.verifier])
    assert len(both.verified) == 2


def test_checkpoint_of_a_key_that_was_taken_away_is_refused_with_what_to_do(settings: Settings) -> None:
    add(settings, KeyUse.COSIGN, -1)
    add(settings, KeyUse.LOG, -1)
    gone = PrivateKey(KeyUse.LOG, NOW - DAY, NOW + DAY, os.urandom(32)).signer(NAME)
    with pytest.raises(NodeError, match="put back the one that was taken away") as caught:
        log_keys(loaded(settings), settings).verify(sign_note(BODY, gone))
    assert caught.value.reason is Reason.PROOF_INVALID


@pytest.mark.parametrize("use", [KeyUse.LOG, KeyUse.COSIGN])
def test_node_without_a_valid_key_to_sign_with_does_not_load(settings: Settings, use: KeyUse) -> None:
    add(settings, KeyUse.LOG if use is KeyUse.COSIGN else KeyUse.COSIGN, -1)
    add(settings, use, -9, -1)
    with pytest.raises(NodeError) as caught:
        loaded(settings)
    assert caught.value.reason is Reason.CONFIG_INVALID
