"""Group commit: everything that arrives together shares one transaction, one fsync, one signature.

Any number of tasks submit jobs. All that wait are settled in order in one transaction, one checkpoint
is signed over the grown log, each job builds its result on its receipt, all is written and committed,
and only then are the results handed out. A result is never visible before it is durable. While one
group waits for the disk, the next one gathers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar, cast

from node.core.clock import TimeUnknownError
from node.core.deciding.budget import Pot, Spent
from node.core.log.checkpoint import Checkpoint
from node.core.log.commit import AnsweredExchange, Append, Commit, Head
from node.core.log.merkle import leaf_hash
from node.core.log.peer_log import PeerLog
from node.core.log.tree import Tree
from node.errors import NodeError, Reason
from node.exchange.job import Job, Moment, Recorded
from node.exchange.ledger import Ledger
from node.exchange.spent import Budgets
from node.exchange.watch import Unwatched, Watch
from node.texts.message import Message
from node.v1 import usage_log_pb2 as pb

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_GROUP = 256
MAX_WAITING = 4096
GATHER_SECONDS = 0.001
GATHER_MOST = 3
"""A group waits so long for others, and as often, while each wait brings one."""
CLOCK_TOLERANCE_MS = 60_000
BUSY_SECONDS = 1.0
"""How long a group waits for another writer of the database."""


class Transaction(Protocol):
    """What group commit needs of an open transaction; `commit` returns once it is durable."""

    def commit(self) -> None: ...
    def rollback(self) -> None: ...

    def balances(self, keys: Sequence[str]) -> dict[str, int]: ...
    def spent(self, pot: Pot) -> Spent: ...
    def answered(self, ids: Sequence[tuple[str, bytes]]) -> dict[tuple[str, bytes], AnsweredExchange]: ...
    def record(self, index: int) -> tuple[bytes, bytes]: ...
    def release(self, key: bytes) -> bytes | None: ...
    def write(self, commit: Commit) -> None: ...


class LogStore(Protocol):
    """What group commit needs of the store."""

    def begin(self) -> Transaction | None: ...
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
    moment: Moment | None = None


class GroupCommit:
    """The single writer of the node's log and ledger. Made and used in one event loop."""

    def __init__(
        self,
        store: LogStore,
        keys: LogKeys,
        clock_ms: Callable[[], int],
        tolerance_ms: int = CLOCK_TOLERANCE_MS,
        watch: Watch | None = None,
    ) -> None:
        """Restore the log's right edge from the store.

        `clock_ms` raises NodeError(CLOCK_SKEWED) while the time is not known. It may be behind the last
        record by `tolerance_ms`: the time of the log stands still then.

        Raises NodeError(LOG_CORRUPT) when leaves, tiles and checkpoint disagree.
        """
        self._store = store
        self._keys = keys
        self._clock_ms = clock_ms
        self._watch = watch or Unwatched()
        self._tolerance_ms = tolerance_ms
        self._waiting: deque[_Waiting] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._last_size = 1
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._writing = asyncio.Lock()
        self._stopped = False
        self._in_doubt = False
        self._cosigned_by = keys
        self.problem: Message | None = None
        """Why the last group could not be recorded, None when it was."""
        self._head, self._tree = self._restore()

    async def run(self, job: Job[T], moment: Moment | None = None, *, by_staff: bool = False) -> T:
        """Wait until `job` is durable and give its result; with `moment` it is recorded alone, at that time.

        What is done by the department's own staff is recorded also while exchanges are held.

        Raises NodeError(DRAINING) after stop, (OVERLOADED) when too many wait, (STORE_UNAVAILABLE)
        and (CLOCK_SKEWED) when nothing can be recorded, (STATE_LOST) while exchanges are held.
        """
        if self._stopped:
            raise NodeError(Reason.DRAINING, "error.exchange.shutting-down")
        if not by_staff and (held := self._watch.held()) is not None:
            raise held
        if len(self._waiting) >= MAX_WAITING:
            raise NodeError(Reason.OVERLOADED, "error.exchange.overloaded")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        self._waiting.append(_Waiting(job, future, moment))
        if self._worker is None:
            self._worker = loop.create_task(self._work())
        return cast("T", await future)

    async def between_groups(self, work: Callable[[], T]) -> T:
        """Do something short with the database while no group is being written, after the one that is."""
        async with self._writing:
            return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    def replace_keys(self, keys: LogKeys) -> None:
        """Sign with other keys from the next group on.

        That group's checkpoint is cosigned too, so that neither of the newest two rests on keys that may be
        struck off soon.
        """
        self._keys = keys

    async def stop(self) -> None:
        """Commit what waits, then take no more."""
        self._stopped = True
        if self._worker is not None:
            await self._worker
        self._disk.shutdown()

    @property
    def head(self) -> Head:
        """The newest durable tree head."""
        return self._head

    def root(self, size: int) -> bytes:
        """The root of the first `size` records of the durable log. Raises NodeError(NOT_FOUND)."""
        if size > self._head.size:
            raise NodeError(Reason.NOT_FOUND, "error.exchange.log-too-short", size=self._head.size)
        return self._tree.root(size)

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """RFC 6962 inclusion proof in the durable log (0: newest). Raises NodeError(NOT_FOUND)."""
        durable = self._head.size
        size = size or durable
        if not 0 <= index < size <= durable:
            raise NodeError(Reason.NOT_FOUND, "error.exchange.log-too-short", size=durable)
        return self._tree.inclusion_proof(index, size)

    def consistency_proof(self, first: int, second: int) -> list[bytes]:
        """RFC 6962 consistency proof in the durable log (0: newest). Raises NodeError(NOT_FOUND)."""
        durable = self._head.size
        second = second or durable
        if not 0 <= first <= second <= durable:
            raise NodeError(Reason.NOT_FOUND, "error.exchange.log-too-short", size=durable)
        return self._tree.consistency_proof(first, second)

    def _restore(self) -> tuple[Head, Tree]:
        head = self._store.head()
        tail = [leaf_hash(leaf) for leaf in self._store.tail(head.size)]
        if self._store.leaf_count() != head.size:
            raise NodeError(Reason.LOG_CORRUPT, "error.log.checkpoint-size-differs")
        tree = Tree.restore(head.size, tail, self._store)
        if head.size:
            checkpoint = Checkpoint.parse(self._keys.verify(head.note))
            expected = Checkpoint(self._keys.origin, head.size, tree.root())
            if checkpoint != expected:
                raise NodeError(Reason.LOG_CORRUPT, "error.log.checkpoint-root-differs")
        return head, tree

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                group = self._next_group()
                self._last_size = len(group)
                await self._commit([waiting for waiting in group if not waiting.future.done()])
        finally:
            self._worker = None

    async def _gather(self) -> None:
        # A group has a price that its members share. Who is alone waits for nobody.
        for _ in range(min(self._last_size - 1, GATHER_MOST)):
            waiting = len(self._waiting)
            if waiting >= MAX_GROUP:
                return
            await asyncio.sleep(GATHER_SECONDS)
            if len(self._waiting) == waiting:
                return

    def _next_group(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        while self._waiting and len(group) < MAX_GROUP:
            alone = self._waiting[0].moment is not None
            if alone and group:
                break
            group.append(self._waiting.popleft())
            if alone:
                break
        return group

    async def _commit(self, group: list[_Waiting]) -> None:
        results: list[object]
        try:
            async with self._writing:
                results = await self._write(group)
            self.problem = None
        except TimeUnknownError as error:  # which the clock tells by itself
            results = [error] * len(group)
        except NodeError as error:
            self.problem = error.wording
            results = [error] * len(group)
        except Exception:
            log.exception("group commit failed")
            failed = NodeError(Reason.INTERNAL, "error.exchange.not-recorded")
            results = [failed] * len(group)
        for waiting, result in zip(group, results, strict=True):
            if waiting.future.done():  # the caller has gone; the record stays
                continue
            if isinstance(result, NodeError):
                waiting.future.set_exception(result)
            else:
                waiting.future.set_result(result)

    async def _write(self, group: list[_Waiting]) -> list[object]:
        if self._in_doubt:
            self._head, self._tree = self._restore()
            self._in_doubt = False
        moment = group[0].moment if group else None
        now = self._now(moment)
        transaction = await self._begin()
        keys = self._keys
        seen = self._watch.changed()
        try:
            head, results = self._settle(transaction, group, now, seen)
            # Only the wait for the disk is in another thread: the rest is work for the interpreter, and
            # two threads that fight for it are slower than one.
            await asyncio.get_running_loop().run_in_executor(self._disk, transaction.commit)
        except BaseException:
            transaction.rollback()
            # It may have failed before or after it became durable: only the store knows.
            self._in_doubt = True
            raise
        self._tree.confirm()
        if head.cosigned_size > self._head.cosigned_size:
            self._cosigned_by = keys
        written = head is not self._head
        self._head = head
        self._watch.durable(head, seen if written else ())
        if moment is not None and not isinstance(results[0], NodeError):
            moment.taken()
        return results

    async def _begin(self) -> Transaction:
        # Waited for here, and not in the database: the event loop has other work.
        end = asyncio.get_running_loop().time() + BUSY_SECONDS
        while (transaction := self._store.begin()) is None:
            if asyncio.get_running_loop().time() > end:
                raise NodeError(Reason.STORE_UNAVAILABLE, "error.exchange.database-locked")
            await asyncio.sleep(0.002)
        return transaction

    def _settle(
        self, transaction: Transaction, group: list[_Waiting], now: int, seen: tuple[PeerLog, ...]
    ) -> tuple[Head, list[object]]:
        results: list[object] = [None] * len(group)
        exchanges = [w.job.exchange for w in group if w.job.exchange is not None]
        known = transaction.answered(exchanges) if exchanges else {}
        keys = list({key for w in group for key in w.job.counters})
        gaps = self._watch.gaps()
        budgets = Budgets(transaction.spent, gaps)
        ledger = Ledger(transaction.balances(keys) if keys else {}, transaction.release, budgets, gaps)
        settled: list[tuple[int, Append]] = []
        first = self._head.size
        here: set[tuple[str, bytes]] = set()
        for position, waiting in enumerate(group):
            job = waiting.job
            try:
                if job.exchange is not None:
                    if job.exchange in here:  # its first caller went away, and it came again at once
                        raise NodeError(Reason.REQUEST_REPLAYED, "error.exchange.still-running")
                    here.add(job.exchange)
                if known and job.exchange in known:
                    results[position] = self._repeat(transaction, job, known[job.exchange])
                if results[position] is None:
                    settled.append((position, job.settle(ledger, now, first + len(settled))))
            except NodeError as error:  # only this job fails
                results[position] = error
        if not settled:
            return self._head, results
        tiles = self._tree.extend([leaf_hash(append.leaf) for _, append in settled])
        head, root = self._sign(now, self._tree.size)
        appends = []
        for index, (position, append) in enumerate(settled, first):
            recorded = self._recorded(index, head.size, head.note, root, append.leaf)
            final, results[position] = group[position].job.finish(append, recorded)
            appends.append(final)
        transaction.write(Commit(first, head, tuple(appends), tiles, ledger.touched, budgets.added, seen))
        return head, results

    def _repeat(self, tx: Transaction, job: Job[object], earlier: AnsweredExchange) -> object | None:
        leaf, opening = tx.record(earlier.index)
        size, note = self._head.size, self._head.note
        recorded = self._recorded(earlier.index, size, note, self._tree.root(), leaf)
        return job.repeat(earlier, recorded, opening)

    def _recorded(self, index: int, size: int, note: bytes, root: bytes, leaf: bytes) -> Recorded:
        proof = pb.InclusionProof(index=index, hashes=self._tree.inclusion_proof(index, size))
        return Recorded(index, size, root, leaf, pb.Receipt(proof=proof, checkpoint=note))

    def _sign(self, now: int, size: int) -> tuple[Head, bytes]:
        root = self._tree.root()
        body = Checkpoint(self._keys.origin, size, root).body()
        old = self._head
        head = replace(old, size=size, time_ms=now)
        due = (
            self._cosigned_by is not self._keys
            or size - old.cosigned_size >= self._keys.every_records
            or not 0 <= now - old.cosigned_ms < self._keys.every_ms
        )
        if due:
            note = self._keys.cosign(body)
            return replace(
                head, note=self._keys.sign(body), cosigned=note, cosigned_size=size, cosigned_ms=now
            ), root
        return replace(head, note=self._keys.sign(body)), root

    def _now(self, moment: Moment | None) -> int:
        if moment is not None:
            chosen = moment.time_ms()
            return chosen if moment.back else max(chosen, self._head.time_ms)
        now = self._clock_ms()
        if now < self._head.time_ms - self._tolerance_ms:
            raise NodeError(
                Reason.CLOCK_SKEWED,
                "error.exchange.node-clock-behind-last",
            )
        return max(now, self._head.time_ms)
