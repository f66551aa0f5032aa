"""A link goes to the one certificate that a provider's node showed, for as long as that counts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from support.running import as_is
from support.town import HR, MEDICAL, TAX
from support.waiting import PATIENCE

from node.app.live.own_keys import read_certificate
from node.core.directory.directory import Directory, Member
from node.core.directory.spelling import Role
from node.crypto.certificates import Certified, fingerprint, issue_node, make_authority
from node.errors import NodeError, Reason
from node.rpc.links import Identity, Link, Links, Trust
from node.rpc.server import TlsFiles, add_tls_port

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
AUTHORITY = make_authority("town", NOW, 30 * DAY)
OTHER_AUTHORITY = make_authority("elsewhere", NOW, 30 * DAY)
PATH = "/some.Service/Call"


def certificate_of(code: str, lifetime: timedelta = 20 * DAY, by: Certified = AUTHORITY) -> Certified:
    return issue_node(by, code, ["127.0.0.1"], NOW, lifetime)


def listed(
    code: str, *shown: Certified, roles: tuple[Role, ...] = (), endpoint: str = "127.0.0.1:1"
) -> Member:
    return Member(
        code=code,
        title=code,
        region="441900",
        level="city",
        organisation=code,
        roles=roles,
        endpoint=endpoint,
        certificates=tuple(fingerprint(each.certificate).hex() for each in shown),
        tls_roots=AUTHORITY.certificate.decode(),
        sealing_keys=(),
        log_keys=(),
        cosign_keys=(),
        suspended=False,
    )


@dataclass
class World:
    """A provider's node whose certificate a test changes, and a requester's links."""

    shown: Certified
    port: int = 0
    handshakes: int = 0
    now: datetime = NOW
    members: dict[str, Member] = field(default_factory=dict)
    identity: Identity = field(default_factory=lambda: new_identity())
    links: Links = field(init=False)

    def __post_init__(self) -> None:
        directory = lambda: Directory(1, NOW, NOW + 300 * DAY, self.members)  # noqa: E731
        trust = Trust(directory, read_certificate, lambda: self.now)
        self.links = Links(lambda code: self.members[code], lambda: self.identity, trust, 1 << 20, 10.0)

    def lists(self, *shown: Certified, code: str = HR, roles: tuple[Role, ...] = ()) -> None:
        """What the directory says of a member from now on."""
        self.members[code] = listed(code, *shown, roles=roles, endpoint=f"127.0.0.1:{self.port}")

    async def asks(self) -> bytes:
        """One call of the provider."""
        link = await self.links.to(HR)
        answer: bytes = await link.channel.unary_unary(PATH, as_is, as_is)(b"?", timeout=PATIENCE)
        return answer

    def tls(self) -> TlsFiles:
        self.handshakes += 1
        return TlsFiles(self.shown.certificate, self.shown.key, AUTHORITY.certificate)


def new_identity() -> Identity:
    own = certificate_of(TAX)
    return Identity(own.certificate, own.key)


async def _answer(_request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    (pem,) = context.auth_context()["x509_pem_cert"]
    return fingerprint(pem)


@asynccontextmanager
async def world(shown: Certified | None = None) -> AsyncIterator[World]:
    world = World(shown or certificate_of(HR))
    server = grpc.aio.server()
    handlers = {"Call": grpc.unary_unary_rpc_method_handler(_answer, as_is, as_is)}
    server.add_registered_method_handlers("some.Service", handlers)
    world.port = add_tls_port(server, "127.0.0.1:0", world.tls)
    await server.start()
    world.lists(world.shown)
    try:
        yield world
    finally:
        await world.links.close()
        await server.stop(0)


async def refusal(work: Awaitable[object]) -> NodeError:
    with pytest.raises(NodeError) as refused:
        await work
    assert refused.value.reason is Reason.PEER_UNAVAILABLE
    return refused.value


async def test_one_link_serves_all_calls_and_shows_the_own_certificate() -> None:
    async with world() as here:
        own = fingerprint(here.identity.certificate)
        assert [await here.asks() for _ in range(3)] == [own] * 3
        assert len({id(await here.links.to(HR)) for _ in range(3)}) == 1


async def test_many_who_ask_at_once_make_one_link() -> None:
    async with world() as here:
        made = await asyncio.gather(*(here.links.to(HR) for _ in range(20)))
        assert len({id(link) for link in made}) == 1
        assert here.handshakes <= 2


@pytest.mark.parametrize(
    "listing",
    [
        pytest.param(lambda here: here.lists(certificate_of(HR)), id="another of its own"),
        pytest.param(lambda here: here.lists(), id="none"),
        pytest.param(
            lambda here: (here.lists(), here.lists(here.shown, code=MEDICAL)), id="another member's"
        ),
        pytest.param(lambda here: setattr(here, "now", NOW + 20 * DAY), id="expired"),
        pytest.param(lambda here: setattr(here, "now", NOW - DAY), id="not valid yet"),
    ],
)
async def test_certificate_that_does_not_count_gets_no_link_and_ends_one_that_stands(
    listing: Callable[[World], object],
) -> None:
    async with world() as here:
        link = await here.links.to(HR)
        link.check()
        listing(here)
        with pytest.raises(NodeError):
            link.check()
        assert "certificate" in (await refusal(here.links.to(HR))).message


async def test_certificate_of_another_authority_gets_no_link() -> None:
    async with world(certificate_of(HR, by=OTHER_AUTHORITY)) as here:
        assert "certificate" in (await refusal(here.links.to(HR))).message


async def test_certificate_of_another_member_gets_no_link_unless_that_is_a_gateway() -> None:
    async with world(certificate_of(MEDICAL)) as here:
        here.lists()
        here.lists(here.shown, code=MEDICAL)
        await refusal(here.links.to(HR))
        here.lists(here.shown, code=MEDICAL, roles=(Role.GATEWAY,))
        await here.asks()


async def test_node_that_is_not_there_is_told_so() -> None:
    async with world() as here:
        here.members[HR] = replace(here.members[HR], endpoint="127.0.0.1:1")
        assert "cannot be reached" in (await refusal(here.links.to(HR))).message


async def test_endpoint_that_shakes_no_hands_is_given_up() -> None:
    async with world() as here:
        silent = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = silent.sockets[0].getsockname()[1]
        here.members[HR] = replace(here.members[HR], endpoint=f"127.0.0.1:{port}")
        here.links._seconds = 0.2
        assert "cannot be reached" in (await refusal(here.links.to(HR))).message
        silent.close()


async def test_no_other_certificate_is_trusted_on_a_link_though_the_same_authority_issued_it() -> None:
    async with world() as here:
        made = await here.links.to(HR)
        # Between the handshake that was looked at and the first call, another node answers at the endpoint.
        here.shown = certificate_of(HR)
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await made.channel.unary_unary(PATH, as_is, as_is)(b"?", timeout=PATIENCE)
        assert failed.value.code() is grpc.StatusCode.UNAVAILABLE
        here.links.doubt(made)
        await refusal(here.links.to(HR))  # and it is not listed


async def test_renewed_certificate_is_taken_when_the_old_one_ends_or_cannot_be_reached() -> None:
    async with world(certificate_of(HR, DAY)) as here:
        first = await here.links.to(HR)
        old, new = here.shown, certificate_of(HR, 10 * DAY)
        here.lists(new, old)
        here.shown = new
        assert await here.links.to(HR) is first  # it stands, and goes on
        here.now = NOW + DAY
        second = await here.links.to(HR)
        assert second.shown.fingerprint == fingerprint(new.certificate)
        await here.asks()
        here.links.doubt(first)  # of a call that was still on its way
        assert await here.links.to(HR) is second


async def test_own_new_certificate_is_shown_from_the_next_call_on() -> None:
    async with world() as here:
        await here.asks()
        here.identity = new_identity()
        assert await here.asks() == fingerprint(here.identity.certificate)


def test_links_say_nothing_of_keys() -> None:
    secret = os.urandom(32).hex().encode()
    link = Link(HR, ("", "", Identity(b"", secret)), None, None, None)  # type: ignore[arg-type]
    assert secret.decode() not in repr(link)
