"""A platform gateway that ends TLS between two departments carries everything and sees only routing data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.forger import Forger, forging, verdict
from support.gateway import Gateway, gateway
from support.log_audit import audit
from support.running import (
    BAND,
    BY_REGION,
    CASE,
    DEFERRAL,
    ENROLLED,
    PENSION,
    PLANNING,
    Running,
    as_is,
    pension_town,
    resident,
    running,
)
from support.town import HR, MEDICAL, TAX, Town
from support.waiting import PATIENCE

from node.client import Chunk, Client, Subject
from node.core.deciding.grant import Grant
from node.core.directory.spelling import Role
from node.errors import NodeError, Reason
from node.v1 import exchange_pb2 as pb
from node.v1 import grant_pb2
from node.v1 import record_pb2 as rec

PLATFORM = "11441900000000051A"


@dataclass(frozen=True, slots=True)
class World:
    """Tax and human resources, with the platform between them."""

    nodes: Running
    between: Gateway
    tax: Client
    grant: Grant


def _town(folder: Path, *roles: Role) -> Town:
    town = pension_town(folder)
    platform = town.add(PLATFORM, roles=roles)
    hr = replace(town.member(HR), endpoint=f"127.0.0.1:{platform.exchange_port}")
    town.publish(hr)
    return town


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    town = _town(tmp_path_factory.mktemp("town"), Role.GATEWAY)
    with (
        gateway(town, town.offices[PLATFORM], town.offices[HR]) as between,
        running(town, HR, TAX) as nodes,
        nodes.operator(TAX) as tax,
    ):
        yield World(nodes, between, tax, nodes.grant())


def test_every_kind_of_question_passes_the_gateway(world: World) -> None:
    tax, number = world.tax, resident(2)
    assert tax.verify(ENROLLED, number, purpose=DEFERRAL, case=CASE).answer is True
    assert tax.field(BAND, resident(77), purpose=DEFERRAL, case=CASE).value == "[60,120)"
    assert len(tax.statistic(BY_REGION, purpose=PLANNING, case=CASE).cells) == 8
    chunks = [Chunk(n, (Subject(resident(n)),)) for n in range(5)]
    batch_id = os.urandom(16)
    results = list(tax.batch(ENROLLED, chunks, purpose=DEFERRAL, case=CASE, batch_id=batch_id))
    assert [each.answers for each in results] == [(n % 2 == 0,) for n in range(5)]
    assert [entry.dataset for entry in tax.catalogue(HR)] == ["pension-insurance"]


def test_denial_passes_the_gateway_with_its_reason(world: World) -> None:
    with pytest.raises(NodeError) as denied:
        world.tax.verify(
            ENROLLED, resident(2), purpose="social-insurance/pension/transfer", case="no such form"
        )
    assert denied.value.reason is Reason.CONDITION_NOT_MET


def test_provider_records_the_requester_and_not_the_gateway(world: World) -> None:
    world.tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE)
    record = world.nodes.records(HR)[-1]
    assert (record.WhichOneof("body"), record.requester) == ("verdict", TAX)
    with world.nodes.operator(HR) as hr:
        assert audit(hr, world.nodes.town.member(HR)) == []
    assert audit(world.tax, world.nodes.town.member(TAX)) == []


def test_gateway_sees_only_routing_data(world: World) -> None:
    name = "张三8"
    first = len(world.between.seen)
    world.tax.verify(ENROLLED, resident(8), purpose=DEFERRAL, case=CASE)
    world.tax.verify(
        f"{PENSION}/name-matches", resident(8), purpose=DEFERRAL, case=CASE, claims={"name": name}
    )
    world.tax.field(BAND, resident(8), purpose=DEFERRAL, case=CASE)
    chunks = [Chunk(0, (Subject(resident(8)),))]
    list(world.tax.batch(ENROLLED, chunks, purpose=DEFERRAL, case=CASE, batch_id=os.urandom(16)))
    seen = b"\n".join(world.between.seen[first:])
    assert seen.count(TAX.encode()) >= 4  # routing data it does see
    secret = (
        resident(8),
        resident(8)[6:14],
        name,
        "is-enrolled",
        "name-matches",
        "contribution-band",
        "pension-insurance",
        "social-insurance",
        "deferral",
        CASE,
        world.grant.id,
        "[0,60)",
        "tax-deferral",
        "clerk",
        "operator",
    )
    for text in secret:
        assert text.encode() not in seen


def test_gateway_sees_no_difference_between_hit_miss_and_denial(world: World) -> None:
    lengths = set()
    for number, purpose, case in (
        (2, DEFERRAL, CASE),
        (3, DEFERRAL, CASE),
        (900, DEFERRAL, CASE),
        (2, "social-insurance/pension/transfer", "no such form"),
    ):
        first = len(world.between.seen)
        with suppress(NodeError):
            world.tax.verify(ENROLLED, resident(number), purpose=purpose, case=case)
        lengths.add(tuple(map(len, world.between.seen[first:])))
    assert len(lengths) == 1
    assert len(lengths.pop()) == 2


def test_gateway_cannot_ask_in_the_name_of_a_department(world: World) -> None:
    """It may name anyone on the envelope; the record inside has to be proved by that one's own log key."""
    with forging(world.nodes.town, PLATFORM, endpoint=_endpoint(world)) as forger:
        forger.use(world.grant.id)

        def as_tax(record: rec.UsageRecord) -> None:
            record.requester = TAX

        said = verdict(_send_as(forger, TAX, as_tax))
    assert (said.decision, said.reason) == (rec.DECISION_DENY, Reason.PROOF_INVALID.wire)


