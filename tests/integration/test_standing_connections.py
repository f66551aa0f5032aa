"""A certificate that counts no more ends calls, streams and watches on connections that stand, at once."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from support.forger import Forger
from support.hand_clock import HandClock
from support.running import CASE, DEFERRAL, ENROLLED, Running, pension_grant, pension_town, resident
from support.town import HR, TAX, Town
from support.waiting import PATIENCE, wait_for

from node.client import Chunk, Client, Subject
from node.client.call_error import node_error
from node.crypto.certificates import fingerprint, identify, issue_desk_user, issue_node, make_authority
from node.errors import NodeError, Reason
from node.v1 import (
    catalogue_pb2,
    catalogue_pb2_grpc,
    exchange_pb2,
    grant_pb2,
    usage_log_pb2,
    usage_log_pb2_grpc,
)

SHORT = timedelta(days=2)
STOLEN = "laptop of window 3 stolen"


@dataclass(slots=True)
class World:
    """A node of human resources whose clock can be moved, and one of the tax office."""

    town: Town
    clock: HandClock
    nodes: Running

    def refusals(self) -> int:
        """How many refusals of unidentified callers stand in the log of human resources."""
        return sum(
            record.refusals.count
            for record in self.nodes.records(HR)
            if record.refusals.reason == Reason.CALLER_UNIDENTIFIED.wire
        )


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    town = pension_town(tmp_path_factory.mktemp("town"))
    clock = HandClock()
    nodes = Running(town, clock)
    try:
        nodes.start(HR)
        yield World(town, clock, nodes)
    finally:
        nodes.close()


def reason_of(call: Callable[[], object]) -> Reason:
    """Why a call is refused."""
    with pytest.raises((grpc.RpcError, NodeError)) as refused:
        call()
    error: Exception = refused.value
    if isinstance(error, grpc.RpcError):
        error = node_error(error)
    assert isinstance(error, NodeError)
    return error.reason


@dataclass(slots=True)
class Watching:
    """A watch on a node's health that goes on until the node ends it."""

    channel: grpc.Channel
    ended: list[grpc.StatusCode] = field(default_factory=list)
    said: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()
        wait_for(lambda: bool(self.said))

    def _watch(self) -> None:
        stub = health_pb2_grpc.HealthStub(self.channel)
        request = health_pb2.HealthCheckRequest()
        try:
            for response in stub.Watch(request, timeout=PATIENCE):  # type: ignore[attr-defined]  # not in the stubs
                self.said.append(response.status)
        except grpc.RpcError as error:
            self.ended.append(error.code())


def check(channel: grpc.Channel) -> object:
    """How the node at the other end is."""
    stub = health_pb2_grpc.HealthStub(channel)
    return stub.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE)  # type: ignore[attr-defined]


# --- the exchange port ---


def calls_of(member: Forger) -> list[Callable[[], object]]:
    """A call of every service on the exchange port, on the member's one connection."""
    log = usage_log_pb2_grpc.UsageLogServiceStub(member.channel)
    catalogue = catalogue_pb2_grpc.CatalogueServiceStub(member.channel)
    return [
        lambda: member.answer(member.make().envelope),
        lambda: member.grants.ListGrants(grant_pb2.ListGrantsRequest(), timeout=PATIENCE),
        lambda: log.GetCheckpoint(usage_log_pb2.GetCheckpointRequest(), timeout=PATIENCE),
        lambda: log.ListRecords(usage_log_pb2.ListRecordsRequest(), timeout=PATIENCE),
        lambda: catalogue.ListDatasets(catalogue_pb2.ListDatasetsRequest(), timeout=PATIENCE),
        lambda: catalogue.SearchCatalogue(catalogue_pb2.SearchCatalogueRequest(text="x"), timeout=PATIENCE),
    ]


@contextmanager
def batch_of(member: Forger) -> Iterator[Callable[[], object]]:
    """A batch stream: sends a chunk, and gives the answer to it."""
    waiting: queue.Queue[exchange_pb2.AskBatchRequest | None] = queue.Queue()
    call = member.stub.AskBatch(iter(waiting.get, None), timeout=PATIENCE)

    def ask() -> object:
        waiting.put(exchange_pb2.AskBatchRequest(envelope=member.make().envelope))
        return next(call)

    yield ask
    waiting.put(None)
    call.cancel()


def expire(world: World) -> None:
    world.clock.passed = SHORT + timedelta(hours=1)


def strike_off(world: World) -> None:
    entry = replace(world.town.member(TAX), certificates=("00" * 32,))
    world.town.publish(entry)
    with world.nodes.operator(HR) as hr:
        hr.admin.reload()


