"""Group commit: everything that arrives together shares one transaction, one fsync, one signature.

Any number of tasks submit jobs; one thread takes all that wait, settles them in order in one
transaction, signs one checkpoint over the grown log, lets each job build its result on its receipt,
writes, commits, and only then hands the results out. A result is never visible before it is durable.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar, cast

from node.core.budget import Balances, Debit
from node.core.checkpoint import Checkpoint
from node.core.commit import AnsweredExchange, Append, Commit, Head
from node.core.merkle import leaf_hash
from node.core.tree import Tree
from node.errors import NodeError, Reason
from node.v1 import usage_log_pb2 as pb

log = logging.getLogger(__name__)
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MAX_GROUP = 256
MAX_WAITING = 4096
CLOCK_TOLERANCE_MS = 60_000
_STOP = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a record stands in the own log, with its receipt; `replayed` is an earlier answer instead."""

    index: int
    size: int
    root: bytes
    leaf: bytes
    receipt: pb.Receipt


class Job(Protocol[T_co]):
    """One record to append, and what depends on it. Called in the commit thread only, in this order."""

    @property
    def counters(self) -> Sequence[str]:
        """Keys of the counters that `settle` reads."""

    @property
    def exchange(self) -> tuple[str, bytes] | None:
        """(requester, exchange id) of an exchange that may have been answered before."""

    def repeat(self, earlier: AnsweredExchange) -> T_co | None:
        """The result, if `earlier` already answers this very request; None settles it anew."""

    def settle(self, ledger: Ledger, time_ms: int, index: int) -> Append:
        """Decide the record at `index`, paying its debits through `ledger`."""

    def finish(self, append: Append, recorded: Recorded) -> tuple[Append, T_co]:
        """Build the result on the receipt; may add to what is written, but not change the leaf."""


@dataclass(slots=True)
class Ledger:
    """The counters and statistic releases as one transaction sees them."""

    balances: Balances
    stored_release: Callable[[bytes], bytes | None]
    touched: dict[str, tuple[int, int]] = field(default_factory=dict)
    releases: dict[bytes, bytes] = field(default_factory=dict)

    def pay(self, debits: Sequence[Debit]) -> None:
        """Add the debits to their counters; they are durable with the transaction."""
        for debit in debits:
            used = self.balances.get(debit.key, 0) + debit.amount
            self.balances[debit.key] = used
            self.touched[debit.key] = (used, debit.until_ms)

    def release(self, key: bytes) -> bytes | None:
        """A statistic that was released before, in this group or any earlier one."""
        return self.releases.get(key) or self.stored_release(key)


class Transaction(Protocol):
    """What group commit needs of an open transaction."""

    def balances(self, keys: Sequence[str]) -> dict[str, int]: ...
    def answered(self, ids: Sequence[tuple[str, bytes]]) -> dict[tuple[str, bytes], AnsweredExchange]: ...
    def release(self, key: bytes) -> bytes | None: ...
    def write(self, commit: Commit) -> None: ...


