"""Streams the chunks of a batch to the desk, a few at a time, and gives their results in order."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Protocol

import grpc

from node.client import convert
from node.client.arguments import require
from node.client.call import Reach
from node.client.results import Chunk, ChunkResult
from node.core.bounds import MAX_SUBJECTS
from node.errors import NodeError, Reason
from node.v1 import desk_pb2

Request = desk_pb2.DeskServiceAskBatchRequest
Response = desk_pb2.DeskServiceAskBatchResponse


class Stream(Protocol):
    """The receiving side of the call."""

    def __iter__(self) -> Iterator[Response]: ...
    def cancel(self) -> None: ...


def stream_batch(
    open_stream: Callable[[Iterator[Request]], Stream],
    header: desk_pb2.BatchHeader,
    chunks: Iterable[Chunk],
    *,
    window: int,
    reach: Reach,
) -> Iterator[ChunkResult]:
    """Ask the chunks of one batch; yields one result a chunk, in order.

    At most `window` chunks are under way at once, so a caller that stops has asked no more in vain.
    `chunks` is read in the caller's thread. Raises NodeError TIMEOUT when no result comes for the
    seconds of `reach`, and whatever error ends the stream.
    """
    outbox: SimpleQueue[Request | None] = SimpleQueue()
    outbox.put(Request(header=header))
    source = iter(chunks)
    pending: deque[Chunk] = deque()

    def send_next() -> None:
        chunk = next(source, None)
        if chunk is None:
            outbox.put(None)
            return
        require("each of chunks", chunk, Chunk)
        if not 1 <= len(chunk.subjects) <= MAX_SUBJECTS:
            raise NodeError(Reason.QUERY_INVALID, "error.client.chunk-size", max_subjects=MAX_SUBJECTS)
        pending.append(chunk)
        subjects = map(convert.subject_message, chunk.subjects)
        outbox.put(Request(chunk=desk_pb2.BatchChunk(chunk=chunk.number, subjects=subjects)))

    for _ in range(window):
        send_next()
    if not pending:
        return
    # gRPC's sender thread blocks in get() until there is a chunk, or None for the end.
    call = open_stream(iter(outbox.get, None))
    watch = _Watch(call, reach.timeout)
    try:
        for response in call:
            watch.rest()
            if not pending or response.chunk != pending[0].number:
                raise NodeError(Reason.INTERNAL, "error.client.chunk-out-of-order")
            yield convert.chunk_result(response, len(pending.popleft().subjects))
            send_next()
            watch.wait()
    except grpc.RpcError as error:
        if watch.fired:
            raise NodeError(
                Reason.TIMEOUT, "error.client.no-answer", patience=reach.timeout, peer="desk"
            ) from error
        raise reach.error(error) from error
    finally:
        watch.stop()
        call.cancel()
        outbox.put(None)
    if pending:
        raise NodeError(Reason.PEER_UNAVAILABLE, "error.client.batch-ended-early", peer="desk")


class _Watch:
    """Cancels a stream that has been silent for too long; a gRPC deadline would limit the whole batch."""

    def __init__(self, call: Stream, patience: float) -> None:
        self.fired = False
        self._call = call
        self._patience = patience
        self._since: float | None = time.monotonic()
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="batch-watch", daemon=True).start()

    def rest(self) -> None:
        """The caller is busy with a result: that is no silence of the desk."""
        self._since = None

    def wait(self) -> None:
        self._since = time.monotonic()

    def stop(self) -> None:
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(min(1.0, self._patience / 4)):
            since = self._since
            if since is not None and time.monotonic() - since >= self._patience:
                self.fired = True
                self._call.cancel()
                return
