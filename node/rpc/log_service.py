"""The usage log as others may consult it: peers and the authority, auditors and officers (Art. 29)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from typing import Protocol, TypeVar

from google.protobuf.message import Message as ProtoMessage

from node.core.directory.directory import Member
from node.core.directory.spelling import Role
from node.core.log import usage
from node.core.role import AUDITOR, OFFICER
from node.errors import NodeError, Reason
from node.exchange.group import GroupCommit
from node.exchange.turns import TurnBounds, Turns
from node.rpc.callers import Staff
from node.rpc.exchange_service import Gate, on_behalf_of
from node.rpc.grpc_status import Context, abort, answered
from node.v1 import usage_log_pb2 as pb
from node.v1 import usage_log_pb2_grpc

MAX_RECORDS = 1000
READING = 2
"""Lists and proofs at one time, of each caller one: a list takes as much work as ten exchanges, which have
the other threads."""
WAITING, WAITING_EACH, WAIT_SECONDS = 256, 64, 20.0
CallerName = Callable[[Context], str | None]
"""Names who calls, "" for who is not known, None for the operator."""
R = TypeVar("R", bound=ProtoMessage)
T = TypeVar("T")


class View(Protocol):
    """Who may see what: runs the work with the credit code that a record must name, or None for all."""

    async def __call__(self, context: Context, work: Callable[[str | None], Awaitable[R]]) -> R: ...


def peer_view(gate: Gate) -> View:
    """On the exchange port: a member sees the records that name it, the authority sees all."""

    async def view(context: Context, work: Callable[[str | None], Awaitable[R]]) -> R:
        return await gate.run(
            context, lambda member: work(None if Role.AUTHORITY in member.roles else member.code)
        )

    return view


def staff_view(staff: Staff) -> View:
    """At the desk: auditors, officers and the operator see all."""

    async def view(context: Context, work: Callable[[str | None], Awaitable[R]]) -> R:
        async def checked() -> R:
            await staff.admit(context, AUDITOR, OFFICER)
            return await work(None)

        return await answered(context, checked())

    return view


class SeenLog(Protocol):
    """What this node has seen of the caller's own log; runs on either port."""

    async def __call__(self, context: Context) -> pb.GetSeenCheckpointResponse: ...


def peer_seen(gate: Gate, seen: Callable[[str], tuple[bytes, bytes]]) -> SeenLog:
    """On the exchange port: of the calling member, also through a gateway."""

    async def tell(context: Context) -> pb.GetSeenCheckpointResponse:
        async def work(member: Member) -> pb.GetSeenCheckpointResponse:
            newest, contradicting = seen(member.code)
            return pb.GetSeenCheckpointResponse(checkpoint=newest, contradicting=contradicting)

        return await gate.run(context, work, on_behalf_of(context))

    return tell


async def nobody_seen(context: Context) -> pb.GetSeenCheckpointResponse:
    """At the desk: staff have no log of their own."""
    await abort(context, NodeError(Reason.NOT_FOUND, "error.rpc.question-of-peers"))


class Leaves(Protocol):
    """Where records are read."""

    def leaves(self, start: int, limit: int) -> list[tuple[int, bytes]]: ...


class UsageLogService(usage_log_pb2_grpc.UsageLogServiceServicer):
    """Checkpoint, proofs and records."""

    def __init__(
        self,
        commit: GroupCommit,
        store: Leaves,
        workers: Executor,
        view: View,
        time_ms: Callable[[], int],
        caller: CallerName,
        seen: SeenLog = nobody_seen,
    ) -> None:
        """`time_ms` is what others are told of the time, 0 while the node does not know it."""
        self._commit = commit
        self._seen = seen
        self._store = store
        self._workers = workers
        self._view = view
        self._time_ms = time_ms
        self._caller = caller
        self._turns = Turns(TurnBounds(READING, 1, WAITING, WAITING_EACH, WAIT_SECONDS), _busy)

    async def GetCheckpoint(
        self, request: pb.GetCheckpointRequest, context: Context
    ) -> pb.GetCheckpointResponse:
        """The newest checkpoint, the newest cosigned one, and the time."""

        async def work(_party: str | None) -> pb.GetCheckpointResponse:
            head = self._commit.head
            return pb.GetCheckpointResponse(
                checkpoint=head.note, cosigned_checkpoint=head.cosigned, time_ms=self._time_ms()
            )

        return await self._view(context, work)

    async def GetInclusionProof(
        self, request: pb.GetInclusionProofRequest, context: Context
    ) -> pb.GetInclusionProofResponse:
        """RFC 6962, 2.1.1."""

        async def work(_party: str | None) -> pb.GetInclusionProofResponse:
            size = request.size or self._commit.head.size
            hashes = await self._in_turn(context, self._commit.inclusion_proof, request.index, size)
            proof = pb.InclusionProof(index=request.index, hashes=hashes)
            return pb.GetInclusionProofResponse(proof=proof, size=size)

        return await self._view(context, work)

    async def GetConsistencyProof(
        self, request: pb.GetConsistencyProofRequest, context: Context
    ) -> pb.GetConsistencyProofResponse:
        """RFC 6962, 2.1.2."""

        async def work(_party: str | None) -> pb.GetConsistencyProofResponse:
            second = request.second_size or self._commit.head.size
            hashes = await self._in_turn(context, self._commit.consistency_proof, request.first_size, second)
            return pb.GetConsistencyProofResponse(
                hashes=hashes, first_size=request.first_size, second_size=second
            )

        return await self._view(context, work)

    async def ListRecords(self, request: pb.ListRecordsRequest, context: Context) -> pb.ListRecordsResponse:
        """Records from `start` on, those that the caller may see."""

        async def work(party: str | None) -> pb.ListRecordsResponse:
            size = self._commit.head.size
            limit = min(request.limit or MAX_RECORDS, MAX_RECORDS)
            # A peer sees few of many records: the scan is bounded, not the number found.
            rows, end = await self._in_turn(context, self._read, min(request.start, size), limit, size, party)
            records = [pb.IndexedRecord(index=index, leaf=leaf) for index, leaf in rows]
            return pb.ListRecordsResponse(records=records, next_start=end, size=size)

        return await self._view(context, work)

    async def GetSeenCheckpoint(
        self, request: pb.GetSeenCheckpointRequest, context: Context
    ) -> pb.GetSeenCheckpointResponse:
        """What was seen of the caller's own log."""
        return await self._seen(context)

    def _read(
        self, start: int, limit: int, size: int, party: str | None
    ) -> tuple[list[tuple[int, bytes]], int]:
        """Some leaves of the first `size` that the party may see, and where to go on."""
        rows = [(index, leaf) for index, leaf in self._store.leaves(start, limit) if index < size]
        end = rows[-1][0] + 1 if rows else size
        return [row for row in rows if party is None or _names(row[1], party)], end

    async def _in_turn(self, context: Context, work: Callable[..., T], *args: object) -> T:
        """What work that reads the log comes to, done in a thread. Raises NodeError(OVERLOADED)."""
        name = self._caller(context) or ""
        return await self._turns.run(name, self._workers, partial(work, *args))


def _busy() -> NodeError:
    return NodeError(Reason.OVERLOADED, "error.rpc.too-many-log-readers")


def _names(leaf: bytes, party: str) -> bool:
    record = usage.parse_record(leaf)
    body = record.WhichOneof("body")
    if body == "refusals":  # what the own desk refused to ask a provider never concerned that
        return record.requester == party
    return party in (record.requester, record.provider) and body != "admin"