def _send_as(forger: Forger, code: str, bend: object) -> pb.SealedResponse:
    own, forger.code = forger.code, code
    try:
        sent = forger.make(bend=bend)  # type: ignore[arg-type]
    finally:
        forger.code = own
    return forger.send(sent)


def _endpoint(world: World) -> str:
    return f"127.0.0.1:{world.nodes.town.offices[HR].exchange_port}"


def test_replay_by_the_gateway_gets_what_it_cannot_open_and_costs_nothing(world: World) -> None:
    first = len(world.between.seen)
    world.tax.verify(ENROLLED, resident(12), purpose=DEFERRAL, case=CASE)
    request, response = world.between.seen[first : first + 2]
    size = len(world.nodes.records(HR))
    stream = world.between.upstream.stream_stream("/node.v1.ExchangeService/Link", as_is, as_is)
    assert len(next(stream(iter([request]), timeout=PATIENCE))) == len(response)
    call = world.between.upstream.unary_unary("/node.v1.ExchangeService/Ask", as_is, as_is)
    (asked,) = pb.LinkRequest.FromString(request).calls
    alone = pb.AskRequest(envelope=asked.envelope).SerializeToString(deterministic=True)
    (answered,) = pb.LinkResponse.FromString(response).answers
    again = pb.AskResponse.FromString(call(alone, timeout=PATIENCE)).answer
    assert len(again.ciphertext) == len(answered.answer.ciphertext)
    assert len(world.nodes.records(HR)) == size


def test_gateway_cannot_name_a_department_that_is_not_listed(world: World) -> None:
    with forging(world.nodes.town, PLATFORM, endpoint=_endpoint(world)) as forger:

        def rename(envelope: pb.Envelope) -> None:
            envelope.requester = "1144190000000006X2"

        with pytest.raises(NodeError) as refused:
            forger.answer(forger.make(bend_envelope=rename).envelope)
    assert refused.value.reason is Reason.CALLER_UNIDENTIFIED


def test_gateway_asks_in_its_own_name_as_any_member(world: World) -> None:
    with forging(world.nodes.town, PLATFORM, endpoint=_endpoint(world)) as forger:
        said = verdict(forger.send(forger.make()))
    assert (said.decision, said.reason) == (rec.DECISION_DENY, Reason.NO_GRANT.wire)


def test_member_without_the_role_carries_nothing_for_others(world: World) -> None:
    with forging(world.nodes.town, MEDICAL, endpoint=_endpoint(world)) as forger:

        def rename(envelope: pb.Envelope) -> None:
            envelope.requester = TAX

        with pytest.raises(NodeError) as refused:
            forger.answer(forger.make(bend_envelope=rename).envelope)
        assert refused.value.reason is Reason.ENVELOPE_INVALID
        listed = forger.grants.ListGrants(
            grant_pb2.ListGrantsRequest(), metadata=(("dxnode-requester", TAX),), timeout=PATIENCE
        )
    assert not listed.grants


def test_suspended_department_is_denied_behind_the_gateway_and_a_suspended_gateway_is_refused(
    world: World,
) -> None:
    town = world.nodes.town
    listed = town.member(TAX), town.member(PLATFORM)
    try:
        town.publish(replace(listed[0], suspended=True))
        _reload(world)
        with pytest.raises(NodeError) as denied:
            world.tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE)
        assert denied.value.reason is Reason.SUSPENDED
        assert denied.value.metadata["decided_by"] == "provider"
        assert world.nodes.records(HR)[-2].WhichOneof("body") in ("verdict", "admin")
        town.publish(listed[0], replace(listed[1], suspended=True))
        _reload(world)
        with pytest.raises(NodeError) as refused:
            world.tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE)
        assert refused.value.reason is Reason.SUSPENDED
    finally:
        town.publish(*listed)
        _reload(world)
    assert world.tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE).answer is True


def _reload(world: World) -> None:
    with world.nodes.operator(HR) as hr:
        assert not hr.admin.reload().refused
    assert not world.tax.admin.reload().refused
