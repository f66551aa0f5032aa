"""Who asked about a person can be found later, of denials too, by whoever has the node's data key."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from support.running import resident
from support.small_log import clean_up
from support.two_sides import CALLER, TwoSides, query

from node.core.deciding.grant import GrantState
from node.core.subject import SubjectKey
from node.crypto.data_key import DataKeyRing
from node.documents.keys import KeyUse, generate
from node.errors import NodeError, Reason
from node.exchange.tried import PSEUDONYM, Tried, tried
from node.v1 import record_pb2 as rec


async def ask(sides: TwoSides, *numbers: int, question: str = "is-enrolled") -> None:
    await sides.requester.ask(CALLER, query(question), [SubjectKey(resident(n), {}) for n in numbers])


async def denied(sides: TwoSides, *numbers: int) -> None:
    with pytest.raises(NodeError):
        await ask(sides, *numbers, question="nothing")


def found(sides: TwoSides, number: int) -> list[Tried]:
    return list(tried(sides.hr.store, sides.hr.vault, resident(number)))


async def test_permits_and_denials_about_a_person_are_found(sides: TwoSides) -> None:
    sides.received = [replace(sides.grant, questions=sides.grant.questions | {"nothing"})]
    await ask(sides, 2)
    await denied(sides, 4, 2)
    await denied(sides, 4)
    assert found(sides, 2) == [Tried(0, permit=True), Tried(1, permit=False)]
    assert found(sides, 4) == [Tried(1, permit=False), Tried(2, permit=False)]
    assert found(sides, 6) == []
    assert list(tried(sides.hr.store, sides.hr.vault, resident(2), 1)) == [Tried(1, permit=False)]


async def test_person_is_found_however_the_number_is_spelled(sides: TwoSides) -> None:
    await ask(sides, 3)
    spelled = f" {resident(3)[:6]} {resident(3)[6:]}".lower()
    assert list(tried(sides.hr.store, sides.hr.vault, spelled)) == [Tried(0, permit=True)]


async def test_denials_are_found_when_the_data_key_is_replaced(sides: TwoSides) -> None:
    sides.grants[sides.grant.id] = replace(sides.grant, state=GrantState.SUSPENDED)
    with pytest.raises(NodeError):
        await ask(sides, 2)
    used = sides.hr.vault._data
    start = sides.now()
    newest = generate(KeyUse.DATA, start, start + timedelta(days=365), os.urandom).data_key(os.urandom)
    sides.hr.vault._data = DataKeyRing(newest, used._keys.values())
    with pytest.raises(NodeError):
        await ask(sides, 2)
    assert found(sides, 2) == [Tried(0, permit=False), Tried(1, permit=False)]


async def test_denial_keeps_a_few_bytes_of_each_subject_and_no_opening(sides: TwoSides) -> None:
    """A grant that is missing denies like a source that fails."""
    sides.register.before = lambda: (_ for _ in ()).throw(NodeError(Reason.SOURCE_UNAVAILABLE, "gone"))
    with pytest.raises(NodeError):
        await ask(sides, 2, 4, 6)
    sides.grants.clear()
    with pytest.raises(NodeError):
        await ask(sides, 2, 4, 6)
    for index in range(2):
        body = sides.hr.store.opening(index)
        assert body is not None
        kept = rec.KeptOpening.FromString(sides.hr.vault.decrypt(body, b"opening/%d" % index))
        assert kept.opening == b""
        assert len(kept.pseudonyms) == 3 * PSEUDONYM
        assert len({kept.pseudonyms[n : n + PSEUDONYM] for n in range(0, 24, PSEUDONYM)}) == 3
    assert found(sides, 4) == [Tried(0, permit=False), Tried(1, permit=False)]


async def test_after_their_time_nothing_is_found(sides: TwoSides) -> None:
    await ask(sides, 2)
    assert clean_up(sides.hr.store, 0, openings=1) == 1
    assert found(sides, 2) == []


async def test_retry_of_a_denial_gets_it_again(sides: TwoSides) -> None:
    """A denial has no answer that would have to be kept for it."""
    sides.grants.clear()
    with pytest.raises(NodeError):
        await ask(sides, 2)
    envelope = sides.wire.carried[0]
    await sides.provider.ask(sides.arrival(), envelope)
    assert sides.hr.bodies() == ["verdict"]
    clean_up(sides.hr.store, 0, openings=1)
    await sides.provider.ask(sides.arrival(), envelope)
    assert sides.hr.bodies() == ["verdict"]
