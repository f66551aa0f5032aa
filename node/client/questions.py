"""What is asked of the desk, as messages: made of what a program gives, and looked at before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from node.client import convert
from node.client.arguments import id_bytes, require, require_texts
from node.client.results import QuestionName, Subject
from node.core.deciding.grant import Grant
from node.core.log import usage
from node.core.policy.question_kind import QuestionKind, kind_to_message
from node.errors import NodeError, Reason
from node.texts.message import Message
from node.v1 import desk_pb2

Parameters = Mapping[str, str] | None


def require_types(question: str, purpose: str, case: str, parameters: Parameters) -> None:
    """Raises TypeError for what is none of the type that it is written with."""
    for argument, value in (("question", question), ("purpose", purpose), ("case", case)):
        require(argument, value, str)
    require_texts("parameters", {} if parameters is None else parameters)


def query_message(
    name: QuestionName, provider: str, kind: QuestionKind, purpose: str, case: str, parameters: Parameters
) -> desk_pb2.Query:
    """The query of a question of a provider."""
    return desk_pb2.Query(
        provider=provider,
        dataset=name.dataset,
        question=name.question,
        parameters=parameters or {},
        purpose=purpose,
        case_number=case,
        kind=kind_to_message(kind),
    )


def ask_request(
    query: desk_pb2.Query, subject: Subject | None, exchange_id: bytes | str, random: Callable[[int], bytes]
) -> desk_pb2.DeskServiceAskRequest:
    """The request; without an `exchange_id` it has a new one."""
    return desk_pb2.DeskServiceAskRequest(
        query=query,
        subject=None if subject is None else convert.subject_message(subject),
        exchange_id=id_bytes("exchange_id", exchange_id) or usage.new_exchange_id(datetime.now(UTC), random),
    )


@contextmanager
def telling_id(request: desk_pb2.DeskServiceAskRequest) -> Iterator[None]:
    """Have errors tell the exchange id, by which the answer can be fetched."""
    try:
        yield
    except NodeError as error:
        told = {**error.wording.args, "exchange_id": request.exchange_id.hex()}
        raise NodeError.of(error.reason, Message(error.wording.key, told)) from None


def providers_of(grants: Iterable[Grant], dataset: str) -> set[str]:
    """The departments that gave a grant on a dataset of that name."""
    return {grant.provider for grant in grants if grant.dataset == dataset}


def only_provider(providers: set[str]) -> str:
    """The one there is. Raises NodeError(QUERY_INVALID) for several, (NO_GRANT) for none."""
    if len(providers) == 1:
        return next(iter(providers))
    if providers:
        raise NodeError(Reason.QUERY_INVALID, "error.client.several-grants")
    raise NodeError(Reason.NO_GRANT, "error.client.no-grant-received")
