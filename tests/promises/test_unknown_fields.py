"""Promise: what nobody checked is not kept. No field that the schema lacks gets into a log."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message as ProtoMessage
from support.canonical import delimited
from support.forger import Forger, Sent, forging, verdict
from support.log_audit import audit
from support.processes import read_ended
from support.running import CASE, DEFERRAL, Running, as_is, pension_grant, pension_town, resident, running
from support.town import HR, TAX, Town
from support.waiting import PATIENCE

from node.core.messages.grant_message import grant_to_message
from node.crypto.signing import sign_note
from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2, desk_pb2, grant_pb2
from node.v1 import exchange_pb2 as pb
from node.v1 import record_pb2 as rec

NOTE = f"张三 {resident(7)} 欠税 12,345 元".encode()
HIDDEN = delimited(999, NOTE)
JUNK = delimited(999, b"z" * 1_900_000)


@dataclass(frozen=True, slots=True)
class World:
    """A provider, and a requester that writes its requests, and its log, by hand."""

    nodes: Running
    tax: Forger

    def size(self) -> int:
        """Bytes of the provider's database."""
        state = self.nodes.town.offices[HR].folder / "state"
        return sum(file.stat().st_size for file in state.glob("node.db*"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    town = pension_town(tmp_path_factory.mktemp("town"))
    with running(town, HR) as nodes, forging(town, TAX) as tax:
        with nodes.operator(HR) as hr:
            tax.use(hr.admin.issue_grant(pension_grant()).id)
        yield World(nodes, tax)
        with nodes.operator(HR) as hr:
            assert audit(hr, town.member(HR)) == []
    _check_left(town, HR)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Running]:
    """A provider and a requester, each with a desk."""
    town = pension_town(tmp_path)
    with running(town, HR, TAX) as nodes:
        nodes.grant()
        yield nodes
    for code in (HR, TAX):
        _check_left(town, code)


def _check_left(town: Town, code: str) -> None:
    """What a node has in the end: a whole log, and nothing that was hidden."""
    ended = read_ended(town, code)
    assert not [leaf for leaf in ended.leaves if resident(7).encode() in leaf]
    assert ended.findings == ()
    for file in (town.offices[code].folder / "state").glob("node.db*"):
        assert resident(7).encode() not in file.read_bytes()


def hide(message: ProtoMessage) -> None:
    """Put a field into a message that no schema has."""
    message.MergeFromString(HIDDEN)


def _parameter(record: rec.UsageRecord) -> None:
    record.intent.parameters.append(rec.Parameter(name="n", value="60"))
    hide(record.intent.parameters[0])


def _junk(opening: rec.Opening) -> None:
    opening.MergeFromString(JUNK)


SEALED: dict[str, dict[str, object]] = {
    "intent": {"bend": lambda record: hide(record.intent)},
    "record": {"bend": hide},
    "parameter": {"bend": _parameter},
    "batch": {"bend": lambda record: hide(record.intent.batch)},
    "opening": {"bend_opening": hide},
    "subject": {"bend_opening": lambda opening: hide(opening.subjects[0])},
    "1.9 MB": {"bend_opening": _junk},
}


def denied(world: World, sent: Sent) -> rec.Verdict:
    said = verdict(world.tax.send(sent))
    assert said.decision == rec.DECISION_DENY
    assert said.reason == Reason.ENVELOPE_INVALID.wire
    assert not said.charges
    return said


@pytest.mark.parametrize("place", SEALED)
def test_unknown_field_inside_a_request_is_denied_and_not_kept(world: World, place: str) -> None:
    before = world.size()
    denied(world, world.tax.make(**SEALED[place]))  # type: ignore[arg-type]
    assert world.size() - before < 100_000


def _bend_request(name: str) -> Callable[[pb.SealedRequest], None]:
    def bend(request: pb.SealedRequest) -> None:
        hide(getattr(request, name) if name else request)

    return bend


@pytest.mark.parametrize("part", ["", "receipt"])
def test_unknown_field_beside_the_intent_is_refused(world: World, part: str) -> None:
    sent = world.tax.make(bend_request=_bend_request(part))
    with pytest.raises(NodeError) as refused:
        world.tax.answer(sent.envelope)
    assert refused.value.reason is Reason.ENVELOPE_INVALID


def test_unknown_field_of_the_envelope_is_refused(world: World) -> None:
    with pytest.raises(NodeError) as refused:
        world.tax.answer(world.tax.make(bend_envelope=hide).envelope)
    assert refused.value.reason is Reason.ENVELOPE_INVALID
    with pytest.raises(NodeError) as refused:
        list(world.tax.stream([world.tax.make(bend_envelope=hide)]))
    assert refused.value.reason is Reason.ENVELOPE_INVALID


@pytest.mark.parametrize("where", ["text", "signature"])
def test_more_lines_in_a_checkpoint_are_denied_and_not_kept(world: World, where: str) -> None:
    def bend(request: pb.SealedRequest) -> None:
        body, _, lines = request.receipt.checkpoint.partition(b"\n\n")
        if where == "text":
            request.receipt.checkpoint = sign_note(body + b"\n" + NOTE + b"\n", world.tax.signer)
        else:
            request.receipt.checkpoint = body + b"\n\n" + lines + f"— {resident(7)} AAAAAAA=\n".encode()

    said = verdict(world.tax.send(world.tax.make(bend_request=bend)))
    assert (said.decision, said.reason) == (rec.DECISION_DENY, Reason.PROOF_INVALID.wire)


def test_suspended_member_cannot_leave_anything_either(world: World) -> None:
    town = world.nodes.town
    town.publish(replace(town.member(TAX), suspended=True))
    with world.nodes.operator(HR) as hr:
        hr.admin.reload()
        before = world.size()
        denied(world, world.tax.make(bend_opening=_junk))
        assert world.size() - before < 100_000
        town.publish(replace(town.member(TAX), suspended=False))
        hr.admin.reload()


def test_requests_in_canonical_bytes_are_answered_as_before(world: World) -> None:
    assert verdict(world.tax.send(world.tax.make())).decision == rec.DECISION_PERMIT


# --- the own desk may send what it likes, and nothing of it is kept or passed on ---


def _desk(nodes: Running, code: str, service: str, request: bytes, kind: type[ProtoMessage]) -> ProtoMessage:
    address = f"unix:{nodes.town.offices[code].socket}"
    with grpc.insecure_channel(address) as channel:
        return kind.FromString(
            channel.unary_unary(f"/node.v1.{service}", as_is, as_is)(request, timeout=PATIENCE)
        )


def test_unknown_fields_of_the_own_desk_go_no_further(nodes: Running) -> None:
    query = desk_pb2.Query(
        provider=HR,
        dataset="pension-insurance",
        question="is-enrolled",
        purpose=DEFERRAL,
        case_number=CASE,
        kind=catalogue_pb2.QUESTION_KIND_VERIFY,
    )
    asked = desk_pb2.DeskServiceAskRequest(
        query=query, subject=rec.Subject(id=resident(2)), exchange_id=os.urandom(16)
    )
    for each in (asked, asked.query, asked.subject):
        hide(each)
    said = _desk(nodes, TAX, "DeskService/Ask", asked.SerializeToString(), desk_pb2.DeskServiceAskResponse)
    assert isinstance(said, desk_pb2.DeskServiceAskResponse)
    assert list(said.answers.verify.results) == [True]
    wanted = grant_pb2.IssueGrantRequest(grant=grant_to_message(pension_grant()))
    for one in (wanted, wanted.grant, wanted.grant.scope):
        hide(one)
    issued = _desk(
        nodes, HR, "GrantAdminService/IssueGrant", wanted.SerializeToString(), grant_pb2.IssueGrantResponse
    )
    assert NOTE not in issued.SerializeToString()