class LogStore(Protocol):
    """What group commit needs of the store."""

    def transaction(self) -> AbstractContextManager[Transaction]: ...
    def head(self) -> Head: ...
    def leaf_count(self) -> int: ...
    def tail(self, size: int) -> list[bytes]: ...
    def tile(self, level: int, index: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class LogKeys:
    """Signs checkpoints of the own log: at every commit, and at intervals with the cosignature too."""

    origin: str
    sign: Callable[[bytes], bytes]
    """Checkpoint body to signed note."""
    cosign: Callable[[bytes], bytes]
    """Checkpoint body to signed note with both signatures."""
    verify: Callable[[bytes], bytes]
    """Signed note to its body; raises NodeError(PROOF_INVALID)."""
    every_records: int = 10_000
    every_ms: int = 600_000


@dataclass(frozen=True, slots=True)
class _Waiting:
    job: Job[object]
    future: asyncio.Future[object]


class GroupCommit:
    """The single writer of the node's log and ledger."""

    def __init__(self, store: LogStore, keys: LogKeys, clock_ms: Callable[[], int]) -> None:
        """Restore the log's right edge from the store.

        Raises NodeError(LOG_CORRUPT) when leaves, tiles and checkpoint disagree.
        """
        self._store = store
        self._keys = keys
        self._clock_ms = clock_ms
        self._queue: queue.Queue[_Waiting | None] = queue.Queue(MAX_WAITING)
        self._lock = threading.Lock()  # guards tree and head against readers while a commit runs
        self._stopped = False
        self._head, self._tree = self._restore()
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        self._thread.start()

    async def run(self, job: Job[T]) -> T:
        """Wait until `job` is durable and give its result.

        Raises NodeError(DRAINING) after stop, (RATE_LIMITED) when too many wait, (STORE_UNAVAILABLE)
        and (CLOCK_SKEWED) when nothing can be recorded.
        """
        if self._stopped:
            raise NodeError(Reason.DRAINING, "the node is shutting down: ask again when it is back")
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait(_Waiting(job, future))
        except queue.Full:
            raise NodeError(Reason.RATE_LIMITED, "the node is overloaded: ask again in a moment") from None
        return cast("T", await future)

    def stop(self) -> None:
        """Commit what waits, then end the thread."""
        self._stopped = True
        self._queue.put(_STOP)
        self._thread.join()

    @property
    def head(self) -> Head:
        """The newest durable tree head."""
        return self._head

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """RFC 6962 inclusion proof in the durable log (0: newest). Raises NodeError(NOT_FOUND)."""
        with self._lock:
            size = size or self._head.size
            if not 0 <= index < size <= self._head.size:
                raise NodeError(Reason.NOT_FOUND, f"the log has {self._head.size} records: ask within that")
            return self._tree.inclusion_proof(index, size)

    def consistency_proof(self, first: int, second: int) -> list[bytes]:
        """RFC 6962 consistency proof in the durable log (0: newest). Raises NodeError(NOT_FOUND)."""
        with self._lock:
            second = second or self._head.size
            if not 0 <= first <= second <= self._head.size:
                raise NodeError(Reason.NOT_FOUND, f"the log has {self._head.size} records: ask within that")
            return self._tree.consistency_proof(first, second)

    def _restore(self) -> tuple[Head, Tree]:
        head = self._store.head()
        tail = [leaf_hash(leaf) for leaf in self._store.tail(head.size)]
        if self._store.leaf_count() != head.size:
            raise NodeError(Reason.LOG_CORRUPT, "the usage log and its checkpoint have different sizes")
        tree = Tree.restore(head.size, tail, self._store)
        if head.size:
            checkpoint = Checkpoint.parse(self._keys.verify(head.note))
            expected = Checkpoint(self._keys.origin, head.size, tree.root())
            if checkpoint != expected:
                raise NodeError(Reason.LOG_CORRUPT, "the usage log does not have the root of its checkpoint")
        return head, tree

    def _run(self) -> None:
        while True:
            group, stopping = self._take()
            if group:
                self._commit(group)
            if stopping:
                return

    def _take(self) -> tuple[list[_Waiting], bool]:
        group: list[_Waiting] = []
        item = self._queue.get()
        while item is not _STOP:
            if not item.future.cancelled():
                group.append(item)
            if len(group) >= MAX_GROUP:
                return group, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, group: list[_Waiting]) -> None:
        try:
            with self._lock:
                results = self._write(group)
        except NodeError as error:
            self._undo(group, error)
        except Exception:
            log.exception("group commit failed")
            self._undo(group, NodeError(Reason.INTERNAL, "the exchange could not be recorded: ask again"))
        else:
            _deliver(group, results)

    def _undo(self, group: list[_Waiting], error: NodeError) -> None:
        # The commit may have failed before or after it became durable: only the store knows.
        try:
            with self._lock:
                self._head, self._tree = self._restore()
        except NodeError as second:
            log.error("usage log cannot be read back: %s", second.message)  # noqa: TRY400
        _deliver(group, [error] * len(group))

    def _write(self, group: list[_Waiting]) -> list[object]:
        results: list[object] = [None] * len(group)
        now = self._now()
        with self._store.transaction() as tx:
            exchanges = [w.job.exchange for w in group if w.job.exchange is not None]
            known = tx.answered(exchanges) if exchanges else {}
            keys = list({key for w in group for key in w.job.counters})
            ledger = Ledger(tx.balances(keys) if keys else {}, tx.release)
            settled: list[tuple[int, Append]] = []
            first = self._head.size
            for position, waiting in enumerate(group):
                earlier = known.get(waiting.job.exchange) if waiting.job.exchange else None
                if earlier is not None and (repeat := waiting.job.repeat(earlier)) is not None:
                    results[position] = repeat
                    continue
                try:
                    append = waiting.job.settle(ledger, now, first + len(settled))
                except NodeError as error:  # a job that wants no record, such as a write that is refused
                    results[position] = error
                    continue
                settled.append((position, append))
            if not settled:
                return results
            tiles = self._tree.extend([leaf_hash(append.leaf) for _, append in settled])
            head, root = self._sign(now, self._tree.size)
            appends = []
            for index, (position, append) in enumerate(settled, first):
                recorded = self._recorded(index, head, root, append.leaf)
                final, results[position] = group[position].job.finish(append, recorded)
                appends.append(final)
            tx.write(Commit(first, head, tuple(appends), tiles, ledger.touched))
        self._tree.confirm()
        self._head = head
        return results

    def _recorded(self, index: int, head: Head, root: bytes, leaf: bytes) -> Recorded:
        proof = pb.InclusionProof(index=index, hashes=self._tree.inclusion_proof(index, head.size))
        return Recorded(index, head.size, root, leaf, pb.Receipt(proof=proof, checkpoint=head.note))

    def _sign(self, now: int, size: int) -> tuple[Head, bytes]:
        root = self._tree.root()
        body = Checkpoint(self._keys.origin, size, root).body()
        old = self._head
        head = replace(old, size=size, time_ms=now)
        due = (
            size - old.cosigned_size >= self._keys.every_records
            or now - old.cosigned_ms >= self._keys.every_ms
        )
        if due:
            note = self._keys.cosign(body)
            return replace(
                head, note=self._keys.sign(body), cosigned=note, cosigned_size=size, cosigned_ms=now
            ), root
        return replace(head, note=self._keys.sign(body)), root

    def _now(self) -> int:
        now = self._clock_ms()
        if now < self._head.time_ms - CLOCK_TOLERANCE_MS:
            raise NodeError(
                Reason.CLOCK_SKEWED,
                "this node's clock is behind its own last record: set the clock, nothing is answered until then",
            )
        return max(now, self._head.time_ms)


def _deliver(group: Sequence[_Waiting], results: Sequence[object]) -> None:
    """Hand the results of one group to the event loop, in one call."""

    def resolve() -> None:
        for waiting, result in zip(group, results, strict=True):
            if waiting.future.done():  # the caller has gone; the record stays
                continue
            if isinstance(result, NodeError):
                waiting.future.set_exception(result)
            else:
                waiting.future.set_result(result)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        group[0].future.get_loop().call_soon_threadsafe(resolve)
