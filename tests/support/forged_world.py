"""A provider, and departments that send it requests which are wrong in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.forger import Forger, forging, verdict
from support.log_audit import audit
from support.running import Running, pension_grant, pension_town, running
from support.town import HR, MEDICAL, TAX

from node.core.log.merkle import leaf_hash
from node.errors import Reason
from node.v1 import record_pb2 as rec


@dataclass(frozen=True, slots=True)
class World:
    """A provider, and two departments that write their requests by hand."""

    nodes: Running
    tax: Forger
    medical: Forger

    def last(self) -> rec.UsageRecord:
        """The provider's last record."""
        return self.nodes.records(HR)[-1]


@contextmanager
def forged_world(folder: Path) -> Iterator[World]:
    """Runs the provider, with a grant for both."""
    town = pension_town(folder)
    with running(town, HR) as nodes, forging(town, TAX) as tax, forging(town, MEDICAL) as medical:
        with nodes.operator(HR) as hr:
            tax.use(hr.admin.issue_grant(pension_grant(TAX)).id)
            medical.use(hr.admin.issue_grant(pension_grant(MEDICAL)).id)
        yield World(nodes, tax, medical)


def check_log(world: World) -> None:
    """The provider's log verifies offline."""
    with world.nodes.operator(HR) as hr:
        assert audit(hr, world.nodes.town.member(HR)) == []


def denied(world: World, reason: Reason, *, with_intent: bool, **bends: object) -> None:
    """A request that is bent so is denied for this reason, and so recorded."""
    sent = world.tax.make(**bends)  # type: ignore[arg-type]
    response = world.tax.send(sent)
    said = verdict(response)
    assert (said.decision, said.reason) == (rec.DECISION_DENY, reason.wire)
    assert response.answers == b""
    assert not said.charges
    assert said.intent == (sent.leaf if with_intent else b"")
    # What was not proved to be in the requester's log is named by its hash alone.
    assert said.intent_hash == (b"" if with_intent else leaf_hash(sent.leaf))
    assert world.last().verdict == said
