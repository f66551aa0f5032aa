"""Nodes of two revisions of the schema work together; none sends another what that one does not know."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from support import later_revision
from support.forger import Forger, forging
from support.later_revision import LATER, MARK
from support.log_audit import audit
from support.places import POLICIES
from support.processes import Processes
from support.running import CASE, DEFERRAL, PLANNING, pension_grant, pension_policy, register, resident
from support.town import AUTHORITY, HR, MEDICAL, TAX, Town
from support.waiting import wait_for

from node.client import Chunk, Client, Subject
from node.core.directory.directory import Directory, render_directory
from node.core.log import usage
from node.core.revision import REVISION
from node.core.state.part import PartKind
from node.errors import NodeError, Reason
from node.v1 import record_pb2 as rec

OLD: Final = {HR, TAX}
NEW: Final = {MEDICAL, AUTHORITY}
PROVIDERS: Final = (HR, MEDICAL)
REQUESTERS: Final = (TAX, AUTHORITY)
PAIRS: Final = [(requester, provider) for requester in REQUESTERS for provider in PROVIDERS]
BOTH_NEW: Final = (AUTHORITY, MEDICAL)
_MARK: Final = MARK.encode()


def _has_grants(client: Client) -> bool:
    return len(client.grants(refresh=True)) == len(PROVIDERS)


def _town(folder: Path) -> Town:
    """Two providers and two requesters, one of each revision."""
    town = Town(folder)
    for provider in PROVIDERS:
        policy = folder / "pension-insurance.yaml"
        text = pension_policy().replace(f"[{TAX}]", f"[{TAX}, {AUTHORITY}]").replace(HR, provider)
        policy.write_text(text)
        town.add(provider, {"pension-insurance": register()}, [POLICIES / "definitions.yaml", policy])
    for requester in REQUESTERS:
        town.add(requester)
    town.publish(*(replace(town.member(code), schema=LATER) for code in NEW))
    return town


@dataclass(frozen=True, slots=True)
class World:
    """The nodes, and where the later package is."""

    nodes: Processes
    later: Path

    def client(self, code: str) -> Client:
        return self.nodes.client(code, 20.0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    later = later_revision.build(tmp_path_factory.mktemp("later"))
    nodes = Processes(_town(tmp_path_factory.mktemp("town")))
    try:
        for code in OLD:
            nodes.start(code)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PYTHONPATH", str(later))
            for code in NEW:
                nodes.start(code)
        nodes.wait(*OLD, *NEW)
        world = World(nodes, later)
        for provider in PROVIDERS:
            with world.client(provider) as client:
                for requester in REQUESTERS:
                    client.admin.issue_grant(pension_grant(requester, provider=provider))
        for requester in REQUESTERS:
            with world.client(requester) as client:
                wait_for(partial(_has_grants, client))
        yield world
    finally:
        nodes.stop()


def _name(provider: str, question: str) -> str:
    return f"{provider}/pension-insurance/{question}"


@pytest.mark.parametrize(("requester", "provider"), PAIRS)
def test_each_pair_exchanges_answers(world: World, requester: str, provider: str) -> None:
    with world.client(requester) as client:
        exchange_id = os.urandom(16)
        for _ in range(2):  # a retry gets the same
            said = client.verify(
                _name(provider, "is-enrolled"),
                resident(2),
                purpose=DEFERRAL,
                case=CASE,
                exchange_id=exchange_id,
            )
            assert said.answer is True
        band = client.field(_name(provider, "contribution-band"), resident(60), purpose=DEFERRAL, case=CASE)
        assert band.value
        for _ in range(2):  # the second is a stored release
            counted = client.statistic(_name(provider, "enrolled-by-region"), purpose=PLANNING, case=CASE)
            assert counted.cells
        chunks = [Chunk(n, tuple(Subject(resident(10 * n + each)) for each in range(10))) for n in range(3)]
        results = client.batch(
            _name(provider, "is-enrolled"), chunks, purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16)
        )
        assert [result.answers for result in results] == [(True, False) * 5] * 3
        with pytest.raises(NodeError) as denied:
            client.verify(_name(provider, "months-at-least"), resident(2), purpose=DEFERRAL, case=CASE)
        assert denied.value.reason is Reason.QUERY_INVALID


@pytest.mark.parametrize(("requester", "provider"), PAIRS)
def test_each_pair_reads_grants_and_catalogue(world: World, requester: str, provider: str) -> None:
    with world.client(requester) as client:
        assert {grant.provider for grant in client.grants(refresh=True)} == set(PROVIDERS)
        assert client.dataset("pension-insurance", provider).questions
        assert [entry.dataset for entry in client.catalogue(provider)] == ["pension-insurance"]
        assert client.search_catalogue("养老保险", provider).total == 1
        assert client.dataset_history("pension-insurance", provider) == ()


@pytest.fixture
def by_hand(world: World) -> Iterator[Forger]:
    with forging(world.nodes.town, TAX, provider=HR) as forger:
        yield forger


def test_call_that_only_the_later_revision_has_is_made_to_nobody_else(world: World) -> None:
    with world.client(AUTHORITY) as client:
        client.grants(refresh=True)
    news = (world.nodes.town.offices[AUTHORITY].folder / "news.txt").read_text().splitlines()
    told = {line.partition(" ")[0]: line.partition(" ")[2] for line in news}
    assert told[MEDICAL] == "told"
    assert "does not know GetNews" in told[HR]


def test_what_is_sent_by_force_is_refused(world: World, by_hand: Forger) -> None:
    def later(message: rec.UsageRecord) -> None:
        message.intent.MergeFromString(b"\xa2\x06" + bytes([len(_MARK)]) + _MARK)  # field 100

    with world.client(HR) as hr:
        by_hand.use(next(grant.id for grant in hr.admin.issued_grants() if grant.requester == TAX))
    said = by_hand.send(by_hand.make(bend=later))
    verdict = rec.UsageRecord.FromString(said.verdict).verdict
    assert (verdict.decision, verdict.reason) == (rec.DECISION_DENY, Reason.ENVELOPE_INVALID.wire)


def test_nothing_that_a_node_does_not_know_is_sent_to_it_or_recorded_for_it(world: World) -> None:
    town = world.nodes.town
    for requester, provider in PAIRS:
        with world.client(requester) as client:
            client.verify(_name(provider, "is-enrolled"), resident(2), purpose=DEFERRAL, case=CASE)
            with pytest.raises(NodeError):
                client.verify(_name(provider, "months-at-least"), resident(2), purpose=DEFERRAL, case=CASE)
    for code in OLD:
        for file in (town.offices[code].folder / "state").glob("node.db*"):
            assert _MARK not in file.read_bytes()
    for code in (*OLD, *NEW):
        with world.client(code) as client:
            assert audit(client, town.member(code)) == []
            leaves = [record.leaf for record in client.log.records()]
        _check_log(leaves)


def _check_log(leaves: list[bytes]) -> None:
    records = [usage.parse_record(leaf) for leaf in leaves]
    announced = {record.exchange_id for record in records if record.intent.case_number == ANNOUNCED}
    for leaf, record in zip(leaves, records, strict=True):
        pair = (record.requester, record.provider)
        if record.exchange_id and record.exchange_id not in announced:
            assert (_MARK in leaf) is (pair == BOTH_NEW), (pair, record.WhichOneof("body"))
        if record.verdict.clause == "question.parameters":
            assert record.verdict.reason == (99 if pair == BOTH_NEW else Reason.QUERY_INVALID.wire)


_RENDER = """
import sys
from dataclasses import replace
from node.core.directory.directory import parse_directory, render_directory
known = parse_directory(sys.stdin.buffer.read())
sys.stdout.buffer.write(render_directory(known))
"""
_MEMBER = """
import sys
from node.core.directory.directory import parse_directory, render_member
newer = max(parse_directory(sys.stdin.buffer.read()).members.values(), key=lambda member: member.schema)
sys.stdout.buffer.write(render_member(newer))
"""


def _in_later(world: World, code: str, given: bytes) -> bytes:
    """What a program of the later package makes of what it reads."""
    ran = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        input=given,
        capture_output=True,
        check=False,
        cwd=world.later,
        env={**os.environ, "PYTHONPATH": str(world.later)},
    )
    return ran.stdout if not ran.returncode else ran.stderr


def test_directory_with_a_key_that_not_all_know_is_written_without_it(world: World) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    members = {code: world.nodes.town.member(code) for code in (*OLD, *NEW)}
    mixed = render_directory(Directory(7, now, now + timedelta(days=9), members))
    assert _in_later(world, _RENDER, mixed) == mixed
    # Once all know the key, a directory without it is none to who knows it.
    alike = {code: replace(member, schema=LATER) for code, member in members.items()}
    known = render_directory(Directory(7, now, now + timedelta(days=9), alike))
    assert b"canonical form" in _in_later(world, _RENDER, known)
    only = {code: members[code] for code in NEW}
    assert b'"slogan": "none"' in _in_later(
        world,
        _MEMBER,
        render_directory(Directory(7, now, now + timedelta(days=9), {**only, HR: members[HR]})),
    )


ANNOUNCED = "DG-2026-announced"


def test_node_that_is_announced_to_know_more_than_it_does_says_so_and_refuses_it(world: World) -> None:
    town = world.nodes.town

    def announce(revision: int) -> None:
        town.publish(replace(town.member(HR), schema=revision))
        for client in (hr, later):
            client.admin.reload()

    with world.client(HR) as hr, world.client(AUTHORITY) as later:
        announce(LATER)
        problems = hr.admin.status().problems
        assert any(each.part.kind is PartKind.SCHEMA and "update it" in each.message for each in problems)
        with pytest.raises(NodeError) as refused:
            later.verify(_name(HR, "is-enrolled"), resident(2), purpose=DEFERRAL, case=ANNOUNCED)
        assert refused.value.reason is Reason.ENVELOPE_INVALID
        announce(REVISION)
        assert later.verify(_name(HR, "is-enrolled"), resident(2), purpose=DEFERRAL, case=CASE).answer
        assert not any(each.part.kind is PartKind.SCHEMA for each in hr.admin.status().problems)
