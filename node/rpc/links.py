"""Channels to other departments' nodes, each to the one certificate that it was made for.

gRPC looks at the certificate of the other side once, in the handshake, and tells a client nothing of it: on a
connection that stands, one that has expired or that the directory lists no more would go on. So a handshake
before the first call asks which certificate the node shows; the channel trusts that one alone, and is left
when it counts no more.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import grpc

from node.core.directory.directory import Directory, Member
from node.core.directory.spelling import Role
from node.errors import NodeError, Reason


@dataclass(frozen=True, slots=True)
class Identity:
    """This node's certificate chain and private key for the exchange port, PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


class Shown(Protocol):
    """What a certificate says; see `node.rpc.callers.Certificate`."""

    @property
    def fingerprint(self) -> bytes: ...
    @property
    def department(self) -> str: ...
    def check_time(self, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Trust:
    """What says whether a node may show a certificate."""

    directory: Callable[[], Directory]
    read: Callable[[bytes], Shown]
    """PEM to what it says. Raises NodeError(CALLER_UNIDENTIFIED)."""
    clock: Callable[[], datetime]
    known: Callable[[], bool] = lambda: True
    """Whether the node knows what time it is: else it judges no certificate by it, and asks others for it."""

    def check(self, provider: str, shown: Shown) -> None:
        """Raises NodeError(PEER_UNAVAILABLE) unless it is valid, and the provider's or a gateway's."""
        try:
            if self.known():
                shown.check_time(self.clock())
            owner = self.directory().identify(shown.department, shown.fingerprint.hex())
        except NodeError:
            raise _refused() from None
        if owner.code != provider and Role.GATEWAY not in owner.roles:
            raise _refused()


@dataclass(frozen=True, slots=True)
class Link:
    """A channel, what it was made for, and the certificate that the other side shows on it."""

    provider: str
    made_for: tuple[str, str, Identity]
    shown: Shown
    channel: grpc.aio.Channel
    trust: Trust

    def check(self) -> None:
        """Raises NodeError(PEER_UNAVAILABLE) when nothing should go over the channel any more."""
        self.trust.check(self.provider, self.shown)


class Links:
    """The links to all providers, made when needed, and made anew when they count no more."""

    def __init__(
        self,
        member: Callable[[str], Member],
        identity: Callable[[], Identity],
        trust: Trust,
        message_bytes: int,
        seconds: float,
    ) -> None:
        """`seconds` is what a handshake may take, and what calls on a link that is left may still take."""
        self._member = member
        self._identity = identity
        self._trust = trust
        self._message_bytes = message_bytes
        self._seconds = seconds
        self._links: dict[str, Link] = {}
        self._making: dict[str, asyncio.Lock] = {}

    async def to(self, provider: str) -> Link:
        """The link to a provider.

        Raises NodeError(PEER_UNAVAILABLE) when it cannot be reached or shows a certificate that does not
        count, and what looking the member up raises.
        """
        return await self.to_member(self.member(provider))

    def member(self, provider: str) -> Member:
        """What the directory says of a provider. Raises NodeError."""
        return self._member(provider)

    def title(self, provider: str) -> str:
        """What the directory calls a provider, "" where it does not say."""
        try:
            return self.member(provider).title
        except NodeError:
            return ""

    async def to_member(self, member: Member) -> Link:
        """As `to`, of a member that was looked up."""
        provider = member.code
        if (link := self._standing(member)) is not None:
            return link
        async with self._making.setdefault(provider, asyncio.Lock()):
            if (link := self._standing(member)) is not None:  # another call has just made it
                return link
            self._leave(provider)
            identity = self._identity()
            pem = await _shown_at(member, self._seconds)
            try:
                shown = self._trust.read(pem)
            except NodeError:
                raise _refused() from None
            self._trust.check(provider, shown)
            channel = self._open(member.endpoint, identity, pem)
            link = Link(provider, (member.endpoint, member.tls_roots, identity), shown, channel, self._trust)
            self._links[provider] = link
            return link

    def doubt(self, link: Link) -> None:
        """The other side could not be reached: it may show another certificate by now."""
        if self._links.get(link.provider) is link:
            self._leave(link.provider)

    async def close(self) -> None:
        """Close all channels."""
        links, self._links = list(self._links.values()), {}
        for link in links:
            await link.channel.close()

    def _standing(self, member: Member) -> Link | None:
        link = self._links.get(member.code)
        if link is None or link.made_for != (member.endpoint, member.tls_roots, self._identity()):
            return None
        try:
            link.check()
        except NodeError:
            return None
        return link

    def _leave(self, provider: str) -> None:
        link = self._links.pop(provider, None)
        if link is not None:
            asyncio.get_running_loop().create_task(link.channel.close(self._seconds))

    def _open(self, endpoint: str, identity: Identity, pem: bytes) -> grpc.aio.Channel:
        credentials = grpc.ssl_channel_credentials(
            root_certificates=pem, private_key=identity.key, certificate_chain=identity.certificate
        )
        options = [
            ("grpc.max_receive_message_length", self._message_bytes),
            ("grpc.max_send_message_length", self._message_bytes),
            ("grpc.enable_http_proxy", 0),
            ("grpc.enable_retries", 0),  # retries are ours: the same envelope, within one deadline
            ("grpc.initial_reconnect_backoff_ms", 200),
            ("grpc.max_reconnect_backoff_ms", 5000),
            ("grpc.keepalive_time_ms", 60_000),
            ("grpc.keepalive_timeout_ms", 10_000),
        ]
        return grpc.aio.secure_channel(endpoint, credentials, options=options)


async def _shown_at(member: Member, seconds: float) -> bytes:
    """The certificate (PEM) that is shown at a member's endpoint, once it is known to chain to its roots.

    No certificate of our own is shown: in TLS 1.3 the other side shows its own first (RFC 8446, 4.4.2).
    """
    host, _, port = member.endpoint.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # as gRPC does
    context.set_alpn_protocols(["h2"])
    try:
        context.load_verify_locations(cadata=member.tls_roots)
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=context)
    except (ssl.SSLCertVerificationError, ssl.CertificateError):
        raise _refused() from None
    except (OSError, TimeoutError):
        raise NodeError(
            Reason.PEER_UNAVAILABLE, "error.rpc.peer-unreachable", peer=member.code, peer_title=member.title
        ) from None
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.transport.abort()
    return ssl.DER_cert_to_PEM_cert(shown).encode()


def _refused() -> NodeError:
    return NodeError(
        Reason.PEER_UNAVAILABLE,
        "error.rpc.peer-certificate-invalid",
    )
