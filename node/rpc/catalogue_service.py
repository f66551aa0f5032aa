"""The catalogue, for peers and for the own staff; what it shows is what is enforced."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from google.protobuf.message import Message as ProtoMessage

from node.core.catalogue.publication import MAX_HISTORY, ServedVersion, published_entry, published_summary
from node.core.catalogue.registry import Catalogue
from node.core.catalogue.search import MAX_RESULTS, Lookup
from node.core.directory.directory import Member
from node.core.policy.policy import Policies, Policy
from node.core.role import OPERATOR, ROLES
from node.core.state.data_load import DataLoad
from node.errors import NodeError, Reason
from node.exchange.rate import Rate
from node.exchange.turns import TurnBounds, Turns
from node.rpc.callers import Staff
from node.rpc.exchange_service import Gate
from node.rpc.grpc_status import Context, answered
from node.rpc.log_service import CallerName
from node.v1 import catalogue_pb2 as pb
from node.v1 import catalogue_pb2_grpc

MAX_PAGE = 500
SEARCHES_PER_SECOND = 10.0
SEARCHES_AT_ONCE = 20.0
"""A search takes many times the work of an exchange, so each caller has a smaller bound for it."""
SEARCHING = 2
WAITING, WAIT_SECONDS = 16, 20.0
"""Searches that run, and that wait, half of those one caller's: all else is for exchanges."""
LoadOf = Callable[[str], DataLoad | None]
"""The load that a dataset is answered from now, None while it is answered from none."""
T = TypeVar("T", bound=ProtoMessage)
R = TypeVar("R")
P = ParamSpec("P")


class Peers(Protocol):
    """Searches the catalogue of the department named, and tells the history of its datasets."""

    async def search(
        self, provider: str, request: pb.SearchCatalogueRequest
    ) -> pb.SearchCatalogueResponse: ...

    async def history(self, provider: str, dataset: str) -> pb.GetDatasetHistoryResponse: ...


class VersionHistory(Protocol):
    """Keeps the versions of entries that were served."""

    def served_versions(self, dataset: str, limit: int) -> list[ServedVersion]: ...


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The other departments' nodes, and the credit code that is none of theirs."""

    own: str
    peers: Peers


class Admit(Protocol):
    """Runs the work once the caller is identified, within the rate that is given for it."""

    async def __call__(
        self, context: Context, work: Callable[[], Awaitable[T]], rate: Rate | None = None
    ) -> T: ...


def admit_members(gate: Gate) -> Admit:
    """Any member of the directory."""

    async def admit(context: Context, work: Callable[[], Awaitable[T]], rate: Rate | None = None) -> T:
        async def within(member: Member) -> T:
            if rate is not None:
                rate.take(member.code)
            return await work()

        return await gate.run(context, within)

    return admit


def admit_staff(staff: Staff) -> Admit:
    """Any role."""

    async def admit(context: Context, work: Callable[[], Awaitable[T]], rate: Rate | None = None) -> T:
        async def checked() -> T:
            caller = await staff.admit(context, *ROLES)
            if rate is not None and caller.role != OPERATOR:  # who is at the socket is not bounded
                rate.take(caller.fingerprint.hex())
            return await work()

        return await answered(context, checked())

    return admit


