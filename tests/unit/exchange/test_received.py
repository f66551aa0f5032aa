"""Grants that were received: fetched, kept, and what is known stays while a provider is away."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from support.running import pension_grant, resident
from support.town import HR, MEDICAL, TAX

from node.core.deciding.grant import Grant, GrantState
from node.core.messages.grant_check import MAX_ITEMS, MAX_OFFERED
from node.core.messages.grant_message import grant_to_bytes
from node.errors import NodeError, Reason
from node.exchange.received import MAX_BYTES, MAX_GRANTS, PAUSE_SECONDS, ReceivedGrants


class Shelf:
    """Keeps grants in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, list[Grant]] = {}
        self.writes = 0

    def received_grants(self) -> list[Grant]:
        return [grant for grants in self.kept.values() for grant in grants]

    def replace_received_grants(self, provider: str, grants: Sequence[Grant]) -> None:
        self.kept[provider] = list(grants)
        self.writes += 1


class Provider:
    """Gives what it is told to."""

    def __init__(self) -> None:
        self.offers: dict[str, list[Grant]] = {}
        self.asked = 0

    async def grants(self, provider: str) -> list[Grant]:
        self.asked += 1
        if provider not in self.offers:
            raise NodeError(Reason.PEER_UNAVAILABLE, "away")
        return self.offers[provider]


class Desk:
    def __init__(self) -> None:
        self.shelf, self.source, self.time = Shelf(), Provider(), 100.0
        self.received = self.open()

    def open(self) -> ReceivedGrants:
        return ReceivedGrants(TAX, self.shelf, self.source, ThreadPoolExecutor(1), lambda: self.time)


@pytest.fixture
def desk() -> Desk:
    return Desk()


GRANT = replace(pension_grant(), id="g-0123456789abcdef")


async def test_fetched_grants_are_kept_over_a_restart(desk: Desk) -> None:
    desk.source.offers[HR] = [GRANT]
    await desk.received.refresh(HR)
    assert list(desk.received.of(HR)) == [GRANT]
    assert desk.open().all() == [GRANT]


async def test_provider_is_not_asked_all_the_time(desk: Desk) -> None:
    desk.source.offers[HR] = []
    for _ in range(5):
        await desk.received.refresh(HR)
    assert desk.source.asked == 1
    desk.time += PAUSE_SECONDS
    await desk.received.refresh(HR)
    await desk.received.refresh(HR, at_once=True)
    assert desk.source.asked == 3


async def test_what_is_known_stays_while_the_provider_is_away(desk: Desk) -> None:
    desk.source.offers[HR] = [GRANT]
    await desk.received.refresh(HR)
    del desk.source.offers[HR]
    await desk.received.refresh(HR, at_once=True)
    assert list(desk.received.of(HR)) == [GRANT]


async def test_taken_back_grant_is_gone_and_a_changed_one_changes(desk: Desk) -> None:
    desk.source.offers[HR] = [GRANT]
    await desk.received.refresh(HR)
    suspended = replace(GRANT, state=GrantState.SUSPENDED)
    desk.source.offers[HR] = [suspended]
    await desk.received.refresh(HR, at_once=True)
    assert list(desk.received.of(HR)) == [suspended]
    desk.source.offers[HR] = []
    await desk.received.refresh(HR, at_once=True)
    assert desk.received.all() == []


async def test_nothing_is_written_when_nothing_changed(desk: Desk) -> None:
    desk.source.offers[HR] = [GRANT]
    for _ in range(3):
        await desk.received.refresh(HR, at_once=True)
    assert desk.shelf.writes == 1


async def test_provider_cannot_give_what_is_not_its_own_or_not_ours(desk: Desk) -> None:
    desk.source.offers[HR] = [replace(GRANT, provider=MEDICAL), replace(GRANT, requester=MEDICAL), GRANT]
    await desk.received.refresh(HR)
    assert desk.received.all() == [GRANT]
    assert list(desk.received.of(MEDICAL)) == []


async def test_all_others_are_asked(desk: Desk) -> None:
    desk.source.offers = {HR: [GRANT], MEDICAL: [replace(GRANT, provider=MEDICAL)]}
    await desk.received.refresh_all([HR, MEDICAL, TAX])
    assert desk.source.asked == 2
    assert {grant.provider for grant in desk.received.all()} == {HR, MEDICAL}


async def test_of_ever_more_grants_as_many_are_kept_as_there_is_room_for(desk: Desk) -> None:
    """What one provider says takes no more than its share; grants that ended go first."""
    ended = replace(GRANT, valid_until=GRANT.valid_from + timedelta(seconds=1))
    revoked = replace(GRANT, state=GrantState.REVOKED)
    offered = [replace(ended, id=f"g-e{n:015x}") for n in range(MAX_GRANTS)]
    offered += [replace(revoked, id=f"g-a{n:015x}") for n in range(MAX_GRANTS)]
    offered += [replace(GRANT, id=f"g-{n:016x}") for n in range(10)]
    desk.source.offers[HR] = offered
    await desk.received.refresh(HR)
    kept = list(desk.received.of(HR))
    assert len(kept) == MAX_GRANTS
    assert kept[-10:] == offered[-10:]
    assert not any(grant.state is GrantState.REVOKED for grant in kept)
    assert list(desk.shelf.kept[HR]) == kept


async def test_long_grants_are_kept_up_to_a_size(desk: Desk) -> None:
    longest = frozenset(f"q{n:063}" for n in range(MAX_ITEMS))
    desk.source.offers[HR] = [replace(GRANT, id=f"g-{n:016x}", questions=longest) for n in range(100)]
    await desk.received.refresh(HR)
    kept = desk.received.of(HR)
    assert 0 < sum(len(grant_to_bytes(grant)) for grant in kept) <= MAX_BYTES
    assert len(kept) < 100
    # Asked again, nothing is written anew.
    await desk.received.refresh(HR, at_once=True)
    assert desk.shelf.writes == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": "g-1"},
        {"id": f"g-{resident(7)}"},
        {"dataset": "Pension Insurance"},
        {"questions": frozenset()},
        {"questions": frozenset({"a" * 65})},
        {"questions": frozenset(f"q{n}" for n in range(201))},
        {"purposes": ()},
        {"purposes": ("No Purpose",)},
        {"purposes": ("a",) * 201},
        {"region": "4419000"},
        {"region": "nowhere"},
        {"subjects_per_day": 2**63},
        {"valid_until": pension_grant().valid_from - timedelta(days=1)},
        {"basis": ""},
        {"basis": "x" * 501},
        {"scenario": f"for {resident(7)}"},
        {"note": "x" * 501},
        {"note": resident(7)},
        {"roles": ("auditor",)},
        {"roles": ("clerk", "clerk")},
        {"roles": ()},
    ],
)
async def test_grant_that_no_node_issues_is_not_taken(desk: Desk, changes: dict[str, object]) -> None:
    bad = replace(GRANT, **{"id": "g-00000000000000ff", **changes})  # type: ignore[arg-type]
    desk.source.offers[HR] = [bad, GRANT]
    await desk.received.refresh(HR)
    assert desk.received.all() == [GRANT]


async def test_grants_of_one_id_are_one_and_their_number_is_bounded(desk: Desk) -> None:
    desk.source.offers[HR] = [GRANT, replace(GRANT, scenario="other")]
    await desk.received.refresh(HR)
    assert desk.received.all() == [GRANT]
    desk.source.offers[HR] = [replace(GRANT, id=f"g-{n:016x}") for n in range(MAX_OFFERED + 5)]
    await desk.received.refresh(HR, at_once=True)
    assert len(desk.received.all()) == MAX_GRANTS
