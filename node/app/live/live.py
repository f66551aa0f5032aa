"""What a running node can read again without a restart, each part by itself: the last good one stays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import starmap
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from node.app.content_key import content_key
from node.app.lifetimes import Ending, Lifetime
from node.app.live.attempts import Attempts
from node.app.live.catalogue import LiveCatalogue
from node.app.live.files import load_calendar, load_directory
from node.app.live.opening import OpenSource
from node.app.live.own_keys import Keys, load_desk_tls, load_identity, load_keys, log_keys
from node.app.live.parts import LiveParts
from node.app.live.policies import LivePolicies, PolicyMemory
from node.app.live.problems import DIRECTORY, ending_soon, problems_of
from node.app.live.publishing import Published
from node.app.live.quality import HeldLoad
from node.app.live.report import parts_read
from node.app.live.sources import NO_SOURCES, LiveSources, SourceMemory, Sources
from node.app.memory import NO_FLOORS, Floors, recall, remember
from node.config.file import changed_settings, load_settings
from node.config.settings import Settings
from node.core.catalogue.registry import EMPTY, Catalogue, Registry
from node.core.directory.directory import Directory, Member, SeenDirectory, require_current
from node.core.policy.policy import Policies
from node.core.role import Roles
from node.core.state.data_age import dated
from node.core.state.data_load import DataLoad
from node.core.state.part import Part, PartKind, PartProblem
from node.core.workdays import Calendar
from node.errors import NodeError, Reason
from node.exchange.arrival import ProviderState
from node.exchange.group import LogKeys
from node.rpc.admin_service import ReloadReport
from node.rpc.links import Identity
from node.rpc.server import TlsFiles
from node.statistics.pool import Pool
from node.texts.message import Message

_MOST_NAMED = 12
_SEEN = "directory.seen"
_IMPORTED = Part(PartKind.IMPORTED)
_HOLIDAYS = Part(PartKind.HOLIDAYS)
_SETTINGS = Part(PartKind.SETTINGS)
_RESTART = Part(PartKind.RESTART)


class NodeMemory(PolicyMemory, SourceMemory, Protocol):
    """What a node remembers over restarts, such as the store."""


class Live:
    """The current directory, certificates, keys, policies, sources and roles, each replaced atomically."""

    def __init__(
        self,
        config: Path,
        settings: Settings,
        memory: NodeMemory,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        floors: Floors = NO_FLOORS,
    ) -> None:
        """Read everything that `settings`, those in the file `config`, lead to; nothing older than `floors`.

        Raises NodeError for what a node cannot start without.

        Bad policies, holidays and data sources don't keep it from starting: it denies, and says so in its
        status.
        """
        self._config = config
        self._settings = settings
        self._memory = memory
        self._clock = clock
        self._random = random
        self._floors = floors
        self._attempt = Attempts()
        self._policies = LivePolicies(settings, memory, clock, self._attempt, floors.policies)
        self.statistics = Pool(float(settings.limits.source_seconds))
        """Where counts and noise are made."""
        self._sources = LiveSources(settings, memory, clock, self._attempt, self.statistics)
        self._catalogue = LiveCatalogue(settings)
        # One reload at a time: else one that began earlier could put back what it had read before a change.
        self._turn = threading.Lock()
        directory = self._read_directory()
        keys = load_keys(settings, clock(), random)
        self._parts = LiveParts(
            directory=directory,
            identity=load_identity(settings),
            desk=load_desk_tls(settings),
            policies=None,
            calendar=self._attempt(_HOLIDAYS, lambda: load_calendar(settings), None),
            sources=NO_SOURCES,
            keys=keys,
            content_key=content_key(memory, keys.data, random),
            roles=Roles(settings.roles.rules()),
            catalogue=Catalogue(imported=self._attempt(_IMPORTED, self._catalogue.read_imported, EMPTY)),
        )
        self._enforce(self._policies.first(directory))

    @property
    def directory(self) -> Directory:
        """The newest accepted directory; it may have expired since."""
        return self._parts.directory

    @property
    def identity(self) -> Identity:
        """Certificate and key of the exchange port."""
        return self._parts.identity

    @property
    def keys(self) -> Keys:
        """The node's private keys."""
        return self._parts.keys

    def log_keys(self) -> LogKeys:
        """How the own log is signed and checked, as the keys and the directory are now."""
        parts = self._parts
        return log_keys(parts.keys, self._settings, self._own_entry(parts.directory))

    @property
    def policies(self) -> Policies:
        """The loaded policies. Raises NodeError(POLICY_NOT_LOADED)."""
        return self._valid_policies(self._parts)

    @property
    def imported(self) -> Registry:
        """The entries that were imported."""
        return self._parts.catalogue.imported

    @property
    def catalogue(self) -> Catalogue:
        """What can be found here. Raises NodeError(POLICY_NOT_LOADED) if the own entries may not be shown."""
        parts = self._parts
        if parts.policies is not None or not len(parts.catalogue.imported):
            self._valid_policies(parts)
        return parts.catalogue

    @property
    def calendar(self) -> Calendar | None:
        """The working days; None if the holiday file was never good."""
        return self._parts.calendar

    def policy_digest(self) -> bytes:
        """Digest of the loaded policies, empty without any."""
        published = self._parts.policies
        return published.policies.digest if published is not None else b""

    @property
    def published(self) -> Published | None:
        """The policies in use with who signed them, None without any; they may have expired."""
        return self._parts.policies

    def versions(self) -> Floors:
        """The newest versions of what is signed that were in use."""
        published = self._parts.policies
        manifest = published.loaded.manifest if published is not None else None
        return Floors(
            max(self._floors.directory, self._parts.directory.version),
            max(self._floors.policies, manifest.version if manifest is not None else 0),
        )

    def policies_good(self) -> bool:
        """Whether the newest policies put in place are in use, and valid."""
        return self._policies.good(self._parts.policies)

    def catalogue_good(self) -> bool:
        """Whether no dataset waits for the approval of its catalogue entry."""
        return self._policies.all_published(self._parts.policies)

    @property
    def sources(self) -> Sources:
        """The open data sources, and the loads of their data."""
        return self._parts.sources

    def load_of(self, dataset: str) -> DataLoad | None:
        """The load of a dataset that is answered from now, None while it is answered from none."""
        parts = self._parts
        kept, source = parts.sources.loads.get(dataset), parts.sources.opened.get(dataset)
        policy = parts.policies.policies.get(dataset) if parts.policies is not None else None
        if kept is None or source is None or policy is None:
            return None
        calendar = parts.calendar or Calendar(ZoneInfo(self._settings.timezone))
        return dated(kept, policy.dataset.update, self._clock(), calendar, source.read_ms)

    @property
    def roles(self) -> Roles:
        """What each role of desk callers may ask."""
        return self._parts.roles

    def exchange_tls(self) -> TlsFiles:
        """What the exchange port shows, and whom it trusts."""
        identity, roots = self._parts.identity, self._parts.directory.tls_roots().encode()
        return TlsFiles(identity.certificate, identity.key, roots)

    def desk_tls(self) -> TlsFiles:
        """What the desk port shows, and whom it trusts."""
        return self._parts.desk

    def provider_state(self) -> ProviderState:
        """What an exchange is decided and answered with. Raises NodeError(POLICY_NOT_LOADED)."""
        parts = self._parts
        if parts.calendar is None:  # rules cannot be judged by working days that nobody knows
            raise NodeError(Reason.POLICY_NOT_LOADED, "error.app.no-holidays")
        sources = parts.sources
        return ProviderState(self._valid_policies(parts), sources.opened, sources.loads, parts.calendar)

    def member(self, code: str) -> Member:
        """A member of the directory, to ask it.

        Raises NodeError(DIRECTORY_EXPIRED), (NOT_FOUND) for what the directory does not have.
        """
        require_current(self._parts.directory, self._clock())
        member = self._parts.directory.members.get(code)
        if member is None:
            raise NodeError(Reason.NOT_FOUND, "error.app.department-unknown")
        return member

    def revision(self, code: str) -> int:
        """The revision of the schema of what is recorded about a department; the first for strangers."""
        member = self._parts.directory.members.get(code)
        return 1 if member is None else member.revision

    def others(self) -> list[str]:
        """The other departments of the directory, without those that are suspended."""
        members = self._parts.directory.members.values()
        return [m.code for m in members if m.code != self._settings.department.code and not m.suspended]

    def own_member(self) -> Member:
        """The own entry in the directory, even if that has expired. Raises NodeError(CONFIG_INVALID)."""
        member = self._own_entry(self._parts.directory)
        if member is None:
            raise NodeError(
                Reason.CONFIG_INVALID,
                "error.officers.department-unlisted",
            )
        return member

    def notices(self) -> list[Message]:
        """What staff should know though nothing is wrong."""
        unread = self._policies.unread()[:_MOST_NAMED]
        return [Message("state.policies.unread", {"files": unread})] if unread else []

    def problems(self) -> list[PartProblem]:
        """What is wrong now."""
        parts, own, now = self._parts, self._own_entry(self._parts.directory), self._clock()
        of_policies = self._policies.problems(parts.policies)
        return problems_of(parts, own, self._attempt.problems, of_policies, self.load_of, now)

    def lifetimes(self) -> tuple[Lifetime, ...]:
        """Until when keys, certificates and the directory are good."""
        return self._parts.lifetimes(self._own_entry(self._parts.directory))

    def ending(self) -> list[Ending]:
        """What of them ends soon."""
        parts = self._parts
        return ending_soon(parts, self._own_entry(parts.directory), self._clock())

    def reload(self) -> ReloadReport:
        """Read everything again; a part that is bad keeps its last good state."""
        with self._turn:
            return self._reload()

    def retry(self) -> None:
        """Try again to open the data sources that are missing or cannot be read."""
        with self._turn:
            parts = self._parts
            self._sources.tend(parts.sources.opened)
            if parts.policies is not None and self._sources.lacking(
                parts.policies.policies, parts.sources.opened
            ):
                self._enforce(parts.policies)

    def held(self, dataset: str) -> HeldLoad:
        """The load of a dataset that is put aside. Raises NodeError(NOT_FOUND)."""
        return self._sources.held(dataset)

    def open_anew(self, dataset: str) -> None:
        """Open a data source again, as after a load that was put aside became the last good one."""
        with self._turn:
            self._sources.open_anew(dataset)
            self._enforce(self._parts.policies)

    def retired(self) -> list[OpenSource]:
        """Sources that were replaced since the last call, to be closed once nobody reads them any more."""
        return self._sources.retired()

    def _reload(self) -> ReloadReport:
        old = self._parts
        settings = self._settings
        self._sources.tend(old.sources.opened, asked=True)
        directory = self._attempt(DIRECTORY, self._read_directory, old.directory)
        self._parts = replace(
            old,
            directory=directory,
            identity=self._attempt(
                Part(PartKind.EXCHANGE_CERTIFICATE), lambda: load_identity(settings), old.identity
            ),
            desk=self._attempt(Part(PartKind.DESK_CERTIFICATE), lambda: load_desk_tls(settings), old.desk),
            calendar=self._attempt(_HOLIDAYS, lambda: load_calendar(settings), old.calendar),
            keys=self._attempt(
                Part(PartKind.KEYS), lambda: load_keys(settings, self._clock(), self._random), old.keys
            ),
            roles=self._attempt(_SETTINGS, self._read_roles, old.roles),
            catalogue=replace(
                old.catalogue,
                imported=self._attempt(_IMPORTED, self._catalogue.read_imported, old.catalogue.imported),
            ),
        )
        self._parts = replace(
            self._parts,
            content_key=self._attempt(Part(PartKind.CONTENT_KEY), self._read_content_key, old.content_key),
        )
        self._enforce(self._policies.next(directory, old.policies))
        new, now = self._parts, self._clock().astimezone(ZoneInfo(settings.timezone))
        done = parts_read(
            new,
            self._own_entry(new.directory),
            len(self._policies.unread()),
            settings.holidays is not None,
            not self._attempt.failed(_SETTINGS),
            now,
        )
        refused = [
            *starmap(PartProblem, self._attempt.problems.items()),
            *self._sources.put_aside(new.sources),
        ]
        return ReloadReport(tuple(done), tuple(refused))

    def _read_directory(self) -> Directory:
        seen = recall(self._memory, _SEEN, SeenDirectory)
        directory, now_seen = load_directory(
            self._settings.directory, self._settings.authority, seen, self._clock()
        )
        self._floors.check_directory(directory)
        if now_seen is not None and now_seen != seen:
            remember(self._memory, _SEEN, now_seen)
        return directory

    def _read_content_key(self) -> bytes:
        return content_key(self._memory, self._parts.keys.data, self._random)

    def _valid_policies(self, parts: LiveParts) -> Policies:
        if parts.policies is None or self._policies.problem(parts.policies) is not None:
            raise NodeError(Reason.POLICY_NOT_LOADED, "error.app.no-policies")
        return parts.policies.policies

    def _read_roles(self) -> Roles:
        """The roles in node.yaml; notes what else has changed in it since the start."""
        settings = load_settings(self._config)
        changed = changed_settings(
            self._settings, settings.model_copy(update={"roles": self._settings.roles})
        )
        restart = Message("state.settings.changed", {"settings": changed, "file": self._config.name})
        self._attempt.note(_RESTART, restart if changed else None)
        return Roles(settings.roles.rules())

    def _own_entry(self, directory: Directory) -> Member | None:
        return directory.members.get(self._settings.department.code)

    def _enforce(self, published: Published | None) -> None:
        """Put policies and the sources of their datasets in place in one step.

        Sources may take long to build: until they stand, exchanges go on under the policies before.
        """
        parts = self._parts
        if published is not None:
            sources = self._sources.load(published.policies, parts.sources, parts.content_key)
            catalogue = self._catalogue.with_own(parts.catalogue, published.policies)
            self._parts = replace(parts, policies=published, sources=sources, catalogue=catalogue)
