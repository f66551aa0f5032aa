"""A node and its callers work with files as mail and editors leave them; a node tells when they end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from support.cli_run import dxnode
from support.running import CASE, DEFERRAL, ENROLLED, pension_town, resident, running
from support.town import HR, TAX, Town
from support.waiting import wait_for

from node.client import Client, Credentials
from node.crypto.certificates import issue_desk

BAG = "Bag Attributes\n    friendlyName: 社保 x\nKey Attributes: <None>\n".encode()
DAY = timedelta(days=1)


def der_of_key(pem: bytes) -> bytes:
    key = load_pem_private_key(pem, None)
    return key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def der_of_certificate(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


SPOILED: dict[str, Callable[[bytes], bytes]] = {
    "exchange.pem": lambda pem: b"\xef\xbb\xbf" + (BAG + pem).replace(b"\n", b"\r\n"),
    "exchange.key": lambda pem: BAG + pem,
    "desk.pem": der_of_certificate,
    "desk.key": der_of_key,
    "desk-roots.pem": lambda pem: pem.replace(b"\n", b" \r\n"),
    "cert.pem": lambda pem: pem.decode().encode("utf-16"),
    "key.pem": lambda pem: b"\xef\xbb\xbf" + pem,
    "roots.pem": lambda pem: BAG + pem.rstrip(),
}


def spoil(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name in SPOILED:
            path.write_bytes(SPOILED[path.name](path.read_bytes()))


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Offices whose files all went through hands."""
    made = pension_town(tmp_path, extra='roles: {clerk: {questions: ["*/*"]}}')
    for code in (HR, TAX):
        spoil(made.offices[code].folder / "tls")
    note = tmp_path / "directory.note"
    note.write_bytes(b"\xef\xbb\xbf" + note.read_bytes().replace(b"\n", b"\r\n"))
    return made


def test_nodes_and_callers_work_with_them(town: Town) -> None:
    with running(town, HR, TAX) as nodes:
        nodes.grant()
        caller = town.offices[TAX].desk_user("clerk")
        spoil(caller)
        credentials = Credentials(caller / "cert.pem", caller / "key.pem", caller / "roots.pem")
        with Client(f"127.0.0.1:{town.offices[TAX].desk_port}", credentials) as clerk:
            answer = clerk.verify(ENROLLED, resident(1), purpose=DEFERRAL, case=CASE)
            assert isinstance(answer.answer, bool)


def put_desk_certificate(town: Town, code: str, days: int) -> None:
    office = town.offices[code]
    begin = datetime.now(UTC) - 60 * DAY
    made = issue_desk(office.desk_authority, "desk", ["127.0.0.1"], begin, (60 + days) * DAY)
    (office.folder / "tls/desk.key").write_bytes(made.key)
    (office.folder / "tls/desk.pem").write_bytes(made.certificate)


def test_status_lists_every_end_warns_before_it_and_is_degraded_after_it(town: Town) -> None:
    put_desk_certificate(town, TAX, 20)
    config = town.offices[TAX].config
    with running(town, TAX) as nodes, nodes.operator(TAX) as operator:
        found = operator.admin.status()
        assert {key.use for key in found.keys} == {
            *("sealing", "log", "cosign", "data", "directory"),
            *("exchange-tls", "exchange-roots", "desk-tls", "desk-roots"),
        }
        assert all(key.expires is not None for key in found.keys)
        assert (found.state, found.problems) == ("DEGRADED", ())
        told = dxnode("status", "--config", config)
        assert told.code == 0, "it serves, and somebody has to do something within 20 days"
        assert "a key or certificate ends soon" in told.out
        assert "`dxnode pki rotate desk`" in told.out

        put_desk_certificate(town, TAX, -1)
        wait_for(lambda: operator.admin.status().problems != ())
        assert operator.admin.status().state == "DEGRADED"
        told = dxnode("status", "--config", config)
        assert told.code == 4
        assert "the certificate of the desk port" in told.out
        assert "`dxnode pki rotate desk`" in told.out

        put_desk_certificate(town, TAX, 300)
        wait_for(lambda: operator.admin.status().state == "SERVING")
        assert not any("desk" in str(notice.args) for notice in operator.admin.status().notices)


@pytest.mark.parametrize("name", ["exchange.pem", "exchange.key", "desk.pem", "desk.key", "desk-roots.pem"])
def test_a_node_that_cannot_start_names_the_file(town: Town, name: str) -> None:
    path = town.offices[TAX].folder / "tls" / name
    path.write_bytes(b"<html>please sign in</html>")
    ran = dxnode("serve", "--config", town.offices[TAX].config)
    assert ran.code == 2
    assert str(path) in ran.err
    assert "CONFIG_INVALID" in ran.err
