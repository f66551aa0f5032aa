"""The Python client of the own node's desk: ask, read the catalogue, see grants."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from node.client import convert
from node.client.admin import AdminClient
from node.client.arguments import id_bytes, require, require_texts
from node.client.batch import stream_batch
from node.client.call import Reach, unary
from node.client.catalogue import (
    CatalogueEntry,
    CatalogueFound,
    CatalogueVersion,
    catalogue_entry,
    catalogue_version,
)
from node.client.channel import open_async_channel, open_channel
from node.client.desk_tls import Credentials
from node.client.limits import AskLimits, day_use, limits_of
from node.client.log import LogClient
from node.client.questions import (
    ask_request,
    only_provider,
    providers_of,
    query_message,
    require_types,
    telling_id,
)
from node.client.results import (
    Chunk,
    ChunkResult,
    FieldAnswer,
    QuestionName,
    Statistic,
    Subject,
    Verification,
)
from node.client.together import Together
from node.core.bounds import MAX_SUBJECTS
from node.core.deciding.grant import Grant
from node.core.identity import SubjectType
from node.core.messages.grant_message import grant_from_message
from node.core.policy.question_kind import QuestionKind
from node.core.purpose import Purpose
from node.errors import NodeError, Reason
from node.v1 import catalogue_pb2, catalogue_pb2_grpc, desk_pb2, desk_pb2_grpc, grant_pb2, grant_pb2_grpc

if TYPE_CHECKING:
    from pandas import DataFrame

EXCHANGE_ID_BYTES = 16


class Client:
    """A connection to the desk of the own department's node.

        with Client("unix:/run/dxnode/desk.sock") as client:
            said = client.verify(
                "11441900000000019Y/pension-insurance/is-enrolled",
                resident_id,
                purpose="social-insurance/pension/deferral",
                case="2026-000123",
            )
            if said.answer: ...

    `desk` is "unix:/path", or "host:port" together with `credentials`. `timeout` is the deadline of each call
    in seconds, by default longer than any node takes to say what hung; a node that is frozen itself is
    noticed sooner. A batch has no deadline, but ends when nothing is heard for `timeout`. A question is
    named "provider/dataset/question"; "dataset/question" is enough when just one department gave a grant on
    such a dataset. Every method raises `NodeError`. One client may be used by several threads.
    """

    def __init__(
        self,
        desk: str,
        credentials: Credentials | None = None,
        *,
        timeout: float | None = None,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._channel = open_channel(desk, credentials)
        self._reach = reach = Reach.of(desk, credentials, timeout)
        self._random = random
        self._alone = threading.Lock()
        self._together = Together(lambda: open_async_channel(desk, credentials))
        self._desk = desk_pb2_grpc.DeskServiceStub(self._channel)
        self._catalogue = catalogue_pb2_grpc.CatalogueServiceStub(self._channel)
        self._grants = grant_pb2_grpc.GrantAdminServiceStub(self._channel)
        self.admin = AdminClient(self._channel, reach)
        self.log = LogClient(self._channel, reach)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection; calls under way fail."""
        self._together.close()
        self._channel.close()

    def verify(
        self,
        question: str,
        subject: str,
        *,
        purpose: str,
        case: str,
        parameters: Mapping[str, str] | None = None,
        claims: Mapping[str, str] | None = None,
        exchange_id: bytes | str = b"",
    ) -> Verification:
        """Ask a verification about one subject.

        To retry without a second charge, give the same `exchange_id` both times, as `new_exchange_id` makes
        one. An error has it in its `metadata`, in hex, whoever chose it; that is taken as well. What is
        given back is true for a yes and false for what is not verified.
        """
        query = self._query(question, QuestionKind.VERIFY, purpose, case, parameters)
        response = self._ask(query, Subject(subject, claims or {}), exchange_id)
        return Verification(convert.verification(response), convert.proof(response.proof))

    def field(
        self,
        question: str,
        subject: str,
        *,
        purpose: str,
        case: str,
        parameters: Mapping[str, str] | None = None,
        claims: Mapping[str, str] | None = None,
        exchange_id: bytes | str = b"",
    ) -> FieldAnswer:
        """Ask for one derived field of one subject; `exchange_id` as in `verify`."""
        query = self._query(question, QuestionKind.FIELD, purpose, case, parameters)
        response = self._ask(query, Subject(subject, claims or {}), exchange_id)
        return FieldAnswer(convert.field_value(response), convert.proof(response.proof))

    def statistic(
        self,
        question: str,
        *,
        purpose: str,
        case: str,
        parameters: Mapping[str, str] | None = None,
        exchange_id: bytes | str = b"",
    ) -> Statistic:
        """Ask for noisy counts; `exchange_id` as in `verify`."""
        query = self._query(question, QuestionKind.STATISTIC, purpose, case, parameters)
        return convert.statistic(self._ask(query, None, exchange_id))

    def batch(
        self,
        question: str,
        chunks: Iterable[Chunk],
        *,
        purpose: str,
        case: str,
        parameters: Mapping[str, str] | None = None,
        batch_id: bytes | str,
        kind: QuestionKind | None = None,
        window: int = 8,
    ) -> Iterator[ChunkResult]:
        """Ask one verification or field question about many subjects; yields a result a chunk, in order.

        Numbers of chunks follow each other without gaps; the first may be any, so that a batch can be resumed
        under its `batch_id` (16 bytes, or their hex). One about more subjects than `limits` says is refused,
        with the clause "subjects". A refused chunk does not end the batch. Without `kind` it is what
        `kind_of` says.
        """
        require("window", window, int)
        if window < 1:
            raise NodeError(Reason.QUERY_INVALID, "error.client.window-zero")
        header_id = id_bytes("batch_id", batch_id)
        require_types(question, purpose, case, parameters)
        query = self._query(question, kind or self.kind_of(question), purpose, case, parameters)
        return stream_batch(
            lambda requests: self._desk.AskBatch(requests),
            desk_pb2.BatchHeader(query=query, batch_id=header_id),
            chunks,
            window=window,
            reach=self._reach,
        )

    def verify_batch(
        self,
        frame: DataFrame,
        *,
        subject: str = "id",
        question: str,
        purpose: str,
        case: str,
        parameters: Mapping[str, str] | None = None,
        claims: Mapping[str, str] | None = None,
        batch_id: bytes | str = b"",
        kind: QuestionKind | None = None,
        chunk_size: int = MAX_SUBJECTS,
        accept_invalid: bool = False,
    ) -> DataFrame:
        """Ask a question, of kind verify or field, about every row of `frame`; without `kind` as in `batch`.

        `subject` names the column of identifiers, `claims` maps claim names to columns. Gives a copy of
        `frame` with the columns `answer` (boolean or string, NA without one), `reason` ("" for an answer,
        else the name of a `Reason`), `exchange_id` (hex) and `data_as_of` (ISO 8601). The order of rows and
        the index are kept. A malformed identifier, or a claim of more than 200 characters, is not asked, with
        reason QUERY_INVALID; a subject whose own limit is used up has QUOTA_EXHAUSTED. A request is about
        `chunk_size` rows, or as many as the nodes take.

        Raises NodeError QUERY_INVALID before anybody is asked about if a spreadsheet has rounded identifiers,
        or more than 5 % of them are malformed (and more than ten, or half of them), unless `accept_invalid`;
        if the question has other claims or parameters, or is a statistic; and if `frame` has one of those
        columns already, without a `batch_id`.

        Raises `node.client.frame.BatchStoppedError`, a NodeError, when the batch cannot go on. Its `frame`
        and `batch_id`, given to this method again, go on behind the last answered row.
        """
        from node.client.frame import ask_frame, check_frame  # pandas takes 0.4 s to import

        require("chunk_size", chunk_size, int)
        require_texts("claims", {} if claims is None else claims)
        require_types(question, purpose, case, parameters)
        earlier = id_bytes("batch_id", batch_id)
        check_frame(frame, subject, claims or {}, goes_on=bool(earlier))
        self.limits(question, purpose).check_given(parameters or {}, tuple(claims or {}))
        return ask_frame(
            self.batch,
            frame,
            question=question,
            purpose=purpose,
            case=case,
            parameters=parameters or {},
            subject=subject,
            subject_type=self.subject_type_of(question),
            claims=claims or {},
            batch_id=earlier or self._random(EXCHANGE_ID_BYTES),
            kind=kind,
            random=self._random,
            chunk_size=chunk_size,
            largest=lambda anew: self.limits(question, purpose, refresh=anew).chunk_subjects,
            accept_invalid=accept_invalid,
        )

    def catalogue(self, provider: str = "") -> tuple[CatalogueEntry, ...]:
        """Summaries of all datasets of a department, by default the own one."""
        return self._browse(provider, "")

    def dataset(self, name: str, provider: str = "") -> CatalogueEntry:
        """One dataset in full."""
        found = self._browse(provider, name)
        if not found:
            raise NodeError(Reason.NOT_SHARED, "error.client.dataset-unknown")
        return found[0]

    def purposes(self) -> tuple[Purpose, ...]:
        """The purposes that the own node's policies know, with their titles."""
        known = self._browsed("", "").purposes
        return tuple(Purpose(each.code, each.title, each.title_en) for each in known)

    def kind_of(self, question: str) -> QuestionKind:
        """The kind of a question as the grants say that cover it, verify where they don't."""
        name = QuestionName.parse(question)
        provider = name.provider or self._provider_of(name.dataset)
        for refresh in (False, True):
            for grant in self.grants(refresh=refresh):
                if (grant.provider, grant.dataset) == (provider, name.dataset):
                    kind = grant.kind_of(name.question)
                    if kind is not None:
                        return kind
        return QuestionKind.VERIFY

    def subject_type_of(self, question: str) -> SubjectType | None:
        """Whom a question's dataset is about as the known grants say, None where they don't."""
        name = QuestionName.parse(question)
        for grant in self.grants():
            is_its = grant.dataset == name.dataset and name.provider in ("", grant.provider)
            if is_its and grant.subject_type is not None:
                return grant.subject_type
        return None

    def limits(self, question: str, purpose: str, *, refresh: bool = False) -> AskLimits:
        """How much of a question may be asked in a day for a purpose, as grants and catalogue say.

        `refresh` asks the providers for the grants again first.
        """
        name = QuestionName.parse(question)
        provider = name.provider or self._provider_of(name.dataset)
        try:
            entry = self.dataset(name.dataset, provider)
        except NodeError:  # the provider says what is wrong once it is asked
            entry = None
        received = self._received(refresh=refresh)
        given = [grant for grant in _grants(received) if grant.provider == provider]
        used = [day_use(each) for each in received.used_today if each.provider == provider]
        return limits_of(given, used, entry, name.dataset, name.question, purpose)

    def published_entry(self, name: str, provider: str = "") -> catalogue_pb2.Dataset:
        """One dataset in full as the message that the node publishes, for an export."""
        (entry,) = self._browsed(provider, name).datasets
        return entry

    def dataset_history(self, name: str, provider: str = "") -> tuple[CatalogueVersion, ...]:
        """The versions of a dataset's entry that were served, the newest first."""
        request = catalogue_pb2.GetDatasetHistoryRequest(dataset=name, provider=provider)
        response: catalogue_pb2.GetDatasetHistoryResponse = unary(
            self._catalogue.GetDatasetHistory, request, self._reach
        )
        return tuple(map(catalogue_version, response.versions))

    def search_catalogue(
        self,
        text: str = "",
        provider: str = "",
        *,
        field: str = "",
        purpose: str = "",
        department: str = "",
        limit: int = 0,
    ) -> CatalogueFound:
        """The datasets that have all that is looked for, at the node of `provider`.

        By default that is the own node, which has the own datasets and the catalogues that it imported.
        `text` and `field` are words in Chinese or English, `field` of data items; `department` is who
        provides them. 0 asks for as many results as the node gives, 50.
        """
        request = catalogue_pb2.SearchCatalogueRequest(
            text=text,
            field=field,
            purpose=purpose,
            department=department,
            limit=limit,
            provider=provider,
        )
        response: catalogue_pb2.SearchCatalogueResponse = unary(
            self._catalogue.SearchCatalogue, request, self._reach
        )
        return CatalogueFound(tuple(map(catalogue_entry, response.datasets)), response.total)

    def grants(self, *, refresh: bool = False) -> tuple[Grant, ...]:
        """The grants that the department was given; `refresh` asks the providers again first."""
        return _grants(self._received(refresh=refresh))

    def _received(self, *, refresh: bool) -> grant_pb2.ListReceivedGrantsResponse:
        request = grant_pb2.ListReceivedGrantsRequest(refresh=refresh)
        response: grant_pb2.ListReceivedGrantsResponse = unary(
            self._grants.ListReceivedGrants, request, self._reach
        )
        return response

    def _browse(self, provider: str, dataset: str) -> tuple[CatalogueEntry, ...]:
        return tuple(map(catalogue_entry, self._browsed(provider, dataset).datasets))

    def _browsed(self, provider: str, dataset: str) -> desk_pb2.BrowseCatalogueResponse:
        request = desk_pb2.BrowseCatalogueRequest(provider=provider, dataset=dataset)
        response: desk_pb2.BrowseCatalogueResponse = unary(self._desk.BrowseCatalogue, request, self._reach)
        return response

    def _ask(
        self, query: desk_pb2.Query, subject: Subject | None, exchange_id: bytes | str
    ) -> desk_pb2.DeskServiceAskResponse:
        request = ask_request(query, subject, exchange_id, self._random)
        with telling_id(request):
            # Who asks alone makes a call of its own; threads that ask at once share a stream.
            if not self._alone.acquire(blocking=False):
                return self._together.ask(request, self._reach.timeout)
            try:
                response: desk_pb2.DeskServiceAskResponse = unary(self._desk.Ask, request, self._reach)
            finally:
                self._alone.release()
        return response

    def _query(
        self,
        question: str,
        kind: QuestionKind,
        purpose: str,
        case: str,
        parameters: Mapping[str, str] | None,
    ) -> desk_pb2.Query:
        require_types(question, purpose, case, parameters)
        name = QuestionName.parse(question)
        provider = name.provider or self._provider_of(name.dataset)
        return query_message(name, provider, kind, purpose, case, parameters)

    def _provider_of(self, dataset: str) -> str:
        # A grant that was given a moment ago is known only after asking for it.
        known = providers_of(self.grants(), dataset)
        return only_provider(known or providers_of(self.grants(refresh=True), dataset))


def _grants(received: grant_pb2.ListReceivedGrantsResponse) -> tuple[Grant, ...]:
    return tuple(map(grant_from_message, received.grants))
