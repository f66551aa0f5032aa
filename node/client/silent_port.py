"""Why nobody answers at a desk's port: gRPC says the same of all that can be wrong."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from node.client.desk_tls import Credentials, read_caller
from node.core.address import read_address
from node.errors import NodeError, Reason
from node.texts.message import Value

_SECONDS: Final = 3.0

# What OpenSSL says of a certificate that it does not believe (x509_vfy.h), as far as it can be mended.
_OF_ITS_TIME: Final = frozenset({9, 10})
_OF_ITS_NAME: Final = frozenset({62, 64})


def why_silent(desk: str, credentials: Credentials) -> NodeError | None:
    """What keeps this process from the desk at the port `desk`; None when it answers, or nobody can tell.

    It is called as gRPC calls it, and nothing is sent.
    """
    there = read_address(desk)
    try:
        with socket.create_connection((there.host, there.port), _SECONDS) as plain:
            return _why_not_admitted(plain, desk, there.host, credentials)
    except socket.gaierror:
        return _wrong("error.client.host-unknown", name=there.host)
    except ConnectionRefusedError:
        return _unavailable("error.client.port-closed", desk)
    except TimeoutError:
        return _unavailable("error.client.port-silent", desk)
    except OSError:
        return None


def _why_not_admitted(
    plain: socket.socket, desk: str, host: str, credentials: Credentials
) -> NodeError | None:
    try:
        with read_caller(credentials).context().wrap_socket(plain, server_hostname=host) as channel:
            # In TLS 1.3 the desk looks at our certificate once we are through; then it speaks first, or ends.
            if _hears_something(channel):
                return None
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in _OF_ITS_TIME:
            return _unavailable("error.client.desk-certificate-time", desk)
        if error.verify_code in _OF_ITS_NAME:
            return _wrong("error.client.desk-certificate-name", desk=desk, name=host)
        return _wrong("error.client.desk-certificate-foreign", desk=desk, roots=str(credentials.roots))
    except ssl.SSLError:
        return _wrong("error.client.port-without-tls", desk=desk)
    return _wrong("error.client.certificate-refused", desk=desk, certificate=str(credentials.certificate))


def _hears_something(channel: ssl.SSLSocket) -> bool:
    try:
        return bool(channel.recv(1))
    except TimeoutError:
        return True
    except OSError:  # an alert, or the end of the connection
        return False


def _wrong(key: str, **args: Value) -> NodeError:
    return NodeError(Reason.CONFIG_INVALID, key, **args)


def _unavailable(key: str, desk: str) -> NodeError:
    return NodeError(Reason.PEER_UNAVAILABLE, key, desk=desk, peer="desk")
