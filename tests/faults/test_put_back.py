"""Real nodes, ended as a power cut ends them, and put back in every way that people do it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.bundles import LI, WANG, listed
from support.processes import Processes, processes, read_ended
from support.running import CASE, DEFERRAL, ENROLLED, asking, goes_on, pension_town, resident
from support.town import HR, TAX
from support.waiting import patiently, wait_for

from node.client.results import NodeStatus
from node.core.deciding.grant import GrantState
from node.documents.order_file import sign_order
from node.errors import NodeError, Reason


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Processes]:
    town = pension_town(tmp_path)
    town.publish(listed(town.member(HR)))
    with processes(town, HR, TAX) as nodes:
        nodes.grant()
        yield nodes


def dxnode(nodes: Processes, *arguments: str) -> dict[str, object]:
    """A command of the provider's operator, as a process; gives its JSON."""
    config = nodes.town.offices[HR].config
    done = subprocess.run(  # noqa: S603 - this interpreter, this package
        [sys.executable, "-m", "node.cli.main", *arguments, "--config", str(config), "--json"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode in (0, 4), done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


def ask(nodes: Processes, number: int) -> object:
    with nodes.client(TAX) as tax:
        try:
            return tax.verify(ENROLLED, resident(number), purpose=DEFERRAL, case=CASE).answer
        except NodeError as error:
            return error.reason


def status(nodes: Processes, code: str = HR) -> NodeStatus:
    """As soon as it answers."""

    def look() -> NodeStatus:
        with nodes.client(code) as client:
            return client.admin.status()

    return patiently(look)


def traffic(nodes: Processes) -> None:
    with nodes.client(TAX) as tax, asking(tax) as answered:
        goes_on(answered)


def backup(nodes: Processes, to: Path) -> Callable[[], object]:
    dxnode(nodes, "backup", str(to / "backup.tar"))
    return lambda: dxnode(nodes, "restore", str(to / "backup.tar"))


def copy_of_the_database_alone(nodes: Processes, to: Path) -> Callable[[], object]:
    database = nodes.town.offices[HR].folder / "state" / "node.db"
    shutil.copy(database, to / "node.db")

    def put_back() -> None:
        for suffix in ("-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)
        shutil.copy(to / "node.db", database)

    return put_back


def copy_of_state_and_mark(nodes: Processes, to: Path) -> Callable[[], object]:
    folder = nodes.town.offices[HR].folder
    nodes.kill(HR)
    for part in ("state", "mark"):
        shutil.copytree(folder / part, to / part, ignore=shutil.ignore_patterns("*.sock"))
    nodes.start(HR)
    nodes.wait(HR)

    def put_back() -> None:
        for part in ("state", "mark"):
            shutil.rmtree(folder / part)
            shutil.copytree(to / part, folder / part)

    return put_back


def emptied(nodes: Processes, to: Path) -> Callable[[], object]:
    return lambda: shutil.rmtree(nodes.town.offices[HR].folder / "state")


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(backup, marks=pytest.mark.full("each way takes long")),
        copy_of_the_database_alone,
        pytest.param(copy_of_state_and_mark, marks=pytest.mark.full("each way takes long")),
        emptied,
    ],
)
def test_provider_that_was_put_back_in_any_way_answers_nothing(
    nodes: Processes, tmp_path: Path, way: Callable[[Processes, Path], Callable[[], object]]
) -> None:
    traffic(nodes)
    kept = tmp_path / "kept"
    kept.mkdir()
    put_back = way(nodes, kept)
    traffic(nodes)
    nodes.kill(HR)
    before = len(read_ended(nodes.town, HR).leaves)
    put_back()
    nodes.start(HR)
    wait_for(lambda: ask(nodes, 2) is not Reason.PEER_UNAVAILABLE)
    assert ask(nodes, 2) is Reason.STATE_LOST
    found = status(nodes)
    assert found.lost is not None
    assert found.log_size == found.lost.own_size < before


def test_node_that_is_killed_and_started_again_has_lost_nothing(nodes: Processes) -> None:
    for _ in range(3):
        traffic(nodes)
        nodes.kill(HR)
        nodes.start(HR)
        nodes.wait(HR)
        assert status(nodes).lost is None
    assert ask(nodes, 2) is True


def test_two_officers_let_a_restored_node_go_on_and_then_its_peer_does(
    nodes: Processes, tmp_path: Path
) -> None:
    traffic(nodes)
    put_back = backup(nodes, tmp_path)
    traffic(nodes)
    nodes.kill(HR)
    put_back()
    nodes.start(HR)
    lost = status(nodes).lost
    assert lost is not None
    order = tmp_path / "state.order"
    dxnode(nodes, "order", "draft", "accept-state", "--reason", "disk replaced", "--out", str(order))
    order.write_bytes(sign_order(sign_order(order.read_bytes(), LI), WANG))
    applied = dxnode(nodes, "order", "apply", str(order))
    assert applied["approved"] == ["li", "wang"]
    nodes.wait(HR)
    # Grants wait for staff, and the other side for its own.
    with nodes.client(HR) as hr:
        (grant,) = hr.admin.issued_grants()
        assert grant.state is GrantState.SUSPENDED
        hr.admin.resume_grant(grant.id, "looked up: nothing was taken back")
    assert ask(nodes, 2) is Reason.LOG_DIFFERS
    assert status(nodes, TAX).stopped_peers == (HR,)
    with nodes.client(TAX) as tax:
        tax.admin.accept_peer(HR, "they put back a backup")
    nodes.stop()
    for code in (HR, TAX):
        assert read_ended(nodes.town, code).findings == ()
