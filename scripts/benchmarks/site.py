"""Two departments with real keys, certificates, directory and policy: one has data, the other asks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from node.core.deciding.grant import Grant, GrantState
from node.core.directory.directory import Member
from node.core.directory.spelling import Role
from node.crypto.signing import Signer
from node.demo.city import DIRECTORY_LIFETIME, CityNode, furnish, plan_node
from node.demo.departments import AUTHORITY, department
from node.demo.officers import Officers, approve_entries, make_officers, put_in_place, sign
from node.demo.ports import free_ports
from node.demo.shipped import shipped
from node.documents.pki import CertificateFiles, make_authority_files
from node.documents.publish import Orders, publish
from scripts.benchmarks.population import Population

DATASET = "pension-insurance"
QUESTION = "deferral-eligible"
"""Its rule counts how often each subject is asked about."""
LIST_QUESTION = "is-enrolled"
"""Its rule does not."""
_ASKED = frozenset({QUESTION, LIST_QUESTION})
PURPOSE, CASE = "social-insurance/pension/deferral", "DG-20260101-0001"
PROVIDER, REQUESTER = department("human-resources"), department("tax")
POLICY = Path(__file__).with_name("policy.yaml")
ASK = "/node.v1.ExchangeService/Ask"
START_SECONDS = 900.0  # a node builds the files of its dataset when it starts
STOP_SECONDS = 30.0

_SOURCE = f"sources:\n  {DATASET}: {{parquet: data/{DATASET}.parquet}}\n"
# Limits that keep a peer from asking too much would end every benchmark early, so they are out of the way.
_SETTINGS = """\
limits:
  peer_requests_per_second: 1000000
  peer_burst: 1000000
  concurrent: 1000
  clock_skew_seconds: 3600
"""


@dataclass(frozen=True, slots=True)
class Site:
    """The folders of both departments; nothing runs yet. `population` is whom the provider knows.

    `member` is the provider in the directory, `officers` and `reviewer` approve its policies.
    """

    folder: Path
    provider: CityNode
    requester: CityNode
    authority: CityNode
    population: Population
    member: Member
    officers: Officers
    reviewer: Signer

    def approve(self, version: int) -> None:
        """Have the provider's policies signed, and their entries approved, by everybody who must."""
        policies, now = self.provider.policies, datetime.now(UTC)
        approve_entries(self.officers.head, self.reviewer, policies, now)
        sign(self.officers, policies, self.member, now, version)

    def put_in_place(self) -> None:
        """Have the provider find what was approved last."""
        put_in_place(self.provider.policies, self.provider.placed, self.member)

    def issue_grant(self, requester: str = REQUESTER.code, questions: frozenset[str] = _ASKED) -> Grant:
        """Let the requester ask, or another department; the provider must run."""
        grant = replace(make_grant(datetime.now(UTC)), requester=requester, questions=questions)
        with self.provider.operator() as desk:
            return desk.admin.issue_grant(grant)


def make_grant(now: datetime) -> Grant:
    """What the requester is granted, for the days around `now`."""
    return Grant(
        id="0123456789abcdef",
        provider=PROVIDER.code,
        requester=REQUESTER.code,
        dataset=DATASET,
        questions=_ASKED,
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
    authority = make_authority_files(folder / "directory-authority", AUTHORITY.code, now, os.urandom)
    ports = free_ports(6)
    nodes, officers, members = [], [], []
    for each, settings in ((PROVIDER, f"{_SOURCE}{_SETTINGS}"), (REQUESTER, _SETTINGS), (AUTHORITY, "")):
        node = plan_node(folder / each.name, each, ports.pop(), ports.pop())
        own = make_officers(folder / "officers" / each.name, each.code, os.urandom)
        members.append(furnish(node, authority, settings, now, os.urandom, own.verifier_keys()))
        nodes.append(node)
        officers.append(own)
    roles = {AUTHORITY.code: (Role.AUTHORITY,)}
    publish(authority, Orders(members=tuple(members), roles=roles), now, DIRECTORY_LIFETIME)
    provider, requester, reviewing = nodes
    for node in (provider, requester):
        shutil.copyfile(authority.directory, node.folder / "directory.note")
        node.policies.mkdir()
        shutil.copyfile(shipped("policies") / "definitions.yaml", node.policies / "definitions.yaml")
    shutil.copyfile(POLICY, provider.policies / POLICY.name)
    population.write(provider.folder / "data" / f"{DATASET}.parquet")
    site = Site(folder, provider, requester, reviewing, population, members[0], officers[0], officers[2].head)
    site.approve(1)
    site.put_in_place()
    sign(officers[1], requester.policies, members[1], now)
    put_in_place(requester.policies, requester.placed, members[1])
    return site


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


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)
