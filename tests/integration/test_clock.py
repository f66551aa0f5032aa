"""A node whose machine's clock jumps goes on; one that cannot know the time says so, and what leads out."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2
from support.bundles import LI, WANG, listed
from support.cli_run import dxnode
from support.hand_clock import HandClock
from support.log_audit import audit
from support.running import (
    CASE,
    DEFERRAL,
    ENROLLED,
    Running,
    asking,
    goes_on,
    pension_grant,
    pension_town,
    resident,
)
from support.town import HR, MEDICAL, TAX, Town
from support.waiting import PATIENCE, wait_for

from node.client.results import NodeStatus
from node.core.deciding.budget import counter_key
from node.core.log.usage import CLOCK_SET
from node.core.milliseconds import to_ms
from node.documents.order_file import sign_order
from node.errors import NodeError, Reason
from node.exchange.second_look import BELIEVED

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
YEAR = 365 * DAY
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
EXCHANGING = ("", "node.v1.DeskService")
STAFF = ("node.v1.AdminService", "node.v1.UsageLogService", "node.v1.GrantAdminService")


@dataclass
class Machines:
    """The nodes of a town, each on a machine of its own."""

    town: Town
    clocks: dict[str, HandClock] = field(default_factory=dict)
    nodes: dict[str, Running] = field(default_factory=dict)

    def start(self, *codes: str) -> None:
        for code in codes:
            self.clocks.setdefault(code, HandClock())
            self.nodes[code] = Running(self.town, self.clocks[code])
            self.nodes[code].start(code)

    def stop(self, *codes: str) -> None:
        for code in codes:
            self.nodes.pop(code).close()

    def pass_by(self, span: timedelta) -> None:
        """So much time goes by everywhere."""
        for clock in self.clocks.values():
            clock.passed += span

    def status(self, code: str = HR) -> NodeStatus:
        with self.nodes[code].operator(code) as client:
            return client.admin.status()

    def ask(self) -> bool:
        with self.nodes[TAX].operator(TAX) as tax:
            return tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE).answer

    def refused(self) -> Reason:
        with pytest.raises(NodeError) as error:
            self.ask()
        return error.value.reason

    def health(self, *services: str) -> set[int]:
        """What human resources says of these at its desk."""
        with grpc.insecure_channel(
            f"unix:{self.town.offices[HR].socket}", options=[("grpc.default_authority", "desk")]
        ) as channel:
            check = channel.unary_unary(
                "/grpc.health.v1.Health/Check",
                request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                response_deserializer=health_pb2.HealthCheckResponse.FromString,
            )
            return {
                check(health_pb2.HealthCheckRequest(service=name), timeout=PATIENCE).status
                for name in services
            }

    def actions(self, code: str = HR) -> list[str]:
        """What was done at a node."""
        records = self.nodes[code].records(code)
        return [each.admin.action for each in records if each.WhichOneof("body") == "admin"]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    town = pension_town(tmp_path)
    town.publish(listed(town.member(HR)))
    return town


@pytest.fixture
def machines(town: Town) -> Iterator[Machines]:
    """All logs are whole at the end."""
    machines = Machines(town)
    try:
        machines.start(HR, TAX)
        with machines.nodes[HR].operator(HR) as hr:
            hr.admin.issue_grant(pension_grant(valid_until=pension_grant().valid_until + 30 * DAY))
        with machines.nodes[TAX].operator(TAX) as tax:
            tax.grants(refresh=True)
        assert machines.ask()
        yield machines
        for code, nodes in machines.nodes.items():
            with nodes.operator(code) as client:
                assert audit(client, town.member(code)) == []
    finally:
        machines.stop(*machines.nodes)


@pytest.mark.parametrize("jump", [YEAR, -YEAR])
def test_one_glitch_of_the_clock_stops_no_question_and_leaves_no_trace(
    machines: Machines, jump: timedelta
) -> None:
    with machines.nodes[TAX].operator(TAX) as tax, asking(tax) as answered:
        goes_on(answered)
        machines.clocks[HR].moved = jump
        goes_on(answered)
        status = machines.status()
        assert (status.state, status.clock.standing) == ("DEGRADED", "held")
        assert machines.health(*EXCHANGING, *STAFF) == {SERVING}
        machines.clocks[HR].moved = timedelta()
        goes_on(answered)
    assert machines.status().state == "SERVING"
    machines.stop(HR)
    machines.start(HR)
    assert machines.status().state == "SERVING"
    assert machines.ask()
    now = to_ms(machines.clocks[HR].true)
    assert all(abs(record.time_ms - now) < 300_000 for record in machines.nodes[HR].records(HR))


@pytest.mark.parametrize("ahead", [HR, TAX])
def test_departments_whose_clocks_are_apart_answer_each_other_nothing_whichever_is_ahead(
    machines: Machines, ahead: str
) -> None:
    """A node started with a clock that is wrong by less than a day believes it; the other one notices."""
    assert machines.ask() is True
    machines.stop(ahead)
    machines.clocks[ahead].moved = timedelta(seconds=2_000)
    machines.start(ahead)
    assert machines.refused() is Reason.CLOCK_SKEWED
    verdict = machines.nodes[HR].records(HR)[-1].verdict
    assert (verdict.clause, list(verdict.charges)) == ("clock", [])


def test_jump_of_the_clock_that_other_departments_confirm_is_taken(machines: Machines) -> None:
    """The machine stood still for an hour, as a virtual one may, and was told the time when it woke."""
    machines.start(MEDICAL)
    for code in (TAX, MEDICAL):
        machines.clocks[code].passed = HOUR
    machines.clocks[HR].moved = HOUR
    assert machines.status().clock.standing == "held"
    wait_for(lambda: machines.status().clock.standing == "agreed")
    assert machines.status().state == "SERVING"
    assert BELIEVED in machines.actions()
    assert machines.ask()


@pytest.mark.full("nodes that start again and wait take long")
def test_node_that_was_off_for_days_waits_for_two_departments(machines: Machines) -> None:
    machines.stop(HR)
    machines.pass_by(3 * DAY)
    machines.start(HR)
    status = machines.status()
    assert (status.state, status.clock.standing) == ("DEGRADED", "waiting")
    assert "nothing is asked or answered until" in status.problems[0].message
    assert machines.health(*EXCHANGING) == {NOT_SERVING}
    assert machines.health(*STAFF) == {SERVING}
    assert machines.refused() is Reason.CLOCK_SKEWED
    size = status.log_size
    with machines.nodes[HR].operator(HR) as hr:
        assert hr.admin.reload().refused == ()  # read, though it cannot be recorded
        shown = dxnode("status", "--config", machines.town.offices[HR].config)
    assert "asks and answers nothing" in shown.out
    assert machines.status().log_size == size
    machines.clocks[MEDICAL] = HandClock(passed=3 * DAY)
    machines.start(MEDICAL)
    wait_for(lambda: machines.status().clock.standing == "agreed")
    (problem,) = machines.status().problems
    assert "longer ago than the catalogue entry" in problem.message, "nobody brought in newer data meanwhile"
    wait_for(lambda: machines.health(*EXCHANGING) == {SERVING})
    assert machines.ask()
    # What was refused meanwhile is recorded, as a number.
    machines.nodes[HR].call(machines.nodes[HR].nodes[HR]._refusals.flush())
    refusals = [each.refusals for each in machines.nodes[HR].records(HR)]
    assert sum(each.count for each in refusals if each.reason == Reason.CLOCK_SKEWED.wire) == 1
    # What is in force from now on is recorded.
    wait_for(lambda: machines.actions()[-2:] == [BELIEVED, "node.reload"])


@pytest.mark.full("nodes that start again and wait take long")
def test_nodes_that_were_all_off_for_days_confirm_each_other(machines: Machines) -> None:
    machines.start(MEDICAL)
    with machines.nodes[MEDICAL].operator(MEDICAL) as medical:
        medical.admin.reload()  # it has a record, so it knows a time too
    machines.stop(HR, TAX, MEDICAL)
    machines.pass_by(4 * DAY)
    machines.start(HR, TAX)
    assert machines.status(HR).clock.standing == machines.status(TAX).clock.standing == "waiting"
    machines.start(MEDICAL)
    for code in (HR, TAX, MEDICAL):
        wait_for(lambda code=code: machines.status(code).clock.standing == "agreed")  # type: ignore[misc]
    assert machines.ask()


@pytest.mark.parametrize("moved", [3 * DAY, -3 * DAY])
def test_node_with_a_wrong_clock_goes_on_by_what_others_say_until_it_is_set(
    machines: Machines, moved: timedelta
) -> None:
    machines.start(MEDICAL)
    machines.stop(HR)
    machines.clocks[HR].moved = moved
    machines.start(HR)
    wait_for(lambda: machines.status().clock.standing == "held")
    status = machines.status()
    assert (status.state, status.clock.told) == ("DEGRADED", "own")
    assert machines.ask()
    machines.clocks[HR].moved = timedelta()
    assert machines.status().state == "SERVING"


def test_other_departments_are_told_the_time_only_as_far_as_it_is_known(machines: Machines) -> None:
    def told() -> int:
        member = machines.town.member(HR)
        peers = machines.nodes[TAX].nodes[TAX]._peers
        return machines.nodes[TAX].call(peers.time_of(member))

    assert abs(told() - to_ms(machines.clocks[HR].true)) < 60_000
    machines.clocks[HR].moved = YEAR
    assert abs(told() - to_ms(machines.clocks[HR].true)) < 60_000
    machines.stop(HR)
    machines.clocks[HR].moved = -YEAR
    machines.start(HR)
    assert told() == 0


def carry_out(machines: Machines, kind: str) -> None:
    """Two officers decide at human resources."""
    with machines.nodes[HR].operator(HR) as hr:
        drafted = hr.admin.draft_order(kind, "", "the machine was repaired")
        hr.admin.apply_order(sign_order(sign_order(drafted, LI), WANG))


def test_loss_that_was_accepted_by_a_clock_ahead_has_ended_once_that_is_set(
    machines: Machines, tmp_path: Path
) -> None:
    """A machine comes back with old records and with its clock in another zone; each takes an order."""
    state = machines.town.offices[HR].folder / "state"
    machines.stop(HR)
    shutil.copytree(state, tmp_path / "state", ignore=shutil.ignore_patterns("*.sock"))
    machines.start(HR)
    assert all(machines.ask() for _ in range(12))
    machines.stop(HR)
    shutil.rmtree(state)
    shutil.copytree(tmp_path / "state", state)
    state.chmod(0o700)
    machines.clocks[HR].moved = 8 * HOUR
    machines.start(HR)
    assert machines.refused() is Reason.STATE_LOST
    carry_out(machines, "accept-state")
    machines.stop(HR)
    machines.clocks[HR].moved = timedelta()
    machines.start(HR)
    carry_out(machines, "accept-clock")

    assert machines.refused() is Reason.LOG_DIFFERS
    with machines.nodes[TAX].operator(TAX) as tax:
        tax.admin.accept_peer(HR, "they told us of it")
    with machines.nodes[HR].operator(HR) as hr:
        (granted,) = hr.admin.issued_grants()
        hr.admin.resume_grant(granted.id, "nothing was taken back since")
    for _ in range(2):
        # No replay of a time that has not come yet; what is counted by the day is used up for today.
        assert machines.refused() is Reason.QUOTA_EXHAUSTED
        machines.stop(HR)
        machines.start(HR)
    # Nor is what officers sign now from before the loss.
    with machines.nodes[HR].operator(HR) as hr:
        drafted = hr.admin.draft_order("reopen-budget", "pension-insurance", "counted")
        hr.admin.apply_order(sign_order(sign_order(drafted, LI), WANG))


def test_log_that_lies_in_the_future_is_left_by_an_order_of_two_officers(
    machines: Machines, tmp_path: Path
) -> None:
    machines.stop(HR)
    machines.clocks[HR].moved = 20 * HOUR
    machines.start(HR)
    assert machines.refused() is Reason.CLOCK_SKEWED  # the other side does not believe it
    machines.stop(HR)
    machines.clocks[HR].moved = timedelta()
    machines.start(HR)
    assert machines.status().clock.standing == "waiting"
    config = machines.town.offices[HR].config
    order, export, directory = tmp_path / "clock.order", tmp_path / "hr.log", machines.town.folder
    drafted = dxnode(
        "order",
        "draft",
        "accept-clock",
        "--reason",
        "the clock was wrong",
        "--out",
        order,
        "--config",
        config,
    )
    assert drafted.code == 0, drafted.err
    assert "-0d 20:00:" in drafted.out or "-0d 19:59:" in drafted.out
    note = sign_order(order.read_bytes(), LI)
    with machines.nodes[HR].operator(HR) as hr, pytest.raises(NodeError, match="is signed by li"):
        hr.admin.apply_order(note)
    order.write_bytes(sign_order(note, WANG))
    applied = dxnode("order", "apply", order, "--config", config)
    assert applied.code == 0, applied.err
    wait_for(lambda: machines.status().state == "SERVING")
    assert machines.ask()
    records = machines.nodes[HR].records(HR)
    (at,) = [n for n, each in enumerate(records) if each.admin.action == CLOCK_SET]
    record, before = records[at], records[at - 1]
    assert list(record.admin.approved) == ["li", "wang"]
    assert record.admin.clock.last_record_ms == before.time_ms
    assert before.time_ms - record.time_ms > 19 * 3_600_000
    assert [each.time_ms for each in records[at:]] == sorted(each.time_ms for each in records[at:])
    assert dxnode("log", "export", export, "--config", config).code == 0
    verified = dxnode(
        "log",
        "verify",
        export,
        "--directory",
        directory / "directory.note",
        "--authority-key",
        machines.town.signer.verifier.vkey(),
    )
    assert verified.code == 0, verified.out
    assert f"record {at}: the time of the log was set back" in verified.out
    assert "li, wang ordered" in verified.out
    shown = dxnode("log", "show", "--config", config)
    assert "clock.set 20" in shown.out
    again = dxnode("order", "apply", order, "--config", config)
    assert again.code != 0
    # The next start knows of it, and so does the clean-up.
    machines.stop(HR)
    machines.start(HR)
    assert machines.status().state == "SERVING"
    node = machines.nodes[HR].nodes[HR]
    machines.nodes[HR].call(node._prune())
    assert machines.ask()


def test_order_is_refused_once_the_clock_is_another(machines: Machines) -> None:
    machines.clocks[HR].moved = YEAR
    with machines.nodes[HR].operator(HR) as hr:
        note = sign_order(sign_order(hr.admin.draft_order("accept-clock", "", "tested"), LI), WANG)
        machines.clocks[HR].moved = 2 * YEAR
        with pytest.raises(NodeError, match="system_clock"):
            hr.admin.apply_order(note)
        machines.clocks[HR].moved = timedelta()
        with pytest.raises(NodeError) as error:
            hr.admin.apply_order(note)
        assert error.value.reason is Reason.NOT_FOUND


def test_nothing_is_forgotten_by_a_time_that_nothing_confirms(machines: Machines) -> None:
    """A counter whose day is over by a clock that is wrong by hours would be spent twice."""
    key = counter_key(to_ms(machines.clocks[HR].true + 10 * HOUR), "rule.day|test")
    machines.stop(HR)
    machines.clocks[HR].moved = 20 * HOUR
    machines.start(HR)
    node = machines.nodes[HR].nodes[HR]
    store = node._store
    with store._engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO counter VALUES (?, 5)", (key,))
    machines.nodes[HR].call(node._prune())
    assert store.balances([key]) == {key: 5}
    machines.start(MEDICAL)
    for code in (TAX, MEDICAL):
        machines.clocks[code].passed = 20 * HOUR  # so the clock was right

    def forgotten() -> bool:
        machines.nodes[HR].call(node._keeper.second_look())
        machines.nodes[HR].call(node._prune())
        return store.balances([key]) == {}

    wait_for(forgotten)


def test_system_time_is_told_beside_the_nodes_own(machines: Machines) -> None:
    machines.clocks[HR].moved = YEAR
    with contextlib.suppress(NodeError):
        machines.ask()
    told = dxnode("status", "--config", machines.town.offices[HR].config)
    year = machines.clocks[HR].true.year
    assert f"the node goes by {year}" in told.out
    assert f"the system's clock says {year + 1}" in told.out
    chinese = dxnode("status", "--config", machines.town.offices[HR].config, env={"DXNODE_LANG": "zh"})
    assert "系统时钟跳变 +365d" in chinese.out
