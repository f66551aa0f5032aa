"""A small town for tests: an authority, a provider and requesters, with real keys, certificates and files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from node.core.directory.directory import Member, next_directory
from node.core.directory.spelling import Role, SealingKey
from node.core.revision import REVISION
from node.crypto.certificates import (
    Certified,
    identify,
    issue_desk,
    issue_desk_user,
    issue_node,
    make_authority,
)
from node.crypto.signing import SignatureSuite, Signer
from node.demo.ports import free_ports
from node.documents.directory_file import read_directory, sign_directory
from node.documents.keys import KeyUse, PrivateKey, generate, read_keys, write_key
from node.files.private_folder import make_private

HR = "11441900000000019Y"
MEDICAL = "11441900000000027R"
TAX = "11441900000000035L"
AUTHORITY = "1144190000000006X2"
FORGER = "114419000000000709"
"""A department without a node of its own, in whose name requests are made by hand: each has one usage log."""
YEAR = timedelta(days=365)
SOCKET = "state/d.sock"
"""In few letters: no path of a socket may be long, and the folders of tests have long ones."""


def free_port() -> int:
    """A port of the loopback interface that no other process is given while this one lives."""
    (port,) = free_ports(1)
    return port


@dataclass(slots=True)
class Office:
    """One department's folder."""

    code: str
    folder: Path
    exchange_port: int
    desk_port: int
    desk_authority: Certified
    sealing: list[PrivateKey] = field(default_factory=list)
    forged_log: list[bytes] = field(default_factory=list)
    """Leaf hashes of what was made in its name by hand: a department has one log, whoever writes it."""

    @property
    def config(self) -> Path:
        """Its node.yaml."""
        return self.folder / "node.yaml"

    @property
    def socket(self) -> Path:
        """Its desk socket."""
        return self.folder / SOCKET

    def desk_user(self, role: str) -> Path:
        """A folder with certificate, key and roots of a desk caller."""
        folder = self.folder / "users" / role
        if not folder.exists():
            folder.mkdir(parents=True)
            user = issue_desk_user(self.desk_authority, self.code, role, role, _now(), YEAR)
            _write(folder / "cert.pem", user.certificate)
            _write(folder / "key.pem", user.key)
            _write(folder / "roots.pem", self.desk_authority.certificate)
        return folder


class Town:
    """Makes offices, and the directory that lists them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tls_authority = make_authority("town", _now(), YEAR)
        self.signer = Signer("authority.example/directory", SignatureSuite.ED25519, os.urandom(32))
        self.offices: dict[str, Office] = {}
        self._members: dict[str, Member] = {}

    def add(
        self,
        code: str,
        datasets: Mapping[str, str] | None = None,
        policies: Sequence[Path] = (),
        extra: str = "",
        roles: tuple[Role, ...] = (),
        organisation: str = "",
        unsigned: bool = True,
    ) -> Office:
        """An office that provides `datasets` (name to CSV text)."""
        folder = self.folder / code
        (folder / "policies").mkdir(parents=True)
        office = Office(code, folder, free_port(), free_port(), make_authority(f"desk {code}", _now(), YEAR))
        self.offices[code] = office
        node = issue_node(self.tls_authority, code, ["127.0.0.1", "localhost"], _now(), YEAR)
        desk = issue_desk(office.desk_authority, "desk", ["127.0.0.1", "localhost"], _now(), YEAR)
        for name, content in (
            ("exchange.pem", node.certificate),
            ("exchange.key", node.key),
            ("desk.pem", desk.certificate),
            ("desk.key", desk.key),
            ("desk-roots.pem", office.desk_authority.certificate),
        ):
            _write(folder / "tls" / name, content)
        keys = {use: generate(use, _now(), _now() + YEAR, os.urandom) for use in KeyUse}
        for use, key in keys.items():
            if use is not KeyUse.DIRECTORY:
                write_key(folder / "keys", key)
        for path in policies:
            shutil.copy(path, folder / "policies")
        sources = ""
        for name, text in (datasets or {}).items():
            _write(folder / "data" / f"{name}.csv", text.encode())
            sources += f"  {name}: {{csv: data/{name}.csv}}\n"
        self._members[code] = Member(
            code=code,
            title=f"department {code}",
            region="441900",
            level="city",
            organisation=organisation or code,
            roles=roles,
            endpoint=f"127.0.0.1:{office.exchange_port}",
            certificates=(identify(node.certificate).fingerprint.hex(),),
            tls_roots=self.tls_authority.certificate.decode(),
            sealing_keys=(SealingKey.parse(keys[KeyUse.SEALING].sealing_key().public.encode()),),
            log_keys=(keys[KeyUse.LOG].signer(f"dxnode/{code}").verifier.vkey(),),
            cosign_keys=(keys[KeyUse.COSIGN].signer(f"dxnode/{code}").verifier.vkey(),),
            suspended=False,
            schema=REVISION,
        )
        office.config.write_text(
            f"""\
department: {{code: {code}, title: department {code}, region: "441900", level: city, organisation: {code}}}
authority: {self.signer.verifier.vkey()}
directory: ../directory.note
{"policies: {unsigned: true}" if unsigned else ""}
exchange: {{listen: "127.0.0.1:{office.exchange_port}", advertise: "127.0.0.1:{office.exchange_port}"}}
desk: {{listen: "127.0.0.1:{office.desk_port}", socket: {SOCKET}}}
{"sources:" if sources else ""}
{sources}{extra}
"""
        )
        return office

    def publish(self, *changes: Member, lifetime: timedelta = timedelta(days=30)) -> None:
        """Sign and write the next directory; `changes` replace members."""
        self._members.update({member.code: member for member in changes})
        path = self.folder / "directory.note"
        last = read_directory(path.read_bytes(), self.signer.verifier) if path.exists() else None
        directory = next_directory(last, self._members.values(), _now(), lifetime)
        _write(path, sign_directory(directory, self.signer))

    def member(self, code: str) -> Member:
        """What the directory says of a department."""
        return self._members[code]


def keys_of(office: Office) -> tuple[PrivateKey, ...]:
    """The private keys of an office."""
    return read_keys(office.folder / "keys")


def _now() -> datetime:
    return datetime.now(UTC)


def _write(path: Path, content: bytes) -> None:
    make_private(path.parent)
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.chmod(0o600)
    part.replace(path)
