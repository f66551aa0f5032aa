"""The part of the client that reads the own usage log: checkpoints, proofs, records."""

from __future__ import annotations

from collections.abc import Iterator

import grpc

from node.client.call import Reach, unary
from node.client.results import Checkpoints, ConsistencyProof, InclusionProof, LogRecord
from node.errors import NodeError, Reason
from node.v1 import usage_log_pb2, usage_log_pb2_grpc

PAGE = 1000


class LogClient:
    """The own node's usage log; auditor, officer or operator."""

    def __init__(self, channel: grpc.Channel, reach: Reach) -> None:
        self._log = usage_log_pb2_grpc.UsageLogServiceStub(channel)
        self._reach = reach

    def checkpoints(self) -> Checkpoints:
        """The newest checkpoint and the newest cosigned one."""
        response: usage_log_pb2.GetCheckpointResponse = unary(
            self._log.GetCheckpoint, usage_log_pb2.GetCheckpointRequest(), self._reach
        )
        return Checkpoints(response.checkpoint, response.cosigned_checkpoint)

    def inclusion_proof(self, index: int, size: int = 0) -> InclusionProof:
        """Proof for leaf `index` in the tree of `size` leaves; 0 means the newest."""
        request = usage_log_pb2.GetInclusionProofRequest(index=index, size=size)
        response: usage_log_pb2.GetInclusionProofResponse = unary(
            self._log.GetInclusionProof, request, self._reach
        )
        return InclusionProof(response.proof.index, response.size, tuple(response.proof.hashes))

    def consistency_proof(self, first: int, second: int = 0) -> ConsistencyProof:
        """Proof that the tree of `first` leaves is a prefix of that of `second`; 0 means the newest."""
        request = usage_log_pb2.GetConsistencyProofRequest(first_size=first, second_size=second)
        response: usage_log_pb2.GetConsistencyProofResponse = unary(
            self._log.GetConsistencyProof, request, self._reach
        )
        return ConsistencyProof(response.first_size, response.second_size, tuple(response.hashes))

    def size(self) -> int:
        """Number of records in the log."""
        return self._page(0, 1).size

    def records(self, start: int = 0, end: int | None = None) -> Iterator[LogRecord]:
        """Records from `start` on, up to `end` (excluded) or the newest, a page at a time."""
        while end is None or start < end:
            page = self._page(start, PAGE if end is None else min(PAGE, end - start))
            for record in page.records:
                yield LogRecord(record.index, record.leaf)
            if page.next_start >= page.size:
                return
            if page.next_start <= start:
                raise NodeError(Reason.INTERNAL, "error.client.records-in-circle")
            start = page.next_start

    def _page(self, start: int, limit: int) -> usage_log_pb2.ListRecordsResponse:
        request = usage_log_pb2.ListRecordsRequest(start=start, limit=limit)
        response: usage_log_pb2.ListRecordsResponse = unary(self._log.ListRecords, request, self._reach)
        return response
