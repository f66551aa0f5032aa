"""The two ports of a node: who may call each, and what it serves."""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from node.app.history import History
from node.app.live.live import Live
from node.app.live.own_keys import read_certificate
from node.app.source_acceptance import SourceAcceptance
from node.config.settings import Settings
from node.core.deciding.cost import Day
from node.core.role import Caller
from node.crypto.certificates import trusted_until
from node.errors import NodeError, Reason
from node.exchange.admin import Grants
from node.exchange.day_use import DayUse, prefix_of, uses
from node.exchange.desk_certificates import DeskCertificates
from node.exchange.group import GroupCommit
from node.exchange.node_clock import NodeClock
from node.exchange.orders import Orders
from node.exchange.provider import Provider
from node.exchange.rate import Rate
from node.exchange.received import ReceivedGrants
from node.exchange.refusals import Refusals
from node.exchange.requester import Requester
from node.rpc.admin_service import AdminService, GrantAdminService, ReloadReport
from node.rpc.callers import DeskTrust, Members, Staff
from node.rpc.catalogue_service import CatalogueService, Elsewhere, admit_members, admit_staff, browse
from node.rpc.checked import CheckedServer
from node.rpc.desk_service import DeskService
from node.rpc.exchange_service import ExchangeService, Gate, GrantService
from node.rpc.grpc_status import Context, abort
from node.rpc.guarded import Door
from node.rpc.inflow import Inflow
from node.rpc.log_service import UsageLogService, peer_seen, peer_view, staff_view
from node.rpc.peer_client import PeerClient
from node.rpc.server import (
    DESK_SERVICES,
    EXCHANGE_SERVICES,
    PortBounds,
    SetHealth,
    add_health,
    add_reflection,
    add_socket,
    add_tls_port,
    make_server,
)
from node.store.store import Store
from node.v1 import (
    catalogue_pb2_grpc,
    desk_pb2,
    desk_pb2_grpc,
    exchange_pb2_grpc,
    grant_pb2_grpc,
    usage_log_pb2_grpc,
)

log = logging.getLogger(__name__)

DRAIN_SECONDS = 10
CONNECTIONS = 1024
"""To each port, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the services of both ports are made of."""

    settings: Settings
    live: Live
    store: Store
    commit: GroupCommit
    workers: Executor
    clock: NodeClock
    history: History
    refusals: Refusals
    provider: Provider
    requester: Requester
    peers: PeerClient
    grants: Grants
    received: ReceivedGrants
    certificates: DeskCertificates
    orders: Orders
    status: Callable[[], Awaitable[desk_pb2.GetStatusResponse]]
    reload: Callable[[Caller], Awaitable[ReloadReport]]
    refresh_grants: Callable[[], Awaitable[None]]


