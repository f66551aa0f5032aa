"""Who calls: members of the directory on the exchange port, staff and systems at the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from node.core.directory.directory import Directory, Member, require_current
from node.core.directory.spelling import Role
from node.core.role import OPERATOR, OPERATOR_FINGERPRINT, Caller, require
from node.errors import NodeError, Reason
from node.exchange.rate import Rate
from node.rpc.grpc_status import Context
from node.texts.message import Value


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a caller's certificate says: SHA-256 of its DER form, department, role ("" for a node), times."""

    fingerprint: bytes
    department: str
    role: str
    begins: datetime
    ends: datetime

    def check_time(self, now: datetime) -> None:
        """Raises NodeError(CALLER_UNIDENTIFIED) unless it is valid now.

        A handshake looks at that once, and a connection may stand for as long as it likes.
        """
        if now >= self.ends:
            raise _refused("error.rpc.expired")
        if now < self.begins:
            raise _refused("error.rpc.not-valid-yet")


ReadCertificate = Callable[[bytes], Certificate]
"""PEM to what it says. Raises NodeError(CALLER_UNIDENTIFIED)."""


class Members:
    """Identifies departments by their TLS certificate and the directory (step 6)."""

    def __init__(
        self,
        directory: Callable[[], Directory],
        read: ReadCertificate,
        clock: Callable[[], datetime],
        rate: Rate,
        known: Callable[[], bool] = lambda: True,
    ) -> None:
        """`known` says whether the clock is: else no certificate is judged by it."""
        self._known = known
        self._directory = directory
        self._read = lru_cache(maxsize=1024)(read)
        self._clock = clock
        self._rate = rate

    def identify(self, context: Context, on_behalf: str = "") -> Member:
        """The calling department; if that is a gateway, the department `on_behalf` of which it calls.

        A gateway is trusted to say who, and no further: what it carries is sealed, and proved by its sender.
        Raises NodeError(CALLER_UNIDENTIFIED), (DIRECTORY_EXPIRED), (SUSPENDED), (RATE_LIMITED).
        """
        certificate = self._read(_pem(context))
        now = self._clock()
        if self._known():
            certificate.check_time(now)
        directory = self._directory()
        require_current(directory, now)
        member = directory.identify(certificate.department, certificate.fingerprint.hex())
        if on_behalf and on_behalf != member.code and Role.GATEWAY in member.roles:
            return self._carried(directory, member, on_behalf)
        self._rate.take(member.code)
        return member

    def count(self, member: Member) -> None:
        """Count one more request of a member that was just identified. Raises NodeError(RATE_LIMITED)."""
        self._rate.take(member.code)

    def _carried(self, directory: Directory, gateway: Member, code: str) -> Member:
        if gateway.suspended:
            self._rate.take(gateway.code)
            raise NodeError(Reason.SUSPENDED, "error.rpc.gateway-suspended")
        member = directory.members.get(code)
        if member is None:
            self._rate.take(gateway.code)
            raise NodeError(
                Reason.CALLER_UNIDENTIFIED,
                "error.rpc.gateway-department-unlisted",
            )
        self._rate.take(member.code)
        return member

    def caller(self, context: Context) -> str:
        """The member whose listed certificate the caller shows, "" for any other certificate.

        Not the name in the certificate: a member's authority can put any name into one. Raises
        NodeError(CALLER_UNIDENTIFIED) for one that is not valid now.
        """
        try:
            certificate = self._read(_pem(context))
        except NodeError:
            return ""
        if self._known():
            certificate.check_time(self._clock())
        try:
            return self._directory().identify(certificate.department, certificate.fingerprint.hex()).code
        except NodeError:
            return ""

    def code(self, context: Context) -> str:
        """The department that the certificate names, "" when there is none; for records of refusals."""
        try:
            code = self._read(_pem(context)).department
        except NodeError:
            return ""
        return code if code in self._directory().members else ""


