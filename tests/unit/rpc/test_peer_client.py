"""What a provider answers is taken in canonical bytes alone, in bounded time and memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message as ProtoMessage
from support.canonical import delimited
from support.running import as_is
from support.town import HR, TAX, Town
from support.waiting import PATIENCE

from node.core.deadlines import Deadlines
from node.core.directory.directory import Member
from node.core.revision import REVISION
from node.errors import NodeError, Reason
from node.rpc.links import Link, Links
from node.rpc.peer_client import PeerClient
from node.v1 import catalogue_pb2, grant_pb2
from node.v1 import exchange_pb2 as pb

T = TypeVar("T")
UNKNOWN = delimited(999, b"x")


@dataclass(slots=True)
class Provider(grpc.GenericRpcHandler):
    """Answers every call with the bytes that a test gives, and keeps what it was sent."""

    answer: Callable[[bytes], bytes]
    asked: list[tuple[str, bytes]] = field(default_factory=list)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        path = details.method

        def one(request: bytes, _context: grpc.ServicerContext) -> bytes:
            self.asked.append((path, request))
            return self.answer(request)

        def stream(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            for request in requests:
                yield one(request, context)

        if path.endswith("/Link"):
            return grpc.stream_stream_rpc_method_handler(stream, as_is, as_is)
        return grpc.unary_unary_rpc_method_handler(one, as_is, as_is)


@contextmanager
def serving(provider: Provider, folder: Path) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((provider,))
    address = f"unix:{folder}/provider.sock"
    server.add_insecure_port(address)
    server.start()
    try:
        yield address
    finally:
        server.stop(None).wait()


class Insecure(Links):
    """Links without TLS, which is not what is looked at here."""

    def __init__(self, member: Member, address: str) -> None:
        self._told = member
        self._address = address

    def member(self, provider: str) -> Member:
        return self._told

    async def to(self, provider: str) -> Link:
        return await self.to_member(self._told)

    async def to_member(self, member: Member) -> Link:
        channel = grpc.aio.insecure_channel(self._address)
        link: Link = Open(channel)  # type: ignore[assignment]  # it has what a call needs
        return link


@dataclass(frozen=True, slots=True)
class Open:
    """A link that always counts."""

    channel: grpc.aio.Channel

    def check(self) -> None:
        """It does."""


@pytest.fixture(scope="module")
def member(tmp_path_factory: pytest.TempPathFactory) -> Member:
    town = Town(tmp_path_factory.mktemp("town"))
    town.add(HR)
    return town.member(HR)


@pytest.fixture
def asked(tmp_path: Path, member: Member) -> Callable[[Provider, Callable[[PeerClient], Awaitable[T]]], T]:
    """What a client makes of a provider."""

    def run(provider: Provider, work: Callable[[PeerClient], Awaitable[T]]) -> T:
        with serving(provider, tmp_path) as address:
            client = PeerClient(Insecure(member, address), Deadlines.of(4, 1, 1), 100_000, lambda *_: [])

            async def bounded() -> T:
                return await asyncio.wait_for(work(client), PATIENCE)

            return asyncio.run(bounded())

    return run


Asked = Callable[[Provider, Callable[[PeerClient], Awaitable[object]]], object]


def _endless(datasets: int, seconds: float) -> Callable[[bytes], bytes]:
    def answer(body: bytes) -> bytes:
        time.sleep(seconds)
        request = catalogue_pb2.ListDatasetsRequest.FromString(body)
        entry = catalogue_pb2.DatasetSummary(dataset="pension-insurance", provider=HR)
        found = [entry] * datasets
        page = catalogue_pb2.ListDatasetsResponse(datasets=found, next_page_token=request.page_token + "a")
        return page.SerializeToString()

    return answer


@pytest.mark.parametrize(
    ("catalogue", "reason"), [(_endless(500, 0), Reason.TOO_LARGE), (_endless(0, 0.02), Reason.TIMEOUT)]
)
def test_list_of_a_provider_that_never_ends_is_given_up(
    asked: Asked, catalogue: Callable[[bytes], bytes], reason: Reason
) -> None:
    with pytest.raises(NodeError) as given_up:
        asked(Provider(catalogue), lambda client: client.catalogue(HR, ""))
    assert given_up.value.reason is reason


CALLS: dict[str, tuple[ProtoMessage, Callable[[PeerClient], Awaitable[object]]]] = {
    "ask": (
        pb.LinkResponse(answers=[pb.LinkAnswer(number=1, answer=pb.SealedAnswer(exchange_id=b"1"))]),
        lambda client: client.ask(HR, pb.Envelope(version=1)),
    ),
    "grants": (grant_pb2.ListGrantsResponse(), lambda client: client.grants(HR)),
    "dataset": (
        catalogue_pb2.GetDatasetResponse(
            dataset=catalogue_pb2.Dataset(
                summary=catalogue_pb2.DatasetSummary(dataset="pension-insurance", provider=HR)
            )
        ),
        lambda client: client.catalogue(HR, "pension-insurance"),
    ),
    "list": (catalogue_pb2.ListDatasetsResponse(), lambda client: client.catalogue(HR, "")),
    "search": (
        catalogue_pb2.SearchCatalogueResponse(total=1),
        lambda client: client.search(HR, catalogue_pb2.SearchCatalogueRequest(text="a")),
    ),
    "history": (
        catalogue_pb2.GetDatasetHistoryResponse(),
        lambda client: client.history(HR, "pension-insurance"),
    ),
}


def _always(body: bytes, _request: bytes) -> bytes:
    return body


@pytest.mark.parametrize("name", CALLS)
def test_answer_that_holds_what_is_not_known_is_refused(asked: Asked, name: str) -> None:
    sound, call = CALLS[name]
    body = sound.SerializeToString(deterministic=True)
    asked(Provider(lambda _: body), call)
    inside = next((delimited(f.number, UNKNOWN) for f in sound.DESCRIPTOR.fields if f.message_type), b"")
    for bad in (body + UNKNOWN, inside or UNKNOWN, b"\xff"):
        with pytest.raises(NodeError) as refused:
            asked(Provider(partial(_always, bad)), call)
        assert refused.value.reason is Reason.ENVELOPE_INVALID


@pytest.mark.parametrize("name", CALLS)
def test_call_that_the_provider_does_not_know_is_not_made(
    asked: Asked, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound, call = CALLS[name]
    provider = Provider(lambda _: sound.SerializeToString())
    monkeypatch.setattr("node.core.revision._option", lambda *_: REVISION + 1)
    with pytest.raises(NodeError) as refused:
        asked(provider, call)
    assert refused.value.reason is Reason.PEER_UNAVAILABLE
    assert provider.asked == []


class Slow(Insecure):
    """Links that take a while to be made."""

    async def to_member(self, member: Member) -> Link:
        await asyncio.sleep(0.3)
        return await super().to_member(member)


def test_time_that_it_takes_to_reach_a_provider_is_part_of_the_time_for_its_answer(
    tmp_path: Path, member: Member
) -> None:
    answer = pb.LinkResponse(answers=[pb.LinkAnswer(number=1, answer=pb.SealedAnswer(exchange_id=b"1"))])
    provider = Provider(lambda _: answer.SerializeToString(deterministic=True))
    with serving(provider, tmp_path) as address:
        client = PeerClient(Slow(member, address), Deadlines.of(4, 1, 1), 100_000, lambda *_: [])
        asyncio.run(asyncio.wait_for(client.ask(HR, pb.Envelope(version=1)), PATIENCE))
    ((_, asked),) = provider.asked
    (call,) = pb.LinkRequest.FromString(asked).calls
    assert 0 < call.wait_ms <= 3_700


def test_node_of_a_revision_without_links_is_asked_by_a_call(tmp_path: Path, member: Member) -> None:
    answer = pb.AskResponse(answer=pb.SealedAnswer(exchange_id=b"1"))
    provider = Provider(lambda _: answer.SerializeToString(deterministic=True))
    older = replace(member, schema=3)
    with serving(provider, tmp_path) as address:
        client = PeerClient(Insecure(older, address), Deadlines.of(4, 1, 1), 100_000, lambda *_: [])
        said = asyncio.run(asyncio.wait_for(client.ask(HR, pb.Envelope(version=1)), PATIENCE))
    assert said == answer.answer
    assert [path for path, _ in provider.asked] == ["/node.v1.ExchangeService/Ask"]


OWN = catalogue_pb2.DatasetSummary(dataset="pension-insurance", provider=HR)
IMPORTED = catalogue_pb2.DatasetSummary(dataset="tax-payment", provider=TAX, imported_from=TAX, imported_ms=5)


def _summary(base: catalogue_pb2.DatasetSummary, **changes: object) -> catalogue_pb2.Dataset:
    summary = catalogue_pb2.DatasetSummary()
    summary.CopyFrom(base)
    for name, value in changes.items():
        setattr(summary, name, value)
    return catalogue_pb2.Dataset(summary=summary)


def _search(client: PeerClient, **wanted: object) -> Awaitable[object]:
    request = catalogue_pb2.SearchCatalogueRequest(text="a", **wanted)  # type: ignore[arg-type]
    return client.search(HR, request)


def _found(*entries: catalogue_pb2.Dataset) -> catalogue_pb2.SearchCatalogueResponse:
    return catalogue_pb2.SearchCatalogueResponse(datasets=entries, total=len(entries))


def _history(*numbers: int, **changes: object) -> catalogue_pb2.GetDatasetHistoryResponse:
    values: dict[str, object] = {"entry_digest": bytes(32), "title": "t", **changes}
    versions = [catalogue_pb2.DatasetVersion(number=number, **values) for number in numbers]  # type: ignore[arg-type]
    return catalogue_pb2.GetDatasetHistoryResponse(versions=versions)


def _dataset(entry: catalogue_pb2.Dataset) -> catalogue_pb2.GetDatasetResponse:
    return catalogue_pb2.GetDatasetResponse(dataset=entry)


def _list(*entries: catalogue_pb2.Dataset) -> catalogue_pb2.ListDatasetsResponse:
    return catalogue_pb2.ListDatasetsResponse(datasets=[entry.summary for entry in entries])


Work = Callable[[PeerClient], Awaitable[object]]
GET: Work = CALLS["dataset"][1]
LIST: Work = CALLS["list"][1]
HISTORY: Work = CALLS["history"][1]
SOUND: dict[str, tuple[ProtoMessage, Work]] = {
    "own": (_dataset(_summary(OWN)), GET),
    "listed": (_list(_summary(OWN)), LIST),
    "found": (_found(_summary(OWN), _summary(IMPORTED)), _search),
    "found of a department": (_found(_summary(IMPORTED)), partial(_search, department=TAX)),
    "versions": (_history(3, 2, 1), HISTORY),
}
UNSOUND: dict[str, tuple[ProtoMessage, Work]] = {
    "another's entry": (_dataset(_summary(OWN, provider=TAX)), GET),
    "imported entry as its own": (_dataset(_summary(OWN, imported_from=TAX)), GET),
    "other dataset": (_dataset(_summary(OWN, dataset="tax-payment")), GET),
    "nothing": (catalogue_pb2.GetDatasetResponse(), GET),
    "approvals without end": (
        _dataset(
            catalogue_pb2.Dataset(
                summary=OWN,
                publication=catalogue_pb2.Publication(approvals=[catalogue_pb2.Approval()] * 3),
            )
        ),
        GET,
    ),
    "another's entry in the list": (_list(_summary(OWN), _summary(OWN, provider=TAX)), LIST),
    "entry without a name in the list": (_list(_summary(OWN, dataset="")), LIST),
    "another's entry found as its own": (_found(_summary(OWN, provider=TAX)), _search),
    "own entry found as imported": (_found(_summary(OWN, imported_from=TAX)), _search),
    "more than asked for": (_found(*[_summary(OWN)] * 2), partial(_search, limit=1)),
    "more than there can be": (_found(*[_summary(OWN)] * 51), _search),
    "of another department": (_found(_summary(OWN)), partial(_search, department=TAX)),
    "of no department": (_found(_summary(IMPORTED, provider="nobody")), _search),
    "versions in disorder": (_history(1, 2), HISTORY),
    "version twice": (_history(2, 2), HISTORY),
    "versions without end": (_history(*range(501, 0, -1)), HISTORY),
    "short digest": (_history(1, entry_digest=bytes(31)), HISTORY),
    "long title": (_history(1, title="x" * 501), HISTORY),
    "changes without end": (_history(1, changed=["a"] * 51), HISTORY),
}


@pytest.mark.parametrize("name", SOUND)
def test_catalogue_of_a_provider_is_taken(asked: Asked, name: str) -> None:
    answer, call = SOUND[name]
    asked(Provider(partial(_always, answer.SerializeToString())), call)


@pytest.mark.parametrize("name", UNSOUND)
def test_catalogue_of_others_or_out_of_bounds_is_not_taken(asked: Asked, name: str) -> None:
    answer, call = UNSOUND[name]
    with pytest.raises(NodeError) as refused:
        asked(Provider(partial(_always, answer.SerializeToString())), call)
    assert refused.value.reason is Reason.ENVELOPE_INVALID
