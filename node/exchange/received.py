"""The grants that this department was given, fetched from the providers and kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from typing import Protocol

from node.core.deciding.grant import Grant, GrantState
from node.core.identity import SubjectType
from node.core.messages.grant_check import sound_grants
from node.core.messages.grant_message import grant_to_bytes
from node.errors import NodeError

log = logging.getLogger(__name__)
PAUSE_SECONDS = 0.5
"""A provider is not asked more often than this."""


MAX_GRANTS = 1000
MAX_BYTES = 1 << 20
"""What is kept of the grants of one provider, at most."""


class GrantStore(Protocol):
    """Where they are kept."""

    def received_grants(self) -> list[Grant]: ...
    def replace_received_grants(self, provider: str, grants: Sequence[Grant]) -> None: ...


class GrantSource(Protocol):
    """Where they come from."""

    async def grants(self, provider: str) -> list[Grant]: ...


class ReceivedGrants:
    """Grants by provider, in memory and in the store. Used in one event loop only."""

    def __init__(
        self,
        own: str,
        shelf: GrantStore,
        source: GrantSource,
        workers: Executor,
        monotonic: Callable[[], float],
    ) -> None:
        self._own = own
        self._shelf = shelf
        self._source = source
        self._workers = workers
        self._monotonic = monotonic
        self._asked: dict[str, float] = {}
        self._grants: dict[str, list[Grant]] = {}
        for grant in shelf.received_grants():
            self._grants.setdefault(grant.provider, []).append(grant)

    def of(self, provider: str) -> Sequence[Grant]:
        """What a provider granted."""
        return self._grants.get(provider, ())

    def all(self) -> list[Grant]:
        """All, by provider and id."""
        return [grant for provider in sorted(self._grants) for grant in self._grants[provider]]

    def subject_type(self, provider: str, dataset: str) -> SubjectType | None:
        """Whom a dataset is about that a provider granted something of, None where it did not say."""
        told = (grant.subject_type for grant in self.of(provider) if grant.dataset == dataset)
        return next((each for each in told if each is not None), None)

    async def refresh(self, provider: str, at_once: bool = False) -> None:
        """Ask one provider, `at_once` or not too often; if it can't be reached, what is known stays."""
        now = self._monotonic()
        if not at_once and now - self._asked.get(provider, -PAUSE_SECONDS) < PAUSE_SECONDS:
            return
        self._asked[provider] = now
        try:
            offered = await self._source.grants(provider)
        except NodeError as error:
            log.info("grants of %s not fetched: %s", provider, error.reason.name)
            return
        sound = sound_grants(offered, provider, self._own)
        if len(sound) < len(offered):
            log.warning(
                "%d grants of %s are not taken: they are malformed", len(offered) - len(sound), provider
            )
        own = bounded(sound)
        if own == list(self.of(provider)):
            return
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._workers, self._shelf.replace_received_grants, provider, own)
        self._grants[provider] = own

    async def refresh_all(self, providers: Iterable[str]) -> None:
        """Ask all of them again."""
        others = [provider for provider in providers if provider != self._own]
        await asyncio.gather(*(self.refresh(provider, at_once=True) for provider in others))


def bounded(grants: Sequence[Grant]) -> list[Grant]:
    """As many grants as are kept of one provider, in their order; those that ended are left out first."""
    lasting = sorted(
        range(len(grants)),
        key=lambda place: (grants[place].state is not GrantState.REVOKED, grants[place].valid_until),
        reverse=True,
    )
    kept, size = [], 0
    for place in lasting[:MAX_GRANTS]:
        size += len(grant_to_bytes(grants[place]))
        if size > MAX_BYTES:
            break
        kept.append(place)
    if left := len(grants) - len(kept):
        log.warning("a provider has more grants for this department than are kept: %d left out", left)
    return [grants[place] for place in sorted(kept)]
