"""The memory of a node for tests, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from node.core.catalogue.publication import ServedVersion
from node.core.state.data_load import KeptLoad
from node.errors import NodeError, Reason


class Remembered:
    """Facts, loads of data, and the history of the catalogue; `full` as a disk may be."""

    def __init__(self) -> None:
        self._facts: dict[str, str] = {}
        self.versions: list[ServedVersion] = []
        self.loads: dict[str, KeptLoad] = {}
        self.accounts: dict[str, set[str]] = {}
        self.full = False

    def fact(self, name: str) -> str | None:
        return self._facts.get(name)

    def set_fact(self, name: str, value: str) -> None:
        self._check()
        self._facts[name] = value

    def served_digests(self) -> dict[str, bytes]:
        return {version.dataset: version.digest for version in self.versions}

    def served_versions(self, dataset: str, limit: int) -> list[ServedVersion]:
        return [version for version in reversed(self.versions) if version.dataset == dataset][:limit]

    def add_served_versions(self, versions: Sequence[ServedVersion]) -> None:
        self._check()
        self.versions += versions

    def data_load(self, dataset: str) -> KeptLoad | None:
        return self.loads.get(dataset)

    def set_data_load(self, dataset: str, load: KeptLoad) -> None:
        self._check()
        self.loads[dataset] = load

    def keep_account_sources(self, account: str, dataset: str, sources: Iterable[str], passing: str) -> None:
        self._check()
        self.accounts.setdefault(account, set()).update(sources)

    def _check(self) -> None:
        if self.full:
            raise NodeError(Reason.STORE_UNAVAILABLE, "the disk is full")
