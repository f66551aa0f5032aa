"""Staff run the node at the desk: grants, status, reload, orders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from node.core.grant import Grant
from node.core.grant_message import grant_from_message, grant_to_message
from node.core.role import AUDITOR, OFFICER, ROLES
from node.core.usage import Caller
from node.exchange.admin import Grants
from node.exchange.desk_certificates import DeskCertificates, Revoked
from node.exchange.orders import Orders
from node.rpc.callers import Staff
from node.rpc.status import Context, answered
from node.v1 import desk_pb2, desk_pb2_grpc, grant_pb2_grpc
from node.v1 import grant_pb2 as pb


@dataclass(frozen=True, slots=True)
class ReloadReport:
    """What was read again, and what was refused; of the refused the last good one stays."""

    done: tuple[str, ...]
    refused: tuple[str, ...]


class GrantAdminService(grant_pb2_grpc.GrantAdminServiceServicer):
    """The provider's staff issue, list and change grants; everybody sees those received."""

    def __init__(
        self,
        grants: Grants,
        received: Callable[[], Sequence[Grant]],
        refresh: Callable[[], Awaitable[None]],
        staff: Staff,
    ) -> None:
        self._grants = grants
        self._received = received
        self._refresh = refresh
        self._staff = staff

    async def IssueGrant(self, request: pb.IssueGrantRequest, context: Context) -> pb.IssueGrantResponse:
        """Approve an application."""

        async def work() -> pb.IssueGrantResponse:
            caller = await self._staff.admit(context, OFFICER)
            grant = await self._grants.issue(caller, grant_from_message(request.grant))
            return pb.IssueGrantResponse(grant=grant_to_message(grant))

        return await answered(context, work())

    async def ListIssuedGrants(
        self, request: pb.ListIssuedGrantsRequest, context: Context
    ) -> pb.ListIssuedGrantsResponse:
        """All grants of this node."""

        async def work() -> pb.ListIssuedGrantsResponse:
            await self._staff.admit(context, OFFICER, AUDITOR)
            return pb.ListIssuedGrantsResponse(
                grants=[grant_to_message(grant) for grant in self._grants.all()]
            )

        return await answered(context, work())

    async def GetGrant(self, request: pb.GetGrantRequest, context: Context) -> pb.GetGrantResponse:
        """One grant."""

        async def work() -> pb.GetGrantResponse:
            await self._staff.admit(context, OFFICER, AUDITOR)
            return pb.GetGrantResponse(grant=grant_to_message(self._grants.get(request.id)))

        return await answered(context, work())

    async def SuspendGrant(
        self, request: pb.SuspendGrantRequest, context: Context
    ) -> pb.SuspendGrantResponse:
        """Suspend at once."""

        async def work() -> pb.SuspendGrantResponse:
            caller = await self._staff.admit(context, OFFICER)
            grant = await self._grants.suspend(caller, request.id, request.note)
            return pb.SuspendGrantResponse(grant=grant_to_message(grant))

        return await answered(context, work())

    async def ResumeGrant(self, request: pb.ResumeGrantRequest, context: Context) -> pb.ResumeGrantResponse:
        """Lift a suspension."""

        async def work() -> pb.ResumeGrantResponse:
            caller = await self._staff.admit(context, OFFICER)
            grant = await self._grants.resume(caller, request.id, request.note)
            return pb.ResumeGrantResponse(grant=grant_to_message(grant))

        return await answered(context, work())

    async def RevokeGrant(self, request: pb.RevokeGrantRequest, context: Context) -> pb.RevokeGrantResponse:
        """End for good."""

        async def work() -> pb.RevokeGrantResponse:
            caller = await self._staff.admit(context, OFFICER)
            grant = await self._grants.revoke(caller, request.id, request.note)
            return pb.RevokeGrantResponse(grant=grant_to_message(grant))

        return await answered(context, work())

    async def ListReceivedGrants(
        self, request: pb.ListReceivedGrantsRequest, context: Context
    ) -> pb.ListReceivedGrantsResponse:
        """Grants that this department was given."""

        async def work() -> pb.ListReceivedGrantsResponse:
            await self._staff.admit(context, *ROLES)
            if request.refresh:
                await self._refresh()
            return pb.ListReceivedGrantsResponse(
                grants=[grant_to_message(grant) for grant in self._received()]
            )

        return await answered(context, work())


