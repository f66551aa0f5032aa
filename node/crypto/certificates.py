"""Certificates: who a peer or a desk caller is, and the ones that a development authority issues.

A department stands in a certificate as the SAN URI `urn:dxnode:department:<credit code>`, a desk caller's
role as `urn:dxnode:role:<role>`. Production brings certificates of its own authority in the same form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from node.core.identity import is_credit_code, normalise_credit_code
from node.core.role import ROLES
from node.errors import NodeError, Reason
from node.texts.message import Value

_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the library raises for a certificate that is malformed, or of a kind that it does not know."""
_URN: Final = "urn:dxnode:"
_DEPARTMENT: Final = f"{_URN}department:"
_ROLE: Final = f"{_URN}role:"
_LONGEST: Final = 64 << 10
_MOST_BETWEEN: Final = 4
"""Of so many certificates between one and its root there are few orders to try."""
_PEM: Final = b"-----BEGIN CERTIFICATE-----"
# Other machines' clocks may be a little behind.
_BACKDATE: Final = timedelta(minutes=5)
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,64}")


@dataclass(frozen=True, slots=True)
class CertificateIdentity:
    """Who a certificate says its owner is: a department's node, or with a role, a desk caller of it.

    `fingerprint` is the SHA-256 of the certificate's DER form; it is valid from `begins` until `ends`.
    """

    fingerprint: bytes
    department: str
    role: str
    begins: datetime
    ends: datetime


@lru_cache(maxsize=4096)
def identify(certificate: bytes) -> CertificateIdentity:
    """Who the owner of a certificate (PEM or DER) is.

    Raises NodeError(CALLER_UNIDENTIFIED) unless it names one department, at most one role, both well spelled,
    and nothing else of ours.
    """
    loaded = _load(certificate)
    names = _names(loaded)
    departments = [name.removeprefix(_DEPARTMENT) for name in names if name.startswith(_DEPARTMENT)]
    roles = [name.removeprefix(_ROLE) for name in names if name.startswith(_ROLE)]
    if len(departments) != 1:
        raise _unidentified("error.crypto.no-single-department", department=_DEPARTMENT)
    if len(roles) > 1 or len(departments) + len(roles) != len(names):
        raise _unidentified("error.crypto.surplus-names")
    if not is_credit_code(departments[0]):
        raise _unidentified("error.crypto.credit-code-malformed")
    if roles and roles[0] not in ROLES:
        raise _unidentified("error.crypto.certificate-role-unknown")
    return CertificateIdentity(
        fingerprint(certificate),
        departments[0],
        roles[0] if roles else "",
        loaded.not_valid_before_utc,
        loaded.not_valid_after_utc,
    )


def fingerprint(certificate: bytes) -> bytes:
    """The SHA-256 of a certificate's DER form (PEM or DER). Raises NodeError(CALLER_UNIDENTIFIED)."""
    return sha256(_load(certificate).public_bytes(Encoding.DER)).digest()


@lru_cache(maxsize=4096)
def trusted_until(certificate: bytes, chain: bytes, roots: bytes) -> datetime:
    """Until when a certificate that a handshake admitted is trusted: the first end on the way to a root.

    All are PEM. `chain` came with it; `roots` are trusted now, and another handshake may have had others.
    Purposes and lengths of chains are the handshake's to judge. Raises NodeError(CALLER_UNIDENTIFIED) when no
    way leads to a root.
    """
    try:
        between = x509.load_pem_x509_certificates(chain) if chain else []
        anchors = x509.load_pem_x509_certificates(roots)
    except _UNREADABLE:
        raise _unidentified("error.crypto.chain-unreadable") from None
    ends = _ends_of_way(_load(certificate), between[:_MOST_BETWEEN], anchors)
    if ends is None:
        raise _unidentified("error.crypto.issuer-untrusted")
    return ends


def _ends_of_way(
    certificate: x509.Certificate, between: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]
) -> datetime | None:
    """The first end on the way to an anchor, of several ways the latest; None without a way."""
    if certificate in anchors:
        return certificate.not_valid_after_utc
    above = [(anchor, anchor.not_valid_after_utc) for anchor in anchors if _issued(certificate, anchor)]
    for each in between:
        if _issued(certificate, each):
            rest = [other for other in between if other is not each]
            ends = _ends_of_way(each, rest, anchors)
            above += [] if ends is None else [(each, ends)]
    return min(certificate.not_valid_after_utc, max(ends for _, ends in above)) if above else None


