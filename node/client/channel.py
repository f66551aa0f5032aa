"""Opens the connection to the own node's desk: its Unix socket, or mutual TLS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc

from node.errors import NodeError, Reason
from node.files import pem
from node.files.regular_file import read_regular
from node.files.socket_path import LONGEST, is_too_long, socket_target
from node.files.why import why

MAX_MESSAGE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM files of a desk caller: certificate chain, key, and the roots to check the desk against."""

    certificate: Path
    key: Path
    roots: Path


def open_channel(desk: str, credentials: Credentials | None) -> grpc.Channel:
    """A channel to `desk`, "unix:/path" or "host:port"; nothing is sent before the first call.

    Raises NodeError CONFIG_INVALID for an address that is neither, a port without credentials, or a file that
    cannot be read or holds something else.
    """
    options = [
        ("grpc.max_receive_message_length", MAX_MESSAGE),
        ("grpc.max_send_message_length", MAX_MESSAGE),
        # A desk is never behind an HTTP proxy: subjects must not leave by one that the environment names.
        ("grpc.enable_http_proxy", 0),
        # Calls may take long. A node whose process stands still is noticed before: it answers no ping.
        ("grpc.keepalive_time_ms", 15_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.max_pings_without_data", 0),
    ]
    if desk.startswith("unix:"):
        path = desk.removeprefix("unix:")
        if not path:
            raise NodeError(Reason.CONFIG_INVALID, "error.client.socket-path-missing")
        if is_too_long(path):
            # gRPC would write to stderr by itself, and call it a defect.
            raise NodeError(
                Reason.CONFIG_INVALID, "error.client.socket-path-too-long", path=path, most=LONGEST
            )
        return grpc.insecure_channel(
            socket_target(path), options=[*options, ("grpc.default_authority", "desk")]
        )
    host, _, port = desk.rpartition(":")
    if not host or not port.isdecimal():
        raise NodeError(Reason.CONFIG_INVALID, "error.client.desk-address-malformed")
    if credentials is None:
        raise NodeError(Reason.CONFIG_INVALID, "error.client.certificate-missing")
    # gRPC would only say that the desk cannot be reached.
    roots = _pem("--roots", credentials.roots, pem.certificates)
    key = _pem("--key", credentials.key, pem.private_key)
    certificate = _ordered(_pem("--cert", credentials.certificate, pem.certificates), key)
    tls = grpc.ssl_channel_credentials(
        root_certificates=roots, private_key=key, certificate_chain=certificate
    )
    return grpc.secure_channel(desk, tls, options=options)


def _ordered(certificates: bytes, key: bytes) -> bytes:
    """The certificate of the key first, and behind it those that lead to its root, as a node's own are."""
    from node.crypto.certificates import pair  # takes a while to import, and a socket needs none

    try:
        return pair(certificates, key).certificate
    except NodeError as error:
        raise NodeError(
            Reason.CONFIG_INVALID, "error.client.given-file", problem=error.wording, option="--cert"
        ) from None


def _pem(option: str, path: Path, take: Callable[[bytes, str], bytes]) -> bytes:
    try:
        return take(read_regular(path, pem.LONGEST), str(path))
    except OSError as error:
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.files.unreadable-named",
            why=why(error),
            file=str(path),
        ) from error
    except NodeError as error:
        raise NodeError(
            Reason.CONFIG_INVALID, "error.client.given-file", problem=error.wording, option=option
        ) from None
