"""One encapsulation serves many requests, within its bounds, and nothing depends on its being remembered."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from node.core.messages.envelope import Routing
from node.crypto import known_secrets, sessions
from node.crypto.data_key import DataKey, DataKeyRing
from node.crypto.known_secrets import KnownSecrets
from node.crypto.sealing import KeyRing, SealingKey
from node.crypto.sessions import Sessions
from node.crypto.vault import NodeVault

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
KEY = SealingKey(b"\x01" * 32, NOW - timedelta(days=1), NOW + timedelta(days=30))
NEXT = SealingKey(b"\x02" * 32, NOW - timedelta(days=1), NOW + timedelta(days=30))
ROUTING = Routing("11441900000000019Y", "11441900000000027R", b"e" * 16, KEY.public.key_id)
DATA = DataKeyRing(DataKey(bytes(32), os.urandom))


def made() -> Sessions:
    return Sessions(os.urandom)


def test_a_session_serves_many_exchanges_with_one_sealed_key() -> None:
    current = made()
    first = current.take(KEY.public, ROUTING, NOW_MS)
    second = current.take(KEY.public, replace(ROUTING, exchange_id=b"f" * 16), NOW_MS + 59_999)
    assert second.sealed_key == first.sealed_key
    assert "secret" not in repr(first)


def test_a_session_ends_after_a_minute_or_a_thousand_exchanges() -> None:
    current = made()
    first = current.take(KEY.public, ROUTING, NOW_MS)
    second = current.take(KEY.public, ROUTING, NOW_MS + sessions.LIFETIME_MS)
    assert second.secret != first.secret
    again = [
        current.take(KEY.public, ROUTING, NOW_MS + sessions.LIFETIME_MS)
        for _ in range(sessions.MAX_EXCHANGES)
    ]
    assert {session.secret for session in again[:-1]} == {second.secret}
    assert again[-1].secret != second.secret


def test_a_session_ends_when_the_clock_goes_back() -> None:
    current = made()
    first = current.take(KEY.public, ROUTING, NOW_MS)
    assert current.take(KEY.public, ROUTING, NOW_MS - 1).secret != first.secret


def test_each_provider_requester_and_sealing_key_has_its_own_secret() -> None:
    current = made()
    routings = [
        ROUTING,
        replace(ROUTING, provider="11441900000000035L"),
        replace(ROUTING, requester="11441900000000035L"),
    ]
    secrets = {current.take(KEY.public, routing, NOW_MS).secret for routing in routings}
    secrets.add(current.take(NEXT.public, replace(ROUTING, key_id=NEXT.public.key_id), NOW_MS).secret)
    assert len(secrets) == 4


def test_what_a_vault_seals_another_opens_at_once_and_after_a_restart() -> None:
    requester, provider = (NodeVault(ring, DATA, os.urandom) for ring in rings())
    envelopes = []
    for number in range(3):
        routing = replace(ROUTING, exchange_id=bytes([number]) * 16)
        sealed = requester.seal(b"question %d" % number, KEY.public.encode(), routing, 512, NOW_MS)
        envelopes.append((sealed, routing))
    assert len({sealed.sealed_key for sealed, _ in envelopes}) == 1
    restarted = NodeVault(KeyRing([KEY]), DATA, os.urandom)
    for vault, order in ((provider, envelopes), (restarted, envelopes[::-1])):
        assert {vault.open(sealed, routing, NOW) for sealed, routing in order} == {
            b"question 0",
            b"question 1",
            b"question 2",
        }


def rings() -> tuple[KeyRing, KeyRing]:
    return KeyRing([]), KeyRing([KEY])


def test_one_decapsulation_serves_all_requests_of_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    requester, provider = (NodeVault(ring, DATA, os.urandom) for ring in rings())
    opened: list[bytes] = []
    whole = SealingKey.open

    def counted(key: SealingKey, ciphertext: bytes, info: bytes) -> bytes:
        opened.append(ciphertext)
        return whole(key, ciphertext, info)

    monkeypatch.setattr(SealingKey, "open", counted)
    for number in range(5):
        routing = replace(ROUTING, exchange_id=bytes([number]) * 16)
        sealed = requester.seal(b"question", KEY.public.encode(), routing, 512, NOW_MS)
        provider.open(sealed, routing, NOW)
    assert len(opened) == 1
    # What is forgotten is decapsulated again.
    provider.open(sealed, routing, NOW + known_secrets.LIFETIME)
    assert len(opened) == 2


def test_secrets_are_remembered_for_a_while() -> None:
    known = KnownSecrets()
    known.remember(b"a", b"secret", NOW)
    assert known.get(b"a", NOW + known_secrets.LIFETIME - timedelta(seconds=1)) == b"secret"
    assert known.get(b"a", NOW + known_secrets.LIFETIME) is None
    assert known.get(b"b", NOW) is None


def test_expired_secrets_are_dropped_when_others_come() -> None:
    known = KnownSecrets()
    for name in (b"a", b"b"):
        known.remember(name, b"secret", NOW)
    known.remember(b"c", b"secret", NOW + known_secrets.LIFETIME)
    assert len(known) == 1


def test_no_more_than_a_bounded_number_of_secrets_is_remembered() -> None:
    known = KnownSecrets()
    for number in range(known_secrets.MAX_KNOWN + 10):
        known.remember(b"%d" % number, b"secret", NOW)
    assert len(known) == known_secrets.MAX_KNOWN
    assert known.get(b"9", NOW) is None
    assert known.get(b"10", NOW) == b"secret"
