"""A provider that is set to be more patient than who asks it says why there is no answer, in time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.running import CASE, DEFERRAL, ENROLLED, Running, pension_town, resident
from support.town import HR, TAX
from support.waiting import PATIENCE, wait_for

from node.errors import NodeError, Reason

HURRY = "limits: {deadline_seconds: 6, source_seconds: 1, counts_wait_seconds: 1}\n"
PATIENT = "limits: {deadline_seconds: 300, source_seconds: 120, counts_wait_seconds: 120}\n"


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Running]:
    town = pension_town(tmp_path, extra=HURRY)
    config = town.offices[HR].config
    config.write_text(config.read_text().replace(HURRY, PATIENT))
    nodes = Running(town)
    nodes.start(HR, TAX)
    nodes.grant()
    yield nodes
    nodes.close()


def test_the_provider_gives_up_before_who_asks_does(nodes: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    (source,) = nodes.nodes[HR]._live.sources.opened.values()

    def hang(*_: object) -> list[bool]:
        assert goes_on.wait(PATIENCE)
        return [True]

    monkeypatch.setattr(type(source), "quick", False)
    monkeypatch.setattr(type(source), "verify", hang)
    said: list[NodeError] = []

    def is_told() -> bool:
        """On a busy machine the provider may be late once; never in time, if it does not look at that."""
        with nodes.operator(TAX) as tax, pytest.raises(NodeError) as error:
            tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE)
        said.append(error.value)
        return error.value.reason is not Reason.TIMEOUT

    wait_for(is_told)
    goes_on.set()
    assert (said[-1].reason, said[-1].metadata["clause"]) == (Reason.SOURCE_UNAVAILABLE, "source.slow")
    assert said[-1].metadata["decided_by"] == "provider"
