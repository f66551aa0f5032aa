"""Grants that a node issues: checked, recorded, and taken away from the moment that it is asked for."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest
from support.running import pension_grant, resident
from support.town import HR, MEDICAL, TAX
from support.two_sides import TwoSides

from node.core.deciding.grant import Grant, GrantState
from node.core.role import Caller
from node.errors import NodeError, Reason
from node.exchange.admin import Grants

OFFICER = Caller("officer", bytes(32))


@pytest.fixture
def grants(sides: TwoSides) -> Grants:
    return open_grants(sides)


def open_grants(sides: TwoSides) -> Grants:
    return Grants(
        HR,
        sides.hr.store.issued_grants(),
        sides.hr.commit,
        lambda: sides.state.policies,
        lambda code: code in (HR, TAX),
        sides.now,
        os.urandom,
    )


def wanted(sides: TwoSides, **changes: object) -> Grant:
    start = sides.now().replace(microsecond=0)
    base = replace(pension_grant(), valid_from=start, valid_until=start + timedelta(days=1))
    return replace(base, **changes)  # type: ignore[arg-type]


async def refusal(work: object) -> NodeError:
    with pytest.raises(NodeError) as refused:
        await work  # type: ignore[misc]
    return refused.value


async def test_issued_grant_has_the_nodes_own_id_and_is_there_after_a_restart(
    sides: TwoSides, grants: Grants
) -> None:
    application = wanted(sides, id="mine", provider=MEDICAL, state=GrantState.REVOKED, note="x")
    issued = await grants.issue(OFFICER, application)
    assert (issued.provider, issued.state, issued.note) == (HR, GrantState.ACTIVE, "")
    assert issued.id.startswith("g-")
    assert grants.find(issued.id) == issued
    assert open_grants(sides).all() == [issued]
    assert list(grants.of(TAX)) == [issued]
    assert list(grants.of(MEDICAL)) == []


async def test_requester_is_told_of_grants_that_wait_after_records_were_lost(
    sides: TwoSides, grants: Grants
) -> None:
    issued = await grants.issue(OFFICER, wanted(sides))
    assert list(grants.of(TAX)) == [issued]
    held = grants.put_on_hold("records were lost")
    grants.adopt(held)
    assert [(each.id, each.state) for each in held] == [(issued.id, GrantState.SUSPENDED)]
    assert list(grants.of(TAX)) == [grants.get(issued.id)] == list(held)


async def test_what_one_requester_was_granted_is_put_together_anew_only_after_a_change(
    sides: TwoSides, grants: Grants
) -> None:
    issued = [await grants.issue(OFFICER, wanted(sides)) for _ in range(3)]
    first = grants.of(TAX)
    assert list(first) == sorted(issued, key=lambda grant: grant.id)
    assert grants.of(TAX) is first

    await grants.suspend(OFFICER, issued[1].id, "an objection")

    assert [grant.state for grant in grants.of(TAX) if grant.id == issued[1].id] == [GrantState.SUSPENDED]
    assert grants.of(TAX) == open_grants(sides).of(TAX)


@pytest.mark.parametrize(
    "changes",
    [
        {"requester": HR},
        {"requester": MEDICAL},
        {"dataset": "nothing"},
        {"questions": frozenset()},
        {"questions": frozenset({"is-enrolled", "nothing"})},
        {"purposes": ()},
        {"purposes": ("Not A Purpose",)},
        {"purposes": ("a",) * 201},
        {"region": "99"},
        {"basis": ""},
        {"basis": "x" * 501},
        {"scenario": ""},
        {"scenario": f"for {resident(2)}"},
    ],
)
async def test_application_that_cannot_hold_is_refused_and_not_recorded(
    sides: TwoSides, grants: Grants, changes: dict[str, object]
) -> None:
    assert (await refusal(grants.issue(OFFICER, wanted(sides, **changes)))).reason is Reason.QUERY_INVALID
    assert sides.hr.bodies() == []
    assert grants.all() == []


async def test_grant_in_the_past_or_without_a_time_is_refused(sides: TwoSides, grants: Grants) -> None:
    now = sides.now()
    for start, end in ((now, now), (now - timedelta(2), now - timedelta(1)), (now + timedelta(2), now)):
        late = wanted(sides, valid_from=start, valid_until=end)
        assert (await refusal(grants.issue(OFFICER, late))).reason is Reason.QUERY_INVALID


async def test_grant_is_not_given_when_it_cannot_be_recorded(sides: TwoSides, grants: Grants) -> None:
    sides.hr.faults.fail("commit")
    assert (await refusal(grants.issue(OFFICER, wanted(sides)))).reason is Reason.STORE_UNAVAILABLE
    assert grants.all() == []


async def test_suspension_holds_before_it_is_durable_and_is_told_when_it_cannot_be(
    sides: TwoSides, grants: Grants
) -> None:
    issued = await grants.issue(OFFICER, wanted(sides))
    seen: list[GrantState] = []

    def look() -> None:
        found = grants.find(issued.id)
        assert found is not None
        seen.append(found.state)

    sides.hr.faults.before_commit = look
    await grants.suspend(OFFICER, issued.id, "complaint")
    await grants.resume(OFFICER, issued.id, "settled")
    assert seen == [GrantState.SUSPENDED, GrantState.SUSPENDED]
    sides.hr.faults.fail("commit")
    assert (await refusal(grants.revoke(OFFICER, issued.id, "over"))).reason is Reason.STORE_UNAVAILABLE
    assert grants.get(issued.id).state is GrantState.ACTIVE
    sides.hr.faults.fail()
    await grants.revoke(OFFICER, issued.id, "over")
    assert open_grants(sides).get(issued.id).state is GrantState.REVOKED


async def test_revoked_is_final(sides: TwoSides, grants: Grants) -> None:
    issued = await grants.issue(OFFICER, wanted(sides))
    await grants.revoke(OFFICER, issued.id, "over")
    for change in (grants.resume, grants.suspend, grants.revoke):
        assert (await refusal(change(OFFICER, issued.id, "why"))).reason is Reason.QUERY_INVALID


async def test_unknown_grant_is_not_found(grants: Grants) -> None:
    assert (await refusal(grants.suspend(OFFICER, "g-0", "why"))).reason is Reason.NOT_FOUND
    assert grants.find("g-0") is None
