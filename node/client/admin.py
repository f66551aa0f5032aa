"""The part of the client for those who run a node: its grants, status, reload, orders, desk certificates."""

from __future__ import annotations

import grpc

from node.client import convert
from node.client.call import Reach, unary
from node.client.results import (
    AcceptedSource,
    NodeStatus,
    OrderApplied,
    PeerLog,
    Reloaded,
    RevokedCertificate,
)
from node.core.deciding.grant import Grant
from node.core.messages.grant_message import grant_from_message, grant_to_message
from node.v1 import desk_pb2, desk_pb2_grpc, grant_pb2, grant_pb2_grpc


class AdminClient:
    """Grants issued by the own node, its status, reload and orders; officer, auditor or operator."""

    def __init__(self, channel: grpc.Channel, reach: Reach) -> None:
        self._grants = grant_pb2_grpc.GrantAdminServiceStub(channel)
        self._admin = desk_pb2_grpc.AdminServiceStub(channel)
        self._reach = reach

    def issue_grant(self, grant: Grant) -> Grant:
        """Approve an application; id, provider and state of `grant` are ignored and given by the node."""
        request = grant_pb2.IssueGrantRequest(grant=grant_to_message(grant))
        response: grant_pb2.IssueGrantResponse = unary(self._grants.IssueGrant, request, self._reach)
        return grant_from_message(response.grant)

    def issued_grants(self) -> tuple[Grant, ...]:
        """All grants that the own node issued, in every state."""
        request = grant_pb2.ListIssuedGrantsRequest()
        response: grant_pb2.ListIssuedGrantsResponse = unary(
            self._grants.ListIssuedGrants, request, self._reach
        )
        return tuple(grant_from_message(grant) for grant in response.grants)

    def grant(self, grant_id: str) -> Grant:
        """One issued grant. Raises NodeError NOT_FOUND."""
        request = grant_pb2.GetGrantRequest(id=grant_id)
        response: grant_pb2.GetGrantResponse = unary(self._grants.GetGrant, request, self._reach)
        return grant_from_message(response.grant)

    def suspend_grant(self, grant_id: str, note: str) -> Grant:
        """Suspend at once, for batches under way too; `note` says why (Decree 809, Art. 27)."""
        request = grant_pb2.SuspendGrantRequest(id=grant_id, note=note)
        response: grant_pb2.SuspendGrantResponse = unary(self._grants.SuspendGrant, request, self._reach)
        return grant_from_message(response.grant)

    def resume_grant(self, grant_id: str, note: str = "") -> Grant:
        """Lift a suspension."""
        request = grant_pb2.ResumeGrantRequest(id=grant_id, note=note)
        response: grant_pb2.ResumeGrantResponse = unary(self._grants.ResumeGrant, request, self._reach)
        return grant_from_message(response.grant)

    def revoke_grant(self, grant_id: str, note: str) -> Grant:
        """End a grant for good; `note` says why."""
        request = grant_pb2.RevokeGrantRequest(id=grant_id, note=note)
        response: grant_pb2.RevokeGrantResponse = unary(self._grants.RevokeGrant, request, self._reach)
        return grant_from_message(response.grant)

    def status(self) -> NodeStatus:
        """How the node is."""
        response: desk_pb2.GetStatusResponse = unary(
            self._admin.GetStatus, desk_pb2.GetStatusRequest(), self._reach
        )
        return convert.node_status(response)

    def reload(self) -> Reloaded:
        """Make the node read certificates, keys, directory and policies again."""
        response: desk_pb2.ReloadResponse = unary(self._admin.Reload, desk_pb2.ReloadRequest(), self._reach)
        return convert.reloaded(response)

    def accept_source(self, dataset: str, load: str, reason: str) -> AcceptedSource:
        """Answer from a load that was put aside, `load` by its name in the status.

        Raises NodeError NOT_FOUND if none is, or another one by now.
        """
        request = desk_pb2.AcceptSourceRequest(dataset=dataset, reason=reason, load=load)
        response: desk_pb2.AcceptSourceResponse = unary(self._admin.AcceptSource, request, self._reach)
        return AcceptedSource(
            response.dataset, response.rows, response.invalid_subjects, response.rows_before
        )

    def peers(self) -> tuple[PeerLog, ...]:
        """What the own node remembers of the others' usage logs, by credit code."""
        response: desk_pb2.ListPeersResponse = unary(
            self._admin.ListPeers, desk_pb2.ListPeersRequest(), self._reach
        )
        return tuple(map(convert.peer_log, response.peers))

    def accept_peer(self, department: str, reason: str) -> PeerLog:
        """Go on with a department whose log shrank or contradicts what was seen of it."""
        request = desk_pb2.AcceptPeerRequest(department=department, reason=reason)
        response: desk_pb2.AcceptPeerResponse = unary(self._admin.AcceptPeer, request, self._reach)
        return convert.peer_log(response.peer)

    def draft_order(self, kind: str, about: str, reason: str) -> bytes:
        """The text of an order that officers are to sign (`node.core.state.order`): kind, and what of it.

        Raises NodeError NOT_FOUND when there is nothing of the kind to decide.
        """
        request = desk_pb2.DraftOrderRequest(kind=kind, about=about, reason=reason)
        response: desk_pb2.DraftOrderResponse = unary(self._admin.DraftOrder, request, self._reach)
        return response.order

    def apply_order(self, note: bytes) -> OrderApplied:
        """Have the node carry out an order that enough officers have signed."""
        request = desk_pb2.ApplyOrderRequest(note=note)
        response: desk_pb2.ApplyOrderResponse = unary(self._admin.ApplyOrder, request, self._reach)
        return OrderApplied(response.kind, response.digest, tuple(response.approved), response.index)

    def revoke_certificate(self, fingerprint: bytes, reason: str) -> RevokedCertificate:
        """Let nobody in at the desk with the certificate of this fingerprint (32 bytes), from now on."""
        request = desk_pb2.RevokeDeskCertificateRequest(fingerprint=fingerprint, reason=reason)
        response: desk_pb2.RevokeDeskCertificateResponse = unary(
            self._admin.RevokeDeskCertificate, request, self._reach
        )
        return convert.revoked_certificate(response.revoked)

    def unrevoke_certificate(self, fingerprint: bytes, reason: str) -> None:
        """Let a revoked certificate count again. Raises NodeError NOT_FOUND."""
        request = desk_pb2.UnrevokeDeskCertificateRequest(fingerprint=fingerprint, reason=reason)
        unary(self._admin.UnrevokeDeskCertificate, request, self._reach)

    def revoked_certificates(self) -> tuple[RevokedCertificate, ...]:
        """The desk certificates that are revoked, the newest first."""
        request = desk_pb2.ListRevokedDeskCertificatesRequest()
        response: desk_pb2.ListRevokedDeskCertificatesResponse = unary(
            self._admin.ListRevokedDeskCertificates, request, self._reach
        )
        return tuple(convert.revoked_certificate(each) for each in response.revoked)
