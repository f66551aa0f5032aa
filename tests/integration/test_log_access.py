"""Who sees what of a usage log: a member its own exchanges, the authority and the own auditors all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import grpc
import pytest
from support.forger import Forger, forging
from support.running import CASE, DEFERRAL, ENROLLED, Running, pension_grant, pension_town, resident, running
from support.town import AUTHORITY, HR, MEDICAL, TAX
from support.waiting import PATIENCE

from node.client.call_error import node_error
from node.core.directory.spelling import Role
from node.core.log.checkpoint import Checkpoint
from node.core.log.merkle import leaf_hash, verify_consistency, verify_inclusion
from node.core.log.usage import parse_record
from node.crypto.signing import Verifier, open_note
from node.errors import NodeError, Reason
from node.v1 import usage_log_pb2 as pb
from node.v1 import usage_log_pb2_grpc


@dataclass(frozen=True, slots=True)
class World:
    """The log of human resources, seen by tax, medical insurance and the authority."""

    nodes: Running
    seen_by: dict[str, usage_log_pb2_grpc.UsageLogServiceStub]
    forgers: dict[str, Forger]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    town = pension_town(tmp_path_factory.mktemp("town"))
    town.add(AUTHORITY, roles=(Role.AUTHORITY,))
    town.publish()
    with running(town, HR, TAX) as nodes, ExitStack() as stack:
        forgers = {code: stack.enter_context(forging(town, code)) for code in (TAX, MEDICAL, AUTHORITY)}
        nodes.grant()
        with nodes.operator(HR) as hr:
            forgers[MEDICAL].use(hr.admin.issue_grant(pension_grant(MEDICAL)).id)
        with nodes.operator(TAX) as tax:
            tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE)
            with pytest.raises(NodeError):
                tax.verify(ENROLLED, resident(2), purpose="tax/inspection", case=CASE)
        forgers[MEDICAL].send(forgers[MEDICAL].make(purpose="social-insurance/medical"))
        with pytest.raises(NodeError):
            forgers[MEDICAL].answer(forgers[TAX].make().envelope)
        stubs = {code: usage_log_pb2_grpc.UsageLogServiceStub(each.channel) for code, each in forgers.items()}
        yield World(nodes, stubs, forgers)


def _listed(world: World, code: str, limit: int = 1000) -> list[tuple[str, str | None]]:
    """(requester, kind) of every record that a member sees."""
    found: list[tuple[str, str | None]] = []
    start = 0
    while True:
        page = world.seen_by[code].ListRecords(
            pb.ListRecordsRequest(start=start, limit=limit), timeout=PATIENCE
        )
        for each in page.records:
            record = parse_record(each.leaf)
            found.append((record.requester, record.WhichOneof("body")))
        if page.next_start >= page.size:
            return found
        assert page.next_start > start
        start = page.next_start


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_member_sees_the_records_that_it_is_a_party_of(world: World, limit: int) -> None:
    assert _listed(world, TAX, limit) == [(TAX, "verdict")]
    assert _listed(world, MEDICAL, limit) == [(MEDICAL, "verdict"), (MEDICAL, "refusals")]


def test_authority_sees_all(world: World) -> None:
    kinds = [kind for _, kind in _listed(world, AUTHORITY)]
    assert {"verdict", "admin", "refusals"} <= set(kinds)
    assert len(kinds) == len(world.nodes.leaves(HR))


def test_provider_does_not_see_what_a_requesters_own_desk_refused(world: World) -> None:
    endpoint = f"127.0.0.1:{world.nodes.town.offices[TAX].exchange_port}"
    town = world.nodes.town
    with forging(town, HR, endpoint=endpoint, provider=TAX) as hr:
        stub = usage_log_pb2_grpc.UsageLogServiceStub(hr.channel)
        page = stub.ListRecords(pb.ListRecordsRequest(), timeout=PATIENCE)
    kinds = {parse_record(each.leaf).WhichOneof("body") for each in page.records}
    assert kinds == {"intent", "outcome"}
    own = {record.WhichOneof("body") for record in world.nodes.records(TAX)}
    assert "refusals" in own


def test_any_member_can_check_proofs_and_that_the_log_only_grew(world: World) -> None:
    stub = world.seen_by[MEDICAL]
    key = Verifier.parse(world.nodes.town.member(HR).log_keys[0])

    def checkpoint() -> Checkpoint:
        note = stub.GetCheckpoint(pb.GetCheckpointRequest(), timeout=PATIENCE).checkpoint
        return Checkpoint.parse(open_note(note, [key]).body)

    old = checkpoint()
    world.forgers[MEDICAL].send(world.forgers[MEDICAL].make(purpose="social-insurance/medical"))
    new = checkpoint()
    assert new.size == old.size + 1
    request = pb.GetConsistencyProofRequest(first_size=old.size, second_size=new.size)
    hashes = list(stub.GetConsistencyProof(request, timeout=PATIENCE).hashes)
    verify_consistency(old.size, new.size, hashes, old.root, new.root)
    last = new.size - 1
    shown = stub.GetInclusionProof(pb.GetInclusionProofRequest(index=last, size=new.size), timeout=PATIENCE)
    leaf = stub.ListRecords(pb.ListRecordsRequest(start=last), timeout=PATIENCE).records[0].leaf
    verify_inclusion(last, new.size, leaf_hash(leaf), list(shown.proof.hashes), new.root)


@pytest.mark.parametrize(("index", "size"), [(2**40, 0), (0, 2**40), (5, 5), (2**63, 2**63 + 1)])
def test_what_is_not_in_the_log_is_not_found(world: World, index: int, size: int) -> None:
    stub = world.seen_by[TAX]
    for call, request in (
        (stub.GetInclusionProof, pb.GetInclusionProofRequest(index=index, size=size)),
        (stub.GetConsistencyProof, pb.GetConsistencyProofRequest(first_size=2**40, second_size=index)),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            call(request, timeout=PATIENCE)
        assert node_error(refused.value).reason is Reason.NOT_FOUND


def test_cosigned_checkpoint_carries_both_signatures(world: World) -> None:
    answer = world.seen_by[TAX].GetCheckpoint(pb.GetCheckpointRequest(), timeout=PATIENCE)
    member = world.nodes.town.member(HR)
    keys = map(Verifier.parse, (*member.log_keys, *member.cosign_keys))
    assert len(open_note(answer.cosigned_checkpoint, keys).verified) == 2