class Ports:
    """The exchange port and the desk, bound when it is made. Make it inside an event loop."""

    def __init__(self, parts: Parts) -> None:
        """Raises NodeError when a port cannot be opened."""
        self._parts = parts
        settings, live, limits = parts.settings, parts.live, parts.settings.limits
        self._gate = gate = self._make_gate()
        self._staff = staff = self._make_staff()
        bounds = PortBounds(limits.message_bytes, limits.concurrent, _connections())
        doors = Door(gate.caller, gate.refuse), Door(staff.caller, self._refuse_at_desk)
        self.exchange, self.desk = (make_server(bounds, door) for door in doors)
        checked = [
            CheckedServer(server, door, Inflow(limits.message_bytes), strict=server is self.exchange)
            for server, door in zip((self.exchange, self.desk), doors, strict=True)
        ]
        self.exchange_port = add_tls_port(self.exchange, settings.exchange.listen, live.exchange_tls)
        self.desk_port = add_tls_port(self.desk, settings.desk.listen, live.desk_tls)
        add_socket(self.desk, settings.desk.socket)
        self._set_health = [self._add_exchange_services(checked[0]), self._add_desk_services(checked[1])]

    async def start(self) -> None:
        """Serve."""
        await self.exchange.start()
        await self.desk.start()

    def tell_health(self, serving: bool, exchanging: bool, parts: Mapping[str, bool]) -> None:
        """Say at both ports whether they serve, whether exchanges go on, and which `parts` are good."""
        for set_health in self._set_health:
            set_health(serving, exchanging, parts)

    async def ended(self) -> None:
        """Return when a port serves no more, though nobody asked it to stop."""
        try:
            # Within a time: what waits without one cannot be cancelled without harm to the port.
            while await self.exchange.wait_for_termination(1) and await self.desk.wait_for_termination(1):
                pass
        except Exception:
            log.exception("a port ended")

    async def stop(self) -> None:
        """Take no new calls, and let those that run end."""
        await asyncio.gather(self.desk.stop(DRAIN_SECONDS), self.exchange.stop(DRAIN_SECONDS))

    def _make_gate(self) -> Gate:
        parts, live, limits = self._parts, self._parts.live, self._parts.settings.limits
        rate = Rate(float(limits.peer_requests_per_second), float(limits.peer_burst))
        clock = parts.clock
        members = Members(lambda: live.directory, read_certificate, clock.now, rate, clock.known)
        return Gate(members, parts.refusals)

    def _make_staff(self) -> Staff:
        parts, live, limits = self._parts, self._parts.live, self._parts.settings.limits
        trust = DeskTrust(
            lambda pem, chain: trusted_until(pem, chain, live.desk_tls().roots),
            parts.certificates.revoked,
            parts.clock.now,
            parts.clock.known,
        )
        return Staff(
            parts.settings.department.code,
            read_certificate,
            trust,
            Rate(float(limits.peer_requests_per_second), float(limits.peer_burst)),
            self._refused_at_desk,
        )

    async def _refused_at_desk(self, reason: Reason) -> None:
        await self._parts.refusals.note(self._parts.settings.department.code, reason)

    async def _refuse_at_desk(self, context: Context, error: NodeError) -> None:
        await self._refused_at_desk(error.reason)
        await abort(context, error)

    def _add_exchange_services(self, server: CheckedServer) -> SetHealth:
        parts, gate = self._parts, self._gate
        live, limits = parts.live, parts.settings.limits
        exchange_pb2_grpc.add_ExchangeServiceServicer_to_server(
            ExchangeService(parts.provider, gate, limits.batch_chunks, limits.deadlines), server
        )
        grant_pb2_grpc.add_GrantServiceServicer_to_server(
            GrantService(parts.grants, gate, lambda: live.policies, parts.settings.limits.chunk), server
        )
        catalogue_pb2_grpc.add_CatalogueServiceServicer_to_server(
            CatalogueService(
                lambda: live.policies,
                lambda: live.catalogue,
                admit_members(gate),
                gate.caller,
                parts.store,
                live.load_of,
            ),
            server,
        )
        usage_log_pb2_grpc.add_UsageLogServiceServicer_to_server(
            UsageLogService(
                parts.commit,
                parts.store,
                parts.workers,
                peer_view(gate),
                parts.clock.shown_ms,
                gate.caller,
                peer_seen(gate, parts.history.seen),
            ),
            server,
        )
        return add_health(server, EXCHANGE_SERVICES)

    def _used_today(self) -> list[DayUse]:
        day = Day.of(self._parts.clock.now().astimezone(ZoneInfo(self._parts.settings.timezone)))
        return uses(self._parts.store.balances_under(prefix_of(day)), day)

    def _add_desk_services(self, server: CheckedServer) -> SetHealth:
        parts, staff = self._parts, self._staff
        live, code = parts.live, parts.settings.department.code
        desk_pb2_grpc.add_DeskServiceServicer_to_server(
            DeskService(
                parts.requester,
                staff,
                parts.peers,
                lambda name: browse(live.policies, name, live.load_of),
                code,
                lambda dataset, provider: live.imported.entry(dataset, provider),
                parts.received.subject_type,
                lambda: () if live.policies.purposes is None else live.policies.purposes.purposes.values(),
                parts.settings.limits.deadlines.desk,
            ),
            server,
        )
        desk_pb2_grpc.add_AdminServiceServicer_to_server(
            AdminService(
                parts.status,
                parts.reload,
                parts.orders,
                parts.history,
                parts.certificates,
                SourceAcceptance(code, live, parts.commit, parts.workers),
                staff,
            ),
            server,
        )
        grant_pb2_grpc.add_GrantAdminServiceServicer_to_server(
            GrantAdminService(
                parts.grants,
                parts.received.all,
                parts.refresh_grants,
                staff,
                parts.settings.limits.chunk,
                self._used_today,
            ),
            server,
        )
        catalogue_pb2_grpc.add_CatalogueServiceServicer_to_server(
            CatalogueService(
                lambda: live.policies,
                lambda: live.catalogue,
                admit_staff(staff),
                staff.caller,
                parts.store,
                live.load_of,
                Elsewhere(code, parts.peers),
            ),
            server,
        )
        usage_log_pb2_grpc.add_UsageLogServiceServicer_to_server(
            UsageLogService(
                parts.commit,
                parts.store,
                parts.workers,
                staff_view(staff),
                parts.clock.shown_ms,
                staff.caller,
            ),
            server,
        )
        if parts.settings.desk.reflection:
            add_reflection(server, DESK_SERVICES)
        return add_health(server, DESK_SERVICES)


def _connections() -> int:
    """How many connections a port takes: whoever connects must not use up the node's own files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return CONNECTIONS if soft == resource.RLIM_INFINITY else min(CONNECTIONS, soft // 4)
