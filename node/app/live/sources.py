"""The open data sources of a running node: those that a reload keeps, opens anew, and puts out of use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Protocol
from zoneinfo import ZoneInfo

from node.app.live.attempts import Attempts
from node.app.live.budget_accounts import AccountMemory, Accounts, conflicts
from node.app.live.opening import OpenSource, load_source, source_mark
from node.app.live.quality import HeldLoad, LoadJudge
from node.config.settings import Settings
from node.config.settings import Source as SourceSettings
from node.core.policy.dataset import Dataset
from node.core.policy.policy import Policies
from node.core.state.data_load import KeptLoad, next_load
from node.core.state.part import Part, PartKind, PartProblem
from node.errors import NodeError
from node.source.count_query import Counter
from node.source.open import open_good


class SourceMemory(AccountMemory, Protocol):
    """Where loads of datasets are counted, and the accounts of sources kept, such as the store."""

    def data_load(self, dataset: str) -> KeptLoad | None: ...
    def set_data_load(self, dataset: str, load: KeptLoad) -> None: ...
    def fact(self, name: str) -> str | None: ...
    def set_fact(self, name: str, value: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources that answer, and the loads of their data, by dataset."""

    opened: Mapping[str, OpenSource] = field(default_factory=dict)
    loads: Mapping[str, KeptLoad] = field(default_factory=dict)


NO_SOURCES = Sources()


class LiveSources:
    """Opens sources, and remembers what each was made from."""

    def __init__(
        self,
        settings: Settings,
        memory: SourceMemory,
        clock: Callable[[], datetime],
        attempt: Attempts,
        counter: Counter,
    ) -> None:
        self._settings = settings
        self._memory = memory
        self._clock = clock
        self._counter = counter
        self._attempt = attempt
        self._judge = LoadJudge(settings, memory)
        self._accounts = Accounts(settings, memory)
        self._made_from: dict[str, tuple[object, ...]] = {}
        self._told: set[str] = set()
        self._retired: list[OpenSource] = []

    def load(self, policies: Policies, old: Sources, key: bytes) -> Sources:
        """The sources of these policies; of `old` those that are as before, and answer.

        `key` is for names of contents.
        """
        opened: dict[str, OpenSource] = {}
        loads: dict[str, KeptLoad] = {}
        wanted, refused = self._wanted(policies), conflicts(policies, self._settings)
        for dataset in self._told - set(wanted):
            self._attempt.note(_part(dataset), None)
            self._attempt.note(_account(dataset), None)
        self._told = set(wanted)
        for dataset in wanted:
            if dataset in refused:
                self._attempt.note(_part(dataset), refused[dataset])
            elif (result := self._load(policies, dataset, old.opened.get(dataset), key)) is not None:
                opened[dataset], loads[dataset] = result
        self._retired += [
            source for dataset, source in old.opened.items() if opened.get(dataset) is not source
        ]
        return Sources(MappingProxyType(opened), MappingProxyType(loads))

    def lacking(self, policies: Policies, opened: Mapping[str, OpenSource]) -> bool:
        """Whether a source that these policies have is not open, or does not answer, or does so again."""
        return any(
            dataset not in opened or not _answers(opened[dataset]) or self._is_back(policies, dataset)
            for dataset in self._wanted(policies)
        )

    def _is_back(self, policies: Policies, dataset: str) -> bool:
        """Whether the open source of a dataset, which answers, is still told as one that does not."""
        if not self._attempt.failed(_part(dataset)):
            return False
        described = policies.datasets[dataset].dataset
        return self._made_from.get(dataset) == source_mark(self._settings.sources[dataset], described)

    def tend(self, opened: Mapping[str, OpenSource], *, asked: bool = False) -> None:
        """Have live databases look at their data again where it is time, or where it is `asked` for."""
        for source in opened.values():
            source.tend(asked=asked)

    def retired(self) -> list[OpenSource]:
        """Sources that were replaced since the last call, to be closed once nobody reads them any more."""
        # One by one from one list: a load in another thread may add to it meanwhile, and none is told twice.
        taken: list[OpenSource] = []
        while self._retired:
            taken.append(self._retired.pop())
        return taken

    def held(self, dataset: str) -> HeldLoad:
        """The load that is not used. Raises NodeError(NOT_FOUND)."""
        return self._judge.held(dataset)

    def put_aside(self, sources: Sources) -> list[PartProblem]:
        """The loads that are not used, of sources that answer from the load before."""
        return [
            PartProblem(_part(dataset), self._judge.held(dataset).problem)
            for dataset in sources.opened
            if self._judge.is_held(dataset)
        ]

    def open_anew(self, dataset: str) -> None:
        """Have the next load open this source again, though its file is as it was."""
        self._made_from.pop(dataset, None)

    def _load(
        self, policies: Policies, dataset: str, kept: OpenSource | None, key: bytes
    ) -> tuple[OpenSource, KeptLoad] | None:
        settings, described = self._settings.sources[dataset], policies.datasets[dataset].dataset
        made_from = source_mark(settings, described)
        source = kept
        if kept is not None and self._made_from.get(dataset) == made_from and _answers(kept):
            self._attempt.note(_part(dataset), None)
        else:
            opened = partial(
                load_source,
                settings,
                described,
                self._settings.state / "data",
                key,
                self._counter,
                self._now,
                self._settings.limits,
                self._judge.of(dataset, key),
                self._judge.of_table(dataset, key),
            )
            source = self._attempt(_part(dataset), opened, kept)
        is_good = source is not None
        if source is None and (source := self._last_good(settings, described)) is None:
            return None
        load = self._attempt(_account(dataset), partial(self._counted, policies, dataset, source), None)
        if load is None:
            if source is not kept:
                source.close()
            return None
        if source is not kept and is_good:
            self._made_from[dataset] = made_from
        return source, load

    def _last_good(self, settings: SourceSettings, dataset: Dataset) -> OpenSource | None:
        """After a restart: what was answered from before, where a file is there now that cannot be read."""
        path = settings.csv or settings.parquet
        if path is None or not path.exists():
            return None
        try:
            snapshot = self._judge.good(dataset.name)
            return open_good(dataset, self._settings.state / "data", snapshot, self._counter)
        except NodeError:
            return None

    def _counted(self, policies: Policies, dataset: str, source: OpenSource) -> KeptLoad:
        """The load of a source, durable with the account of it before anybody is told or spends of it."""
        self._accounts.keep(policies, dataset, source.content)
        last = self._memory.data_load(dataset)
        load = next_load(last, source.mark, source.daily, self._now())
        if load is not last:
            self._memory.set_data_load(dataset, load)
        return replace(load, changed_ms=source.changed_ms)

    def _now(self) -> datetime:
        return self._clock().astimezone(ZoneInfo(self._settings.timezone))

    def _wanted(self, policies: Policies) -> list[str]:
        return sorted(set(self._settings.sources) & set(policies.datasets))


def _part(dataset: str) -> Part:
    return Part(PartKind.SOURCE, dataset)


def _account(dataset: str) -> Part:
    return Part(PartKind.ACCOUNT, dataset)


def _answers(source: OpenSource) -> bool:
    try:
        source.check()
    except NodeError:
        return False
    return True
