"""Opens the connection to the own node's desk: its Unix socket, or mutual TLS."""

from __future__ import annotations

import grpc

from node.client.arguments import require
from node.client.desk_tls import Credentials, read_caller
from node.core.address import address_fault
from node.errors import NodeError, Reason
from node.files.socket_path import LONGEST, is_too_long, socket_target
from node.texts.message import Message

MAX_MESSAGE = 4 * 1024 * 1024


# A desk is never behind an HTTP proxy: subjects must not leave by one that the environment names.
# Calls may take long. A node whose process stands still is noticed before: it answers no ping.
_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.enable_http_proxy", 0),
    ("grpc.keepalive_time_ms", 15_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
)
_ON_SOCKET = (*_OPTIONS, ("grpc.default_authority", "desk"))


def open_channel(desk: str, credentials: Credentials | None) -> grpc.Channel:
    """A channel to `desk`, "unix:/path" or "host:port"; nothing is sent before the first call.

    Raises NodeError CONFIG_INVALID for an address that is neither, a port without credentials, or a file that
    cannot be read or holds something else.
    """
    target, tls = _target(desk, credentials)
    if tls is None:
        return grpc.insecure_channel(target, options=_ON_SOCKET)
    return grpc.secure_channel(target, tls, options=_OPTIONS)


def open_async_channel(desk: str, credentials: Credentials | None) -> grpc.aio.Channel:
    """As `open_channel`, for the event loop that runs."""
    target, tls = _target(desk, credentials)
    if tls is None:
        return grpc.aio.insecure_channel(target, options=_ON_SOCKET)
    return grpc.aio.secure_channel(target, tls, options=_OPTIONS)


def _target(desk: str, credentials: Credentials | None) -> tuple[str, grpc.ChannelCredentials | None]:
    """What gRPC calls a desk, and by what it is known there; at a socket nothing."""
    require("desk", desk, str)
    require("credentials", credentials, (Credentials, type(None)), "Credentials")
    if desk.startswith("unix:"):
        path = desk.removeprefix("unix:")
        if not path:
            raise NodeError(Reason.CONFIG_INVALID, "error.client.socket-path-missing")
        if is_too_long(path):
            # gRPC would write to stderr by itself, and call it a defect.
            raise NodeError(
                Reason.CONFIG_INVALID, "error.client.socket-path-too-long", path=path, most=LONGEST
            )
        return socket_target(path), None
    if (fault := _fault(desk)) is not None:
        raise NodeError.of(Reason.CONFIG_INVALID, fault)
    if credentials is None:
        raise NodeError(Reason.CONFIG_INVALID, "error.client.certificate-missing")
    caller = read_caller(credentials)
    return desk, grpc.ssl_channel_credentials(
        root_certificates=caller.roots, private_key=caller.key, certificate_chain=caller.certificate
    )


def _fault(desk: str) -> Message | None:
    """What is wrong with an address that does not begin with `unix:`."""
    fault = address_fault(desk)
    if fault == "file.address.url" and "//" not in desk:
        return Message("error.client.desk-path-alone", {"path": desk})
    return None if fault is None else Message("error.client.desk-address", {"problem": Message(fault)})
