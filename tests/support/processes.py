"""The nodes of a test town as real processes, and what their databases hold once they have ended."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from support.log_audit import audit_leaves
from support.running import pension_grant
from support.town import HR, TAX, Town
from support.waiting import PATIENCE, wait_for

from node.client import Client
from node.core.deciding.budget import Pot, counter_key
from node.core.deciding.cost import BUDGET_PREFIX, RULE_DAY, Day
from node.core.deciding.grant import Grant
from node.core.log.merkle import leaf_hash
from node.core.log.segment import LogFinding
from node.core.log.usage import parse_record
from node.demo.process import NodeProcess
from node.store.store import Store
from node.v1 import record_pb2 as rec


@dataclass(slots=True)
class Processes:
    """Real `dxnode serve` processes."""

    town: Town
    nodes: dict[str, NodeProcess] = field(default_factory=dict)

    def start(self, code: str) -> None:
        """Start one, without waiting for it."""
        office = self.town.offices[code]
        if code not in self.nodes:
            self.nodes[code] = NodeProcess(office.config, office.socket, office.folder / "output.log")
        self.nodes[code].start()

    def wait(self, *codes: str) -> None:
        """Wait until these serve."""
        for code in codes:
            self.nodes[code].wait_until_healthy(PATIENCE)

    def kill(self, code: str) -> None:
        """End one as a power cut would."""
        self.nodes[code].kill()
        self.nodes[code].wait(PATIENCE)

    def ask_to_reload(self, code: str) -> None:
        """Ask one, by a signal, to read its files again."""
        pid = self.nodes[code].pid
        assert pid is not None
        os.kill(pid, signal.SIGHUP)

    def stop(self) -> None:
        """Drain all."""
        for node in self.nodes.values():
            node.ask_to_stop()
        for node in self.nodes.values():
            node.wait(PATIENCE)

    def client(self, code: str, timeout: float = PATIENCE) -> Client:
        """The operator's client."""
        return Client(f"unix:{self.town.offices[code].socket}", timeout=timeout)

    def grant(self) -> Grant:
        """Grant the tax office what the pension policy has."""
        with self.client(HR) as hr:
            issued = hr.admin.issue_grant(pension_grant())
        with self.client(TAX) as tax:
            wait_for(lambda: bool(tax.grants(refresh=True)))
        return issued


@contextmanager
def processes(town: Town, *codes: str) -> Iterator[Processes]:
    """These nodes, serving; ended at the end, whatever happens."""
    running = Processes(town)
    try:
        for code in codes:
            running.start(code)
        running.wait(*codes)
        yield running
    finally:
        running.stop()


@dataclass(frozen=True, slots=True)
class Ended:
    """The database of a node that has ended."""

    leaves: tuple[bytes, ...]
    findings: tuple[LogFinding, ...]
    unfinished: int
    used: dict[str, int]
    """What the ledger says was used, by scope."""

    @property
    def records(self) -> list[rec.UsageRecord]:
        """Its usage log."""
        return [parse_record(leaf) for leaf in self.leaves]

    @property
    def verdicts(self) -> dict[bytes, list[tuple[bytes, rec.Verdict]]]:
        """By exchange: leaf hash and verdict."""
        found: dict[bytes, list[tuple[bytes, rec.Verdict]]] = {}
        for leaf, record in zip(self.leaves, self.records, strict=True):
            if record.WhichOneof("body") == "verdict":
                found.setdefault(record.exchange_id, []).append((leaf_hash(leaf), record.verdict))
        return found

    @property
    def outcomes(self) -> dict[bytes, list[rec.Outcome]]:
        """By exchange, for every exchange that has an intent."""
        found: dict[bytes, list[rec.Outcome]] = {}
        for record in self.records:
            if record.WhichOneof("body") == "intent":
                found.setdefault(record.exchange_id, [])
            elif record.WhichOneof("body") == "outcome":
                found[record.exchange_id].append(record.outcome)
        return found


def read_ended(town: Town, code: str) -> Ended:
    """Open the database of a node that does not run."""
    store = Store.open(town.offices[code].folder / "state" / "node.db")
    try:
        leaves = tuple(leaf for _, leaf in store.leaves(0, 10_000_000))
        findings = audit_leaves(town.member(code), store.head().note, leaves)
        assert store.leaf_count() == store.head().size == len(leaves)
        return Ended(leaves, tuple(findings), len(store.unfinished()), used(store))
    finally:
        store.close()


def used(store: Store) -> dict[str, int]:
    """What the ledger says was used of the pension policy: of quotas since yesterday, of its budget ever."""
    today = datetime.now(ZoneInfo("Asia/Shanghai"))
    days = [Day.of(today - timedelta(days=back)) for back in (0, 1)]
    dataset = "pension-insurance"
    keys = [
        counter_key(day.until_ms, f"{RULE_DAY}|{dataset}|{rule}|{TAX}|{day.name}")
        for rule in ("tax-deferral", "city-planning")
        for day in days
    ]
    by_all = f"{BUDGET_PREFIX}dataset"
    ever = Pot(dataset, by_all, "", 0)
    return {RULE_DAY: sum(store.balances(keys).values()), by_all: store.spent(ever).used}


def charged(verdicts: Iterable[rec.Verdict], scope: str) -> int:
    """What the verdicts say was charged."""
    return sum(charge.amount for verdict in verdicts for charge in verdict.charges if charge.scope == scope)