class AdminService(desk_pb2_grpc.AdminServiceServicer):
    """Status, reload, and what takes two people."""

    def __init__(
        self,
        status: Callable[[], Awaitable[desk_pb2.GetStatusResponse]],
        reload: Callable[[Caller], Awaitable[ReloadReport]],
        orders: Orders,
        certificates: DeskCertificates,
        staff: Staff,
    ) -> None:
        self._status = status
        self._reload = reload
        self._orders = orders
        self._certificates = certificates
        self._staff = staff

    async def GetStatus(
        self, request: desk_pb2.GetStatusRequest, context: Context
    ) -> desk_pb2.GetStatusResponse:
        """How the node is."""

        async def work() -> desk_pb2.GetStatusResponse:
            await self._staff.admit(context, OFFICER, AUDITOR)
            return await self._status()

        return await answered(context, work())

    async def Reload(self, request: desk_pb2.ReloadRequest, context: Context) -> desk_pb2.ReloadResponse:
        """Read files again."""

        async def work() -> desk_pb2.ReloadResponse:
            caller = await self._staff.admit(context)
            report = await self._reload(caller)
            return desk_pb2.ReloadResponse(done=report.done, refused=report.refused)

        return await answered(context, work())

    async def DraftOrder(
        self, request: desk_pb2.DraftOrderRequest, context: Context
    ) -> desk_pb2.DraftOrderResponse:
        """What there is to decide, for officers to sign."""

        async def work() -> desk_pb2.DraftOrderResponse:
            await self._staff.admit(context)
            order = self._orders.draft(request.kind, request.about, request.reason)
            return desk_pb2.DraftOrderResponse(order=order)

        return await answered(context, work())

    async def ApplyOrder(
        self, request: desk_pb2.ApplyOrderRequest, context: Context
    ) -> desk_pb2.ApplyOrderResponse:
        """Carry out what enough officers have signed."""

        async def work() -> desk_pb2.ApplyOrderResponse:
            caller = await self._staff.admit(context)
            carried = await self._orders.apply(caller, request.note)
            return desk_pb2.ApplyOrderResponse(
                kind=carried.kind, digest=carried.digest, approved=carried.approved, index=carried.index
            )

        return await answered(context, work())

    async def RevokeDeskCertificate(
        self, request: desk_pb2.RevokeDeskCertificateRequest, context: Context
    ) -> desk_pb2.RevokeDeskCertificateResponse:
        """Let nobody in with it any more."""

        async def work() -> desk_pb2.RevokeDeskCertificateResponse:
            caller = await self._staff.admit(context)
            revoked = await self._certificates.revoke(caller, request.fingerprint, request.reason)
            return desk_pb2.RevokeDeskCertificateResponse(revoked=_revoked(revoked))

        return await answered(context, work())

    async def UnrevokeDeskCertificate(
        self, request: desk_pb2.UnrevokeDeskCertificateRequest, context: Context
    ) -> desk_pb2.UnrevokeDeskCertificateResponse:
        """Let it count again."""

        async def work() -> desk_pb2.UnrevokeDeskCertificateResponse:
            caller = await self._staff.admit(context)
            await self._certificates.let_in(caller, request.fingerprint, request.reason)
            return desk_pb2.UnrevokeDeskCertificateResponse()

        return await answered(context, work())

    async def ListRevokedDeskCertificates(
        self, request: desk_pb2.ListRevokedDeskCertificatesRequest, context: Context
    ) -> desk_pb2.ListRevokedDeskCertificatesResponse:
        """All that are revoked."""

        async def work() -> desk_pb2.ListRevokedDeskCertificatesResponse:
            await self._staff.admit(context, OFFICER, AUDITOR)
            return desk_pb2.ListRevokedDeskCertificatesResponse(
                revoked=[_revoked(each) for each in self._certificates.all()]
            )

        return await answered(context, work())


def _revoked(revoked: Revoked) -> desk_pb2.RevokedDeskCertificate:
    return desk_pb2.RevokedDeskCertificate(
        fingerprint=bytes.fromhex(revoked.fingerprint), time_ms=revoked.time_ms, reason=revoked.reason
    )
