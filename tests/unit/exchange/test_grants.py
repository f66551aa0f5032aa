"""Claims about the applications that a node approves: only what its policies could ever permit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from policy_samples import GRANT, HUMAN_RESOURCES, MONDAY, POLICY, TAX
from small_log import Clock, Pen, open_store

from node.core.grant import Grant
from node.core.policy import PolicyFile
from node.core.policy_build import build_policies
from node.core.usage import Caller
from node.errors import NodeError, Reason
from node.exchange.admin import Grants
from node.exchange.group import GroupCommit

OFFICER = Caller("officer")
PURPOSES = "purposes:" + "".join(
    f"\n  {code}: {{title: x}}"
    for code in (
        "social-insurance",
        "social-insurance/pension",
        "social-insurance/pension/deferral",
        "city-planning",
    )
)


@pytest.fixture
async def grants(tmp_path: Path) -> AsyncIterator[Grants]:
    """Of a node whose policies are the small ones."""
    store = open_store(tmp_path)
    commit = GroupCommit(store, Pen().keys(), Clock())
    files = [PolicyFile("policy.yaml", POLICY.encode()), PolicyFile("purposes.yaml", PURPOSES.encode())]
    policies = build_policies(files)
    yield Grants(
        HUMAN_RESOURCES, (), commit, lambda: policies, lambda code: code == TAX, lambda: MONDAY, bytes
    )
    await commit.stop()
    store.close()


def wanted(*purposes: str) -> Grant:
    """An application."""
    return Grant(
        **{name: getattr(GRANT, name) for name in ("id", "provider", "requester", "dataset", "state")},
        questions=frozenset({"is-enrolled"}),
        purposes=purposes,
        region="",
        subjects_per_day=0,
        valid_from=MONDAY,
        valid_until=MONDAY + timedelta(days=1),
        basis="Art. 20",
        scenario="window",
        note="",
    )


@pytest.mark.parametrize("purpose", ["social-insurance", "social-insurance/pension/deferral"])
async def test_purpose_wider_or_narrower_than_a_rule_is_granted(grants: Grants, purpose: str) -> None:
    issued = await grants.issue(OFFICER, wanted(purpose))
    assert grants.find(issued.id) == issued


@pytest.mark.parametrize(
    ("purposes", "said"),
    [
        (["social-insurance/pensions"], "know no purpose social-insurance/pensions"),
        (["social-insurance", "tax/refund"], "know no purpose tax/refund"),
        (["city-planning"], "no rule"),
    ],
    ids=["misspelled", "second", "of no rule"],
)
async def test_purpose_that_could_never_be_used_is_refused(
    grants: Grants, purposes: list[str], said: str
) -> None:
    with pytest.raises(NodeError, match=said) as refused:
        await grants.issue(OFFICER, wanted(*purposes))
    assert refused.value.reason is Reason.QUERY_INVALID
    assert grants.all() == []
