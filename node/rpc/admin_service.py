"""Staff run the node at the desk: grants, status, reload, orders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from node.core.bounds import MAX_SUBJECTS
from node.core.deciding.grant import Grant
from node.core.log.peer_log import Contradiction, PeerLog
from node.core.messages.chunk_bound import ChunkBound
from node.core.messages.grant_message import grant_from_message, grant_to_message
from node.core.role import AUDITOR, OFFICER, ROLES, Caller
from node.core.state.part import PartProblem
from node.exchange.admin import Grants
from node.exchange.day_use import DayUse
from node.exchange.desk_certificates import DeskCertificates, Revoked
from node.exchange.orders import Orders
from node.exchange.peer_logs import PeerLogs
from node.rpc.callers import Staff
from node.rpc.grpc_status import Context, answered
from node.texts.carried import to_text
from node.texts.message import Message
from node.texts.wording import say
from node.v1 import desk_pb2, desk_pb2_grpc, grant_pb2_grpc
from node.v1 import grant_pb2 as pb

# Characters of the note of a record.
_NOTE = 500


@dataclass(frozen=True, slots=True)
class ReloadReport:
    """What was read again, and which parts were refused and why; of those the last good one stays.

    The problems are for the own operator: of a data file, they may say where it is wrong.
    """

    done: tuple[Message, ...]
    refused: tuple[PartProblem, ...]

    def note(self) -> str:
        """What the usage log keeps of it, which others can read: of problems, only with which part."""
        done = (say(each, "en") for each in self.done)
        refused = (f"refused {say(each.part.title, 'en')}" for each in self.refused)
        return "; ".join((*done, *refused))[:_NOTE]


@dataclass(frozen=True, slots=True)
class AcceptedLoad:
    """A load that is used from now on: its rows, those without a valid identifier, and the rows before."""

    dataset: str
    rows: int
    invalid: int
    before: int


class SourceDecisions(Protocol):
    """Where loads that were put aside are accepted."""

    async def accept(self, caller: Caller, dataset: str, load: str, reason: str) -> AcceptedLoad: ...


class GrantAdminService(grant_pb2_grpc.GrantAdminServiceServicer):
    """The provider's staff issue, list and change grants; everybody sees those received."""

    def __init__(
        self,
        grants: Grants,
        received: Callable[[], Sequence[Grant]],
        refresh: Callable[[], Awaitable[None]],
        staff: Staff,
        chunk: ChunkBound,
        used: Callable[[], Sequence[DayUse]],
    ) -> None:
        """`chunk` bounds what this node asks in one request; `used` is what providers charged for today."""
        self._chunk = chunk
        self._used = used
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
                grants=[grant_to_message(self._bounded(grant)) for grant in self._received()],
                used_today=[
                    pb.DayUse(
                        provider=each.provider,
                        dataset=each.dataset,
                        rule=each.rule,
                        grant_id=each.grant_id,
                        subjects=each.subjects,
                    )
                    for each in self._used()
                ],
            )

        return await answered(context, work())

    def _bounded(self, grant: Grant) -> Grant:
        """The grant, with how many subjects a request may be about by what both nodes take."""
        asked = [(name, grant.kind_of(name)) for name in sorted(grant.questions)]
        most = tuple(
            min(grant.chunk_of(name) or MAX_SUBJECTS, self._chunk.taken(kind)) for name, kind in asked
        )
        return replace(grant, chunk_subjects=most)


class PeerMemory(Protocol):
    """What this node remembers of the others' usage logs."""

    @property
    def peer_logs(self) -> PeerLogs: ...
    def contradictions(self) -> Mapping[str, Sequence[Contradiction]]: ...


class AdminService(desk_pb2_grpc.AdminServiceServicer):
    """Status, reload, what takes two people, and the memory of peers' logs."""

    def __init__(
        self,
        status: Callable[[], Awaitable[desk_pb2.GetStatusResponse]],
        reload: Callable[[Caller], Awaitable[ReloadReport]],
        orders: Orders,
        peers: PeerMemory,
        certificates: DeskCertificates,
        sources: SourceDecisions,
        staff: Staff,
    ) -> None:
        self._status = status
        self._reload = reload
        self._orders = orders
        self._peers = peers
        self._certificates = certificates
        self._sources = sources
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
            return desk_pb2.ReloadResponse(
                done_wordings=map(to_text, report.done),
                part_problems=map(part_problem_message, report.refused),
            )

        return await answered(context, work())

    async def AcceptSource(
        self, request: desk_pb2.AcceptSourceRequest, context: Context
    ) -> desk_pb2.AcceptSourceResponse:
        """Use a load that was put aside."""

        async def work() -> desk_pb2.AcceptSourceResponse:
            caller = await self._staff.admit(context)
            taken = await self._sources.accept(caller, request.dataset, request.load, request.reason)
            return desk_pb2.AcceptSourceResponse(
                dataset=taken.dataset,
                rows=taken.rows,
                invalid_subjects=taken.invalid,
                rows_before=taken.before,
            )

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

    async def ListPeers(
        self, request: desk_pb2.ListPeersRequest, context: Context
    ) -> desk_pb2.ListPeersResponse:
        """What is remembered of other logs."""

        async def work() -> desk_pb2.ListPeersResponse:
            await self._staff.admit(context, OFFICER, AUDITOR)
            found = self._peers.contradictions()
            return desk_pb2.ListPeersResponse(
                peers=[_peer(each, found.get(each.code, ())) for each in self._peers.peer_logs.all()]
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

    async def AcceptPeer(
        self, request: desk_pb2.AcceptPeerRequest, context: Context
    ) -> desk_pb2.AcceptPeerResponse:
        """Go on with a department whose log contradicts itself."""

        async def work() -> desk_pb2.AcceptPeerResponse:
            caller = await self._staff.admit(context, OFFICER)
            accepted = await self._peers.peer_logs.accept(caller, request.department, request.reason)
            found = self._peers.contradictions().get(accepted.code, ())
            return desk_pb2.AcceptPeerResponse(peer=_peer(accepted, found))

        return await answered(context, work())


def part_problem_message(problem: PartProblem) -> desk_pb2.PartProblem:
    """What is wrong with a part, for the desk."""
    return desk_pb2.PartProblem(
        part=problem.part.kind, name=problem.part.name, wording=to_text(problem.problem)
    )


def _peer(log: PeerLog, found: Sequence[Contradiction]) -> desk_pb2.PeerLog:
    return desk_pb2.PeerLog(
        department=log.code,
        newest=log.newest.note,
        newest_ms=log.newest.time_ms,
        proved=log.proved.note,
        proved_ms=log.proved.time_ms,
        stopped=log.stopped is not None,
        contradictions=[
            desk_pb2.Contradiction(
                found_ms=each.found_ms,
                kind=each.kind,
                remembered=each.remembered.note,
                other=each.other.note,
                accepted_ms=each.accepted_ms,
            )
            for each in found
        ],
    )


def _revoked(revoked: Revoked) -> desk_pb2.RevokedDeskCertificate:
    return desk_pb2.RevokedDeskCertificate(
        fingerprint=bytes.fromhex(revoked.fingerprint), time_ms=revoked.time_ms, reason=revoked.reason
    )
