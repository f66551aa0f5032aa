"""Builds the two gRPC servers: the exchange port and the desk."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import sleep
from typing import cast

import grpc
from grpc_health.v1 import health_pb2_grpc

from node.errors import NodeError, Reason
from node.files.private_folder import make_private, open_to_others
from node.files.socket_path import socket_target
from node.rpc.checked import CheckedServer
from node.rpc.guarded import Door, GuardedServer, Places
from node.rpc.health_service import Health
from node.v1 import catalogue_pb2, desk_pb2, exchange_pb2, grant_pb2, usage_log_pb2

_TAKE_UP_SECONDS = 0.1

EXCHANGE_SERVICES = (
    exchange_pb2.DESCRIPTOR.services_by_name["ExchangeService"].full_name,
    usage_log_pb2.DESCRIPTOR.services_by_name["UsageLogService"].full_name,
    catalogue_pb2.DESCRIPTOR.services_by_name["CatalogueService"].full_name,
    grant_pb2.DESCRIPTOR.services_by_name["GrantService"].full_name,
)
DESK_SERVICES = (
    desk_pb2.DESCRIPTOR.services_by_name["DeskService"].full_name,
    desk_pb2.DESCRIPTOR.services_by_name["AdminService"].full_name,
    usage_log_pb2.DESCRIPTOR.services_by_name["UsageLogService"].full_name,
    catalogue_pb2.DESCRIPTOR.services_by_name["CatalogueService"].full_name,
    grant_pb2.DESCRIPTOR.services_by_name["GrantAdminService"].full_name,
)
EXCHANGING = frozenset({EXCHANGE_SERVICES[0], DESK_SERVICES[0]})
"""The services by which questions are asked and answered."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What a port shows and whom it trusts, PEM."""

    certificate: bytes
    key: bytes = field(repr=False)
    roots: bytes


@dataclass(frozen=True, slots=True)
class PortBounds:
    """What callers can make the server hold: bytes of a message, calls at once, connections to each port."""

    message_bytes: int
    concurrent: int
    connections: int


def make_server(bounds: PortBounds, door: Door, places: Places) -> grpc.aio.Server:
    """A server without ports and services; of a service, the registered methods count.

    A call has one of the `places`, of which there are as many as calls at once.
    """
    server = GuardedServer(
        places=places,
        door=door,
        options=[
            ("grpc.max_receive_message_length", bounds.message_bytes),
            ("grpc.max_send_message_length", bounds.message_bytes),
            ("grpc.max_concurrent_streams", bounds.concurrent),
            ("grpc.max_metadata_size", 16_384),
            ("grpc.max_allowed_incoming_connections", bounds.connections),
            # Who only connects goes soon; a connection without calls, or to a machine that is gone, in time.
            ("grpc.server_handshake_timeout_ms", 10_000),
            ("grpc.max_connection_idle_ms", 600_000),
            ("grpc.keepalive_time_ms", 120_000),
            ("grpc.keepalive_timeout_ms", 20_000),
            ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ("grpc.http2.max_ping_strikes", 3),
            # Else gRPC lets ever more of a fast caller in that nobody has asked for, see `Inflow`.
            ("grpc.http2.bdp_probe", 0),
            ("grpc.http2.lookahead_bytes", 65_536),
            ("grpc.so_reuseport", 0),
        ],
    )
    return cast("grpc.aio.Server", server)  # which it is; the stubs hide the class


def add_tls_port(server: grpc.aio.Server, listen: str, current: Callable[[], TlsFiles]) -> int:
    """Listen with mutual TLS; `current` is asked at every handshake, so that files can be replaced.

    Returns the port. Raises NodeError(CONFIG_INVALID) when the address is taken or wrong.
    """
    shown = _Shown(current)
    credentials = grpc.dynamic_ssl_server_credentials(
        _configuration(shown.files),
        shown.replaced,  # type: ignore[arg-type]  # the stubs leave out that None is for "unchanged"
        require_client_authentication=True,
    )
    _refuse_taken(listen)
    return _bound(lambda: server.add_secure_port(listen, credentials), listen)


class _Shown:
    """What a port shows; gRPC asks at each handshake, one at a time, whether it was replaced.

    gRPC frees what it showed before while another handshake may just be taking it up, and crashes then
    (https://github.com/grpc/grpc/issues/36693). If each handshake replaced it, whoever can connect could
    crash the node. So nothing is replaced that did not change; and when it did, handshakes that were told
    to go on with the old get a moment to take it up before it is freed.
    """

    def __init__(self, current: Callable[[], TlsFiles]) -> None:
        self._current = current
        self.files = current()

    def replaced(self) -> grpc.ServerCertificateConfiguration | None:
        """What to show from now on, None for the same as before."""
        files = self._current()
        if files == self.files:
            return None
        configuration = _configuration(files)
        sleep(_TAKE_UP_SECONDS)
        self.files = files
        return configuration


def add_socket(server: grpc.aio.Server, path: Path) -> None:
    """Listen on a Unix socket in a folder that only the node's user can enter.

    Raises NodeError(CONFIG_INVALID).
    """
    make_private(path.parent)
    if open_to_others(path.parent) is not None:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.rpc.socket-folder-open",
            parent=str(path.parent),
        )
    path.unlink(missing_ok=True)
    _bound(lambda: server.add_insecure_port(socket_target(path)), str(path))
    path.chmod(0o600)


POLICIES_HEALTH = "policies"
"""Not serving in health when the newest policies put in place are not in use; the last good ones may be."""
CATALOGUE_HEALTH = "catalogue"
"""Not serving in health while a dataset waits for the approval of its catalogue entry."""
SetHealth = Callable[[bool, bool, Mapping[str, bool]], None]


def add_health(server: CheckedServer, services: Sequence[str]) -> SetHealth:
    """Standard gRPC health; returns what sets it.

    It takes whether the services are served; whether those by which questions are asked and answered are, and
    with them the node as a whole; and the same of the parts that are named.
    """
    servicer = Health()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)  # type: ignore[arg-type]

    def set_all(serving: bool, exchanging: bool, parts: Mapping[str, bool]) -> None:
        names = dict.fromkeys(services, serving)
        names |= dict.fromkeys(("", *EXCHANGING.intersection(services)), serving and exchanging)
        servicer.set(names | {part: serving and part_serving for part, part_serving in parts.items()})

    return set_all


def add_reflection(server: CheckedServer, services: Sequence[str]) -> None:
    """Let tools list the desk's services; off unless the operator asks for it."""
    from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc

    servicer = reflection.aio.ReflectionServicer((*services, reflection.SERVICE_NAME))
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(servicer, server)  # type: ignore[no-untyped-call]


def _configuration(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(files.key, files.certificate)], root_certificates=files.roots
    )


def _refuse_taken(listen: str) -> None:
    """Raises NodeError(CONFIG_INVALID) when another process listens there.

    gRPC would say so on stderr in its own form, besides failing; whatever else is wrong is left to it.
    """
    host, _, port = listen.rpartition(":")
    if not port.isdecimal() or port == "0":
        return
    with suppress(OSError):
        found = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, kind, protocol, _, address in found:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(address)
                except OSError as error:
                    if error.errno == errno.EADDRINUSE:
                        raise _cannot_listen(listen) from None


def _bound(bind: Callable[[], int], where: str) -> int:
    try:
        port = bind()
    except RuntimeError:
        port = 0
    if not port:
        raise _cannot_listen(where)
    return port


def _cannot_listen(where: str) -> NodeError:
    return NodeError(
        Reason.CONFIG_INVALID,
        "error.rpc.cannot-listen",
        where=where,
    )