@dataclass(frozen=True, slots=True)
class DeskTrust:
    """What is asked of a desk certificate again with every call.

    `until` says until when a certificate (PEM) with its chain (PEM) is trusted, and raises
    NodeError(CALLER_UNIDENTIFIED) for one that is not; `revoked` knows the fingerprints that were revoked.
    """

    until: Callable[[bytes, bytes], datetime]
    revoked: Callable[[bytes], bool]
    clock: Callable[[], datetime]
    known: Callable[[], bool] = lambda: True
    """Whether the clock is known: else no certificate is judged by it."""

    def check(self, certificate: Certificate, pem: bytes, chain: bytes) -> None:
        """Raises NodeError(CALLER_UNIDENTIFIED) unless the certificate counts now."""
        if self.revoked(certificate.fingerprint):
            raise _refused("error.rpc.revoked")
        ends = self.until(pem, chain)
        if not self.known():
            return
        now = self.clock()
        certificate.check_time(now)
        if now >= ends:
            raise _refused("error.rpc.authority-expired")


class Staff:
    """Identifies desk callers: a role certificate of the own department, or the Unix socket's operator."""

    def __init__(
        self,
        department: str,
        read: ReadCertificate,
        trust: DeskTrust,
        rate: Rate,
        refused: Callable[[Reason], Awaitable[None]],
    ) -> None:
        """`refused` records a refusal."""
        self._department = department
        self._read = lru_cache(maxsize=1024)(read)
        self._trust = trust
        self._rate = rate
        self._refused = refused

    async def admit(self, context: Context, *roles: str) -> Caller:
        """The caller, who has one of `roles` or is the operator.

        Raises NodeError(CALLER_UNIDENTIFIED), (RATE_LIMITED), (QUESTION_NOT_ALLOWED), recorded before.
        """
        try:
            caller = self._identify(context)
            require(caller, *roles)
        except NodeError as error:
            await self._refused(error.reason)
            raise
        return caller

    async def count(self, caller: Caller) -> None:
        """Count one more request of who was just admitted. Raises NodeError(RATE_LIMITED), recorded."""
        if caller.role == OPERATOR:
            return
        try:
            self._rate.take(caller.fingerprint.hex())
        except NodeError as error:
            await self._refused(error.reason)
            raise

    async def look_again(self, context: Context) -> None:
        """Raises NodeError(CALLER_UNIDENTIFIED), recorded before, for who was admitted and counts no more."""
        try:
            self.caller(context)
        except NodeError as error:
            await self._refused(error.reason)
            raise

    def caller(self, context: Context) -> str | None:
        """The caller's fingerprint, "" for a certificate of another department; None for the operator.

        Raises NodeError(CALLER_UNIDENTIFIED) for a certificate of the department that does not count now.
        """
        if context.peer().startswith("unix:"):
            return None
        try:
            pem = _pem(context)
            certificate = self._read(pem)
        except NodeError:
            return ""
        if certificate.department != self._department:
            return ""
        self._trust.check(certificate, pem, _chain(context))
        return certificate.fingerprint.hex()

    def _identify(self, context: Context) -> Caller:
        """The caller and its role (step 1)."""
        if context.peer().startswith("unix:"):
            return Caller(OPERATOR, OPERATOR_FINGERPRINT)
        pem = _pem(context)
        certificate = self._read(pem)
        if certificate.department != self._department or not certificate.role:
            raise NodeError(
                Reason.CALLER_UNIDENTIFIED,
                "error.rpc.no-role",
            )
        self._trust.check(certificate, pem, _chain(context))
        self._rate.take(certificate.fingerprint.hex())
        return Caller(certificate.role, certificate.fingerprint)


def _pem(context: Context) -> bytes:
    pem = context.auth_context().get("x509_pem_cert")
    if not pem:
        raise NodeError(Reason.CALLER_UNIDENTIFIED, "error.rpc.certificate-missing")
    return bytes(next(iter(pem)))


def _chain(context: Context) -> bytes:
    return b"".join(context.auth_context().get("x509_pem_cert_chain", ()))


def _refused(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.CALLER_UNIDENTIFIED, key, **args)
