"""Two departments with real keys, certificates, directory and policy: one has data, the other asks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from node.core.grant import Grant, GrantState
from node.crypto.pki import CertificateFiles, make_authority_files
from node.crypto.publish import Orders, publish
from node.demo.city import DIRECTORY_LIFETIME, POLICIES, CityNode, furnish, plan_node
from node.demo.departments import AUTHORITY, department
from node.demo.process import free_ports
from scripts.benchmarks.population import Population

DATASET = "pension-insurance"
QUESTION = "deferral-eligible"
"""Its rule counts how often each subject is asked about."""
LIST_QUESTION = "is-enrolled"
"""Its rule does not."""
PURPOSE, CASE = "social-insurance/pension/deferral", "DG-20260101-0001"
PROVIDER, REQUESTER = department("human-resources"), department("tax")
POLICY = Path(__file__).with_name("policy.yaml")
ASK = "/node.v1.ExchangeService/Ask"
START_SECONDS = 900.0  # a node builds the files of its dataset when it starts
STOP_SECONDS = 30.0

# Limits that keep a peer from asking too much would end every benchmark early, so they are out of the way.
_SETTINGS = """\
policies: {unsigned: true}
limits:
  peer_requests_per_second: 1000000
  peer_burst: 1000000
  concurrent: 1000
  clock_skew_seconds: 3600
"""


@dataclass(frozen=True, slots=True)
class Site:
    """The folders of both departments; nothing runs yet. `population` is whom the provider knows."""

    folder: Path
    provider: CityNode
    requester: CityNode
    population: Population

    def issue_grant(self) -> Grant:
        """Let the requester ask; the provider must run."""
        with self.provider.operator() as desk:
            return desk.admin.issue_grant(make_grant(datetime.now(UTC)))


def make_grant(now: datetime) -> Grant:
    """What the requester is granted, for the days around `now`."""
    return Grant(
        id="0123456789abcdef",
        provider=PROVIDER.code,
        requester=REQUESTER.code,
        dataset=DATASET,
        questions=frozenset({QUESTION, LIST_QUESTION}),
        purposes=(PURPOSE,),
        region="",
        subjects_per_day=0,
        valid_from=now - timedelta(days=1),
        valid_until=now + timedelta(days=10),
        state=GrantState.ACTIVE,
        basis="benchmark",
        scenario="benchmark",
        note="",
    )


def build_site(folder: Path, population: Population) -> Site:
    """Write everything that the two nodes need."""
    now = datetime.now(UTC)
    authority = make_authority_files(folder / "authority", AUTHORITY.code, now, os.urandom)
    ports = free_ports(4)
    provider = plan_node(folder / "provider", PROVIDER, ports[0], ports[1])
    requester = plan_node(folder / "requester", REQUESTER, ports[2], ports[3])
    sources = f"sources:\n  {DATASET}: {{parquet: data/{DATASET}.parquet}}\n"
    members = (
        furnish(provider, authority, sources + _SETTINGS, now, os.urandom),
        furnish(requester, authority, _SETTINGS, now, os.urandom),
    )
    publish(authority, Orders(members=members), now, DIRECTORY_LIFETIME)
    for node in (provider, requester):
        shutil.copyfile(authority.directory, node.folder / "directory.note")
    policies = provider.folder / "policies"
    policies.mkdir()
    shutil.copyfile(POLICY, policies / POLICY.name)
    shutil.copyfile(POLICIES / "definitions.yaml", policies / "definitions.yaml")
    population.write(provider.folder / "data" / f"{DATASET}.parquet")
    return Site(folder, provider, requester, population)


@contextmanager
def running(*nodes: CityNode) -> Iterator[None]:
    """Nodes as processes of their own, until the end of the block."""
    try:
        for node in nodes:
            node.process.start()
        for node in nodes:
            node.process.wait_until_healthy(START_SECONDS)
        yield
    finally:
        for node in nodes:
            node.process.ask_to_stop()
        for node in nodes:
            node.process.wait(STOP_SECONDS)


def exchange_files(node: CityNode) -> CertificateFiles:
    """What a department shows, and trusts, on the exchange port."""
    return CertificateFiles(node.folder / "tls" / "exchange.pem", node.folder / "tls" / "exchange.key")


def log_size(node: CityNode) -> int:
    """How many records a running node has in its usage log."""
    with node.operator() as desk:
        return desk.log.size()


def start_seconds(node: CityNode) -> float:
    """Start a node, and stop it; how long until it served, to a tenth of a second."""
    began = monotonic()
    with running(node):
        return monotonic() - began
