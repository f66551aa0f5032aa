"""The certificate, key and roots of a desk's caller: read as they were handed over, and held together."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from node.errors import NodeError, Reason
from node.files import pem
from node.files.regular_file import read_regular
from node.files.why import why


@dataclass(frozen=True, slots=True)
class Credentials:
    """PEM files of a desk caller: certificate chain, key, and the roots to check the desk against."""

    certificate: Path
    key: Path
    roots: Path


@dataclass(frozen=True, slots=True)
class CallerTls:
    """What these files hold, as plain PEM."""

    roots: bytes
    key: bytes = field(repr=False)
    certificate: bytes

    def context(self) -> ssl.SSLContext:
        """For a call as gRPC makes it. Raises ssl.SSLError if the key is not that of the certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(["h2"])
        # An authority that is itself below another one is enough.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(cadata=self.roots.decode())
        with _in_memory(self.certificate) as chain, _in_memory(self.key) as private:
            context.load_cert_chain(chain, private)
        return context


def read_caller(credentials: Credentials) -> CallerTls:
    """What the files hold, of which key and certificate belong together.

    Raises NodeError CONFIG_INVALID, which names the file, or the two: gRPC would say that nobody answers.
    """
    roots = _pem("--roots", credentials.roots, pem.certificates)
    key = _pem("--key", credentials.key, pem.private_key)
    certificate = _in_order(_pem("--cert", credentials.certificate, pem.certificates), key)
    caller = CallerTls(roots, key, certificate)
    try:
        caller.context()
    except ssl.SSLError as error:
        if error.reason != "KEY_VALUES_MISMATCH":
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.client.caller-unusable",
                certificate=str(credentials.certificate),
                key=str(credentials.key),
                roots=str(credentials.roots),
            ) from None
        raise NodeError(
            Reason.CONFIG_INVALID,
            "error.client.key-of-another-certificate",
            certificate=str(credentials.certificate),
            key=str(credentials.key),
        ) from None
    return caller


def _in_order(certificates: bytes, key: bytes) -> bytes:
    """The certificate of the key first, and behind it those that lead to its root, as a node's own are.

    As they were if none is of the key.
    """
    from node.crypto.certificates import pair  # takes a while to import, and a socket needs none

    try:
        return pair(certificates, key).certificate
    except NodeError:
        return certificates


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


@contextmanager
def _in_memory(content: bytes) -> Iterator[str]:
    """The path of a file that holds this, and never touches a disk."""
    descriptor = os.memfd_create("dxnode", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