@pytest.mark.parametrize("end", [expire, strike_off])
def test_member_whose_certificate_ends_is_refused_on_the_connection_that_it_has(
    world: World, end: Callable[[World], None]
) -> None:
    town, office = world.town, world.town.offices[TAX]
    short = issue_node(town.tls_authority, TAX, ["127.0.0.1"], datetime.now(UTC), SHORT)
    (office.folder / "tls" / "exchange.pem").write_bytes(short.certificate)
    (office.folder / "tls" / "exchange.key").write_bytes(short.key)
    listed = (identify(short.certificate).fingerprint.hex(),)
    town.publish(replace(town.member(TAX), certificates=listed))
    with world.nodes.operator(HR) as hr:
        hr.admin.reload()
    member = Forger(town, office)
    try:
        with batch_of(member) as ask:
            for call in (*calls_of(member), ask):
                call()
            watching = Watching(member.channel)
            before = world.refusals()
            end(world)
            assert reason_of(ask) is Reason.CALLER_UNIDENTIFIED
            for call in calls_of(member):
                assert reason_of(call) is Reason.CALLER_UNIDENTIFIED
            wait_for(lambda: watching.ended == [grpc.StatusCode.UNAUTHENTICATED])
        assert world.refusals() > before
    finally:
        member.close()


def test_health_is_told_to_no_expired_certificate(world: World) -> None:
    member = Forger(world.town, world.town.offices[TAX])
    try:
        check(member.channel)
        world.clock.passed = timedelta(days=400)
        assert reason_of(lambda: check(member.channel)) is Reason.CALLER_UNIDENTIFIED
    finally:
        member.close()


# --- the own side ---


def test_provider_whose_certificate_ends_is_asked_nothing_more_on_the_link_that_stands(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    town = pension_town(tmp_path_factory.mktemp("town"))
    tls = town.offices[HR].folder / "tls"

    def renew(lifetime: timedelta) -> str:
        new = issue_node(town.tls_authority, HR, ["127.0.0.1"], datetime.now(UTC), lifetime)
        (tls / "exchange.pem").write_bytes(new.certificate)
        (tls / "exchange.key").write_bytes(new.key)
        return identify(new.certificate).fingerprint.hex()

    short = renew(SHORT)
    town.publish(replace(town.member(HR), certificates=(short,)))
    clock = HandClock()
    provider, requester = Running(town), Running(town, clock)
    try:
        provider.start(HR)
        requester.start(TAX)
        with provider.operator(HR) as hr, requester.operator(TAX) as tax:
            hr.admin.issue_grant(pension_grant(valid_until=datetime.now(UTC) + timedelta(days=20)))
            tax.grants(refresh=True)

            def ask() -> object:
                return tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE).answer

            def chunks() -> Iterator[Chunk]:
                for number in range(20):
                    if number == 10:
                        clock.passed = SHORT + timedelta(hours=1)
                    yield Chunk(number, (Subject(resident(number)),))

            assert ask() is True
            results = tax.batch(ENROLLED, chunks(), purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16))
            with pytest.raises(NodeError, match="certificate") as ended:
                list(results)
            assert ended.value.reason is Reason.PEER_UNAVAILABLE
            with pytest.raises(NodeError, match="certificate") as refused:
                ask()
            assert refused.value.reason is Reason.PEER_UNAVAILABLE
            # A new certificate is taken up without a word to the requester, but for the directory's.
            town.publish(replace(town.member(HR), certificates=(renew(timedelta(days=30)), short)))
            hr.admin.reload()
            tax.admin.reload()
            assert [each.provider for each in tax.grants(refresh=True)] == [HR]
    finally:
        requester.close()
        provider.close()


# --- the desk ---


@dataclass(slots=True)
class Desk:
    """The desk of human resources: a system with a batch under way, all on one connection."""

    world: World
    system: Client
    channel: grpc.Channel
    certificate: bytes

    def ask(self) -> object:
        """Something that any role may."""
        return self.system.catalogue()

    def revoke(self) -> None:
        """By the operator."""
        with self.world.nodes.operator(HR) as operator:
            operator.admin.revoke_certificate(fingerprint(self.certificate), STOLEN)

    def unrevoke(self) -> None:
        """By the operator."""
        with self.world.nodes.operator(HR) as operator:
            operator.admin.unrevoke_certificate(fingerprint(self.certificate), "found again")


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    folder = world.town.offices[HR].desk_user("system")
    roots, key, certificate = ((folder / f"{name}.pem").read_bytes() for name in ("roots", "key", "cert"))
    with (
        world.nodes.user(HR, "system") as system,
        grpc.secure_channel(
            f"127.0.0.1:{world.town.offices[HR].desk_port}",
            grpc.ssl_channel_credentials(roots, key, certificate),
        ) as channel,
    ):
        yield Desk(world, system, channel, certificate)


