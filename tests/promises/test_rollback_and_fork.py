"""Promise: no use without evidence. A state that is put back, and a log that forks, are noticed and stop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from support.bundles import LI, WANG, listed
from support.forger import forging
from support.log_audit import audit
from support.older_states import COPY, keep, put_back, reason_of, second_copy
from support.running import (
    BY_REGION,
    CASE,
    DEFERRAL,
    ENROLLED,
    PLANNING,
    Running,
    pension_policy,
    pension_town,
    resident,
)
from support.told import all_english
from support.town import HR, TAX, Town

from node.client.results import NodeStatus
from node.core.deciding.grant import GrantState
from node.core.log.usage import parse_record
from node.core.state.lost_state import MARK
from node.documents.order_file import sign_order
from node.errors import NodeError, Reason
from node.exchange import own_state
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Running]:
    """A budget for one release, a limit of one ask a day and subject."""
    policy = pension_policy(dataset="0.5", organisation="0.5", requester="0.5", per_subject_per_day="1")
    town = pension_town(tmp_path, policy.replace("    limits: {per_day: 100}\n", ""))
    town.publish(listed(town.member(HR)))
    nodes = Running(town)
    nodes.start(HR, TAX)
    nodes.grant()
    yield nodes
    nodes.close()


def ask(nodes: Running, number: int, office: str = TAX) -> object:
    with nodes.operator(office) as tax:
        return reason_of(lambda: tax.verify(ENROLLED, resident(number), purpose=DEFERRAL, case=CASE).answer)


def asked(nodes: Running, number: int) -> pb.Envelope:
    """Ask, and give the envelope that was sent: who sends it keeps none of what is answered."""
    peers = nodes.nodes[TAX]._peers
    with mock.patch.object(peers, "ask", wraps=peers.ask) as overheard, nodes.operator(TAX) as tax:
        tax.verify(ENROLLED, resident(number), purpose=DEFERRAL, case=CASE)
        (call,) = overheard.call_args_list
    envelope = call.args[1]
    assert isinstance(envelope, pb.Envelope)
    return envelope


def send_again(nodes: Running, envelope: pb.Envelope) -> object:
    """Send an envelope once more, as whoever has the requester's certificate can."""
    with forging(nodes.town, TAX) as tax:
        answer = reason_of(lambda: tax.answer(envelope))
    if not isinstance(answer, pb.SealedAnswer):
        return answer
    verdicts = [parse_record(leaf).verdict for leaf in nodes.leaves(HR)]
    return [verdict.reason for verdict in verdicts if verdict.decision][-1]


def statistic(nodes: Running) -> object:
    with nodes.operator(TAX) as tax:
        return reason_of(
            lambda: "stored" if tax.statistic(BY_REGION, purpose=PLANNING, case=CASE).reused else "new"
        )


def status(nodes: Running, code: str) -> NodeStatus:
    with nodes.operator(code) as client:
        return client.admin.status()


def health_of(town: Town, code: str) -> int:
    with grpc.insecure_channel(f"unix:{town.offices[code].socket}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        return int(stub.Check(health_pb2.HealthCheckRequest()).status)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("parts", "seen_by"), [(("state",), MARK), (("state", "mark"), TAX)], ids=["by the mark", "by its peers"]
)
def test_provider_that_is_put_back_answers_nothing_again(
    nodes: Running, tmp_path: Path, parts: tuple[str, ...], seen_by: str
) -> None:
    assert ask(nodes, 4) is True
    keep(nodes, HR, tmp_path / "kept", *parts)
    envelope = asked(nodes, 8)
    assert statistic(nodes) == "new"
    assert (ask(nodes, 2), ask(nodes, 2)) == (True, Reason.QUOTA_EXHAUSTED)
    before = nodes.leaves(HR)
    put_back(nodes, HR, tmp_path / "kept")
    # The same envelope, another noise, the same subject: nothing has an answer any more.
    assert send_again(nodes, envelope) is Reason.STATE_LOST
    assert statistic(nodes) is Reason.STATE_LOST
    assert ask(nodes, 2) is Reason.STATE_LOST
    leaves = nodes.leaves(HR)
    assert len(leaves) < len(before)
    assert leaves == before[: len(leaves)]
    # It says so to whoever looks.
    found = status(nodes, HR)
    assert found.state == "DEGRADED"
    assert found.lost is not None
    assert (found.lost.own_size, found.lost.seen_by) == (len(leaves), seen_by)
    assert any("accept-state" in problem.message for problem in found.problems)
    assert health_of(nodes.town, HR) == health_pb2.HealthCheckResponse.NOT_SERVING


