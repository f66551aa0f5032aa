"""A certificate says who its owner is in one way only; anything else identifies nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from node.crypto.certificates import (
    Certified,
    ends_of,
    fingerprint,
    hosts_in,
    identify,
    issue_desk,
    issue_desk_user,
    issue_node,
    make_authority,
    pair,
    trusted_until,
)
from node.errors import NodeError, Reason

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
DAY = timedelta(days=1)
TAX = "11441900000000035L"
DEPARTMENT = f"urn:dxnode:department:{TAX}"
ROLE = "urn:dxnode:role:clerk"


@pytest.fixture(scope="module")
def authority() -> Certified:
    return make_authority("test authority", NOW, 10 * DAY)


def with_uris(authority: Certified, uris: Sequence[str]) -> bytes:
    names = [x509.UniformResourceIdentifier(uri) for uri in uris]
    return authority.issue("owner", [x509.SubjectAlternativeName(names)], NOW, DAY).certificate


def loaded(certified: Certified) -> x509.Certificate:
    return x509.load_pem_x509_certificate(certified.certificate)


def test_node_certificate_names_its_department(authority: Certified) -> None:
    certified = issue_node(authority, TAX, ["tax.example", "127.0.0.1", "[::1]"], NOW, DAY)
    identity = identify(certified.certificate)
    der = loaded(certified).public_bytes(Encoding.DER)
    assert (identity.department, identity.role) == (TAX, "")
    assert identity.fingerprint == sha256(der).digest()
    assert identify(der) == identity


@pytest.mark.parametrize("code", ["N2441900MF0000001R", "A1110000MB0000001M", "Y2441900MF0000001H"])
def test_department_whose_code_begins_with_a_letter_is_named(authority: Certified, code: str) -> None:
    assert identify(issue_node(authority, code, ["127.0.0.1"], NOW, DAY).certificate).department == code
    assert (
        identify(issue_desk_user(authority, code, "clerk", "王芳", NOW, DAY).certificate).department == code
    )


def test_desk_certificate_names_department_and_role(authority: Certified) -> None:
    identity = identify(issue_desk_user(authority, TAX, "auditor", "王芳", NOW, DAY).certificate)
    assert (identity.department, identity.role) == (TAX, "auditor")


def test_node_certificate_serves_and_calls_at_its_hosts(authority: Certified) -> None:
    certificate = loaded(issue_node(authority, TAX, ["tax.example", "127.0.0.1", "[::1]"], NOW, DAY))
    extensions = certificate.extensions
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["tax.example"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1"), ip_address("::1")]
    uses = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(uses) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    certificate.verify_directly_issued_by(loaded(authority))


def test_desk_port_cannot_call_and_desk_callers_cannot_serve(authority: Certified) -> None:
    uses = [
        list(loaded(one).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        for one in (
            issue_desk(authority, "desk", ["localhost"], NOW, DAY),
            issue_desk_user(authority, TAX, "clerk", "window-3", NOW, DAY),
        )
    ]
    assert uses == [[ExtendedKeyUsageOID.SERVER_AUTH], [ExtendedKeyUsageOID.CLIENT_AUTH]]


def test_authority_can_issue_end_certificates_only(authority: Certified) -> None:
    rules = loaded(authority).extensions.get_extension_for_class(x509.BasicConstraints)
    assert rules.critical
    assert (rules.value.ca, rules.value.path_length) == (True, 0)
    issued = loaded(issue_node(authority, TAX, [], NOW, DAY))
    assert not issued.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_certificate_does_not_outlive_its_authority(authority: Certified) -> None:
    issued = x509.load_pem_x509_certificate(issue_node(authority, TAX, [], NOW, 99 * DAY).certificate)
    assert issued.not_valid_after_utc == NOW + 10 * DAY


@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["https://example.org"],
        [ROLE],
        [DEPARTMENT, DEPARTMENT],
        [DEPARTMENT, "urn:dxnode:department:11441900000000027R"],
        [DEPARTMENT, ROLE, ROLE],
        [DEPARTMENT, ROLE, "urn:dxnode:role:auditor"],
        [DEPARTMENT, "urn:dxnode:role:"],
        [DEPARTMENT, "urn:dxnode:role:operator"],
        [DEPARTMENT, "urn:dxnode:role:Clerk"],
        [DEPARTMENT, "urn:dxnode:branch:7"],
        [DEPARTMENT, "URN:DXNODE:role:clerk"],
        [DEPARTMENT.upper()],
        [DEPARTMENT + " "],
        [DEPARTMENT + "/x"],
        [DEPARTMENT[:-1]],
        [DEPARTMENT[:-1] + "M"],
        [DEPARTMENT[:-1] + "l"],
        ["urn:dxnode:department:"],
    ],
    ids=str,
)
def test_certificate_that_is_not_clear_identifies_nobody(authority: Certified, uris: list[str]) -> None:
    with pytest.raises(NodeError) as caught:
        identify(with_uris(authority, uris))
    assert caught.value.reason is Reason.CALLER_UNIDENTIFIED


def test_names_of_others_do_not_matter(authority: Certified) -> None:
    assert identify(with_uris(authority, ["spiffe://example/tax", DEPARTMENT])).department == TAX


def test_certificate_without_alternative_names_identifies_nobody(authority: Certified) -> None:
    with pytest.raises(NodeError, match="CALLER_UNIDENTIFIED"):
        identify(authority.issue(DEPARTMENT, [], NOW, DAY).certificate)


def test_damaged_certificate_identifies_nobody(authority: Certified) -> None:
    pem = issue_node(authority, TAX, [], NOW, DAY).certificate
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    for damaged in (b"", b"\x30", pem[:200], pem[: len(pem) // 2], der[:-1], der + b"\x00", b"\x00" * 70_000):
        with pytest.raises(NodeError, match="CALLER_UNIDENTIFIED"):
            identify(damaged)


def test_certificate_for_a_role_that_does_not_exist_is_not_issued(authority: Certified) -> None:
    with pytest.raises(NodeError, match="CONFIG_INVALID"):
        issue_desk_user(authority, TAX, "operator", "root", NOW, DAY)


def test_certificate_for_a_malformed_department_is_not_issued(authority: Certified) -> None:
    with pytest.raises(NodeError, match="credit code"):
        issue_node(authority, TAX[:-1] + "M", [], NOW, DAY)


def test_only_the_matching_private_key_passes(authority: Certified) -> None:
    other = issue_node(authority, TAX, [], NOW, DAY)
    assert pair(other.certificate, other.key) == other
    for certificate, key in [
        (authority.certificate, other.key),
        (other.certificate, b""),
        (b"junk", other.key),
    ]:
        with pytest.raises(NodeError, match="CONFIG_INVALID"):
            pair(certificate, key)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_chain_of_a_pair_leads_from_its_own_certificate_to_the_root(order: tuple[int, ...]) -> None:
    root = make_authority("root", NOW, 10 * DAY)
    between = under(root, "between", 5 * DAY)
    own = issue_node(between, TAX, [], NOW, DAY)
    parts = (own.certificate, between.certificate, root.certificate)
    stranger = make_authority("stranger", NOW, DAY).certificate
    found = pair(stranger + b"".join(parts[each] for each in order), own.key)
    assert found.certificate == b"".join(parts)


def test_of_two_certificates_for_one_key_the_newest_is_meant(authority: Certified) -> None:
    own = issue_node(authority, TAX, [], NOW, DAY)
    key = load_pem_private_key(own.key, None)
    first = loaded(own)
    longer = x509.CertificateBuilder(
        issuer_name=first.issuer,
        subject_name=first.subject,
        public_key=first.public_key(),
        serial_number=7,
        not_valid_before=first.not_valid_before_utc,
        not_valid_after=NOW + 9 * DAY,
        extensions=list(first.extensions),
    ).sign(key, hashes.SHA256())  # type: ignore[arg-type]
    newer = longer.public_bytes(Encoding.PEM)
    assert pair(own.certificate + newer, own.key).certificate == newer


def test_nothing_is_issued_under_an_authority_that_has_expired(authority: Certified) -> None:
    with pytest.raises(NodeError, match="expired"):
        issue_node(authority, TAX, [], NOW + 10 * DAY, DAY)


def test_a_certificate_says_for_which_hosts_it_is_and_when_it_ends(authority: Certified) -> None:
    made = issue_desk(authority, "desk", ["desk.example", "[::1]", "127.0.0.1"], NOW, DAY)
    assert hosts_in(made.certificate) == ("desk.example", "::1", "127.0.0.1")
    assert ends_of(made.certificate) == ((fingerprint(made.certificate), NOW + DAY),)


def test_private_key_is_not_shown(authority: Certified) -> None:
    assert "PRIVATE" not in repr(authority)


# --- trust that is looked at again ---


def under(parent: Certified, name: str, lifetime: timedelta) -> Certified:
    """An authority under another."""
    below = x509.BasicConstraints(ca=True, path_length=None)
    certified = make_authority(name, NOW, lifetime)
    builder = (
        x509.CertificateBuilder()
        .subject_name(loaded(certified).subject)
        .issuer_name(loaded(parent).subject)
        .public_key(loaded(certified).public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + lifetime)
        .add_extension(below, critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(loaded(certified).public_key()),
            critical=False,
        )
    )
    key = load_pem_private_key(parent.key, None)
    signed = builder.sign(key, hashes.SHA256())  # type: ignore[arg-type]
    return Certified(signed.public_bytes(Encoding.PEM), certified.key)


def test_certificate_is_trusted_until_the_first_end_on_the_way_to_a_root() -> None:
    root = make_authority("root", NOW, 10 * DAY)
    between = under(root, "between", 3 * DAY)
    clerk = issue_desk_user(root, TAX, "clerk", "a", NOW, 5 * DAY)
    assert trusted_until(clerk.certificate, b"", root.certificate) == NOW + 5 * DAY
    other = make_authority("another", NOW, DAY)
    assert trusted_until(clerk.certificate, b"", other.certificate + root.certificate) == NOW + 5 * DAY
    deep = between.issue("b", [], NOW, 2 * DAY)
    assert trusted_until(deep.certificate, between.certificate, root.certificate) == NOW + 2 * DAY


def test_certificate_does_not_outlive_an_authority_above_it() -> None:
    root = make_authority("root", NOW, 10 * DAY)
    short, long = under(root, "between", DAY), under(root, "between", 9 * DAY)
    clerk = long.issue("clerk", [], NOW, 8 * DAY)
    assert trusted_until(clerk.certificate, long.certificate, root.certificate) == NOW + 8 * DAY
    with pytest.raises(NodeError):  # of that name, but not who signed
        trusted_until(clerk.certificate, short.certificate, root.certificate)
    brief = make_authority("brief", NOW, DAY)
    outliving = under(brief, "outliving", 9 * DAY)
    assert trusted_until(outliving.certificate, b"", brief.certificate) == NOW + DAY


def test_certificate_of_an_authority_that_was_taken_out_is_trusted_no_more(authority: Certified) -> None:
    clerk = issue_desk_user(authority, TAX, "clerk", "a", NOW, DAY)
    another = make_authority("test authority", NOW, 10 * DAY)  # of the same name
    for roots in (another.certificate, b"", b"garbage"):
        with pytest.raises(NodeError) as refused:
            trusted_until(clerk.certificate, authority.certificate, roots)
        assert refused.value.reason is Reason.CALLER_UNIDENTIFIED


def test_chain_that_leads_in_a_circle_leads_nowhere(authority: Certified) -> None:
    clerk = issue_desk_user(authority, TAX, "clerk", "a", NOW, DAY)
    chain = authority.certificate * 50
    with pytest.raises(NodeError):
        trusted_until(clerk.certificate, chain, make_authority("x", NOW, DAY).certificate)