def _issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True


def _names(certificate: x509.Certificate) -> list[str]:
    """The URIs in the certificate that are ours."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        uris = extension.value.get_values_for_type(x509.UniformResourceIdentifier)
    except _UNREADABLE:
        raise _unidentified("error.crypto.no-alternative-name") from None
    # Upper case is no way past the rules: a URN's scheme and namespace ignore case (RFC 8141, 3.1).
    return [uri for uri in uris if uri.lower().startswith(_URN)]


def _load(certificate: bytes) -> x509.Certificate:
    if len(certificate) > _LONGEST:
        raise _unidentified("error.crypto.caller-certificate-too-long")
    try:
        if certificate.lstrip().startswith(_PEM):
            return x509.load_pem_x509_certificate(certificate)
        return x509.load_der_x509_certificate(certificate)
    except _UNREADABLE:
        raise _unidentified("error.crypto.caller-certificate-unreadable") from None


def _unidentified(key: str, /, **args: Value) -> NodeError:
    return NodeError(Reason.CALLER_UNIDENTIFIED, key, **args)


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate and its private key, both PEM; `key` is PKCS #8 without a password."""

    certificate: bytes
    key: bytes = field(repr=False)

    def issue(
        self, name: str, extensions: Sequence[x509.ExtensionType], now: datetime, lifetime: timedelta
    ) -> Certified:
        """A new certificate under this authority, which it does not outlive."""
        parent = x509.load_pem_x509_certificate(self.certificate)
        if parent.not_valid_after_utc <= now:
            raise NodeError(Reason.CONFIG_INVALID, "error.crypto.authority-expired")
        signer = _private_key(self.key)
        key = generate_private_key(SECP256R1())
        identifier = parent.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = (
            _builder(name, key, now, min(now + lifetime, parent.not_valid_after_utc))
            .issuer_name(parent.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_data=True), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
            )
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return _certified(builder.sign(signer, hashes.SHA256()), key)


def make_authority(name: str, now: datetime, lifetime: timedelta) -> Certified:
    """A self-signed authority (EC P-256) that may issue end certificates only."""
    key = generate_private_key(SECP256R1())
    builder = (
        _builder(name, key, now, now + lifetime)
        .issuer_name(_subject(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_data=False), critical=True)
    )
    return _certified(builder.sign(key, hashes.SHA256()), key)


def issue_node(
    authority: Certified, code: str, hosts: Sequence[str], now: datetime, lifetime: timedelta
) -> Certified:
    """A department's certificate for the exchange port, where it both calls and is called at `hosts`."""
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    names = [x509.UniformResourceIdentifier(_DEPARTMENT + normalise_credit_code(code)), *_hosts(hosts)]
    extensions = [x509.SubjectAlternativeName(names), x509.ExtendedKeyUsage(both)]
    return authority.issue(code, extensions, now, lifetime)


def issue_desk(
    authority: Certified, name: str, hosts: Sequence[str], now: datetime, lifetime: timedelta
) -> Certified:
    """The certificate of a desk port that is called at `hosts`."""
    extensions = [
        x509.SubjectAlternativeName(_hosts(hosts)),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    ]
    return authority.issue(name, extensions, now, lifetime)


def issue_desk_user(
    authority: Certified, code: str, role: str, name: str, now: datetime, lifetime: timedelta
) -> Certified:
    """The certificate of a desk caller, called `name`. Raises NodeError(CONFIG_INVALID)."""
    if role not in ROLES:
        raise NodeError(Reason.CONFIG_INVALID, "error.crypto.role-unknown", roles=", ".join(ROLES))
    names = [
        x509.UniformResourceIdentifier(_DEPARTMENT + normalise_credit_code(code)),
        x509.UniformResourceIdentifier(_ROLE + role),
    ]
    extensions = [
        x509.SubjectAlternativeName(names),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]),
    ]
    return authority.issue(name, extensions, now, lifetime)


