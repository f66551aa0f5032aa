"""Who calls: members of the directory on the exchange port, staff and systems at the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from node.core.directory import Directory, Member, require_current
from node.core.directory_text import Role
from node.core.role import OPERATOR, OPERATOR_FINGERPRINT, require
from node.core.usage import Caller
from node.errors import NodeError, Reason
from node.exchange.rate import Rate
from node.rpc.status import Context


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a caller's certificate says: SHA-256 of its DER form, department, and role ("" for a node)."""

    fingerprint: bytes
    department: str
    role: str


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
    ) -> None:
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
        directory = self._directory()
        require_current(directory, self._clock())
        member = directory.identify(certificate.department, certificate.fingerprint.hex())
        if on_behalf and on_behalf != member.code and Role.GATEWAY in member.roles:
            return self._carried(directory, member, on_behalf)
        self._rate.take(member.code)
        return member

    def _carried(self, directory: Directory, gateway: Member, code: str) -> Member:
        if gateway.suspended:
            self._rate.take(gateway.code)
            raise NodeError(Reason.SUSPENDED, "the gateway is suspended: ask the authority")
        member = directory.members.get(code)
        if member is None:
            self._rate.take(gateway.code)
            raise NodeError(
                Reason.CALLER_UNIDENTIFIED,
                "the gateway calls for a department that the directory does not list",
            )
        self._rate.take(member.code)
        return member

    def caller(self, context: Context) -> str:
        """The member whose listed certificate the caller shows, "" for any other certificate.

        Not the name in the certificate: a member's authority can put any name into one.
        """
        try:
            certificate = self._read(_pem(context))
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


class Staff:
    """Identifies desk callers: a role certificate of the own department, or the Unix socket's operator."""

    def __init__(
        self,
        department: str,
        read: ReadCertificate,
        rate: Rate,
        refused: Callable[[Reason], Awaitable[None]],
    ) -> None:
        """`refused` records a refusal."""
        self._department = department
        self._read = lru_cache(maxsize=1024)(read)
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

    def caller(self, context: Context) -> str | None:
        """The caller's fingerprint, "" for a certificate of another department; None for the operator."""
        if context.peer().startswith("unix:"):
            return None
        try:
            certificate = self._read(_pem(context))
        except NodeError:
            return ""
        return certificate.fingerprint.hex() if certificate.department == self._department else ""

    def _identify(self, context: Context) -> Caller:
        """The caller and its role (step 1)."""
        if context.peer().startswith("unix:"):
            return Caller(OPERATOR, OPERATOR_FINGERPRINT)
        certificate = self._read(_pem(context))
        if certificate.department != self._department or not certificate.role:
            raise NodeError(
                Reason.CALLER_UNIDENTIFIED,
                "the certificate carries no role of this department: ask its operator",
            )
        self._rate.take(certificate.fingerprint.hex())
        return Caller(certificate.role, certificate.fingerprint)


def _pem(context: Context) -> bytes:
    pem = context.auth_context().get("x509_pem_cert")
    if not pem:
        raise NodeError(
            Reason.CALLER_UNIDENTIFIED, "show a certificate: this port takes no anonymous callers"
        )
    return bytes(next(iter(pem)))
