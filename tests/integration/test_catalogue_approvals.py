"""A running node serves peers what the head and the authority approved, and tells what it served before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.approvals import CHEN, ZHANG, appoint, approve
from support.bundles import listed, sign_draft
from support.running import CASE, DEFERRAL, ENROLLED, Running, pension_policy, pension_town, resident
from support.town import AUTHORITY, HR, TAX

from node.client import Client
from node.client.catalogue import CatalogueVersion
from node.core.policy.approval import ApprovalRole
from node.crypto.signing import open_note
from node.documents.bundle_folder import place, read_draft
from node.errors import NodeError, Reason

PENSION = "pension-insurance"


class Nodes:
    """Human resources, whose policies two officers sign, and the tax office."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.office = running.town.offices[HR]
        self.draft = self.office.folder / "policies"
        self.version = 0

    def enforce(self, per_day: int) -> None:
        """Officers change a limit and put the policies in place, without a word to the node."""
        (self.draft / f"{PENSION}.yaml").write_text(pension_policy(per_day=str(per_day)))
        self.version += 1
        sign_draft(self.draft, self.version)
        member = self.running.town.member(HR)
        place(self.office.folder / "state" / "policies", read_draft(self.draft, member), member)

    def reload(self) -> None:
        with self.running.operator(HR) as hr:
            assert hr.admin.reload().refused == ()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    town = pension_town(tmp_path_factory.mktemp("town"), unsigned=False)
    town.publish(listed(town.member(HR)))
    appoint(town)
    running = Running(town)
    nodes = Nodes(running)
    nodes.enforce(50_000)
    approve(nodes.draft)
    try:
        running.start(HR, TAX)
        running.grant()
        yield nodes
    finally:
        running.close()


def ask(tax: Client) -> bool:
    return tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE).answer


def refusal(tax: Client) -> tuple[Reason, str]:
    with pytest.raises(NodeError) as refused:
        ask(tax)
    return refused.value.reason, refused.value.metadata.get("clause", "")


def history(tax: Client) -> list[CatalogueVersion]:
    return list(tax.dataset_history(PENSION, HR))


def test_peers_see_the_signed_approvals_and_ask(nodes: Nodes) -> None:
    with nodes.running.operator(TAX) as tax:
        assert ask(tax)
        for entry in (tax.dataset(PENSION, HR), tax.search_catalogue("养老保险", HR).entries[0]):
            assert not entry.unapproved
            assert [(each.department, each.person) for each in entry.approvals] == [
                (HR, "zhang"),
                (AUTHORITY, "chen"),
            ]
            for approval, signer in zip(entry.approvals, (ZHANG, CHEN), strict=True):
                said = open_note(approval.signed, (signer.verifier,)).body
                assert entry.entry_digest.hex() in said.decode()
        assert [each.unapproved for each in tax.catalogue(HR)] == [False]


def test_changed_entry_vanishes_for_peers_until_it_is_approved(nodes: Nodes) -> None:
    with nodes.running.operator(TAX) as tax, nodes.running.operator(HR) as hr:
        nodes.enforce(40_000)
        nodes.reload()
        assert tax.catalogue(HR) == ()
        assert tax.search_catalogue("养老保险", HR).total == 0
        for look in (tax.dataset, tax.dataset_history):
            with pytest.raises(NodeError) as refused:
                look(PENSION, HR)
            assert refused.value.reason is Reason.NOT_SHARED
        reason, clause = refusal(tax)
        assert reason is Reason.NOT_SHARED
        assert "approv" not in clause
        status = hr.admin.status()
        assert [(each.dataset, each.lacking) for each in status.waiting] == [(PENSION, ("head", "authority"))]
        assert status.waiting_total == 1
        approve(nodes.draft, ApprovalRole.HEAD)
        nodes.reload()
        assert refusal(tax)[0] is Reason.NOT_SHARED
        approve(nodes.draft, ApprovalRole.AUTHORITY)
        nodes.reload()
        assert ask(tax)
        assert hr.admin.status().waiting == ()


def test_history_outlives_a_restart_and_is_told_to_peers(nodes: Nodes) -> None:
    with nodes.running.operator(TAX) as tax:
        before = history(tax)
        nodes.running.stop(HR)
        nodes.running.start(HR)
        assert history(tax) == before
        nodes.reload()
        assert history(tax) == before
    with nodes.running.operator(HR) as hr:
        assert list(hr.dataset_history(PENSION)) == before
    newest, first = before
    assert (newest.number, first.number) == (2, 1)
    assert newest.changed
    assert all(part.startswith("rules.") for part in newest.changed)
    assert [each.role for each in newest.approvals] == ["head", "authority"]
    assert newest.served_since is not None
    assert first.served_since is not None
    assert newest.served_since > first.served_since
