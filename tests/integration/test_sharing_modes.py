"""Sharing modes are enforced (Art. 13, 22): what is not shared in batches is not answered in batches."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
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
    running,
)
from support.town import HR, TAX

from node.client import Chunk, Client, Subject
from node.client.results import Refusal
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as rec

ALL_MODES = "modes: [interface, batch]"


@pytest.fixture(scope="module", params=["interface", "file"])
def nodes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    policy = pension_policy()
    assert policy.count(ALL_MODES) == 1
    policy = policy.replace(ALL_MODES, f"modes: [{request.param}]")
    with running(pension_town(tmp_path_factory.mktemp("town"), policy), HR, TAX) as nodes:
        nodes.grant()
        yield nodes


@pytest.fixture
def mode(request: pytest.FixtureRequest) -> str:
    """How the dataset is shared."""
    return str(request.node.callspec.params["nodes"])


def _batch(client: Client, *numbers: int) -> Refusal | None:
    subjects = tuple(Subject(resident(number)) for number in numbers)
    (result,) = client.batch(
        ENROLLED, [Chunk(0, subjects)], purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16)
    )
    return result.refusal


def _last_decision(nodes: Running) -> tuple[rec.Decision, str]:
    verdicts = [record.verdict for record in nodes.records(HR) if record.WhichOneof("body") == "verdict"]
    return verdicts[-1].decision, verdicts[-1].clause


def test_batch_that_is_no_sharing_mode_is_denied_and_recorded_on_both_sides(nodes: Running) -> None:
    before = len(nodes.records(HR)), len(nodes.records(TAX))
    with nodes.operator(TAX) as tax:
        refusal = _batch(tax, 2, 4)
    assert refusal is not None
    assert (refusal.reason, refusal.clause) == (Reason.CONDITION_NOT_MET, "mode")
    assert _last_decision(nodes) == (rec.DECISION_DENY, "mode")
    bodies = [record.WhichOneof("body") for record in nodes.records(TAX)[before[1] :]]
    assert (len(nodes.records(HR)) - before[0], bodies) == (1, ["intent", "outcome"])


def test_one_subject_and_statistics_go_through_the_interface_and_nothing_by_file(
    nodes: Running, mode: str
) -> None:
    def ask_one(tax: Client) -> object:
        return tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE).answer

    def ask_statistic(tax: Client) -> object:
        return tax.statistic(BY_REGION, purpose=PLANNING, case=CASE)

    for ask in (ask_one, ask_statistic):
        with nodes.operator(TAX) as tax:
            if mode == "interface":
                assert ask(tax)
                assert _last_decision(nodes)[0] == rec.DECISION_PERMIT
            else:
                with pytest.raises(NodeError) as denied:
                    ask(tax)
                assert denied.value.metadata["clause"] == "mode"
                assert _last_decision(nodes) == (rec.DECISION_DENY, "mode")
