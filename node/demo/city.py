"""Build a city in a folder, six nodes with keys, certificates, directory, policies and data, and run it."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Self

from node.app.live.policy_loading import PLACED
from node.client import Client, Credentials
from node.core.deciding.grant import Grant, GrantState
from node.core.directory.directory import Member
from node.core.directory.spelling import Role
from node.demo.departments import AUTHORITY, DEPARTMENTS, GRANTS, REGION, Department, PlannedGrant, department
from node.demo.officers import Officers, approve_entries, make_officers, put_in_place, sign
from node.demo.ports import free_ports
from node.demo.process import NodeProcess
from node.demo.registers import SEED, Registers, make_registers
from node.demo.shipped import shipped
from node.demo.size import RESIDENTS
from node.documents.pki import (
    About,
    Authority,
    CertificateFiles,
    NodeFiles,
    export_member,
    make_authority_files,
    make_desk,
    make_desk_user,
    make_node_certificate,
    make_node_keys,
)
from node.documents.publish import Orders, publish
from node.files.whole import PUBLIC, write_file

HOST = "127.0.0.1"
_ORGANISATION = "东莞市人民政府"
DIRECTORY_LIFETIME = timedelta(days=30)
GRANT_LIFETIME = timedelta(days=365)
_START_SECONDS = 120.0
_STOP_SECONDS = 20.0
_CALL_SECONDS = 30.0
_POLL_SECONDS = 0.2
_CALLERS = ("clerk", "system")

Clock = Callable[[], datetime]
Random = Callable[[int], bytes]

_CONFIG = """\
department:
  code: {code}
  title: {title}
  region: {region}
  level: city
  organisation: {organisation}
authority: {authority}
exchange:
  listen: {exchange}
  advertise: {exchange}
desk:
  listen: {desk}
roles:
  clerk: {{questions: ["*/*"]}}
  system: {{questions: ["*/*"]}}
"""


@dataclass(frozen=True, slots=True)
class CityNode:
    """One department's node: its folder, its process, and ways to its desk."""

    department: Department
    folder: Path
    exchange_port: int
    desk_port: int
    process: NodeProcess

    @property
    def config(self) -> Path:
        """Its node.yaml."""
        return self.folder / "node.yaml"

    @property
    def policies(self) -> Path:
        """Where its officers write policies."""
        return self.folder / "policies"

    @property
    def placed(self) -> Path:
        """Where the node looks for bundles."""
        return self.folder / "state" / PLACED

    @property
    def log_key(self) -> Path:
        """The public key that its usage log is signed with; `cosign_key` is that of the cosignatures."""
        return self.folder / "log.vkey"

    @property
    def cosign_key(self) -> Path:
        """See `log_key`."""
        return self.folder / "cosign.vkey"

    def operator(self) -> Client:
        """The desk, through the Unix socket."""
        return Client(f"unix:{_socket(self.folder)}", timeout=_CALL_SECONDS)

    def clerk(self) -> Client:
        """The desk, over TLS, for a window clerk."""
        return Client(self.desk_address, self.credentials("clerk"), timeout=_CALL_SECONDS)

    @property
    def desk_address(self) -> str:
        """Where the desk listens."""
        return f"{HOST}:{self.desk_port}"

    def credentials(self, caller: str) -> Credentials:
        """What "clerk" or "system" shows at the desk."""
        callers = self.folder / "callers"
        return Credentials(callers / f"{caller}.pem", callers / f"{caller}.key", callers / "desk-roots.pem")


class City:
    """Six nodes, and what their registers hold. As a context it starts them, and stops them at its end."""

    def __init__(
        self,
        folder: Path,
        nodes: Mapping[str, CityNode],
        registers: Registers,
        officers: Mapping[str, Officers],
    ) -> None:
        self.folder = folder
        self.nodes = nodes
        self.registers = registers
        self.officers = officers

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def node(self, name: str) -> CityNode:
        """The node of a department, by its name in `node.demo.departments`. Raises KeyError."""
        return self.nodes[name]

    def start(self) -> None:
        """Start all nodes and wait until they are healthy. Raises RuntimeError if one is not."""
        for node in self.nodes.values():
            node.process.start()
        for node in self.nodes.values():
            node.process.wait_until_healthy(_START_SECONDS)

    def stop(self) -> Mapping[str, int | None]:
        """Drain all nodes; return their exit codes. What does not end in time is killed."""
        try:
            for node in self.nodes.values():
                node.process.ask_to_stop()
            return {name: node.process.wait(_STOP_SECONDS) for name, node in self.nodes.items()}
        except BaseException:  # such as a second Ctrl-C
            for node in self.nodes.values():
                node.process.kill()
            raise

    def issue_grants(self, now: datetime) -> int:
        """Have each provider issue what `GRANTS` plans, and each requester fetch it; return how many.

        Raises RuntimeError when a requester cannot fetch what was issued to it.
        """
        issued: dict[str, set[str]] = defaultdict(set)
        for planned in GRANTS:
            with self.node(planned.provider).operator() as desk:
                issued[planned.requester].add(desk.admin.issue_grant(_grant(planned, now)).id)
        for requester, expected in issued.items():
            with self.node(requester).operator() as desk:
                _fetch_grants(desk, expected)
        return len(GRANTS)

    def own_data(self) -> list[Path]:
        """Where the providers' own data files are, and what the nodes built from them."""
        return [
            folder
            for node in self.nodes.values()
            for folder in (node.folder / "data", node.folder / "state" / "data")
        ]


