"""`kill -9` of provider and requester under load loses no record and charges nothing twice."""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from support.processes import Ended, Processes, charged, processes, read_ended
from support.running import BY_REGION, CASE, DEFERRAL, ENROLLED, PLANNING, pension_town, resident
from support.town import HR, TAX
from support.waiting import patiently, wait_for

from node.client import Chunk, Client, Subject
from node.core.log.usage import parse_record
from node.errors import NodeError
from node.v1 import record_pb2 as rec

ROUNDS = 3
FEW, KILLS = 6, 18
"""A round; 54 in the full tier."""
ASKERS = 3
PAUSE = 0.1
"""Seconds until a caller who got no answer asks the next."""


@dataclass(slots=True)
class Load:
    """Asks all the time, one subject at a time and in batches, and keeps what it was told."""

    nodes: Processes
    rng: random.Random
    told: dict[bytes, tuple[int, bool]] = field(default_factory=dict)
    """Exchange id to the number of the subject, and what was answered."""
    lost: dict[bytes, int] = field(default_factory=dict)
    """Exchange id to the number of the subject, when no answer came."""
    chunks: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _wrong: list[str] = field(default_factory=list)

    def start(self) -> None:
        works = [self._ask] * ASKERS + [self._batch]
        self._threads = [threading.Thread(target=work) for work in works]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert self._wrong == []

    def _ask(self) -> None:
        while not self._stop.is_set():
            # A new client each time one fails: gRPC waits longer and longer before it connects again.
            with self.nodes.client(TAX) as client:
                while not self._stop.is_set() and self._once(client):
                    pass

    def _once(self, client: Client) -> bool:
        exchange_id, number = os.urandom(16), self.rng.randrange(1000)
        try:
            said = ask(client, exchange_id, number)
        except NodeError:
            self.lost[exchange_id] = number
            time.sleep(PAUSE)
            return False
        self.told[exchange_id] = (number, said)
        if said is not _truth(number):
            self._wrong.append(f"subject {number} was {said}")
        return True

    def _batch(self) -> None:
        while not self._stop.is_set():
            batch_id, first = os.urandom(16), 0
            while first < 8 and not self._stop.is_set():
                first = self._resumed(batch_id, first)

    def _resumed(self, batch_id: bytes, first: int) -> int:
        chunks = [Chunk(n, tuple(Subject(resident(20 * n + k)) for k in range(20))) for n in range(first, 8)]
        try:
            with self.nodes.client(TAX) as client:
                for result in client.batch(ENROLLED, chunks, purpose=DEFERRAL, case=CASE, batch_id=batch_id):
                    if result.refusal is not None:
                        time.sleep(PAUSE)
                        return first
                    if list(result.answers) != [_truth(20 * result.chunk + k) for k in range(20)]:
                        self._wrong.append(f"chunk {result.chunk}")
                    first = result.chunk + 1
                    self.chunks += 1
        except NodeError:
            time.sleep(PAUSE)
        return first


def ask(client: Client, exchange_id: bytes, number: int) -> bool:
    said = client.verify(ENROLLED, resident(number), purpose=DEFERRAL, case=CASE, exchange_id=exchange_id)
    return said.answer


def _truth(number: int) -> bool:
    return number < 500 and number % 2 == 0


@pytest.mark.parametrize(
    ("seed", "kills"),
    [
        (0, FEW),
        *(pytest.param(n, KILLS, marks=pytest.mark.full("storms of kills take long")) for n in range(ROUNDS)),
    ],
)
def test_kill_9_loses_no_record_and_charges_nothing_twice(tmp_path: Path, seed: int, kills: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - the same kills whenever it runs
    town = pension_town(tmp_path)
    with processes(town, HR, TAX) as nodes:
        nodes.grant()
        with nodes.client(TAX) as tax:
            tax.statistic(BY_REGION, purpose=PLANNING, case=CASE)
        load = Load(nodes, rng)
        load.start()
        try:
            for _ in range(kills):
                victim = rng.choice((HR, TAX))
                nodes.wait(victim)
                if rng.random() < 0.8:  # mostly at work, now and then before it got there
                    wait_for(partial(_more, load, len(load.told)))
                time.sleep(rng.uniform(0, 0.15))
                nodes.kill(victim)
                nodes.start(victim)
            nodes.wait(HR, TAX)
        finally:
            load.stop()
        retried = _retry(nodes, load)
        with nodes.client(TAX) as tax:
            assert tax.statistic(BY_REGION, purpose=PLANNING, case=CASE).reused
            wait_for(lambda: not _open_intents(tax))
    provider, requester = read_ended(town, HR), read_ended(town, TAX)
    assert len(load.told) > kills
    assert load.chunks > 0
    _check(load.told | retried, provider, requester)


def _more(load: Load, told: int) -> bool:
    return len(load.told) > told


def _retry(nodes: Processes, load: Load) -> dict[bytes, tuple[int, bool]]:
    """Ask again what was lost, and something that was not: under the same exchange ids."""
    said: dict[bytes, tuple[int, bool]] = {}
    again = {exchange_id: number for exchange_id, (number, _) in list(load.told.items())[-5:]}
    for exchange_id, number in (load.lost | again).items():
        with nodes.client(TAX) as client:
            answer = patiently(partial(ask, client, exchange_id, number))
        assert answer is _truth(number)
        said[exchange_id] = (number, answer)
    return said


def _open_intents(tax: Client) -> set[bytes]:
    found: set[bytes] = set()
    for entry in tax.log.records():
        record = parse_record(entry.leaf)
        if record.WhichOneof("body") == "intent":
            found.add(record.exchange_id)
        elif record.WhichOneof("body") == "outcome":
            found.discard(record.exchange_id)
    return found


def _check(told: dict[bytes, tuple[int, bool]], provider: Ended, requester: Ended) -> None:
    assert provider.findings == ()
    assert requester.findings == ()
    verdicts, outcomes = provider.verdicts, requester.outcomes
    # No answer without its record, on both sides, each with the other's hash.
    for exchange_id in told:
        ((verdict_hash, verdict),) = verdicts[exchange_id]
        assert verdict.decision == rec.DECISION_PERMIT
        answered = [o for o in outcomes[exchange_id] if o.kind == rec.OUTCOME_KIND_ANSWERED]
        assert [outcome.verdict_hash for outcome in answered] == [verdict_hash]
    # No intent stays open, and nothing was decided that nobody had recorded the intent of.
    assert requester.unfinished == 0
    assert all(outcomes.values())
    assert set(verdicts) <= set(outcomes)
    # Nothing charged twice, nothing lost: the ledger is the sum of the records, one for an exchange.
    assert all(len(found) == 1 for found in verdicts.values())
    all_verdicts = [verdict for found in verdicts.values() for _, verdict in found]
    for scope in ("rule.day", "budget.dataset"):
        assert provider.used[scope] == charged(all_verdicts, scope)
    assert provider.used["budget.dataset"] == 500_000
    permitted = sum(verdict.decision == rec.DECISION_PERMIT for verdict in all_verdicts)
    assert permitted >= len(told)
