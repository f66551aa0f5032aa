"""A bad export at a real node: status tells, the operator accepts, and no restart or kill loses either."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from support.cli_run import Ran, dxnode
from support.log_audit import audit
from support.processes import Processes, processes
from support.running import CASE, DEFERRAL, ENROLLED, pension_town, register, resident
from support.town import HR, TAX
from support.waiting import wait_for

from node.core.log.usage import parse_record
from node.errors import NodeError
from node.texts.wording import say
from node.v1 import record_pb2 as rec

DATASET = "pension-insurance"
HEADER = register(0)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Processes]:
    with processes(pension_town(tmp_path), HR, TAX) as nodes:
        nodes.grant()
        yield nodes


def _put(nodes: Processes, text: str) -> None:
    path = nodes.town.offices[HR].folder / "data" / f"{DATASET}.csv"
    part = path.with_suffix(".part")
    part.write_text(text, "utf-8")
    part.replace(path)


def _enrolled(nodes: Processes, number: int) -> bool:
    with nodes.client(TAX) as tax:
        return tax.verify(ENROLLED, resident(number), purpose=DEFERRAL, case=CASE).answer


def _problems(nodes: Processes) -> list[str]:
    with nodes.client(HR) as hr:
        return [say(problem.problem, "en") for problem in hr.admin.status().problems]


def _is_held(nodes: Processes) -> bool:
    return any("put aside" in problem for problem in _problems(nodes))


def _dxnode(nodes: Processes, *arguments: str) -> Ran:
    return dxnode(*arguments, env={"DXNODE_DESK": f"unix:{nodes.town.offices[HR].socket}"})


def _load(nodes: Processes) -> str:
    """The load that is put aside, as status names it."""
    (told,) = [problem for problem in _problems(nodes) if "put aside" in problem]
    return told.split("--load ")[1].split()[0]


def _accepting(nodes: Processes, load: str, reason: str, *more: str) -> Ran:
    return _dxnode(nodes, "source", "accept", DATASET, "--load", load, "--reason", reason, *more)


def _acceptances(nodes: Processes) -> list[str]:
    with nodes.client(HR) as hr:
        records = [parse_record(each.leaf) for each in hr.log.records()]
    return [record.admin.note for record in records if record.admin.action == "source.accept"]


def _restart(nodes: Processes) -> None:
    nodes.kill(HR)
    nodes.start(HR)
    nodes.wait(HR)


def test_bad_export_is_put_aside_over_restarts_until_the_operator_accepts_it_on_record(
    nodes: Processes,
) -> None:
    assert _enrolled(nodes, 2)
    _put(nodes, HEADER)
    wait_for(lambda: _is_held(nodes))

    for _ in range(2):
        shown = _dxnode(nodes, "status")
        assert shown.code == 4
        assert "(usable rows: 0 now, 500 in the last good load)" in shown.out
        assert f"dxnode source accept {DATASET} --load " in shown.out
        assert _enrolled(nodes, 2), "the last good load is answered from"
        _restart(nodes)
    output = (nodes.town.offices[HR].folder / "output.log").read_text("utf-8")
    assert "the new load is put aside and the last good one stays in use" in output

    load = _load(nodes)
    assert _accepting(nodes, load, " ").code == 2
    assert _is_held(nodes), "without a reason nothing is accepted"
    _put(nodes, HEADER + "\n")
    wait_for(lambda: _load(nodes) != load)
    late = _accepting(nodes, load, "all have moved away")
    assert (late.code, "is another one" in late.err) == (2, True), "the file is another by now"
    load = _load(nodes)
    accepted = _accepting(nodes, load, "all have moved away", "--json")
    assert json.loads(accepted.out) == {
        "dataset": DATASET,
        "rows": 0,
        "invalid_subjects": 0,
        "rows_before": 500,
    }
    for _ in range(2):
        assert _problems(nodes) == []
        assert not _enrolled(nodes, 2)
        _restart(nodes)
    assert _acceptances(nodes) == [f"all have moved away (load {load}, rows: 0, before: ~500)"]
    assert _accepting(nodes, load, "again").code == 2, "nothing is put aside"
    for code in (HR, TAX):
        with nodes.client(code) as client:
            assert audit(client, nodes.town.member(code)) == []


@pytest.mark.parametrize(
    "delays",
    [
        (0.002, 0.016),
        pytest.param(
            (0.0, 0.002, 0.004, 0.008, 0.016, 0.05), marks=pytest.mark.full("storms of kills take long")
        ),
    ],
)
def test_node_that_is_killed_while_accepting_has_accepted_with_a_record_or_not_at_all(
    nodes: Processes, delays: tuple[float, ...]
) -> None:
    # Each size is less than half of the one before.
    for number, (size, delay) in enumerate(zip((200, 80, 30, 10, 3, 1), delays, strict=False)):
        _put(nodes, register(size))
        wait_for(lambda: _is_held(nodes))
        asking = threading.Thread(target=_accept, args=(nodes, _load(nodes), f"try {number} "))
        asking.start()
        time.sleep(delay)
        nodes.kill(HR)
        asking.join()
        nodes.start(HR)
        nodes.wait(HR)

        on_record = any(note.startswith(f"try {number} ") for note in _acceptances(nodes))
        assert _is_held(nodes) is not on_record
        missing_now = size + size % 2
        assert _enrolled(nodes, missing_now) is not on_record
        if not on_record:
            assert _accepting(nodes, _load(nodes), "after the kill").code == 0
        assert _problems(nodes) == []
        assert not _enrolled(nodes, missing_now)


def _accept(nodes: Processes, load: str, reason: str) -> None:
    with suppress(NodeError), nodes.client(HR, timeout=5) as hr:
        hr.admin.accept_source(DATASET, load, reason)


def test_every_answer_says_how_old_its_data_are_on_record_at_both_sides(nodes: Processes) -> None:
    path = nodes.town.offices[HR].folder / "data" / f"{DATASET}.csv"
    written = int(time.time()) - 30 * 86400  # longer than any holiday
    os.utime(path, (written, written))
    wait_for(lambda: any("longer ago than the catalogue entry" in each for each in _problems(nodes)))
    as_of = datetime.fromtimestamp(written, UTC)

    with nodes.client(TAX) as tax:
        exchange = os.urandom(16)
        single = tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE, exchange_id=exchange)
        again = tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE, exchange_id=exchange)
        many = tax.verify_batch(
            pd.DataFrame({"id": [resident(2), resident(3)]}), question=ENROLLED, purpose=DEFERRAL, case=CASE
        )
        entry = tax.dataset(DATASET, HR)
        shown = dxnode(
            "verify",
            ENROLLED,
            "--purpose",
            DEFERRAL,
            "--case",
            CASE,
            stdin=resident(2) + "\n",
            env={"DXNODE_DESK": f"unix:{nodes.town.offices[TAX].socket}"},
        )
    for proof in (single.proof, again.proof):
        assert (proof.data_as_of, proof.data_overdue) == (as_of, True)
    assert (entry.data_as_of, entry.data_overdue) == (as_of, True)
    assert {datetime.fromisoformat(each) for each in many["data_as_of"]} == {as_of}
    assert "longer ago than the catalogue entry says" in shown.err
    with nodes.client(HR) as hr:
        verdicts = [parse_record(each.leaf).verdict for each in hr.log.records()]
    permits = [verdict.load for verdict in verdicts if verdict.decision == rec.DECISION_PERMIT]
    assert len(permits) == 3
    assert {(load.as_of_ms, load.overdue) for load in permits} == {(written * 1000, True)}
