"""Which budget account each source of data has: one, and what was spent of it stays spent under another name.

The node remembers every account under which a source was ever enforced. Accounts that share a source, or the
name of a dataset, count together from then on (`node.store.budgets`). So neither another name of a dataset
nor of an account gives a budget anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from node.app.live.opening import source_spec
from node.config.settings import Settings
from node.core.policy.policy import Policies
from node.errors import NodeError, Reason
from node.source.place import place_of
from node.texts.message import Message

_CONTENT = "content "


class AccountMemory(Protocol):
    """Where the accounts of sources are remembered, such as the store."""

    def keep_account_sources(
        self, account: str, dataset: str, sources: Iterable[str], passing: str
    ) -> None: ...


class Accounts:
    """Remembers, durably, under which accounts sources are enforced."""

    def __init__(self, settings: Settings, memory: AccountMemory) -> None:
        self._settings = settings
        self._memory = memory
        self._kept: dict[str, tuple[str, frozenset[str]]] = {}

    def keep(self, policies: Policies, dataset: str, content: str) -> None:
        """Before a dataset is answered from its source, whose content has a name of the node's own, or "".

        A file that is copied elsewhere is known by its content. Raises NodeError(STORE_UNAVAILABLE).
        """
        budget = policies.datasets[dataset].budget
        if budget is None:
            return
        names = {f"dataset {dataset}", *places(self._settings, [dataset]).values()}
        if content:
            names.add(_CONTENT + content)
        known = (budget.account, frozenset(names))
        if self._kept.get(dataset) != known:
            self._memory.keep_account_sources(budget.account, dataset, names, _CONTENT)
            self._kept[dataset] = known


def conflicts(policies: Policies, settings: Settings) -> dict[str, Message]:
    """The datasets that cannot be served, because another one gives their source another account, and why."""
    accounts: dict[str, dict[str, str]] = {}
    with_budget = [name for name, policy in policies.datasets.items() if policy.budget is not None]
    for dataset, place in places(settings, with_budget).items():
        budget = policies.datasets[dataset].budget
        if budget is not None:
            accounts.setdefault(place, {})[dataset] = budget.account
    return {
        dataset: Message("error.accounts.differ", {"datasets": tuple(sorted(datasets))})
        for datasets in accounts.values()
        if len(set(datasets.values())) > 1
        for dataset in datasets
    }


def check_accounts(policies: Policies, settings: Settings) -> None:
    """Raises NodeError(CONFIG_INVALID) when datasets of one source have different accounts."""
    for message in conflicts(policies, settings).values():
        raise NodeError.of(Reason.CONFIG_INVALID, message)


def places(settings: Settings, datasets: Iterable[str]) -> Mapping[str, str]:
    """Where the data of those datasets are that have a source; one that cannot be read has none."""
    found = {}
    for dataset in sorted(set(datasets) & set(settings.sources)):
        with suppress(NodeError):  # opening it says what is wrong
            found[dataset] = place_of(source_spec(settings.sources[dataset]))
    return found