class CatalogueService(catalogue_pb2_grpc.CatalogueServiceServicer):
    """Lists, shows and finds datasets."""

    def __init__(
        self,
        policies: Callable[[], Policies],
        catalogue: Callable[[], Catalogue],
        admit: Admit,
        caller: CallerName,
        history: VersionHistory,
        load_of: LoadOf,
        elsewhere: Elsewhere | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """With `elsewhere` the callers may search other departments' catalogues too."""
        self._policies = policies
        self._admit = admit
        self._catalogue = catalogue
        self._history = history
        self._load_of = load_of
        self._elsewhere = elsewhere
        self._rate = Rate(SEARCHES_PER_SECOND, SEARCHES_AT_ONCE, clock)
        self._caller = caller
        self._turns = Turns(TurnBounds(SEARCHING, SEARCHING, WAITING, WAITING // 2, WAIT_SECONDS), _busy)

    async def ListDatasets(
        self, request: pb.ListDatasetsRequest, context: Context
    ) -> pb.ListDatasetsResponse:
        """A page of summaries, by name."""

        async def work() -> pb.ListDatasetsResponse:
            policies = self._policies()
            datasets = policies.datasets
            names = [name for name in sorted(datasets) if name > request.page_token]
            page = names[: min(request.page_size or MAX_PAGE, MAX_PAGE)]
            token = page[-1] if len(page) < len(names) else ""
            return pb.ListDatasetsResponse(
                datasets=[published_summary(policies, datasets[name]) for name in page], next_page_token=token
            )

        return await self._admit(context, work)

    async def GetDataset(self, request: pb.GetDatasetRequest, context: Context) -> pb.GetDatasetResponse:
        """One dataset."""

        async def work() -> pb.GetDatasetResponse:
            if not request.dataset:
                raise NodeError(Reason.QUERY_INVALID, "error.rpc.dataset-missing")
            return pb.GetDatasetResponse(dataset=browse(self._policies(), request.dataset, self._load_of)[0])

        return await self._admit(context, work)

    async def SearchCatalogue(
        self, request: pb.SearchCatalogueRequest, context: Context
    ) -> pb.SearchCatalogueResponse:
        """The datasets found, in full."""

        async def work() -> pb.SearchCatalogueResponse:
            lookup = Lookup(request.text, request.field, request.purpose, request.department)
            lookup.check()
            if self._elsewhere is not None and request.provider not in ("", self._elsewhere.own):
                return await self._elsewhere.peers.search(request.provider, request)
            found = await self._aside(context, self._catalogue().search, lookup, request.limit or MAX_RESULTS)
            entries = [self._dated(entry) for entry in found.entries]
            return pb.SearchCatalogueResponse(datasets=entries, total=found.total)

        return await self._admit(context, work, self._rate)

    async def GetDatasetHistory(
        self, request: pb.GetDatasetHistoryRequest, context: Context
    ) -> pb.GetDatasetHistoryResponse:
        """The versions of one dataset's entry that were served, the newest first."""

        async def work() -> pb.GetDatasetHistoryResponse:
            if not request.dataset:
                raise NodeError(Reason.QUERY_INVALID, "error.rpc.dataset-missing")
            if self._elsewhere is not None and request.provider not in ("", self._elsewhere.own):
                return await self._elsewhere.peers.history(request.provider, request.dataset)
            policy = _served(self._policies(), request.dataset)
            versions = await self._aside(
                context, self._history.served_versions, policy.dataset.name, MAX_HISTORY
            )
            return pb.GetDatasetHistoryResponse(versions=[version.message for version in versions])

        return await self._admit(context, work, self._rate)

    def _dated(self, entry: pb.Dataset) -> pb.Dataset:
        """The entry, with how old the data are where it is an own one."""
        load = None if entry.summary.imported_from else self._load_of(entry.summary.dataset)
        if load is None:
            return entry
        dated = pb.Dataset()
        dated.CopyFrom(entry)
        return _with_age(dated, load)

    async def _aside(self, context: Context, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of work that takes a while, done in a thread. Raises NodeError(OVERLOADED)."""
        name = self._caller(context) or ""
        return await self._turns.run(name, None, partial(work, *args, **kwargs))


def _busy() -> NodeError:
    return NodeError(Reason.OVERLOADED, "error.rpc.search-busy")


def browse(policies: Policies, dataset: str, load_of: LoadOf) -> list[pb.Dataset]:
    """One dataset in full, or the summaries of all. Raises NodeError(NOT_SHARED)."""
    if not dataset:
        return [
            pb.Dataset(summary=published_summary(policies, policies.datasets[name]))
            for name in sorted(policies.datasets)
        ]
    entry, load = published_entry(policies, _served(policies, dataset)), load_of(dataset)
    return [entry if load is None else _with_age(entry, load)]


def _with_age(entry: pb.Dataset, load: DataLoad) -> pb.Dataset:
    entry.data.CopyFrom(pb.DataAge(as_of_ms=load.as_of_ms, overdue=load.overdue))
    return entry


def _served(policies: Policies, dataset: str) -> Policy:
    policy = policies.get(dataset)
    if policy is None:
        raise NodeError(Reason.NOT_SHARED, "error.rpc.dataset-unknown")
    return policy
