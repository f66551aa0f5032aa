"""The policies of a running node: the newest that it may use, with what of them is published."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from node.app.live.attempts import Attempts
from node.app.live.policy_loading import Loaded, load_active, load_last, load_unsigned
from node.app.live.publishing import Published, ServedVersions, publish, record
from node.app.memory import Memory, recall, remember
from node.config.settings import Settings
from node.core.directory.directory import Directory, Member
from node.core.policy.bundle import SeenBundle, check_newer
from node.core.state.part import Part, PartKind
from node.documents.policy_folder import read_folder
from node.errors import NodeError
from node.texts.message import Message

_SEEN = "policies.seen"
_POLICIES = Part(PartKind.POLICIES)
_CATALOGUE = Part(PartKind.CATALOGUE)


class PolicyMemory(Memory, ServedVersions, Protocol):
    """What a node remembers of policies over restarts."""


class LivePolicies:
    """Reads policies, and remembers the newest, so that nothing older is taken afterwards."""

    def __init__(
        self,
        settings: Settings,
        memory: PolicyMemory,
        clock: Callable[[], datetime],
        attempt: Attempts,
        floor: int = 0,
    ) -> None:
        """No bundle of a version below `floor` is used."""
        self._settings = settings
        self._floor = floor
        self._memory = memory
        self._clock = clock
        self._attempt = attempt

    def first(self, directory: Directory) -> Published | None:
        """The policies at the start: a bad bundle leaves the one that was in use last."""
        published = self.next(directory, None)
        seen = recall(self._memory, _SEEN, SeenBundle)
        if (
            published is not None
            or seen is None
            or self._settings.policies.unsigned
            or seen.version < self._floor
        ):
            return published
        with contextlib.suppress(NodeError):  # why the newer one is bad has been said
            last = load_last(self._settings, self._own_entry(directory), seen, self._clock())
            return self._published(last, directory, None)
        return None

    def next(self, directory: Directory, old: Published | None) -> Published | None:
        """The newest policies or, when they are bad, the old ones.

        Either way they are published by the directory and the approvals of now.
        """
        before = old.loaded if old is not None else None
        loaded = self._attempt(_POLICIES, lambda: self._read(directory, before), before)
        if loaded is None:
            return None
        return self._attempt(_CATALOGUE, lambda: self._published(loaded, directory, old), old)

    def problem(self, published: Published) -> Message | None:
        """Why policies may not be used now, None when they may."""
        try:
            published.loaded.require_valid(self._clock())
        except NodeError as error:
            return error.wording
        return None

    def problems(self, published: Published | None) -> dict[Part, Message]:
        """What is wrong with policies by now, unless that newer ones are bad has been said."""
        if published is None or self._attempt.failed(_POLICIES):
            return {}
        problem = self.problem(published)
        return {} if problem is None else {_POLICIES: problem}

    def good(self, published: Published | None) -> bool:
        """Whether the newest policies put in place are those in use, and valid."""
        valid = published is not None and self.problem(published) is None
        return valid and not self._attempt.failed(_POLICIES)

    def all_published(self, published: Published | None) -> bool:
        """Whether no dataset waits for the approval of its catalogue entry."""
        return published is not None and not published.waiting and not self._attempt.failed(_CATALOGUE)

    def unread(self) -> tuple[str, ...]:
        """The names of what only looks like a policy in a folder that is read without approval."""
        if not self._settings.policies.unsigned:
            return ()
        folder = self._settings.policies.folder
        return tuple(str(Path(each.file).relative_to(folder)) for each in read_folder(folder).unread)

    def _published(self, loaded: Loaded, directory: Directory, old: Published | None) -> Published:
        now = self._clock()
        published = publish(loaded, self._settings.policies.folder, directory, now, old)
        record(published.policies, self._memory, now)  # before it is served
        return published

    def _read(self, directory: Directory, old: Loaded | None) -> Loaded:
        if self._settings.policies.unsigned:
            return load_unsigned(self._settings)
        seen = recall(self._memory, _SEEN, SeenBundle)
        loaded = load_active(self._settings, self._own_entry(directory), seen, self._clock(), old)
        if loaded.manifest is not None:  # the memory of it may have been put back, the mark was not
            check_newer(loaded.manifest.version, self._floor, same=True)
        if loaded.seen is not None and loaded.seen != seen:
            # Before it is in use: after a crash, nothing older may come back.
            remember(self._memory, _SEEN, loaded.seen)
        return loaded

    def _own_entry(self, directory: Directory) -> Member | None:
        return directory.members.get(self._settings.department.code)
