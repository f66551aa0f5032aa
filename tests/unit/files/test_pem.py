"""Certificates and keys are read however they were handed over; what is something else is named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    pkcs7,
    pkcs12,
)

from node.crypto.certificates import make_authority
from node.errors import NodeError, Reason
from node.files.pem import certificates, private_key, read_certificates, read_private_key

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
MADE = make_authority("an authority", NOW, timedelta(days=10))
CERTIFICATE, KEY = MADE.certificate, MADE.key
OTHER = make_authority("another authority", NOW, timedelta(days=10)).certificate
LOADED = x509.load_pem_x509_certificate(CERTIFICATE)
PRIVATE = load_pem_private_key(KEY, None)
FILE = "tls/exchange.pem"
BAG = "Bag Attributes\n    friendlyName: 交换 x\n    localKeyID: 54 69\nKey Attributes: <None>\n".encode()

Spoiled = Callable[[bytes], bytes]
SPOILED: dict[str, Spoiled] = {
    "as it was": lambda pem: pem,
    "attributes of a bag above": lambda pem: BAG + pem,
    "text above and below": lambda pem: (
        b"subject=CN = x\nissuer=CN = y\n" + pem + b"\nsent by the platform\n"
    ),
    "byte order mark": lambda pem: b"\xef\xbb\xbf" + pem,
    "UTF-16 of an editor": lambda pem: pem.decode().encode("utf-16"),
    "UTF-16, the other way round": lambda pem: b"\xfe\xff" + pem.decode().encode("utf-16-be"),
    "CR LF": lambda pem: pem.replace(b"\n", b"\r\n"),
    "CR alone": lambda pem: pem.replace(b"\n", b"\r"),
    "blanks at the line ends": lambda pem: pem.replace(b"\n", b" \t\n"),
    "indented": lambda pem: b"".join(b"    " + line + b"\n" for line in pem.splitlines()),
    "blank lines between": lambda pem: pem.replace(b"\n", b"\n\n"),
    "no line end at the end": lambda pem: pem.rstrip(),
    "line ends of JSON": lambda pem: b'{"pem": "' + pem.replace(b"\n", b"\\n") + b'"}',
    "line ends of JSON of Windows": lambda pem: pem.replace(b"\n", b"\\r\\n"),
    "blanks for line ends": lambda pem: pem.replace(b"\n", b" "),
    "what cannot be seen at the line ends": lambda pem: pem.replace(b"\n", "\u200b\n".encode()),
    "byte order mark twice": lambda pem: b"\xef\xbb\xbf\xef\xbb\xbf" + pem,
    "a block of YAML": lambda pem: b"pem: |\n" + b"".join(b"  " + line + b"\n" for line in pem.splitlines()),
    "byte order mark, attributes and CR LF": lambda pem: (
        b"\xef\xbb\xbf" + (BAG + pem).replace(b"\n", b"\r\n")
    ),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_certificate_is_read_whatever_stands_around_it(how: str) -> None:
    assert certificates(SPOILED[how](CERTIFICATE), FILE) == CERTIFICATE


@pytest.mark.parametrize("how", SPOILED)
def test_a_private_key_is_read_whatever_stands_around_it(how: str) -> None:
    assert private_key(SPOILED[how](KEY), FILE) == KEY


def test_all_certificates_of_a_file_are_read_in_their_order() -> None:
    assert certificates(BAG + OTHER + BAG + CERTIFICATE, FILE) == OTHER + CERTIFICATE


def test_der_is_read() -> None:
    assert certificates(LOADED.public_bytes(Encoding.DER), FILE) == CERTIFICATE
    der = PRIVATE.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert private_key(der, FILE) == KEY


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("key", [PRIVATE, rsa_key(65537, 2048)])
def test_a_key_in_an_older_form_is_read(key: object, encoding: Encoding) -> None:
    given = key.private_bytes(encoding, PrivateFormat.TraditionalOpenSSL, NoEncryption())  # type: ignore[attr-defined]
    found = load_pem_private_key(private_key(given, FILE), None)
    assert found.public_key() == key.public_key()  # type: ignore[attr-defined]


def test_a_key_with_its_curve_above_it_is_read() -> None:
    curve = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    assert private_key(curve + KEY, FILE) == KEY


def with_passphrase(encoding: Encoding, form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    return PRIVATE.private_bytes(encoding, form, BestAvailableEncryption(b"a passphrase"))


def archive() -> bytes:
    assert isinstance(PRIVATE, EllipticCurvePrivateKey)
    return pkcs12.serialize_key_and_certificates(
        b"x", PRIVATE, LOADED, None, BestAvailableEncryption(b"secret")
    )


def request() -> x509.CertificateSigningRequest:
    return x509.CertificateSigningRequestBuilder(LOADED.subject).sign(PRIVATE, hashes.SHA256())  # type: ignore[arg-type]


NO_CERTIFICATE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "blanks": (b" \r\n", "empty"),
    "a private key": (KEY, "is a private key, not a certificate"),
    "a private key in DER": (
        PRIVATE.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "is a private key, not a certificate",
    ),
    "PKCS #12": (archive(), "openssl pkcs12"),
    "PKCS #7 in PEM": (pkcs7.serialize_certificates([LOADED], Encoding.PEM), "openssl pkcs7"),
    "PKCS #7 in DER": (pkcs7.serialize_certificates([LOADED], Encoding.DER), "openssl pkcs7"),
    "a request in PEM": (request().public_bytes(Encoding.PEM), "request for a certificate"),
    "a request in DER": (request().public_bytes(Encoding.DER), "request for a certificate"),
    "a public key": (
        PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "is a public key",
    ),
    "OpenSSL's own form": (CERTIFICATE.replace(b" CERT", b" TRUSTED CERT"), "openssl x509"),
    "half of one": (CERTIFICATE[:300], "cut short"),
    "one and a half": (CERTIFICATE + OTHER[:300], "cut short"),
    "a letter too few": (CERTIFICATE[:60] + CERTIFICATE[61:], "not base64"),
    "a web page": (b"<!DOCTYPE html><p>please sign in", "holds no certificate"),
    "bytes": (bytes(range(256)), "holds no certificate"),
    "the beginning of something in DER": (b"\x30\x82", "holds no certificate"),
}


@pytest.mark.parametrize("what", NO_CERTIFICATE)
def test_what_is_no_certificate_is_named_with_its_file_and_what_to_do(what: str) -> None:
    content, said = NO_CERTIFICATE[what]
    with pytest.raises(NodeError) as caught:
        certificates(content, FILE)
    assert caught.value.reason is Reason.CONFIG_INVALID
    assert caught.value.message.startswith(f"{FILE}: ")
    assert said in caught.value.message


NO_KEY: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "a certificate": (CERTIFICATE, "is a certificate, not its private key"),
    "a key under a passphrase": (with_passphrase(Encoding.PEM), "openssl pkey"),
    "a key under a passphrase in DER": (with_passphrase(Encoding.DER), "openssl pkey"),
    "a key under a passphrase in an older form": (
        with_passphrase(Encoding.PEM, PrivateFormat.TraditionalOpenSSL),
        "openssl pkey",
    ),
    "a key under a passphrase beside its certificate": (
        with_passphrase(Encoding.PEM) + CERTIFICATE,
        "openssl pkey",
    ),
    "PKCS #12": (archive(), "openssl pkcs12"),
    "a public key in DER": (
        PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "is a public key",
    ),
    "a key of OpenSSH": (
        PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()),
        "ssh-keygen",
    ),
    "two keys": (
        KEY
        + generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "several private keys",
    ),
    "a text": (b"the key is with the platform", "holds no private key"),
}


@pytest.mark.parametrize("what", NO_KEY)
def test_what_is_no_private_key_is_named_with_its_file_and_never_shown(what: str) -> None:
    content, said = NO_KEY[what]
    with pytest.raises(NodeError) as caught:
        private_key(content, "tls/exchange.key")
    assert caught.value.message.startswith("tls/exchange.key: ")
    assert said in caught.value.message


def test_certificate_and_key_in_one_file_serve_as_both_if_the_file_is_closed_to_others(
    tmp_path: Path,
) -> None:
    both = tmp_path / "all.pem"
    both.write_bytes(BAG + KEY + BAG + CERTIFICATE)
    both.chmod(0o600)
    assert (read_certificates(both), read_private_key(both)) == (CERTIFICATE, KEY)
    both.chmod(0o644)
    with pytest.raises(NodeError, match="others may read"):
        read_certificates(both)


def test_the_files_of_openssl_are_read(tmp_path: Path, openssl: Callable[..., None]) -> None:
    """What `openssl pkcs12` writes, and what `openssl x509 -text` does."""
    for name, content in (("key", KEY), ("certificate", CERTIFICATE)):
        (tmp_path / name).write_bytes(content)
    openssl(
        "pkcs12",
        "-export",
        "-in",
        "certificate",
        "-inkey",
        "key",
        "-name",
        "x",
        "-out",
        "p12",
        "-passout",
        "pass:x",
    )
    openssl("pkcs12", "-in", "p12", "-nodes", "-out", "all", "-passin", "pass:x")
    openssl("x509", "-in", "certificate", "-text", "-out", "told")
    whole = (tmp_path / "all").read_bytes()
    assert b"Bag Attributes" in whole
    assert (certificates(whole, FILE), private_key(whole, FILE)) == (CERTIFICATE, KEY)
    assert certificates((tmp_path / "told").read_bytes(), FILE) == CERTIFICATE


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[..., None]:
    import shutil
    import subprocess

    program = shutil.which("openssl")
    if program is None:
        pytest.skip("there is no openssl")

    def run(*arguments: str) -> None:
        subprocess.run([program, *arguments], cwd=tmp_path, check=True, capture_output=True)  # noqa: S603

    return run
