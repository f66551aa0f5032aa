"""Claims about the ports of a node as a process of its own: TLS 1.3 alone, many callers, a taken port."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from support.town import TAX, Office, Town
from support.waiting import PATIENCE

from node.crypto.certificates import Certified, identify
from node.demo.process import NodeProcess

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)  # with empty SETTINGS, RFC 9113
# A port that shows its files anew at each handshake crashes after 50 to 3,000.
HANDSHAKES = [500, pytest.param(4_000, marks=pytest.mark.full("thousands of handshakes take long"))]


def with_rsa_key(certificate: bytes, authority: Certified) -> tuple[bytes, bytes]:
    """The same certificate, issued anew for an RSA key: certificate and key, PEM."""
    old = x509.load_pem_x509_certificate(certificate)
    key = generate_private_key(65537, 2048)
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(old.not_valid_after_utc)
    )
    for extension in old.extensions:
        if not isinstance(extension.value, x509.SubjectKeyIdentifier):
            builder = builder.add_extension(extension.value, extension.critical)
    signer = load_pem_private_key(authority.key, None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return builder.sign(signer, SHA256()).public_bytes(Encoding.PEM), pem  # type: ignore[arg-type]


def use_rsa(town: Town, office: Office) -> None:
    """Give both ports of an office RSA certificates."""
    for name, authority in (("exchange", town.tls_authority), ("desk", office.desk_authority)):
        path = office.folder / "tls" / f"{name}.pem"
        certificate, key = with_rsa_key(path.read_bytes(), authority)
        path.write_bytes(certificate)
        path.with_suffix(".key").write_bytes(key)
        if name == "exchange":
            listed = (identify(certificate).fingerprint.hex(),)
            town.publish(replace(town.member(office.code), certificates=listed))


@pytest.fixture(
    params=[pytest.param("ecdsa", marks=pytest.mark.full("thousands of handshakes take long")), "rsa"]
)
def office(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    """An office whose node runs with certificates of one kind."""
    monkeypatch.delenv("GRPC_SSL_CIPHER_SUITES", raising=False)  # the node sets it, not this process
    town = Town(tmp_path)
    office = town.add(TAX)
    town.publish()
    if request.param == "rsa":
        use_rsa(town, office)
    (tmp_path / "exchange-roots.pem").write_bytes(town.tls_authority.certificate)
    process = NodeProcess(office.config, office.socket, tmp_path / "output")
    process.start()
    try:
        process.wait_until_healthy(PATIENCE)
        yield office
    finally:
        process.ask_to_stop()
        process.wait(PATIENCE)


def caller(office: Office, port: str) -> tuple[ssl.SSLContext, int]:
    """How a port is called, and its number."""
    if port == "exchange":
        folder, number = office.folder / "tls", office.exchange_port
        roots, certificate, key = (
            office.folder.parent / "exchange-roots.pem",
            folder / "exchange.pem",
            folder / "exchange.key",
        )
    else:
        folder, number = office.desk_user("clerk"), office.desk_port
        roots, certificate, key = folder / "roots.pem", folder / "cert.pem", folder / "key.pem"
    context = ssl.create_default_context(cafile=str(roots))
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    return context, number


def spoken(office: Office, port: str, version: ssl.TLSVersion) -> str | None:
    """The TLS version in which a port answers a caller that offers just `version`."""
    context, number = caller(office, port)
    context.minimum_version = context.maximum_version = version
    with connected(context, number) as secure:
        secure.sendall(PREFACE)
        assert secure.recv(9)[3] == 4  # SETTINGS: in TLS 1.3 a refusal of the certificate would come only now
        return secure.version()


@contextmanager
def connected(context: ssl.SSLContext, number: int) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", number), PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        yield secure


def test_ports_speak_tls_1_3_and_nothing_older(office: Office) -> None:
    for port in ("exchange", "desk"):
        assert spoken(office, port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        with pytest.raises((ssl.SSLError, ConnectionError)):
            spoken(office, port, ssl.TLSVersion.TLSv1_2)


@pytest.mark.parametrize("port", ["exchange", "desk"])
@pytest.mark.parametrize("handshakes", HANDSHAKES)
def test_many_handshakes_at_once_crash_no_node(office: Office, port: str, handshakes: int) -> None:
    context, number = caller(office, port)

    def shake(_: int) -> None:
        with connected(context, number):
            pass

    with ThreadPoolExecutor(16) as callers:
        assert len(list(callers.map(shake, range(handshakes)))) == handshakes
    assert spoken(office, port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"


@pytest.mark.parametrize("port", ["exchange", "desk"])
def test_port_that_is_taken_is_told_once_in_our_words(tmp_path: Path, port: str) -> None:
    town = Town(tmp_path)
    office = town.add(TAX)
    town.publish()
    number = office.exchange_port if port == "exchange" else office.desk_port
    with socket.create_server(("127.0.0.1", number)):
        process = NodeProcess(office.config, office.socket, tmp_path / "output")
        process.start()
        with pytest.raises(RuntimeError, match="did not start"):
            process.wait_until_healthy(PATIENCE)
    output = (tmp_path / "output").read_text("utf-8")
    assert [line.partition(":")[0] for line in output.splitlines() if not line.startswith(" ")] == ["error"]
    assert output.count(f"cannot listen on 127.0.0.1:{number}") == 1