def test_nothing_is_opened_again_when_two_officers_let_it_go_on(nodes: Running, tmp_path: Path) -> None:
    assert ask(nodes, 4) is True
    keep(nodes, HR, tmp_path / "kept", "state", "mark")
    envelope = asked(nodes, 8)
    assert statistic(nodes) == "new"
    assert ask(nodes, 2) is True
    put_back(nodes, HR, tmp_path / "kept")
    assert ask(nodes, 2) is Reason.STATE_LOST
    with nodes.operator(HR) as hr:
        drafted = hr.admin.draft_order("accept-state", "", "the disk broke")
        with pytest.raises(NodeError):
            hr.admin.apply_order(sign_order(drafted, LI))
        applied = hr.admin.apply_order(sign_order(sign_order(drafted, LI), WANG))
        assert applied.approved == ("li", "wang")
        (granted,) = hr.admin.issued_grants()
        assert granted.state is GrantState.SUSPENDED
    assert health_of(nodes.town, HR) == health_pb2.HealthCheckResponse.SERVING
    # The other side has seen more, and decides for itself.
    assert ask(nodes, 2) is Reason.LOG_DIFFERS
    with nodes.operator(TAX) as tax:
        tax.admin.accept_peer(HR, "they put back a backup, letter of 2027-03-01")
    assert ask(nodes, 2) is Reason.SUSPENDED
    with nodes.operator(HR) as hr:
        hr.admin.resume_grant(granted.id, "nothing was taken back since")
    # The same envelope, another noise, the same subject: all of it is spent.
    assert send_again(nodes, envelope) == Reason.REQUEST_REPLAYED
    assert statistic(nodes) is Reason.BUDGET_EXHAUSTED
    assert ask(nodes, 2) is Reason.QUOTA_EXHAUSTED
    found = status(nodes, HR)
    assert found.state == "SERVING"
    assert found.lost is None
    assert any("pension-insurance is shut" in notice for notice in all_english(found.notices))
    # Two officers open the budget, and both logs are whole.
    with nodes.operator(HR) as hr:
        drafted = hr.admin.draft_order("reopen-budget", "pension-insurance", "counted by the requesters")
        hr.admin.apply_order(sign_order(sign_order(drafted, LI), WANG))
    assert statistic(nodes) == "new"
    for code in (HR, TAX):
        with nodes.operator(code) as client:
            assert audit(client, nodes.town.member(code)) == []


def test_state_folder_that_was_emptied_is_found(nodes: Running, tmp_path: Path) -> None:
    assert ask(nodes, 4) is True
    (tmp_path / "kept" / "state").mkdir(parents=True)
    put_back(nodes, HR, tmp_path / "kept")
    assert ask(nodes, 2) is Reason.STATE_LOST
    assert nodes.leaves(HR) == []


def test_requester_that_is_put_back_asks_nothing(nodes: Running, tmp_path: Path) -> None:
    assert ask(nodes, 4) is True
    keep(nodes, TAX, tmp_path / "kept", "state", "mark")
    assert ask(nodes, 2) is True
    decided = len(nodes.leaves(HR))
    put_back(nodes, TAX, tmp_path / "kept")
    assert ask(nodes, 6) is Reason.STATE_LOST
    assert len(nodes.leaves(HR)) == decided
    bodies = [parse_record(leaf).WhichOneof("body") for leaf in nodes.leaves(TAX)]
    assert bodies.count("intent") == 1


def test_provider_that_forks_its_log_is_stopped_by_its_requester(
    nodes: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(nodes, 4) is True
    keep(nodes, HR, tmp_path / "kept", "state", "mark")
    assert [ask(nodes, number) for number in (6, 8, 10)] == [True, True, True]
    # It does not look, or goes on in spite of what it sees.
    monkeypatch.setattr(own_state, "is_news", lambda *_, **__: False)
    put_back(nodes, HR, tmp_path / "kept")
    assert ask(nodes, 12) is Reason.LOG_DIFFERS
    records = [parse_record(leaf) for leaf in nodes.leaves(TAX)]
    outcome = [record.outcome for record in records if record.HasField("outcome")][-1]
    assert (outcome.kind, outcome.reason) == (rec.OUTCOME_KIND_FAILED, Reason.LOG_DIFFERS.wire)
    found = status(nodes, TAX)
    assert found.state == "DEGRADED"
    assert found.stopped_peers == (HR,)
    assert any(HR in problem.message and "dxnode peer show" in problem.message for problem in found.problems)
    # Nothing is asked of it any more, and nothing that it asks is answered.
    decided = len(nodes.leaves(HR))
    assert ask(nodes, 14) is Reason.LOG_DIFFERS
    assert len(nodes.leaves(HR)) == decided
    with nodes.operator(TAX) as tax:
        (peer,) = tax.admin.peers()
        assert len(peer.contradictions) == 1
        tax.admin.accept_peer(HR, "put back after a disk failure, letter of 2027-03-01")
    assert ask(nodes, 16) is True
    with nodes.operator(TAX) as tax:
        assert audit(tax, nodes.town.member(TAX)) == []


def test_two_copies_of_a_node_that_run_at_once_are_found(nodes: Running) -> None:
    assert ask(nodes, 4) is True
    second_copy(nodes, TAX, nodes.town.folder / COPY)
    assert ask(nodes, 6, COPY) is True
    # Each finds out at once that there is another, by what the provider has seen of both.
    for office in (TAX, COPY):
        assert ask(nodes, 8, office) is Reason.LOG_DIFFERS
        assert status(nodes, office).lost is not None
        assert ask(nodes, 10, office) is Reason.STATE_LOST
    assert status(nodes, HR).stopped_peers == (TAX,)
