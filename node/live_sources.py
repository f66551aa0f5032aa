"""The open data sources of a running node: those that a reload keeps, opens anew, and puts out of use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from zoneinfo import ZoneInfo

from node.config import Settings
from node.core.policy import Policies
from node.errors import NodeError
from node.live_attempts import Attempts
from node.loading import OpenSource, load_source, source_mark
from node.source.count_query import Counter


class LiveSources:
    """Opens sources, and remembers what each was made from."""

    def __init__(self, settings: Settings, attempt: Attempts, counter: Counter) -> None:
        self._settings = settings
        self._counter = counter
        self._attempt = attempt
        self._made_from: dict[str, tuple[object, ...]] = {}
        self._retired: list[OpenSource] = []

    def load(self, policies: Policies, old: Mapping[str, OpenSource]) -> dict[str, OpenSource]:
        """The sources of these policies, by dataset; of `old` those that are as before, and answer."""
        opened: dict[str, OpenSource] = {}
        for dataset in self._wanted(policies):
            settings, described = self._settings.sources[dataset], policies.datasets[dataset].dataset
            made_from = source_mark(settings, described)
            kept = old.get(dataset)
            work: Callable[[], OpenSource | None]
            if kept is not None and self._made_from.get(dataset) == made_from and _answers(kept):
                work = partial(_same, kept)
            else:
                work = partial(
                    load_source,
                    settings,
                    described,
                    self._settings.state / "data",
                    self._counter,
                    ZoneInfo(self._settings.timezone),
                    float(self._settings.limits.source_seconds),
                )
            result = self._attempt(f"source {dataset}", work, kept)
            if result is not None:
                opened[dataset] = result
                if result is not kept:
                    self._made_from[dataset] = made_from
        self._retired += [source for dataset, source in old.items() if opened.get(dataset) is not source]
        return opened

    def lacking(self, policies: Policies, opened: Mapping[str, OpenSource]) -> bool:
        """Whether a source that these policies have is not open, or does not answer."""
        return any(
            dataset not in opened or not _answers(opened[dataset]) for dataset in self._wanted(policies)
        )

    def retired(self) -> list[OpenSource]:
        """Sources that were replaced since the last call, to be closed once nobody reads them any more."""
        # One by one from one list: a load in another thread may add to it meanwhile, and none is told twice.
        taken: list[OpenSource] = []
        while self._retired:
            taken.append(self._retired.pop())
        return taken

    def _wanted(self, policies: Policies) -> list[str]:
        return sorted(set(self._settings.sources) & set(policies.datasets))


def _same(source: OpenSource) -> OpenSource:
    return source


def _answers(source: OpenSource) -> bool:
    try:
        source.check()
    except NodeError:
        return False
    return True