def build_city(
    folder: Path,
    residents: int = RESIDENTS,
    seed: int = SEED,
    *,
    clock: Clock = lambda: datetime.now(UTC),
    random: Random = os.urandom,
) -> City:
    """Write everything that the six nodes need into `folder`, which must not hold a city yet.

    Nothing runs until `City.start`. Raises NodeError(CONFIG_INVALID) when there is one or a file cannot be
    written, ValueError when `residents` is out of bounds.
    """
    now = clock()
    folder = folder.resolve()
    registers = make_registers(residents, seed)
    authority = make_authority_files(folder / "directory-authority", AUTHORITY.code, now, random)
    ports = free_ports(2 * len(DEPARTMENTS))
    nodes = {}
    for each in DEPARTMENTS:
        nodes[each.name] = plan_node(folder / each.name, each, ports.pop(), ports.pop())
    members, officers = [], {}
    for node in nodes.values():
        each = node.department
        officers[each.name] = make_officers(folder / "officers" / each.name, each.code, random)
        sources = "".join(f"  {name}: {{csv: data/{name}.csv}}\n" for name in each.datasets)
        settings = f"sources:\n{sources}" if sources else ""
        approvers = officers[each.name].verifier_keys()
        member = furnish(node, authority, settings, now, random, approvers)
        members.append(member)
        _put_data(node, registers)
        sign(officers[each.name], node.policies, member, now)
        put_in_place(node.policies, node.placed, member)
    reviewer = officers[AUTHORITY.name].head
    for node in nodes.values():
        approve_entries(officers[node.department.name].head, reviewer, node.policies, now)
    publish(
        authority,
        Orders(members=tuple(members), roles={AUTHORITY.code: (Role.AUTHORITY,)}),
        now,
        DIRECTORY_LIFETIME,
    )
    for node in nodes.values():
        shutil.copyfile(authority.directory, node.folder / "directory.note")
    return City(folder, nodes, registers, officers)


def plan_node(folder: Path, department: Department, exchange_port: int, desk_port: int) -> CityNode:
    """A node that will live in `folder`; nothing is written yet."""
    process = NodeProcess(folder / "node.yaml", _socket(folder), folder / "output.log")
    return CityNode(department, folder, exchange_port, desk_port, process)


def furnish(
    node: CityNode,
    authority: Authority,
    settings: str,
    now: datetime,
    random: Random,
    officers: tuple[str, ...] = (),
) -> Member:
    """Make a node's keys, certificates and node.yaml; return what the authority publishes about it.

    `settings` are further sections of node.yaml, `officers` the keys of who approves its policies.
    Raises NodeError(CONFIG_INVALID).
    """
    each, tls = node.department, node.folder / "tls"
    files = NodeFiles(
        keys=node.folder / "keys",
        exchange=CertificateFiles(tls / "exchange.pem", tls / "exchange.key"),
        desk=CertificateFiles(tls / "desk.pem", tls / "desk.key"),
        desk_roots=tls / "desk-roots.pem",
        desk_authority=CertificateFiles(
            node.folder / "desk-authority.pem", node.folder / "desk-authority.key"
        ),
    )
    make_node_keys(files.keys, now, random)
    make_node_certificate(files.exchange, authority, each.code, [HOST], now)
    make_desk(files, each.code, [HOST], now)
    for caller in _CALLERS:
        make_desk_user(files, node.folder / "callers", each.code, caller, caller, now)
    about = About(
        code=each.code,
        title=f"东莞市{each.zh}",
        region=REGION,
        level="city",
        organisation=_ORGANISATION,
        endpoint=f"{HOST}:{node.exchange_port}",
    )
    config = _CONFIG.format(
        code=each.code,
        title=about.title,
        region=about.region,
        organisation=about.organisation,
        authority=authority.signer(now).verifier.vkey(),
        exchange=about.endpoint,
        desk=node.desk_address,
    )
    write_file(node.config, (config + settings).encode(), PUBLIC)
    member = export_member(about, files.keys, files.exchange, files.exchange.roots, now, officers)
    write_file(node.log_key, member.log_keys[0].encode() + b"\n", PUBLIC)
    write_file(node.cosign_key, member.cosign_keys[0].encode() + b"\n", PUBLIC)
    return member


def _put_data(node: CityNode, registers: Registers) -> None:
    data, policies = node.folder / "data", node.policies
    data.mkdir(mode=0o700)
    policies.mkdir()
    examples = shipped("policies")
    shutil.copyfile(examples / "definitions.yaml", policies / "definitions.yaml")
    for name in node.department.datasets:
        shutil.copyfile(examples / f"{name}.yaml", policies / f"{name}.yaml")
        registers.datasets[name].write(data / f"{name}.csv")


def _fetch_grants(desk: Client, expected: set[str]) -> None:
    # A node that looked for a peer before that was up waits a little before it looks again.
    deadline = monotonic() + _CALL_SECONDS
    while not expected <= {grant.id for grant in desk.grants(refresh=True)}:
        if monotonic() > deadline:
            raise RuntimeError("a department cannot fetch the grants that were issued to it")
        sleep(_POLL_SECONDS)


def _grant(planned: PlannedGrant, now: datetime) -> Grant:
    return Grant(
        id="",
        provider=department(planned.provider).code,
        requester=department(planned.requester).code,
        dataset=planned.dataset,
        questions=frozenset(planned.questions),
        purposes=planned.purposes,
        region="",
        subjects_per_day=0,
        valid_from=now,
        valid_until=now + GRANT_LIFETIME,
        state=GrantState.ACTIVE,
        basis=planned.basis,
        scenario=planned.scenario,
        note="",
    )


def _socket(folder: Path) -> Path:
    return folder / "state" / "desk.sock"
