"""One glitch of the clock of a real process, kill -9 while it lasts, and what the node says of itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from time import time

import pytest
from support import shifted_node
from support.processes import Processes, processes, read_ended
from support.running import CASE, DEFERRAL, ENROLLED, pension_town, resident
from support.town import HR, TAX, Town
from support.waiting import patiently, wait_for

from node.client.results import NodeStatus
from node.demo.process import NodeProcess
from node.errors import NodeError, Reason

YEAR = timedelta(days=365).total_seconds()


def set_clock(town: Town, code: str, off: float) -> None:
    """The machine's clock is off by so many seconds from now on."""
    path = town.offices[code].folder / shifted_node.OFF
    part = path.with_suffix(".part")
    part.write_text(str(off))
    part.replace(path)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Processes]:
    """Human resources on a machine whose clock can be set, and the tax office."""
    town = pension_town(
        tmp_path, extra="limits: {deadline_seconds: 6, source_seconds: 1, counts_wait_seconds: 1}\n"
    )
    set_clock(town, HR, 0)
    with processes(town, TAX) as nodes:
        office = town.offices[HR]
        command = (sys.executable, shifted_node.__file__)
        nodes.nodes[HR] = NodeProcess(office.config, office.socket, office.folder / "output.log", command)
        nodes.start(HR)
        nodes.wait(HR)
        nodes.grant()
        yield nodes


def verify(nodes: Processes) -> bool:
    with nodes.client(TAX) as tax:
        return tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE).answer


def status(nodes: Processes) -> NodeStatus:
    with nodes.client(HR) as hr:
        return hr.admin.status()


@pytest.mark.parametrize(
    "off", [YEAR, pytest.param(-YEAR, marks=pytest.mark.full("real nodes on real clocks take long"))]
)
def test_glitch_stops_no_node_and_a_restart_in_it_says_the_truth(nodes: Processes, off: float) -> None:
    assert verify(nodes)
    set_clock(nodes.town, HR, off)
    for _ in range(20):
        assert verify(nodes)
    found = status(nodes)
    assert (found.state, found.clock.standing) == ("DEGRADED", "held")
    nodes.kill(HR)
    nodes.start(HR)
    found = patiently(lambda: status(nodes))
    assert (found.state, found.clock.standing) == ("DEGRADED", "waiting")
    with pytest.raises(NodeError) as refused:
        verify(nodes)
    assert refused.value.reason is Reason.CLOCK_SKEWED
    with pytest.raises(RuntimeError, match="did not become healthy"):
        nodes.nodes[HR].wait_until_healthy(0.5)
    set_clock(nodes.town, HR, 0)
    nodes.wait(HR)
    wait_for(lambda: status(nodes).state == "SERVING")
    assert verify(nodes)
    nodes.stop()
    ended = read_ended(nodes.town, HR)
    assert ended.findings == ()
    assert all(abs(record.time_ms - time() * 1000) < 300_000 for record in ended.records)
