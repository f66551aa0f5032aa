"""Statistics asked for in a storm: work is bounded by what can be paid, and no other department waits for it.

Real nodes. Nothing here is measured in time: `scripts/bench counts` does that.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.running import (
    CASE,
    ENROLLED,
    PENSION,
    PLANNING,
    Running,
    pension_grant,
    pension_policy,
    pension_town,
    resident,
    running,
    with_counts,
)
from support.town import HR, MEDICAL, TAX
from support.waiting import wait_for

from node.client import Chunk, Subject
from node.errors import NodeError, Reason
from node.exchange.turns import Turns
from node.statistics.pool import Pool
from node.v1 import record_pb2 as rec

AT_ONCE = 64
NAMES = [f"count-{number}" for number in range(AT_ONCE)]
AMPLE = {"dataset": "100", "organisation": "50", "requester": "50"}
WAITS = "counts_wait_seconds: 120, source_seconds: 120, deadline_seconds: 300"
PATIENT = f"limits: {{{WAITS}}}"
NARROW = f"limits: {{{WAITS}, counts: 1, counts_waiting_each: 1}}"
MEDICAL_PURPOSE = "social-insurance/medical"


def _policy(**budgets: str) -> str:
    """A policy with many statistics, each at half an epsilon."""
    text = pension_policy(**budgets).replace("limits: {per_day: 100}", "limits: {per_day: 100000}")
    return with_counts(text, NAMES)


@contextmanager
def _town(folder: Path, policy: str, extra: str = "") -> Iterator[Running]:
    with running(pension_town(folder, policy, extra), HR, TAX, MEDICAL) as nodes:
        for member in (TAX, MEDICAL):
            grant = pension_grant(member, purposes=(MEDICAL_PURPOSE, "city-planning"))
            nodes.grant(replace(grant, questions=grant.questions | set(NAMES)))
        yield nodes


def _pool(nodes: Running) -> Pool:
    return nodes.nodes[HR]._live.statistics


def _turns(nodes: Running) -> Turns:
    return nodes.nodes[HR]._working._counts._turns


_OF_OTHERS: set[int] = set()


@pytest.fixture(autouse=True)
def of_others() -> None:
    """Processes that other tests keep warm are none of the nodes here."""
    _OF_OTHERS.clear()
    _OF_OTHERS.update(_counting())


def _counting() -> list[int]:
    """The processes that count, of all nodes here."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = {int(pid) for path in children for pid in path.read_text().split()}
    return [pid for pid in pids - _OF_OTHERS if b"node.statistics" in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _of(name: str) -> str:
    return f"{PENSION}/{name}"


def _ask(nodes: Running, name: str, member: str = TAX, exchange_id: bytes = b"") -> str:
    """What becomes of a statistic: "answered", or the reason why not."""
    with nodes.operator(member, timeout=300) as client:
        try:
            client.statistic(_of(name), purpose=PLANNING, case=CASE, exchange_id=exchange_id)
        except NodeError as error:
            return error.reason.name
    return "answered"


class Storm:
    """Many statistics asked for at once."""

    def __init__(self, nodes: Running, names: Sequence[str], member: str = TAX) -> None:
        self.became: Counter[str] = Counter()
        self._threads = [threading.Thread(target=self._one, args=(nodes, name, member)) for name in names]
        for thread in self._threads:
            thread.start()

    def _one(self, nodes: Running, name: str, member: str) -> None:
        self.became[_ask(nodes, name, member)] += 1

    def end(self) -> Counter[str]:
        """Wait until all is over; what became of it."""
        for thread in self._threads:
            thread.join()
        return self.became


def _verdicts(nodes: Running) -> list[tuple[str, rec.Verdict]]:
    return [(r.requester, r.verdict) for r in nodes.records(HR) if r.WhichOneof("body") == "verdict"]


def _budget(verdict: rec.Verdict) -> int:
    """What a verdict cost of the dataset's budget, micro-epsilon."""
    return sum(charge.amount for charge in verdict.charges if charge.scope == "budget.dataset")


def _jobs(nodes: Running) -> int:
    """Counts and noises that were made; a statistic takes one of each."""
    return sum(process.jobs for process in _pool(nodes)._idle)


def test_budget_bounds_the_work_and_an_empty_one_allows_none(tmp_path: Path) -> None:
    with _town(tmp_path, _policy(dataset="1", organisation="1", requester="1"), PATIENT) as nodes:
        assert Storm(nodes, NAMES).end() == {"answered": 2, "BUDGET_EXHAUSTED": AT_ONCE - 2}
        assert _jobs(nodes) in (2 * 2, 3 * 2), "one may have begun before the second was charged"

        nodes.stop(HR)
        assert _counting() == []
        nodes.start(HR)
        for member in (TAX, MEDICAL):
            assert {_ask(nodes, name, member) for name in NAMES[50:55]} == {"BUDGET_EXHAUSTED"}
        assert _counting() == [], "not even a process was started"
        denials = [v for _, v in _verdicts(nodes) if v.decision == rec.DECISION_DENY]
        assert len(denials) == AT_ONCE - 2 + 2 * 5
        assert {(v.clause, len(v.charges)) for v in denials} == {("privacy.budget", 0)}


def test_storm_of_counts_leaves_another_department_its_answers_and_its_turn(tmp_path: Path) -> None:
    with _town(tmp_path, _policy(**AMPLE), PATIENT) as nodes:
        storm = Storm(nodes, NAMES)
        wait_for(lambda: len(_counting()) == 2)
        held = _counting()  # both places for counts are held until the others have had their answers
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: _turns(nodes)._in_line >= AT_ONCE // 2)
        before = _turns(nodes)._in_line
        mine = Storm(nodes, ["enrolled-by-region"], MEDICAL)
        wait_for(lambda: _turns(nodes)._in_line > before)

        with nodes.operator(MEDICAL, timeout=60) as client:
            for number in range(20):
                said = client.verify(ENROLLED, resident(number), purpose=MEDICAL_PURPOSE, case=CASE)
                assert said.answer is (number % 2 == 0)
            chunks = [Chunk(n, tuple(Subject(resident(k)) for k in range(50))) for n in range(5)]
            for result in client.batch(
                ENROLLED, chunks, purpose=MEDICAL_PURPOSE, case=CASE, batch_id=os.urandom(16)
            ):
                assert result.answers == (True, False) * 25
        for pid in held:
            os.kill(pid, signal.SIGCONT)

        assert mine.end() == {"answered": 1}
        assert storm.end() == {"answered": AT_ONCE}
        order = [who for who, verdict in _verdicts(nodes) if _budget(verdict)]
        waited = len(order) - order.index(MEDICAL) - 1
        assert waited >= AT_ONCE // 4, "who came last did not wait for all who came before"


def test_count_without_room_to_wait_is_a_denial_on_both_sides_and_says_when_to_come_again(
    tmp_path: Path,
) -> None:
    with _town(tmp_path, _policy(**AMPLE), NARROW) as nodes:
        _ask(nodes, NAMES[0])
        (pid,) = _counting()
        os.kill(pid, signal.SIGSTOP)
        storm = Storm(nodes, NAMES[1:3])
        wait_for(lambda: _turns(nodes)._in_line == 1)

        with nodes.operator(TAX) as client, pytest.raises(NodeError) as refused:
            client.statistic(_of(NAMES[3]), purpose=PLANNING, case=CASE)

        assert refused.value.reason is Reason.SOURCE_BUSY
        assert refused.value.metadata["clause"] == "source.busy"
        (denial,) = [v for _, v in _verdicts(nodes) if v.decision == rec.DECISION_DENY]
        assert (denial.clause, list(denial.charges)) == ("source.busy", [])
        outcome = nodes.records(TAX)[-1].outcome
        assert (outcome.kind, outcome.reason) == (rec.OUTCOME_KIND_DENIED, Reason.SOURCE_BUSY.wire)
        os.kill(pid, signal.SIGCONT)
        assert storm.end() == {"answered": 2}
        assert _ask(nodes, NAMES[3]) == "answered"


@pytest.mark.full("it waits for as long as a count may be alone")
def test_count_that_its_requester_left_is_stopped_and_on_record_and_charged_once_when_asked_again(
    tmp_path: Path,
) -> None:
    with _town(tmp_path, _policy(**AMPLE), PATIENT) as nodes:
        assert _ask(nodes, NAMES[0]) == "answered"
        (pid,) = _counting()
        os.kill(pid, signal.SIGSTOP)
        exchange_id = os.urandom(16)
        left = threading.Thread(target=_ask, args=(nodes, NAMES[1], TAX, exchange_id))
        left.start()
        wait_for(lambda: _turns(nodes)._all == 1)

        nodes.stop(TAX)

        left.join()
        wait_for(lambda: pid not in _counting())
        wait_for(lambda: _turns(nodes)._all == 0)
        refusals = [r for r in nodes.records(HR) if r.WhichOneof("body") == "refusals"]
        assert [(r.requester, r.refusals.reason, r.refusals.count) for r in refusals] == [
            (TAX, Reason.TIMEOUT.wire, 1)
        ]
        assert len(_verdicts(nodes)) == 1, "nobody would get it"

        nodes.start(TAX)
        assert _ask(nodes, NAMES[1], exchange_id=exchange_id) == "answered"
        assert _ask(nodes, NAMES[1], exchange_id=exchange_id) == "answered"
        assert [_budget(verdict) for _, verdict in _verdicts(nodes)] == [500_000, 500_000]