def expire_desk(desk: Desk) -> None:
    desk.world.clock.passed = timedelta(days=400)


def replace_authority(desk: Desk) -> None:
    """The operator trusts another authority from now on."""
    another = make_authority("another", datetime.now(UTC), timedelta(days=30))
    (desk.world.town.offices[HR].folder / "tls" / "desk-roots.pem").write_bytes(another.certificate)
    with desk.world.nodes.operator(HR) as operator:
        assert operator.admin.reload().refused == ()


@pytest.mark.parametrize("end", [Desk.revoke, expire_desk, replace_authority])
def test_desk_certificate_that_ends_is_refused_on_the_connection_that_it_has(
    desk: Desk, end: Callable[[Desk], None]
) -> None:
    desk.ask()
    check(desk.channel)
    watching = Watching(desk.channel)
    end(desk)
    assert reason_of(desk.ask) is Reason.CALLER_UNIDENTIFIED
    assert reason_of(lambda: check(desk.channel)) is Reason.CALLER_UNIDENTIFIED
    wait_for(lambda: watching.ended == [grpc.StatusCode.UNAUTHENTICATED])
    with desk.world.nodes.operator(HR) as operator:
        operator.catalogue()


def test_revoked_certificate_asks_no_further_chunk_of_a_batch_under_way(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    town = pension_town(tmp_path_factory.mktemp("town"))
    nodes = Running(town)
    revoked = threading.Event()
    try:
        nodes.start(HR, TAX)
        nodes.grant()
        certificate = (town.offices[TAX].desk_user("system") / "cert.pem").read_bytes()
        with nodes.user(TAX, "system") as system, nodes.operator(TAX) as operator:

            def chunks() -> Iterator[Chunk]:
                for number in range(20):
                    if number == 10:
                        operator.admin.revoke_certificate(fingerprint(certificate), STOLEN)
                        revoked.set()
                    yield Chunk(number, (Subject(resident(number)),))

            results = system.batch(ENROLLED, chunks(), purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16))
            answered: list[object] = []
            with pytest.raises(NodeError) as ended:
                answered.extend(results)
            assert revoked.is_set()
            assert ended.value.reason is Reason.CALLER_UNIDENTIFIED
        records = nodes.records(TAX)
        asked = [record for record in records if record.HasField("intent")]
        assert len(asked) <= 10
        # What was asked before has its outcome all the same.
        assert len([record for record in records if record.HasField("outcome")]) == len(asked)
        (admin,) = (record.admin for record in records if record.admin.action == "desk.revoke")
        assert (admin.object, admin.role, admin.note) == (fingerprint(certificate).hex(), "operator", STOLEN)
    finally:
        nodes.close()


def test_colleagues_go_on_and_who_is_let_in_again_needs_no_new_connection(desk: Desk) -> None:
    with desk.world.nodes.user(HR, "auditor") as auditor:
        auditor.catalogue()
        desk.revoke()
        assert reason_of(desk.ask) is Reason.CALLER_UNIDENTIFIED
        assert [each.reason for each in auditor.admin.revoked_certificates()] == [STOLEN]
        assert (
            reason_of(lambda: auditor.admin.revoke_certificate(bytes(32), STOLEN))
            is Reason.QUESTION_NOT_ALLOWED
        )
    desk.unrevoke()
    desk.ask()


def test_revocation_holds_over_a_restart(desk: Desk) -> None:
    desk.revoke()
    desk.world.nodes.stop(HR)
    desk.world.nodes.start(HR)
    with desk.world.nodes.user(HR, "system") as system:
        assert reason_of(system.catalogue) is Reason.CALLER_UNIDENTIFIED


def test_new_certificate_of_who_was_revoked_counts(desk: Desk) -> None:
    desk.revoke()
    office = desk.world.town.offices[HR]
    folder = office.desk_user("system")
    new = issue_desk_user(office.desk_authority, HR, "system", "again", datetime.now(UTC), SHORT)
    (folder / "cert.pem").write_bytes(new.certificate)
    (folder / "key.pem").write_bytes(new.key)
    with desk.world.nodes.user(HR, "system") as system:
        system.catalogue()
