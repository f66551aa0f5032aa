"""What a running node has read: the parts that a reload replaces, each by itself."""

from __future__ import annotations

from dataclasses import dataclass

from node.app.lifetimes import Lifetime, Shown, lifetimes
from node.app.live.own_keys import Keys
from node.app.live.publishing import Published
from node.app.live.sources import Sources
from node.core.catalogue.registry import Catalogue
from node.core.directory.directory import Directory, Member
from node.core.role import Roles
from node.core.workdays import Calendar
from node.rpc.links import Identity
from node.rpc.server import TlsFiles


@dataclass(frozen=True, slots=True)
class LiveParts:
    """All of them at one moment; replaced as a whole."""

    directory: Directory
    identity: Identity
    desk: TlsFiles
    policies: Published | None
    calendar: Calendar | None
    sources: Sources
    keys: Keys
    content_key: bytes
    roles: Roles
    catalogue: Catalogue

    def lifetimes(self, own: Member | None) -> tuple[Lifetime, ...]:
        """Until when keys, certificates and the directory are good; `own` is the own entry in that."""
        roots = own.tls_roots.encode() if own is not None else b""
        shown = Shown(self.identity.certificate, roots, self.desk.certificate, self.desk.roots)
        return lifetimes(self.keys.files, shown, self.directory)
