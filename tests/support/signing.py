"""Officers of human resources who sign bundle after bundle, and the running nodes that enforce them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2
from support.approvals import approve
from support.bundles import LI, WANG, sign_draft
from support.cli_run import Ran, dxnode
from support.processes import Processes
from support.running import CASE, DEFERRAL, ENROLLED, pension_policy, resident
from support.town import HR, TAX, Town
from support.waiting import PATIENCE

from node.client.results import NodeStatus
from node.core.policy.bundle import MANIFEST, bundle_digest, render_manifest
from node.core.state.part import PartKind
from node.crypto.signing import Signer
from node.documents.approval_file import FOLDER
from node.documents.bundle_file import read_manifest
from node.documents.bundle_folder import ACTIVE, place, read_draft
from node.rpc.server import POLICIES_HEALTH

POLICY = "pension-insurance.yaml"


@dataclass(slots=True)
class Officers:
    """Those of human resources, with the folder that they edit, and the bundles that they made."""

    town: Town
    newest: int = 0
    versions: dict[bytes, int] = field(default_factory=dict)
    """By the digests of all bundles that they made."""

    @property
    def draft(self) -> Path:
        return self.town.offices[HR].folder / "policies"

    @property
    def placed(self) -> Path:
        return self.town.offices[HR].folder / "state" / "policies"

    def sign(
        self,
        version: int = 0,
        signers: Sequence[Signer] = (LI, WANG),
        start: datetime | None = None,
        end: datetime | None = None,
        code: str = HR,
    ) -> int:
        """Sign the draft, with another limit in each version; returns its version, by default the next."""
        self.newest = max(self.newest, version or self.newest + 1)
        version = version or self.newest
        (self.draft / POLICY).write_text(pension_policy(per_day=str(100_000 + version)))
        approve(self.draft)
        sign_draft(self.draft, version, signers, start, end, code)
        self.versions[self.digest()] = version
        return version

    def digest(self) -> bytes:
        """The digest of the draft's bundle."""
        return bundle_digest(render_manifest(read_manifest((self.draft / MANIFEST).read_bytes())))

    def copy_in(self) -> None:
        """Put the draft in place by hand, as it is, past the command that would refuse it."""
        manifest = read_manifest((self.draft / MANIFEST).read_bytes())
        name = f"{manifest.version}-{self.digest().hex()[:32]}"
        shutil.rmtree(self.placed / name, ignore_errors=True)
        approvals = shutil.ignore_patterns(FOLDER)
        shutil.copytree(self.draft, self.placed / name, symlinks=True, ignore=approvals)
        (self.placed / ACTIVE).write_text(f"{name}\n")

    def verify(self, *options: str) -> Ran:
        """Run `dxnode policy verify`."""
        config = self.town.offices[HR].config
        return dxnode("policy", "verify", self.draft, "--config", config, *options)

    def activating(self, *options: str) -> list[str]:
        """The arguments of `dxnode`."""
        config = self.town.offices[HR].config
        return ["policy", "activate", str(self.draft), "--config", str(config), "--lang", "en", *options]

    def activate(self, *options: str) -> Ran:
        """Run `dxnode policy activate`."""
        return dxnode(*self.activating(*options))

    def put(self, start: datetime | None = None, end: datetime | None = None) -> None:
        """Sign the next bundle and put it in place, without a word to the node."""
        self.sign(start=start, end=end)
        member = self.town.member(HR)
        place(self.placed, read_draft(self.draft, member), member)

    def activate_next(self) -> int:
        """Sign the next bundle, and have the node take it up."""
        version = self.sign()
        done = self.activate()
        assert done.code == 0, done.err
        assert "the node has taken it up" in done.err
        return version


@dataclass(slots=True)
class Nodes:
    """Human resources with officers, and the tax office that asks."""

    running: Processes
    officers: Officers

    def status(self) -> NodeStatus:
        with self.running.client(HR) as client:
            return client.admin.status()

    def version(self) -> int:
        return self.status().policy_version

    def reload(self) -> list[str]:
        """What human resources refuses of its policies."""
        with self.running.client(HR, 30.0) as client:
            return [
                each.message for each in client.admin.reload().refused if each.part.kind is PartKind.POLICIES
            ]

    def ask(self) -> bool:
        with self.running.client(TAX) as tax:
            return tax.verify(ENROLLED, resident(2), purpose=DEFERRAL, case=CASE).answer

    def health(self, service: str = POLICIES_HEALTH) -> tuple[int, int]:
        """At the desk, and at the exchange port as another department sees it."""
        offices = self.running.town.offices
        tls = offices[TAX].folder / "tls"
        credentials = grpc.ssl_channel_credentials(
            self.running.town.tls_authority.certificate,
            (tls / "exchange.key").read_bytes(),
            (tls / "exchange.pem").read_bytes(),
        )
        options = [("grpc.default_authority", "desk")]
        with (
            grpc.insecure_channel(f"unix:{offices[HR].socket}", options=options) as desk,
            grpc.secure_channel(f"127.0.0.1:{offices[HR].exchange_port}", credentials) as exchange,
        ):
            request = health_pb2.HealthCheckRequest(service=service)
            first, second = (
                channel.unary_unary(
                    "/grpc.health.v1.Health/Check",
                    health_pb2.HealthCheckRequest.SerializeToString,
                    health_pb2.HealthCheckResponse.FromString,
                )(request, timeout=PATIENCE).status
                for channel in (desk, exchange)
            )
            return first, second