def check_certificates(pem: str) -> None:
    """Raises NodeError(CONFIG_INVALID) when a certificate in `pem` is none."""
    try:
        if pem:
            x509.load_pem_x509_certificates(pem.encode())
    except _UNREADABLE:
        raise NodeError(Reason.CONFIG_INVALID, "error.crypto.certificate-unreadable") from None


def pair(certificates: bytes, key: bytes) -> Certified:
    """A certificate with its private key, both PEM: the one of `certificates` that `key` is of.

    It comes first, and behind it those that lead from it to its root, as TLS wants them (RFC 8446, 4.4.2),
    whatever order they were in. Raises NodeError(CONFIG_INVALID).
    """
    try:
        loaded = x509.load_pem_x509_certificates(certificates)
        private = load_pem_private_key(key, password=None)
        own = [each for each in loaded if each.public_key() == private.public_key()]
    except _UNREADABLE:
        raise NodeError(Reason.CONFIG_INVALID, "error.crypto.certificate-or-key-unreadable") from None
    if not own:
        raise NodeError(Reason.CONFIG_INVALID, "error.crypto.certificate-key-mismatch")
    # Of several for one key, as after a renewal, the newest is meant.
    chain = [max(own, key=lambda each: each.not_valid_after_utc)]
    rest = [each for each in loaded if each not in own]
    while issuer := next((each for each in rest if _issued(chain[-1], each)), None):
        chain.append(issuer)
        rest.remove(issuer)
    return Certified(b"".join(each.public_bytes(Encoding.PEM) for each in chain), key)


def ends_of(certificates: bytes) -> tuple[tuple[bytes, datetime], ...]:
    """The fingerprint of each certificate (PEM), and when it ends. Raises NodeError(CONFIG_INVALID)."""
    try:
        loaded = x509.load_pem_x509_certificates(certificates)
        return tuple((each.fingerprint(hashes.SHA256()), each.not_valid_after_utc) for each in loaded)
    except _UNREADABLE:
        raise NodeError(Reason.CONFIG_INVALID, "error.crypto.certificate-unreadable") from None


def fingerprints(certificates: bytes) -> frozenset[bytes]:
    """Of all certificates (PEM). Raises NodeError(CONFIG_INVALID)."""
    return frozenset(found for found, _ in ends_of(certificates))


def without(certificates: bytes, left_out: bytes) -> bytes:
    """Certificates (PEM) but those `left_out` (PEM). Raises NodeError(CONFIG_INVALID)."""
    gone = fingerprints(left_out)
    kept = (
        each
        for each in x509.load_pem_x509_certificates(certificates)
        if each.fingerprint(hashes.SHA256()) not in gone
    )
    return b"".join(each.public_bytes(Encoding.PEM) for each in kept)


def hosts_in(certificate: bytes) -> tuple[str, ...]:
    """The host names and addresses that a certificate (PEM) is for. Raises NodeError(CONFIG_INVALID)."""
    try:
        loaded = x509.load_pem_x509_certificate(certificate)
        names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    except _UNREADABLE:
        raise NodeError(Reason.CONFIG_INVALID, "error.crypto.certificate-unreadable") from None
    addresses = names.get_values_for_type(x509.IPAddress)
    return (*names.get_values_for_type(x509.DNSName), *map(str, addresses))


def _builder(
    name: str, key: EllipticCurvePrivateKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    now = now.astimezone(UTC).replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    if not _NAME.fullmatch(name):
        raise NodeError(Reason.CONFIG_INVALID, "error.crypto.certificate-name-length")
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _hosts(hosts: Sequence[str]) -> list[x509.GeneralName]:
    return [_host(host) for host in hosts]


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host.strip("[]")))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_data: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_data,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs_data,
        crl_sign=not signs_data,
        encipher_only=False,
        decipher_only=False,
    )


def _private_key(pem: bytes) -> EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, EllipticCurvePrivateKey):
        raise NodeError(Reason.CONFIG_INVALID, "error.crypto.authority-key-malformed")
    return key


def _certified(certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> Certified:
    return Certified(
        certificate.public_bytes(Encoding.PEM),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
